"""A server may take its time over the final dot: waiting on is neither a failure nor a resend."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tailorbird.delivery.carriers.smtp_session import SmtpServer, SmtpSession
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing

MAIL = Outgoing(bytes(16), "b-x@shop.example", "ann@c.example", b"Subject: x\r\n\r\nHello\r\n")


class Silent:
    """A socket on which nothing comes for so many waits after the dot."""

    def __init__(self, inner: socket.socket, waits: int) -> None:
        self.inner = inner
        self.waits = waits
        self.dotted = False

    def sendall(self, content: bytes) -> None:
        self.dotted = content == b".\r\n"
        self.inner.sendall(content)

    def recv(self, size: int) -> bytes:
        if self.dotted and self.waits:
            self.waits -= 1
            raise TimeoutError("timed out")
        return self.inner.recv(3)  # answers come in pieces, too

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def port() -> Iterator[int]:
    """Serve one connection that takes everything; give its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as reader, suppress(OSError):
            connection.sendall(b"220 hello\r\n")
            text = False
            for line in reader:
                if text and line != b".\r\n":
                    continue
                text = line == b"DATA\r\n"
                connection.sendall(b"354 go on\r\n" if text else b"250-fine\r\n250 ok\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join()


@pytest.mark.parametrize(("waits", "kind"), [(0, "accepted"), (9, "accepted"), (10, "unknown")])
def test_the_answer_to_the_dot_is_waited_for_ten_times_as_long(
    port: int, journal: Journal, waits: int, kind: str
) -> None:
    server = SmtpServer("127.0.0.1", port, tls="none", timeout_seconds=20, dot_timeout_seconds=200)
    session = SmtpSession(server)
    session._socket = Silent(session._socket, waits)  # type: ignore[assignment]
    (reply,) = session.send([MAIL], journal)
    assert reply.kind == kind
    assert session.open == (kind == "accepted")
    assert len(journal.last()) == 1
    session.close()
