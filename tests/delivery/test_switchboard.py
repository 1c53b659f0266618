"""One thread drives several connections: what goes on does, and dots share their flush."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tailorbird.delivery.carriers import switchboard
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.schema import Outgoing, Reply

DOT = b"\r\n.\r\n"


def mail(number: int) -> Outgoing:
    text = f"Subject: {number}\r\n\r\nHello {number}\r\n"
    return Outgoing(number.to_bytes(16, "big"), "b@shop.example", "p@c.example", text.encode())


class Server:
    """Takes everything; `taken` has what came between its answers, one list a connection.

    A connection in `deaf`, by the order of their coming, never answers a dot.
    """

    def __init__(self, offers: bytes = b"250 PIPELINING\r\n", deaf: tuple[int, ...] = ()) -> None:
        self.offers = offers
        self.deaf = deaf
        self.taken: list[list[bytes]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                number = len(self.taken)
                self.taken.append([])
                thread = threading.Thread(target=self.serve, args=(connection, number), daemon=True)
                self.threads.append(thread)
                thread.start()

    def serve(self, connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"220 hello\r\n")
            held, text = b"", False
            while received := connection.recv(65_536):
                self.taken[number].append(received)
                held += received
                if text and DOT in held:
                    if number in self.deaf:
                        continue
                    text, held = False, held.partition(DOT)[2]
                    connection.sendall(b"250 taken\r\n")
                while not text and b"\r\n" in held:
                    line, _, held = held.partition(b"\r\n")
                    text = line == b"DATA"
                    greets = line.startswith(b"EHLO")
                    answer = b"250-hi\r\n" + self.offers if greets else b"250 ok\r\n"
                    connection.sendall(b"354 go on\r\n" if text else answer)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**how: Any) -> Server:
        servers.append(Server(**how))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def send(carrier: SmtpCarrier, journal: Any, number: int) -> list[Reply]:
    replies = list(carrier.send(map(mail, range(number)), journal))
    carrier.close()
    return replies


def test_the_next_envelope_follows_the_dot_in_one_breath(serve: Any, journal: Any) -> None:
    server = serve()
    carrier = SmtpCarrier("127.0.0.1", server.port, tls="none", connections=1)
    assert len(send(carrier, journal, 3)) == 3
    (said,) = server.taken
    envelope = b"MAIL FROM:<b@shop.example>\r\nRCPT TO:<p@c.example>\r\nDATA\r\n"
    assert b"".join(said).count(b"\r\n.\r\n" + envelope) == 2


def test_a_server_that_takes_one_command_at_a_time_gets_one(serve: Any, journal: Any) -> None:
    server = serve(offers=b"250 SIZE\r\n")
    carrier = SmtpCarrier("127.0.0.1", server.port, tls="none", connections=1)
    assert {reply.kind for reply in send(carrier, journal, 3)} == {"accepted"}
    (said,) = server.taken
    assert not any(b"\r\n.\r\nMAIL" in each or b"\r\nDATA" in each for each in said)


class Batches:
    """A journal that notes how many dots share a flush, and what was in doubt meanwhile."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.together: list[int] = []
        self.open: set[bytes] = set()
        self.most = 0

    def dot(self, *send_ids: bytes) -> None:
        self.together.append(len(send_ids))
        self.open.update(send_ids)
        self.most = max(self.most, len(self.open))
        self.inner.dot(*send_ids)

    def reply(self, *replies: Reply) -> None:
        self.open.difference_update(reply.send_id for reply in replies)
        self.inner.reply(*replies)


def test_never_more_dots_are_in_doubt_than_there_are_connections(serve: Any, journal: Any) -> None:
    watching: Any = Batches(journal)
    carrier = SmtpCarrier("127.0.0.1", serve().port, tls="none", connections=3)
    assert len(send(carrier, watching, 60)) == 60
    assert sum(watching.together) == 60
    assert watching.most <= 3
    assert watching.open == set()


def test_a_server_that_falls_silent_holds_nobody_else_up(
    serve: Any, journal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(deaf=(0,))
    carrier = SmtpCarrier("127.0.0.1", server.port, tls="none", connections=2)

    late: list[bool] = []

    def clock() -> float:
        # Two never had an answer: the one whose dot left, and the one announced behind it.
        if len(journal.last()) - len(unanswered(journal)) >= 18 and len(unanswered(journal)) == 1:
            late.append(True)
        return 1_000.0 if late else 0.0

    monkeypatch.setattr(switchboard, "monotonic", clock)
    kinds = {reply.send_id: reply.kind for reply in send(carrier, journal, 20)}
    assert sorted(kinds.values()) == ["accepted"] * 19 + ["unknown"]
    assert [send_id for send_id, kind in kinds.items() if kind == "unknown"] == unanswered(journal)
    octets = b"".join(octet for said in server.taken for octet in said)
    assert all(octets.count(mail(number).content + b".\r\n") == 1 for number in range(20))


def unanswered(journal: Any) -> list[bytes]:
    """Return the sends of which only the dot is known."""
    return [send_id for send_id, said in journal.last().items() if said is None]


def test_a_caller_who_leaves_early_hears_of_every_dot(serve: Any, journal: Any) -> None:
    server = serve()
    carrier = SmtpCarrier("127.0.0.1", server.port, tls="none", connections=3)
    replies = carrier.send(map(mail, range(100)), journal)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    carrier.close()
    said = journal.last()
    assert None not in said.values()
    octets = b"".join(octet for each in server.taken for octet in each)
    assert sum(octets.count(mail(number).content + b".\r\n") for number in range(100)) == len(said)
