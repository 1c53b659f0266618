"""A server may take its time over the final dot: waiting on is neither a failure nor a resend."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tailorbird.delivery.carriers.smtp_session import SmtpServer, SmtpSession
from tailorbird.delivery.carriers.smtp_talk import Talk, Wish
from tailorbird.schema import Outgoing

MAIL = Outgoing(bytes(16), "b-x@shop.example", "ann@c.example", b"Subject: x\r\n\r\nHello\r\n")


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
                answer = b"354 go on\r\n" if text else b"250-fine\r\n250 ok\r\n"
                for octet in answer:  # answers come in pieces, too
                    connection.sendall(bytes([octet]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join()


@pytest.fixture
def talk(port: int) -> Iterator[Talk]:
    """Give a talk whose dot has left and is not answered."""
    server = SmtpServer("127.0.0.1", port, tls="none", timeout_seconds=20, dot_timeout_seconds=200)
    talk = Talk(SmtpSession(server))
    assert next(talk.turns) == "next"
    wish = talk.turns.send(MAIL)
    while wish != "dot":
        assert talk.patience_seconds == 20
        wish = heard(talk)
    assert talk.message is MAIL
    assert talk.turns.send(None) == "read"
    assert talk.doubtful == MAIL.send_id
    yield talk
    talk.session.close()


def heard(talk: Talk) -> Wish:
    """Return what a talk wishes once it has read what came."""
    with selectors.DefaultSelector() as readable:
        readable.register(talk.session.socket, selectors.EVENT_READ)
        assert readable.select(20)
    return talk.turns.send(None)


def test_the_answer_to_the_dot_is_waited_for_ten_times_as_long(talk: Talk) -> None:
    assert talk.patience_seconds == 200
    while (wish := heard(talk)) == "read":
        assert talk.patience_seconds == 200
    assert wish == "next"
    assert talk.patience_seconds == 20
    assert [reply.kind for reply in talk.replies] == ["accepted"]
    assert talk.session.open


def test_who_waited_in_vain_does_not_know(talk: Talk) -> None:
    with pytest.raises(StopIteration):
        talk.turns.throw(TimeoutError("timed out"))
    assert [(reply.kind, reply.text) for reply in talk.replies] == [
        ("unknown", "no answer to the final dot: timed out")
    ]
    assert talk.message is None
    assert not talk.session.open
