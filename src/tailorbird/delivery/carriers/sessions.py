"""Sends over several connections at once, a thread for each, whatever they speak.

A message whose connection cannot be made goes on with another; when none is left, the whole sending
ends with the last one's error and nothing is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

QUEUED_PER_SESSION: Final = 2


class Session(Protocol):
    """One open connection that takes messages."""

    @property
    def open(self) -> bool:
        """Return whether it can go on."""

    def send(self, messages: Sequence[Outgoing], journal: Journal) -> list[Reply]:
        """Return what became of each, having told the journal.

        Raises:
            OSError: the connection broke and certainly nothing of these was taken.
            CarrierError: the operator must act; certainly nothing of these was taken.
        """

    def quit(self) -> None:
        """Say goodbye and close; never raises."""


Connect = Callable[[], Session]


@dataclass(slots=True)
class _Unsent:
    """Messages whose connection could not be made; they certainly were not sent."""

    messages: Sequence[Outgoing]
    error: CarrierError


@dataclass(slots=True)
class _Desk:
    """What the sending threads and their caller pass to each other."""

    journal: Journal
    work: SimpleQueue[Sequence[Outgoing] | None] = field(default_factory=SimpleQueue)
    done: SimpleQueue[list[Reply] | _Unsent | BaseException] = field(default_factory=SimpleQueue)

    def dismiss(self, threads: Sequence[threading.Thread]) -> None:
        """Let every thread finish what it has in hand, start nothing else, and end."""
        try:
            while True:
                self.work.get_nowait()
        except Empty:
            for _ in threads:
                self.work.put(None)
        for thread in threads:
            thread.join()


class Sessions:
    """Up to `connections` sessions, made by `connect` when they are needed and kept open after.

    `together` is how many messages a session gets at once.
    """

    def __init__(self, connect: Connect, *, name: str, connections: int, together: int = 1) -> None:
        self._connect = connect
        self._name = name
        self._connections = max(1, connections)
        self._together = max(1, together)
        self._idle: list[Session] = []
        self._idle_lock = threading.Lock()

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Generator[Reply, None, None]:
        """Send as they come, at most two loads waiting for each session; yields a reply for each.

        Raises:
            CarrierError: no connection can be made; what was not answered was not sent.
        """
        desk = _Desk(journal)
        threads = [
            threading.Thread(target=self._work, args=(desk,), name=f"{self._name}-{n}", daemon=True)
            for n in range(self._connections)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._replies(messages, desk)
        finally:
            desk.dismiss(threads)

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        with self._idle_lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.quit()

    def _replies(self, messages: Iterator[Outgoing], desk: _Desk) -> Iterator[Reply]:
        room = self._connections * QUEUED_PER_SESSION
        alive = self._connections
        under_way = 0
        more = True
        while more or under_way:
            while more and under_way < room:
                load = list(islice(messages, self._together))
                more = len(load) == self._together
                if load:
                    desk.work.put(load)
                    under_way += 1
            if not under_way:
                return
            outcome = desk.done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, _Unsent):
                alive -= 1
                if not alive:
                    raise outcome.error
                desk.work.put(outcome.messages)
                continue
            under_way -= 1
            yield from outcome

    def _work(self, desk: _Desk) -> None:
        session = self._take()
        try:
            while (load := desk.work.get()) is not None:
                session, replies = self._sent(session, load, desk.journal)
                desk.done.put(replies)
        except CarrierError as error:
            if load is not None:
                desk.done.put(_Unsent(load, error))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            desk.done.put(error)
        else:
            self._keep(session)

    def _sent(
        self, session: Session | None, load: Sequence[Outgoing], journal: Journal
    ) -> tuple[Session | None, list[Reply]]:
        """Return the connection to go on with, and the replies; an old connection is tried once."""
        if session is not None:
            try:
                replies = session.send(load, journal)
            except OSError:
                session = None  # closed while it was idle, and before the dot: safe to repeat
            else:
                return (session if session.open else None), replies
        session = self._connect()
        try:
            replies = session.send(load, journal)
        except OSError as error:
            lost = f"connection lost before the final dot: {error}"
            return None, [Reply(message.send_id, "deferred", 0, lost) for message in load]
        return (session if session.open else None), replies

    def _take(self) -> Session | None:
        with self._idle_lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, session: Session | None) -> None:
        if session is not None:
            with self._idle_lock:
                self._idle.append(session)
