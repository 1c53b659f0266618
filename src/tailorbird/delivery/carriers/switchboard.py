"""Several connections to one mail server, driven by the one thread that also makes the messages.

No thread hands work to another: that cost more than the sending itself. What can go on does; dots
wait until nothing else is to be done, so that one flush of the journal serves all connections.
A message whose connection cannot be made goes on with another; when none is left, the whole sending
ends with the last one's error and nothing is lost.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import SimpleQueue
from time import monotonic
from typing import Final

from tailorbird.delivery.carriers.smtp_session import SmtpSession
from tailorbird.delivery.carriers.smtp_talk import Talk, Wish
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

Connect = Callable[[], SmtpSession]
GLANCE_SECONDS: Final = 1.0
"""How often it is looked who has been waited for too long."""


class Switchboard:
    """Up to `connections` sessions, made by `connect` when they are needed and kept open after."""

    def __init__(self, connect: Connect, *, connections: int) -> None:
        self.connect = connect
        self.connections = max(1, connections)
        self._idle: list[SmtpSession] = []
        self._idle_lock = threading.Lock()

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Generator[Reply, None, None]:
        """Send as they come, at most three in hand for each session; yields a reply for each.

        Raises:
            CarrierError: no connection can be made; what was not answered was not sent.
        """
        sending = _Sending(self, messages, journal)
        try:
            yield from sending.replies()
        finally:
            sending.end()

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        while (session := self.take()) is not None:
            session.quit()

    def take(self) -> SmtpSession | None:
        """Return an idle session, None where there is none."""
        with self._idle_lock:
            return self._idle.pop() if self._idle else None

    def keep(self, session: SmtpSession) -> None:
        """Keep a session for later."""
        with self._idle_lock:
            self._idle.append(session)


class _Sending:
    """One batch of messages."""

    def __init__(self, board: Switchboard, messages: Iterator[Outgoing], journal: Journal) -> None:
        self._board = board
        self._messages = messages
        self._journal = journal
        self._more = True
        self._made: deque[Outgoing] = deque()
        """Messages that no connection has taken yet."""
        self._again: set[bytes] = set()
        """Messages that an old connection lost; they are tried once more, on another."""
        self._talks: dict[Talk, float] = {}
        """Every talk, and until when it is worth to wait for it."""
        self._hungry: list[Talk] = []
        self._dots: list[Talk] = []
        """Talks whose text has been said, and whose dot waits for the journal."""
        self._replies: list[Reply] = []
        self._room = board.connections
        self._selector = selectors.DefaultSelector()
        self._doorbell = _Doorbell(board.connect, self._selector)
        self._glance = monotonic() + GLANCE_SECONDS

    def replies(self) -> Iterator[Reply]:
        """Yield a reply for every message."""
        while self._make() or self._made or self._under_way():
            self._hand_out()
            busy = self._more and len(self._made) < self._board.connections
            if not busy:
                self._let_dots_go()
            if not self._replies:
                self._listen(wait=not busy)
            yield from self._recorded()

    def end(self) -> None:
        """Hear what became of every dot that left, begin nothing else, keep who is idle."""
        try:
            for talk in list(self._talks):
                talk.last = True
                if talk.doubtful is None and talk not in self._hungry:
                    self._forget(talk)
            while any(talk.doubtful for talk in self._talks):
                self._listen(wait=True)
            for _ in self._recorded():
                pass
        finally:
            for talk in self._hungry:
                self._board.keep(talk.session)
            for session in self._doorbell.late():
                self._board.keep(session)
            self._selector.close()

    def _under_way(self) -> bool:
        return len(self._talks) > len(self._hungry) or bool(self._replies)

    def _make(self) -> bool:
        """Have one message made, where there is room for it; return whether there may be more."""
        if self._more and len(self._made) < self._board.connections:
            message = next(self._messages, None)
            if message is None:
                self._more = False
            else:
                self._made.append(message)
        return self._more

    def _hand_out(self) -> None:
        """Give what was made to those who have nothing to do, old and new."""
        while self._made and self._hungry:
            self._resume(self._hungry.pop(), self._made.popleft())
        while len(self._made) > self._doorbell.awaited and self._may_connect():
            session = self._board.take()
            if session is None:
                self._doorbell.connect()
            else:
                self._adopt(session)

    def _may_connect(self) -> bool:
        return len(self._talks) + self._doorbell.awaited < self._room

    def _adopt(self, session: SmtpSession) -> None:
        talk = Talk(session)
        self._selector.register(session.socket, selectors.EVENT_READ, talk)
        self._talks[talk] = 0.0
        self._resume(talk, None)
        if self._made and talk in self._hungry:
            self._hungry.remove(talk)
            self._resume(talk, self._made.popleft())

    def _let_dots_go(self) -> None:
        """Have the dots of all who wait in the journal, then let them leave."""
        dots, self._dots = self._dots, []
        if not dots:
            return
        self._journal.dot(*(talk.message.send_id for talk in dots if talk.message))
        for talk in dots:
            following = self._made.popleft() if self._made and talk.pipelines else None
            self._resume(talk, following)

    def _resume(self, talk: Talk, given: Outgoing | None) -> None:
        """Let a talk go on until its next wish."""
        try:
            wish = talk.turns.send(given)
        except StopIteration:
            self._ended(talk)
        else:
            self._heed(talk, wish)

    def _heed(self, talk: Talk, wish: Wish) -> None:
        if talk.replies:
            self._replies += talk.replies
            talk.replies.clear()
        self._talks[talk] = 0.0
        if wish == "dot":
            self._dots.append(talk)
        elif wish == "next":
            self._hungry.append(talk)
        else:
            self._talks[talk] = monotonic() + talk.patience_seconds
            if (wish == "write") != talk.writes:
                talk.writes = wish == "write"
                events = selectors.EVENT_WRITE if talk.writes else selectors.EVENT_READ
                self._selector.modify(talk.session.socket, events, talk)

    def _forget(self, talk: Talk) -> None:
        """Hang up."""
        self._selector.unregister(talk.session.socket)
        talk.session.close()
        del self._talks[talk]
        if talk in self._hungry:
            self._hungry.remove(talk)

    def _ended(self, talk: Talk) -> None:
        """Take back what a talk had in hand, and certainly did not send."""
        self._forget(talk)
        self._replies += talk.replies
        message = talk.message
        if message is not None and not talk.refused:
            if talk.fresh or message.send_id in self._again:
                lost = f"connection lost before the final dot: {talk.broken}"
                self._replies.append(Reply(message.send_id, "deferred", 0, lost))
                return
            self._again.add(message.send_id)
        if message is not None:
            self._made.appendleft(message)
        if talk.refused:
            self._refused(talk.refused)

    def _refused(self, error: CarrierError) -> None:
        """Go on with a connection less; where it was the last, that is the end."""
        self._room -= 1
        if not self._talks and not self._doorbell.awaited and self._room <= 0:
            raise error

    def _listen(self, *, wait: bool) -> None:
        """Let everybody go on who can; with `wait` as soon as there is one."""
        waited_for = [until for until in self._talks.values() if until] if wait else ()
        seconds: float | None = 0.0
        if waited_for:
            seconds = max(0.0, min(waited_for) - monotonic())
        elif wait and self._doorbell.awaited:
            seconds = None
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._connected(self._doorbell.answer())
            elif self._talks.get(key.data):
                self._resume(key.data, None)
            elif key.data in self._hungry:
                self._forget(key.data)  # the server closed it while it was idle
        if (now := monotonic()) > self._glance:
            self._glance = now + GLANCE_SECONDS
            self._look_at(now)

    def _look_at(self, now: float) -> None:
        """Wait no longer for those who were waited for too long."""
        for talk in [talk for talk, until in self._talks.items() if 0 < until < now]:
            try:
                wish = talk.turns.throw(TimeoutError("timed out"))
            except StopIteration:
                self._ended(talk)
            else:
                self._heed(talk, wish)

    def _connected(self, found: SmtpSession | BaseException) -> None:
        if isinstance(found, SmtpSession):
            self._adopt(found)
        elif isinstance(found, CarrierError):
            self._refused(found)
        else:
            raise found

    def _recorded(self) -> Iterator[Reply]:
        """Yield the replies once they are in the journal, which knows of doubts by itself."""
        replies, self._replies = self._replies, []
        if definite := [reply for reply in replies if reply.kind != "unknown"]:
            self._journal.reply(*definite)
        yield from replies


class _Doorbell:
    """Connects in the background and rings when it is done: servers let callers wait for seconds.

    A ring is an event of `selector` without an owner.
    """

    def __init__(self, connect: Connect, selector: selectors.BaseSelector) -> None:
        self.awaited = 0
        self._connect = connect
        self._selector = selector
        self._found: SimpleQueue[SmtpSession | BaseException] = SimpleQueue()
        self._wires: tuple[socket.socket, socket.socket] | None = None

    def connect(self) -> None:
        """Begin to connect."""
        if self._wires is None:
            self._wires = socket.socketpair()
            self._selector.register(self._wires[0], selectors.EVENT_READ, None)
        self.awaited += 1
        threading.Thread(target=self._ring, args=(self._wires[1],), daemon=True).start()

    def answer(self) -> SmtpSession | BaseException:
        """Return what a ring was for."""
        if self._wires is not None:
            self._wires[0].recv(1)
        self.awaited -= 1
        return self._found.get()

    def late(self) -> Iterator[SmtpSession]:
        """Yield the sessions that nobody waited for, and take the bell down."""
        while self.awaited:
            self.awaited -= 1
            found = self._found.get()
            if isinstance(found, SmtpSession):
                yield found
        for wire in self._wires or ():
            wire.close()

    def _ring(self, wire: socket.socket) -> None:
        found: SmtpSession | BaseException
        try:
            found = self._connect()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever sends
            found = error
        self._found.put(found)
        with suppress(OSError):  # the bell may have been taken down by now
            wire.send(b"\0")
