"""The same campaign over a real SMTP server: every mail once, signed, and told to the log."""

from __future__ import annotations

import email
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tailorbird import results
from tailorbird.app import Tailorbird

CAMPAIGN = """\
name: second
audience: silver
template: win_back
variants:
  only: {subject: "For {{ person.first_name | default: 'you' }}"}
holdout: 0
"""
SETTINGS = """
[sender]
domain = "mail.example"
address = "hello@mail.example"
dkim_selector = "s1"
dkim_key_file = "{key}"

[delivery]
carrier = "smtp"
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_tls = "none"
"""


NOBODY = "550 5.1.1 no such user"
BLOCKED = "550 5.7.1 your server is blocked"


class Mailbox:
    """A server that keeps what it takes; the first mail is deferred once, two are refused."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.deferred = 0
        self.refusals: list[str] = []
        self.refused: dict[str, str] = {}

    async def handle_DATA(  # noqa: N802 - the name that the server calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if not self.deferred:
            self.deferred = 1
            return "451 4.3.0 try again later"
        if self.refusals:
            answer = self.refusals.pop()
            self.refused[envelope.rcpt_tos[0]] = answer
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append((envelope.rcpt_tos[0], content))
        return "250 2.0.0 kept"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def key(tmp_path: Path) -> rsa.RSAPrivateKey:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "dkim.pem").write_bytes(pem)
    return made


def record(key: rsa.RSAPrivateKey) -> bytes:
    from base64 import b64encode

    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"v=DKIM1; k=rsa; p=" + b64encode(der)


def test_every_mail_once_signed_and_told(
    folder: Path, tmp_path: Path, mailbox: tuple[Mailbox, int], key: rsa.RSAPrivateKey
) -> None:
    box, port = mailbox
    settings = folder / "tailorbird.toml"
    settings.write_text(
        settings.read_text() + SETTINGS.format(key=tmp_path / "dkim.pem", port=port)
    )
    with Tailorbird.open(folder, environment={}) as tb:
        now = tb.clock()
        tb.clock = lambda: now
        tb.put("campaign", "second", CAMPAIGN)
        tb.decide("second")
        first = tb.deliver()
        assert (first.deferred, first.failed, first.unknown) == (1, 0, 0)
        now += 3_600_000_000
        assert tb.deliver().sent == 1
        assert tb.deliver().sent == 0
        tb.ingest()
        chosen = [d for d in results.decisions(tb.world, "second") if d.verdict == "send"]
        told = tb.world.facts.read(
            "SELECT COUNT(*) AS n FROM facts WHERE event = 'email_sent' AND campaign = 'second'"
        ).to_pylist()[0]["n"]
        profiles = tb.world.people.profiles([d.person for d in chosen])
    assert len(box.taken) == len(chosen) == told
    assert chosen
    assert Counter(to for to, _ in box.taken) == Counter(p.email for p in profiles.values())
    for _, content in box.taken:
        message = email.message_from_bytes(content)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert dkim.verify(content, dnsfunc=lambda name, timeout=5: record(key))


def test_only_a_mailbox_that_is_no_good_bars_its_address(
    folder: Path, tmp_path: Path, mailbox: tuple[Mailbox, int], key: rsa.RSAPrivateKey
) -> None:
    box, port = mailbox
    box.deferred, box.refusals = 1, [NOBODY, BLOCKED]
    settings = folder / "tailorbird.toml"
    settings.write_text(
        settings.read_text() + SETTINGS.format(key=tmp_path / "dkim.pem", port=port)
    )
    with Tailorbird.open(folder, environment={}) as tb:
        tb.put("campaign", "second", CAMPAIGN)
        tb.decide("second")
        assert tb.deliver().failed == 2
        tb.ingest()
        reasons = {}
        for address, answer in box.refused.items():
            person = tb.person(address)
            reasons[answer] = tb.world.people.consent_states([person])[person].suppressed
    assert reasons == {NOBODY: "hard_bounce", BLOCKED: ""}


def test_one_mail_that_cannot_be_made_does_not_hold_up_the_others(folder: Path) -> None:
    with Tailorbird.open(folder, environment={}) as tb:
        source = tb.world.definitions.get("template", "win_back")
        assert source is not None
        fragile = source.text.replace("See what is new", "{{ 100 | divided_by: traits.returns }}")
        tb.put("template", "win_back", fragile)
        tb.put("campaign", "second", CAMPAIGN)
        tb.decide("second")
        report = tb.deliver()
        assert report.sent + report.failed + report.refused > 0
        assert tb.world.ledger.states("second").get("claimed", 0) == 0
        assert tb.world.ledger.states("second").get("pending", 0) == 0
        tb.ingest()
        failed = [
            d.person
            for d in results.decisions(tb.world, "second")
            if (end := tb.world.ledger.settlement(d.id)) is not None and end.state == "failed"
        ]
        states = tb.world.people.consent_states(failed)
    assert failed
    assert all(not state.suppressed for state in states.values())
