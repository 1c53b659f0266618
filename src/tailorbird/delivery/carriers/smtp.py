"""Sends over several persistent SMTP connections, a thread for each."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.carriers.smtp_session import SmtpServer, SmtpSession, Tls
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
QUEUED_PER_CONNECTION = 2


@dataclass(slots=True)
class _Unsent:
    """A message whose connection could not be made; it certainly was not sent."""

    message: Outgoing
    error: CarrierError


@dataclass(slots=True)
class _Desk:
    """What the sending threads and their caller pass to each other."""

    journal: Journal
    work: SimpleQueue[Outgoing | None] = field(default_factory=SimpleQueue)
    done: SimpleQueue[Reply | _Unsent | BaseException] = field(default_factory=SimpleQueue)

    def dismiss(self, lanes: Sequence[threading.Thread]) -> None:
        """Let every thread finish its message, start no other, and end."""
        try:
            while True:
                self.work.get_nowait()
        except Empty:
            for _ in lanes:
                self.work.put(None)
        for lane in lanes:
            lane.join()


class SmtpCarrier:
    """`ports.Carrier` over one mail server.

    A connection that was closed while idle is opened again. A server that allows fewer connections
    than asked for is used with those. Without any, the whole `send` fails and nothing is lost.

    Raises:
        SettingsError: a login would cross the network in clear.
    """

    name = "smtp"

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Tls = "starttls",
        user: str = "",
        password: str = "",
        connections: int = 4,
        hello: str = "localhost",
        timeout_seconds: float = 60,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if user and tls == "none" and host not in LOOPBACK:
            raise SettingsError(
                "the password would cross the network in clear",
                where="delivery.smtp_tls",
                mend='set it to "starttls" or "implicit"',
            )
        name = (wire_address(f"x@{hello}") or "x@localhost").removeprefix("x@")
        self._server = SmtpServer(
            host, port, tls, user, password, name, timeout_seconds, context=context
        )
        self._connections = max(1, connections)
        self._idle: list[SmtpSession] = []
        self._idle_lock = threading.Lock()

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come, at most two waiting for each connection; yields a reply for each.

        Raises:
            CarrierError: no connection can be made; what was not answered was not sent.
        """
        desk = _Desk(journal)
        lanes = [
            threading.Thread(target=self._lane, args=(desk,), name=f"smtp-{n}", daemon=True)
            for n in range(self._connections)
        ]
        for lane in lanes:
            lane.start()
        try:
            yield from self._replies(messages, desk)
        finally:
            desk.dismiss(lanes)

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return None: SMTP has no way to ask."""
        return None

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        with self._idle_lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.quit()

    def _replies(self, messages: Iterator[Outgoing], desk: _Desk) -> Iterator[Reply]:
        room = self._connections * QUEUED_PER_CONNECTION
        alive = self._connections
        under_way = 0
        more = True
        while more or under_way:
            while more and under_way < room:
                message = next(messages, None)
                more = message is not None
                if message is not None:
                    desk.work.put(message)
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
                desk.work.put(outcome.message)
                continue
            under_way -= 1
            yield outcome

    def _lane(self, desk: _Desk) -> None:
        session = self._take()
        try:
            while (message := desk.work.get()) is not None:
                session, reply = self._sent(session, message, desk.journal)
                desk.done.put(reply)
        except CarrierError as error:
            if message is not None:
                desk.done.put(_Unsent(message, error))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            desk.done.put(error)
        else:
            self._keep(session)

    def _sent(
        self, session: SmtpSession | None, message: Outgoing, journal: Journal
    ) -> tuple[SmtpSession | None, Reply]:
        """Return the connection to go on with, and the reply; an old connection is tried once."""
        if session is not None:
            try:
                reply = session.send(message, journal)
            except OSError:
                session = None  # closed while it was idle, and before the dot: safe to repeat
            else:
                return (session if session.open else None), reply
        session = self._connected()
        try:
            reply = session.send(message, journal)
        except OSError as error:
            lost = f"connection lost before the final dot: {error}"
            return None, Reply(message.send_id, "deferred", 0, lost)
        return (session if session.open else None), reply

    def _connected(self) -> SmtpSession:
        try:
            return SmtpSession(self._server)
        except OSError as error:
            raise CarrierError(
                f"the mail server cannot be reached: {error}",
                where=self._server.where,
                mend="check delivery.smtp_host, delivery.smtp_port and delivery.smtp_tls",
            ) from error

    def _take(self) -> SmtpSession | None:
        with self._idle_lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, session: SmtpSession | None) -> None:
        if session is not None:
            with self._idle_lock:
                self._idle.append(session)
