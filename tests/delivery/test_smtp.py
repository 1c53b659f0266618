"""Mail over SMTP: each stage may refuse or break, and only after the final dot is there doubt."""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.errors import CarrierError, SettingsError, StoreError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

HANG_UP = b""


class Server(Protocol):
    port: int
    taken: list[bytes]
    commands: list[str]
    connections: int

    def hang_up(self) -> None: ...


class Serve(Protocol):
    def __call__(self, offers: Sequence[str] = ..., **script: list[bytes]) -> Server: ...


def mail(number: int = 1, content: bytes = b"") -> Outgoing:
    send_id = number.to_bytes(16, "big")
    text = content or f"Subject: {number}\r\n\r\nHello {number}\r\n".encode()
    return Outgoing(send_id, "b-x@shop.example", f"p{number}@c.example", text)


def carrier_to(port: int, connections: int = 1, **more: Any) -> SmtpCarrier:
    more.setdefault("tls", "none")
    return SmtpCarrier("127.0.0.1", port, connections=connections, timeout_seconds=20, **more)


def send(carrier: SmtpCarrier, journal: Journal, *messages: Outgoing) -> list[Reply]:
    replies = list(carrier.send(iter(messages), journal))
    carrier.close()
    return replies


@pytest.mark.parametrize("offers", [["PIPELINING"], [], ["pipelining", "8BITMIME"]])
def test_messages_arrive_as_they_were_made(
    serve: Serve, journal: Journal, offers: list[str]
) -> None:
    server = serve(offers)
    replies = send(carrier_to(server.port), journal, mail(1), mail(2))
    assert [(reply.kind, reply.code, reply.text) for reply in replies] == [
        ("accepted", 250, "2.0.0 taken")
    ] * 2
    assert server.taken == [mail(1).content, mail(2).content]
    assert server.connections == 1
    assert server.commands[0] == "EHLO localhost"
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize(
    "content",
    [b".\r\n", b"..\r\n.\r\na\r\n.b\r\n", b"a\r\n.\r\nQUIT\r\n", b".a\r\n\r\n.\r\n", b"\r\n"],
)
def test_dots_at_line_starts_survive(serve: Serve, journal: Journal, content: bytes) -> None:
    server = serve()
    send(carrier_to(server.port), journal, mail(1, content))
    assert server.taken == [content]


def test_a_text_without_a_last_line_end_gets_one(serve: Serve, journal: Journal) -> None:
    server = serve()
    send(carrier_to(server.port), journal, mail(1, b"a\r\nb"))
    assert server.taken == [b"a\r\nb\r\n"]


def test_the_journal_has_the_dot_before_the_answer(serve: Serve, journal: Any) -> None:
    server = serve()
    (reply,) = send(carrier_to(server.port), journal, mail(1))
    assert journal.records == [(mail(1).send_id, None), (mail(1).send_id, reply)]


@pytest.mark.parametrize("offers", [["PIPELINING"], []])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize(("answer", "kind"), [(b"451 later", "deferred"), (b"550 no", "rejected")])
def test_a_refusal_at_any_stage_concerns_one_message(
    serve: Serve, journal: Journal, offers: list[str], stage: str, answer: bytes, kind: str
) -> None:
    server = serve(offers, **{stage: [answer]})
    replies = send(carrier_to(server.port), journal, mail(1), mail(2))
    assert [reply.kind for reply in replies] == [kind, "accepted"]
    assert replies[0].code == int(answer[:3])
    assert server.taken == [mail(2).content]
    assert server.connections == 1


def test_a_text_asked_for_after_a_refused_recipient_stays_empty(serve: Serve, journal: Any) -> None:
    server = serve(RCPT=[b"550 no such user"], DATA=[b"354 go on"], dot=[b"554 nobody"])
    replies = send(carrier_to(server.port), journal, mail(1), mail(2))
    assert [(reply.kind, reply.code) for reply in replies] == [("rejected", 550), ("accepted", 250)]
    assert (mail(1).send_id, None) not in journal.records
    assert server.taken == [mail(2).content]


def test_replies_of_many_lines_are_read_whole(serve: Serve, journal: Journal) -> None:
    server = serve(dot=[b"250-2.0.0 first\r\n250-second\r\n250 third", b"250"])
    replies = send(carrier_to(server.port), journal, mail(1), mail(2))
    assert [reply.text for reply in replies] == ["2.0.0 first second third", ""]


def test_a_connection_lost_after_the_dot_leaves_the_send_unknown(
    serve: Serve, journal: Any
) -> None:
    server = serve(dot=[HANG_UP])
    replies = send(carrier_to(server.port), journal, mail(1), mail(2))
    assert [reply.kind for reply in replies] == ["unknown", "accepted"]
    assert journal.last()[mail(1).send_id] is None
    assert server.connections == 2


def test_an_answer_to_the_dot_that_is_no_smtp_leaves_the_send_unknown(
    serve: Serve, journal: Journal
) -> None:
    server = serve(dot=[b"HTTP/1.1 200 OK"])
    (reply,) = send(carrier_to(server.port), journal, mail(1))
    assert reply.kind == "unknown"


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "text"])
def test_a_connection_lost_before_the_dot_is_no_doubt(
    serve: Serve, journal: Any, stage: str
) -> None:
    script = {stage: [HANG_UP]}
    server = serve(["PIPELINING"], **script)
    big = mail(1, b"x" * 70 + b"\r\n")
    replies = send(carrier_to(server.port), journal, big, mail(2))
    if stage == "text":
        # The server left while it read: whether the dot had gone by then is for the client to say.
        assert replies[0].kind in {"deferred", "unknown"}
    else:
        assert replies[0].kind == "deferred"
        assert (big.send_id, None) not in journal.records
    assert replies[1].kind == "accepted"
    assert server.taken == [mail(2).content]


def test_a_connection_that_was_closed_while_idle_is_opened_again(
    serve: Serve, journal: Journal
) -> None:
    server = serve()
    carrier = carrier_to(server.port)
    first = list(carrier.send(iter([mail(1)]), journal))
    server.hang_up()
    second = list(carrier.send(iter([mail(2)]), journal))
    carrier.close()
    assert [reply.kind for reply in first + second] == ["accepted", "accepted"]
    assert server.connections == 2


def test_connections_are_kept_between_batches(serve: Serve, journal: Journal) -> None:
    server = serve()
    carrier = carrier_to(server.port)
    for number in range(3):
        list(carrier.send(iter([mail(number)]), journal))
    carrier.close()
    assert server.connections == 1


def test_a_server_that_closes_for_maintenance_defers(serve: Serve, journal: Journal) -> None:
    server = serve(MAIL=[b"250 ok", b"421 closing"])
    replies = send(carrier_to(server.port), journal, mail(1), mail(2), mail(3))
    assert [reply.kind for reply in replies] == ["accepted", "deferred", "accepted"]
    assert server.connections == 2


def test_many_messages_share_the_connections(serve: Serve, journal: Journal) -> None:
    server = serve()
    messages = [mail(number) for number in range(200)]
    replies = send(carrier_to(server.port, connections=4), journal, *messages)
    assert {reply.send_id for reply in replies} == {message.send_id for message in messages}
    assert sorted(server.taken) == sorted(message.content for message in messages)
    assert 1 <= server.connections <= 4


def test_only_a_few_messages_are_held_at_once(serve: Serve, journal: Journal) -> None:
    server = serve()
    carrier = carrier_to(server.port, connections=2)
    asked: list[int] = []

    def messages() -> Iterator[Outgoing]:
        for number in range(100):
            asked.append(number)
            yield mail(number)

    replies = carrier.send(messages(), journal)
    next(replies)
    assert len(asked) <= 5
    assert len(list(replies)) == 99
    carrier.close()


def test_a_server_with_room_for_fewer_connections_is_used_with_those(
    serve: Serve, journal: Journal
) -> None:
    server = serve(greeting=[b"220 welcome"] + [b"421 too many connections"] * 3)
    messages = [mail(number) for number in range(50)]
    replies = send(carrier_to(server.port, connections=4), journal, *messages)
    assert {reply.send_id for reply in replies if reply.kind == "accepted"} == {
        message.send_id for message in messages
    }


def test_a_server_that_cannot_be_reached_is_named_with_the_settings(journal: Journal) -> None:
    with pytest.raises(CarrierError, match=r"127\.0\.0\.1:1: .*cannot be reached.*smtp_host"):
        send(carrier_to(1, connections=3), journal, *(mail(n) for n in range(20)))


@pytest.mark.parametrize("greeting", [b"554 go away", b"SSH-2.0-x", HANG_UP])
def test_a_server_that_wants_no_mail_stops_the_batch(
    serve: Serve, journal: Any, greeting: bytes
) -> None:
    server = serve(greeting=[greeting] * 9)
    with pytest.raises(CarrierError, match=f"127.0.0.1:{server.port}"):
        send(carrier_to(server.port, connections=2), journal, mail(1), mail(2), mail(3))
    assert journal.records == []


def test_a_server_without_extensions_is_greeted_the_old_way(serve: Serve, journal: Journal) -> None:
    server = serve(EHLO=[b"502 what"])
    (reply,) = send(carrier_to(server.port), journal, mail(1))
    assert reply.kind == "accepted"
    assert server.commands[:2] == ["EHLO localhost", "HELO localhost"]


def test_a_login_asked_for_in_the_middle_stops_the_batch(serve: Serve, journal: Journal) -> None:
    server = serve(MAIL=[b"530 authentication required"] * 4)
    with pytest.raises(CarrierError, match="wants a login"):
        send(carrier_to(server.port), journal, mail(1), mail(2))


def test_the_size_is_announced_where_the_server_asks(serve: Serve, journal: Journal) -> None:
    server = serve()
    send(carrier_to(server.port), journal, mail(1))
    assert f"MAIL FROM:<b-x@shop.example> SIZE={len(mail(1).content)}" in server.commands


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (Outgoing(b"1" * 16, "a@b", "x@c>\r\nRCPT TO:<eve@evil.example", b"x\r\n"), "address"),
        (Outgoing(b"1" * 16, "a b@c", "x@c.example", b"x\r\n"), "address"),
        (Outgoing(b"1" * 16, "a@b", "ü@c.example", b"x\r\n"), "address"),
        (mail(1, b"a\n.\nMAIL FROM:<eve@evil.example>\r\n"), "bare line end"),
        (mail(1, b"a\r.\r\n"), "bare line end"),
        (mail(1, "Subject: ü\r\n".encode()), "ASCII only"),
    ],
)
def test_what_could_be_taken_for_a_command_is_never_said(
    serve: Serve, journal: Journal, message: Outgoing, why: str
) -> None:
    server = serve()
    replies = send(carrier_to(server.port), journal, message, mail(2))
    assert [reply.kind for reply in replies] == ["rejected", "accepted"]
    assert why in replies[0].text
    assert server.taken == [mail(2).content]


def test_eight_bits_are_announced_where_the_server_takes_them(
    serve: Serve, journal: Journal
) -> None:
    server = serve(["8BITMIME"])
    send(carrier_to(server.port), journal, mail(1, "Subject: ü\r\n".encode()))
    assert "MAIL FROM:<b-x@shop.example> BODY=8BITMIME" in server.commands
    assert server.taken == ["Subject: ü\r\n".encode()]


class FullJournal:
    """A journal on a full disk."""

    def dot(self, *send_ids: bytes) -> None:
        raise StoreError("the disk is full")

    def reply(self, *replies: Reply) -> None:
        raise AssertionError(replies)

    def last(self) -> dict[bytes, Reply | None]:
        return {}

    def clear(self) -> None:
        return

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()


def test_no_dot_leaves_that_could_not_be_journalled(serve: Serve) -> None:
    server = serve()
    with pytest.raises(StoreError, match="disk is full"):
        send(carrier_to(server.port), FullJournal(), mail(1), mail(2))
    assert server.taken == []


def test_a_renderer_that_raises_ends_the_batch_with_every_answer_recorded(
    serve: Serve, journal: Any
) -> None:
    server = serve()
    carrier = carrier_to(server.port)

    def messages() -> Iterator[Outgoing]:
        yield mail(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(carrier.send(messages(), journal))
    carrier.close()
    answered = [send_id for send_id, reply in journal.last().items() if reply is not None]
    assert len(answered) == len(server.taken)


def test_a_password_never_crosses_a_network_in_clear() -> None:
    with pytest.raises(SettingsError, match="in clear"):
        SmtpCarrier("mail.example", 25, tls="none", user="shop", password="secret")
    assert "secret" not in repr(vars(SmtpCarrier("mail.example", 25, password="secret")))


# -- against aiosmtpd ---------------------------------------------------------------------------


class Mailbox:
    """Keeps what aiosmtpd takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 kept"


def tls_of_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def tls_of_client(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificate.read_text().partition("-----BEGIN P")[0])


def authenticate(
    server: object, session: object, envelope: object, mechanism: str, login: LoginPassword
) -> AuthResult:
    known = login == LoginPassword(b"shop", b"s\xc3\xa9same")
    return AuthResult(success=known, handled=known)


@pytest.mark.parametrize("excluded", ["LOGIN", "PLAIN"])
def test_a_real_server_takes_mail_after_tls_and_login(
    certificate: Path, journal: Journal, excluded: str
) -> None:
    mailbox = Mailbox()
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        tls_context=tls_of_server(certificate),
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
        auth_exclude_mechanism=[excluded],
    )
    with running(controller) as port:
        carrier = carrier_to(
            port,
            connections=2,
            tls="starttls",
            user="shop",
            password="sésame",
            context=tls_of_client(certificate),
        )
        replies = send(carrier, journal, *(mail(number) for number in range(10)))
    assert {reply.kind for reply in replies} == {"accepted"}
    assert sorted(mailbox.taken) == sorted(
        ("b-x@shop.example", [f"p{n}@c.example"], mail(n).content) for n in range(10)
    )


def test_a_wrong_password_stops_the_batch(certificate: Path, journal: Journal) -> None:
    controller = Controller(
        Mailbox(),
        hostname="127.0.0.1",
        tls_context=tls_of_server(certificate),
        authenticator=authenticate,
        auth_required=True,
    )
    with running(controller) as port:
        carrier = carrier_to(
            port, tls="starttls", user="shop", password="no", context=tls_of_client(certificate)
        )
        with pytest.raises(CarrierError, match=r"refuses the login: 535.*smtp_user"):
            send(carrier, journal, mail(1))


def test_tls_from_the_first_byte(certificate: Path, journal: Journal) -> None:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", ssl_context=tls_of_server(certificate))
    with running(controller) as port:
        carrier = carrier_to(port, tls="implicit", context=tls_of_client(certificate))
        (reply,) = send(carrier, journal, mail(1))
    assert reply.kind == "accepted"
    assert [content for *_, content in mailbox.taken] == [mail(1).content]


def test_an_unknown_certificate_stops_the_batch(certificate: Path, journal: Journal) -> None:
    controller = Controller(Mailbox(), hostname="127.0.0.1", tls_context=tls_of_server(certificate))
    with running(controller) as port:
        carrier = carrier_to(port, tls="starttls")
        with pytest.raises(CarrierError, match=r"certificate verify failed"):
            send(carrier, journal, mail(1))


def test_a_server_without_encryption_gets_no_mail_where_it_is_asked_for(
    serve: Serve, journal: Journal
) -> None:
    server = serve()
    with pytest.raises(CarrierError, match="offers no encryption"):
        send(carrier_to(server.port, tls="starttls"), journal, mail(1))
    assert not any(re.match("MAIL", command) for command in server.commands)


class running:  # noqa: N801 - reads as a verb
    """Run an aiosmtpd controller; gives its port."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    def __enter__(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.controller.port = free.getsockname()[1]
        self.controller.start()
        return self.controller.port

    def __exit__(self, *_: object) -> None:
        self.controller.stop()


def test_a_message_larger_than_the_server_takes_is_never_begun(
    serve: Serve, journal: Journal
) -> None:
    server = serve(["SIZE 100"])
    large = mail(1, b"Subject: x\r\n\r\n" + b"word\r\n" * 40)
    replies = send(carrier_to(server.port), journal, large, mail(2))
    assert [reply.kind for reply in replies] == ["rejected", "accepted"]
    assert "larger than" in replies[0].text
    assert not any("p1@" in command for command in server.commands)


@pytest.mark.parametrize(("offers", "kind"), [(["SMTPUTF8"], "accepted"), ([], "rejected")])
def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    serve: Serve, journal: Journal, offers: list[str], kind: str
) -> None:
    server = serve(offers)
    sent = Outgoing(
        b"1" * 16, "b-x@shop.example", "käse@xn--bcher-kva.example", b"Subject: x\r\n\r\n"
    )
    (reply,) = send(carrier_to(server.port), journal, sent)
    assert reply.kind == kind
    if kind == "accepted":
        assert "MAIL FROM:<b-x@shop.example> SMTPUTF8" in server.commands
        assert "RCPT TO:<käse@xn--bcher-kva.example>" in server.commands


def test_a_challenge_is_answered_without_the_password(serve: Serve, journal: Journal) -> None:
    # The example of RFC 2195 section 2.
    challenge = b"334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
    server = serve(["AUTH CRAM-MD5"], AUTH=[challenge])
    carrier = carrier_to(server.port, user="tim", password="tanstaaftanstaaf")
    (reply,) = send(carrier, journal, mail(1))
    assert reply.kind == "accepted"
    said = [b64decode(word) for word in server.commands if len(word) == 48]
    assert said == [b"tim b913a602c7eda7a495b4e6e7334d3890"]
    assert not any("tanstaaf" in command for command in server.commands)
