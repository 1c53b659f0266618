"""Against a real Postfix: every mail arrives once and whole, and refusals are understood."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.postfix import Postfix, missing, running

from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.message import Envelope, message
from tailorbird.delivery.protocol import DeliveryReport, deliver
from tailorbird.schema import SECOND, Claim, Decision, Outgoing, Rendered
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

NOW = 1_700_000_000 * SECOND


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    if why := missing():
        pytest.skip(why)
    with running() as started:
        yield started


def letter(claim: Claim) -> Outgoing:
    to = {7: "gone@y.example", 8: "busy@y.example"}.get(claim.person, f"p{claim.person}@y.example")
    return Outgoing(claim.send_id, "b-1@x.example", to, letter_to(claim.send_id, claim.person))


def letter_to(send_id: bytes, person: int) -> bytes:
    rendered = Rendered("Grüße", "<p>.</p>\n.\n..\n<p>Käse " + "x" * 2000 + "</p>", "ß\n.\n")
    envelope = Envelope(
        send_id=send_id,
        to=f"p{person}@y.example",
        to_name='Änn, "Q"',
        from_address="hello@x.example",
        domain="x.example",
        now=NOW,
        unsubscribe_url="https://x.example/u/t",
    )
    return message(rendered, envelope)


def test_every_mail_arrives_once_and_whole(postfix: Postfix, tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    made = [Decision(n.to_bytes(16, "big"), "c", 1, "1", n, NOW, "send") for n in range(60)]
    ledger.record(made)
    journal = FileJournal(tmp_path / "journal")
    carrier = SmtpCarrier("127.0.0.1", postfix.port, tls="none", connections=3)
    report = deliver(ledger, carrier, journal, letter, worker="w", now=NOW, batch=25)
    carrier.close()
    assert report == DeliveryReport(sent=58, failed=1, deferred=1)
    settlement = ledger.settlement(made[7].id)
    assert settlement is not None
    assert settlement.reply.startswith("550 5.1.1")
    arrived = postfix.arrived(58)
    ids = [message_from_bytes(each)["Message-ID"] for each in arrived]
    assert sorted(ids) == sorted(
        f"<{each.id.hex()}@x.example>" for each in made if each.person not in {7, 8}
    )
    sent = {f"<{each.id.hex()}@x.example>": letter_to(each.id, each.person) for each in made}
    for content in arrived:
        assert content.endswith(sent[message_from_bytes(content)["Message-ID"]])
    journal.close()
    database.close()


def test_a_mail_that_is_too_large_is_refused_before_it_is_sent(
    postfix: Postfix, tmp_path: Path
) -> None:
    journal = FileJournal(tmp_path / "journal")
    carrier = SmtpCarrier("127.0.0.1", postfix.port, tls="none")
    large = Outgoing(b"1" * 16, "a@x.example", "p@y.example", b"x" * 70 + b"\r\n" * 200_000)
    (reply,) = carrier.send(iter([large]), journal)
    carrier.close()
    assert reply.kind == "rejected"
    assert "larger than" in reply.text or "too large" in reply.text
    assert journal.last()[large.send_id] == reply
    journal.close()
