"""Addresses in other alphabets go to servers that take them, and to no other."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING, Any

import pytest

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.message import Envelope, message
from tailorbird.errors import UsageError
from tailorbird.schema import SECOND, Outgoing, Rendered, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailorbird.ports import Journal

OFFERS = ("PIPELINING", "8BITMIME", "SIZE 50000000", "SMTPUTF8")
RENDERED = Rendered("Grüße", "<p>Grüße</p>", "Grüße")


def mail(to: str, number: int = 0) -> Outgoing:
    envelope = Envelope(
        send_id=number.to_bytes(16, "big"),
        to=to,
        to_name="Jürgen",
        from_address="hello@shop.example",
        domain="shop.example",
        now=1_700_000_000 * SECOND,
    )
    return Outgoing(envelope.send_id, "b-1@shop.example", to, message(RENDERED, envelope))


def sent(server: Any, journal: Journal, *mails: Outgoing) -> list[Reply]:
    carrier = SmtpCarrier("127.0.0.1", server.port, tls="none", connections=1)
    try:
        return list(carrier.send(iter(mails), journal))
    finally:
        carrier.close()


def test_a_server_that_takes_them_is_told_so(serve: Callable[..., Any], journal: Journal) -> None:
    server = serve(offers=OFFERS)
    replies = sent(server, journal, mail("müller@xn--bcher-kva.example"), mail("ann@x.example", 1))
    assert [reply.kind for reply in replies] == ["accepted", "accepted"]
    said = [line for line in server.commands if line.startswith(("MAIL", "RCPT"))]
    assert said[0].endswith(" BODY=8BITMIME SMTPUTF8")
    assert said[1] == "RCPT TO:<müller@xn--bcher-kva.example>"
    assert "SMTPUTF8" not in said[2]
    assert "8BITMIME" not in said[2]
    found = email.message_from_string(server.taken[0].decode(), policy=email.policy.SMTPUTF8)
    assert found["to"].addresses[0].addr_spec == "müller@xn--bcher-kva.example"
    assert found["to"].addresses[0].display_name == "Jürgen"
    assert [type(defect).__name__ for part in found.walk() for defect in part.defects] == []


def test_a_server_that_does_not_take_them_gets_the_others_only(
    serve: Callable[..., Any], journal: Journal
) -> None:
    server = serve(offers=OFFERS[:-1])
    wide, plain = sent(server, journal, mail("müller@x.example"), mail("ann@x.example", 1))
    assert (wide.kind, wide.code) == ("rejected", 0)
    assert "SMTPUTF8" in wide.text
    assert plain.kind == "accepted"
    assert not any("müller" in line for line in server.commands)


def test_a_quoted_local_part_is_said_as_it_is(serve: Callable[..., Any], journal: Journal) -> None:
    server = serve()
    (reply,) = sent(server, journal, mail('"ann smith"@x.example'))
    assert reply.kind == "accepted"
    assert 'RCPT TO:<"ann smith"@x.example>' in server.commands
    found = email.message_from_bytes(server.taken[0], policy=email.policy.default)
    assert found["to"].addresses[0].addr_spec == '"ann smith"@x.example'


def test_a_sender_in_another_alphabet_is_refused_at_once() -> None:
    envelope = Envelope(bytes(16), "ann@x.example", "müller@shop.example", "shop.example", 0)
    with pytest.raises(UsageError, match="before the @"):
        message(RENDERED, envelope)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello", "7bit"),
        ("Grüße an alle, die das lesen", "quoted-printable"),
        ("日本語の手紙 " * 9, "base64"),
    ],
)
def test_a_text_takes_the_shorter_encoding(text: str, encoding: str) -> None:
    envelope = Envelope(bytes(16), "ann@x.example", "hello@shop.example", "shop.example", 0)
    found = email.message_from_bytes(message(Rendered("s", "<p>x</p>", text), envelope))
    part = next(each for each in found.walk() if each.get_content_type() == "text/plain")
    assert part["Content-Transfer-Encoding"] == encoding
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().strip() == text.strip()
