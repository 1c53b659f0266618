"""Every carrier answers each message once, streams, and leaves the words that recovery needs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tailorbird.delivery.carriers.inbox import InboxCarrier
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.protocol import deliver, recover
from tailorbird.ports import Carrier
from tailorbird.schema import SECOND, Claim, Decision, Outgoing
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND
TEXT = b"Subject: Hello\r\n\r\n.\r\nHello\r\n..\r\n"


class Taker:
    """Keeps what aiosmtpd takes."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.taken[envelope.rcpt_tos[0]] = envelope.content
        return "250 kept"


@contextmanager
def listening(taker: Taker) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(taker, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


Setting = tuple[Carrier, dict[str, bytes]]


@pytest.fixture(params=["inbox", "smtp"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    """Return a carrier, and what arrived by recipient, to be looked at afterwards."""
    if request.param == "inbox":
        inbox = InboxCarrier(tmp_path)
        yield inbox, Arrived(inbox)
        inbox.close()
        return
    taker = Taker()
    with listening(taker) as port:
        smtp = SmtpCarrier("127.0.0.1", port, tls="none", connections=2)
        yield smtp, taker.taken
        smtp.close()


class Arrived(dict[str, bytes]):
    """What the inbox holds, by recipient."""

    def __init__(self, inbox: InboxCarrier) -> None:
        self.inbox = inbox

    def items(self) -> Any:
        pairs = ((entry.to, self.inbox.read(entry.send_id)) for entry in self.inbox.list(limit=999))
        return dict(pairs).items()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    opened = FileJournal(tmp_path / "journal")
    yield opened
    opened.close()


def mail(number: int) -> Outgoing:
    return Outgoing(number.to_bytes(16, "big"), "a@x.example", f"p{number}@y.example", TEXT)


def test_each_message_is_answered_once_and_arrives_unchanged(
    setting: Setting, journal: FileJournal
) -> None:
    carrier, arrived = setting
    messages = [mail(number) for number in range(30)]
    replies = list(carrier.send(iter(messages), journal))
    assert sorted(reply.send_id for reply in replies) == [each.send_id for each in messages]
    assert {reply.kind for reply in replies} == {"accepted"}
    assert dict(arrived.items()) == {each.envelope_to: TEXT for each in messages}


def test_nothing_to_send_is_no_error(setting: Setting, journal: FileJournal) -> None:
    carrier, _ = setting
    assert list(carrier.send(iter([]), journal)) == []


def test_an_answer_stands_in_the_journal_or_the_carrier_can_tell(
    setting: Setting, journal: FileJournal
) -> None:
    carrier, _ = setting
    list(carrier.send(iter([mail(1)]), journal))
    found = carrier.found([mail(1).send_id, mail(2).send_id])
    if found is None:
        word = journal.last()[mail(1).send_id]
        assert word is not None
        assert word.kind == "accepted"
    else:
        assert found == {mail(1).send_id: True, mail(2).send_id: False}


def test_what_was_sent_before_a_crash_is_settled_by_recovery(
    setting: Setting, journal: FileJournal, tmp_path: Path
) -> None:
    carrier, arrived = setting
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record([Decision(mail(n).send_id, "c", 1, "1", n, NOW, "send") for n in range(6)])
    claims = ledger.claim("w", 4, NOW, 60)
    # The machine stops after two of the four claims were sent, and before the ledger heard of it.
    list(carrier.send((mail(claim.person) for claim in claims[:2]), journal))
    recovery = recover(ledger, carrier, journal, worker="w", policy="assume_sent", now=NOW)
    assert (recovery.sent, recovery.returned, recovery.unknown) == (2, 2, ())

    def render(claim: Claim) -> Outgoing:
        return mail(claim.person)

    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert report.sent == 4
    assert ledger.states() == {"sent": 6}
    assert len(dict(arrived.items())) == 6
    database.close()
