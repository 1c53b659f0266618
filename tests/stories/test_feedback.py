"""What comes back about a mail reaches its person and nobody else, and bars whom it must bar."""

from __future__ import annotations

import asyncio
import email
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from tailorbird import feedback, flow, keys
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.delivery.verp import return_path, unsubscribe_address
from tailorbird.readings.feedback import summary
from tailorbird.schema import DAY, HOUR, SECOND, Body, Decision, Instant, PersonId
from tailorbird.web import provider_hooks
from tailorbird.web.serve import site

NOON: Instant = 1_772_625_600 * SECOND
KEY = "the signing key of the account"
DSN = """\
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

<{recipient}>: host mx.example.net said: {words} (in reply to RCPT TO command)

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}

--b1--
"""
TEMPLATE = """\
<mjml><mj-body><mj-section><mj-column><mj-text>
Hello {{ person.first_name | default: "you" }} <a href="{{ unsubscribe_url }}">Leave</a>
</mj-text></mj-column></mj-section></mj-body></mjml>
"""
CAMPAIGN = """\
name: {name}
audience: everybody
template: plain
variants:
  only: {{subject: "News"}}
holdout: 0
recommendations: 0
"""
GONE = ("5.1.1", "550 5.1.1 user unknown")
FULL = ("5.2.2", "552 5.2.2 mailbox full")
OURS = ("5.7.26", "550 5.7.26 this mail is unauthenticated: SPF and DKIM failed")


class Shop:
    """A folder with three people who each got a mail, and a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        secrets = {"TAILORBIRD_FEEDBACK__MAILGUN_SECRET": KEY}
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment=secrets)
        consent = {"email_marketing": True, "tracking": True}
        said = [
            {
                "type": "identify", "userId": name, "messageId": name, "timestamp": "2026-01-01",
                "traits": {"email": f"{name}@people.example", "first_name": name.title()},
                "context": {"consent": consent},
            }
            for name in ("ada", "ben", "cyd")
        ]  # fmt: skip
        body = Body("server:shop", NOON - 10 * DAY, msgspec.json.encode({"batch": said}))
        self.tb.world.log.append([body])
        self.tb.ingest()
        self.tb.put(
            "segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
        )
        self.tb.put("template", "plain", TEMPLATE)
        self.send("spring")

    def send(self, campaign: str) -> None:
        self.tb.put("campaign", campaign, CAMPAIGN.format(name=campaign))
        self.tb.decide(campaign)
        self.tb.deliver()
        self.tb.ingest()
        self.now += HOUR

    def sent(self, name: str, campaign: str = "spring") -> Decision:
        person = self.person(name)
        found = self.tb.world.ledger.decisions(campaign=campaign)
        return next(each for each in found if each.person == person)

    def person(self, name: str) -> PersonId:
        return self.tb.person(name)

    def returned(self, raw: str) -> None:
        self.tb.world.log.append([Body(feedback.MAIL, self.now, raw.encode())])
        self.tb.ingest()

    def bounce(self, name: str, status: str, words: str, campaign: str = "spring") -> None:
        to = return_path(self.sent(name, campaign).id, "shop.example", self.tb.world.token_key)
        address = f"{name}@people.example"
        self.returned(DSN.format(to=to, recipient=address, status=status, words=words))

    def suppression(self, name: str) -> str:
        return self.tb.world.people.suppression(f"{name}@people.example")

    def events(self, name: str) -> list[str]:
        rows = self.tb.world.facts.read(
            "SELECT event FROM facts WHERE person = ? ORDER BY position", [self.person(name)]
        )
        return [
            each for each in rows["event"].to_pylist() if each not in ("identify", "email_sent")
        ]

    def held(self) -> list[str]:
        return [each.reason for each in self.tb.world.people.quarantined(0, 100)]

    def post(self, provider: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        world = self.tb.world

        async def append(body: Body) -> int:
            return world.log.append([body])

        async def go() -> httpx.Response:
            routes = provider_hooks.routes(append, lambda: self.now, world.settings, world.folder)
            transport = httpx.ASGITransport(Starlette(routes=routes))
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                path = f"/hooks/esp/{provider}"
                return await client.post(path, content=content, headers=headers)

        answer = asyncio.run(go())
        self.tb.ingest()
        return answer

    def mailgun(self, event: dict[str, object], token: str = "t1", key: str = KEY) -> int:
        at = str(self.now // SECOND)
        signed = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
        signature = {"timestamp": at, "token": token, "signature": signed}
        said = {"signature": signature, "event-data": {"timestamp": self.now / 1e6} | event}
        return self.post("mailgun", json.dumps(said).encode(), {}).status_code

    def about(self, name: str) -> dict[str, object]:
        send = self.sent(name).id.hex()
        address = f"{name}@people.example"
        return {
            "recipient": address,
            "message": {"headers": {"message-id": f"{send}@shop.example"}},
        }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop")
    yield made
    made.tb.close()


def test_a_hard_bounce_bars_its_person_at_once(shop: Shop) -> None:
    shop.bounce("ada", *GONE)
    assert shop.events("ada") == ["email_bounced"]
    assert shop.suppression("ada") == "hard_bounce"
    assert shop.suppression("ben") == ""
    shop.send("second")
    assert shop.sent("ada", "second").verdict == "refused"
    assert shop.sent("ben", "second").verdict == "send"


@pytest.mark.parametrize("bounce", [FULL, OURS])
def test_a_soft_bounce_and_the_senders_own_fault_bar_nobody(
    shop: Shop, bounce: tuple[str, str]
) -> None:
    shop.bounce("ada", *bounce)
    assert shop.events("ada") == ["email_bounced"]
    assert shop.suppression("ada") == ""


def test_so_many_soft_bounces_in_a_row_bar_an_address(shop: Shop) -> None:
    names = [f"news{number}" for number in range(4)]
    for number, campaign in enumerate(["spring", *names]):
        if number:
            shop.send(campaign)
        assert shop.suppression("ada") == ""
        shop.bounce("ada", *FULL, campaign=campaign)
        shop.bounce("ben", *OURS, campaign=campaign)
        shop.bounce("cyd", *FULL, campaign=campaign)
        if number == 2:
            shop.mailgun({"event": "clicked", "url": "https://shop.example", **shop.about("cyd")})
        flow.keep_current(shop.tb.world, shop.now)
    assert shop.suppression("ada") == "invalid"
    assert [shop.suppression(name) for name in ("ben", "cyd")] == ["", ""]


def test_the_same_bounce_counts_once_however_often_it_comes(shop: Shop) -> None:
    for _ in range(3):
        shop.bounce("ada", *GONE)
    assert shop.events("ada") == ["email_bounced"]


def test_a_forged_return_path_reaches_nobody(shop: Shop) -> None:
    real = return_path(shop.sent("ada").id, "shop.example", shop.tb.world.token_key)
    forged = return_path(shop.sent("ada").id, "shop.example", b"another key of thirty-two bytes!")
    assert forged != real
    raw = DSN.format(to=forged, recipient="ada@people.example", status=GONE[0], words=GONE[1])
    shop.returned(raw)
    assert shop.events("ada") == []
    assert shop.held() == ["it is about no mail that we sent"]


def test_a_message_id_counts_with_the_address_of_its_person_only(shop: Shop) -> None:
    about = f"\nMessage-ID: <{shop.sent('ada').id.hex()}@shop.example>\n\n--b1--"
    inside = f"--b1\nContent-Type: message/rfc822\n{about}"
    for recipient in ("eve@people.example", "ada@people.example"):
        raw = DSN.format(to="b@x.example", recipient=recipient, status=GONE[0], words=GONE[1])
        shop.returned(raw.replace("--b1--", inside))
    assert shop.events("ada") == ["email_bounced"]
    assert len(shop.held()) == 1


def test_a_mail_to_the_unsubscribe_address_takes_back_the_consent(shop: Shop) -> None:
    to = unsubscribe_address(shop.sent("ada").id, "shop.example", shop.tb.world.token_key)
    shop.returned(f"From: someone@else.example\nTo: {to}\nSubject: whatever\n\n\n")
    assert shop.events("ada") == ["unsubscribed"]
    assert shop.suppression("ada") == "unsubscribed"
    shop.send("second")
    assert shop.sent("ada", "second").verdict == "refused"


def test_a_complaint_bars_its_person(shop: Shop) -> None:
    sent = shop.tb.world.inbox.read(shop.sent("ada").id)
    assert sent is not None
    left = email.message_from_bytes(sent)["List-Unsubscribe"]
    shop.returned(
        "From: fbl@provider.example\nTo: fbl@shop.example\nSubject: FW: News\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b1"\n\n--b1\n'
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n--b1\n"
        f"Content-Type: message/rfc822\n\nList-Unsubscribe: {left}\nSubject: News\n\nHi\n--b1--\n"
    )
    assert shop.events("ada") == ["email_complained"]
    assert shop.suppression("ada") == "complaint"


def test_an_answer_of_a_program_bars_nobody(shop: Shop) -> None:
    to = return_path(shop.sent("ada").id, "shop.example", shop.tb.world.token_key)
    head = f"From: ada@people.example\nTo: {to}\nAuto-Submitted: auto-replied\n"
    shop.returned(f"{head}Subject: Out of office\n\nI am away until Monday.\n")
    assert shop.events("ada") == ["email_auto_replied"]
    assert shop.suppression("ada") == ""


def test_a_verified_provider_is_believed_and_a_repetition_is_not_counted(shop: Shop) -> None:
    failed = {"event": "failed", "severity": "permanent", "reason": "bounce"}
    status = {"code": 550, "message": "550 5.1.1 The account does not exist"}
    for _ in range(2):
        assert shop.mailgun({**failed, "delivery-status": status, **shop.about("ada")}) == 200
    assert shop.events("ada") == ["email_bounced"]
    assert shop.suppression("ada") == "hard_bounce"


def test_who_cannot_prove_to_be_the_provider_is_answered_401(shop: Shop) -> None:
    end = shop.tb.world.log.end()
    assert shop.mailgun({"event": "complained", **shop.about("ada")}, key="a guess") == 401
    assert shop.post("mailgun", b"", {}).status_code == 401
    assert shop.post("postmark", b"{}", {}).status_code == 404
    assert shop.post("nobody", b"{}", {}).status_code == 404
    assert shop.tb.world.log.end() == end


def test_opens_of_providers_tell_machines_from_people(shop: Shop) -> None:
    agents = {"t1": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_7_5)", "t2": "Mozilla/5.0"}
    for token, agent in agents.items():
        told = {"event": "opened", "client-info": {"user-agent": agent}, **shop.about("ada")}
        assert shop.mailgun(told, token) == 200
    read = shop.tb.world.facts.read
    rows = read("SELECT machine FROM facts WHERE event = 'email_opened' ORDER BY position")
    assert rows["machine"].to_pylist() == [False, True]


def test_what_cannot_be_read_is_held_with_its_reason(shop: Shop) -> None:
    assert shop.mailgun({"event": "complained", "recipient": "eve@people.example"}) == 200
    assert shop.mailgun({"event": ["odd"]}, "t2") == 200
    assert shop.held() == ["it is about no mail that we sent"]


def test_a_rebuild_gives_the_same_answers(shop: Shop) -> None:
    shop.mailgun({"event": "opened", **shop.about("ada")}, "t1")
    shop.mailgun({"event": "delivered", **shop.about("ben")}, "t2")
    shop.bounce("cyd", *GONE)
    read: Callable[[], object] = lambda: shop.tb.world.facts.read(  # noqa: E731
        "SELECT position, person, event, machine FROM facts ORDER BY ALL"
    ).to_pylist()
    before = read()
    shop.tb.rebuild()
    assert read() == before


def test_no_address_reaches_the_facts(shop: Shop) -> None:
    shop.bounce("ada", "5.1.1", "550 5.1.1 <ada@people.example> ada is unknown here")
    rows = shop.tb.world.facts.read("SELECT text FROM properties").column("text").to_pylist()
    assert not [text for text in rows if text and ("@" in text or "ada" in text)]


def test_what_came_back_is_counted_by_door_and_reason(shop: Shop) -> None:
    shop.bounce("ada", *GONE)
    shop.bounce("ben", *OURS)
    shop.mailgun({"event": "complained", **shop.about("cyd")})
    shop.mailgun({"event": "complained", "recipient": "eve@people.example"}, "t2")
    found = summary(shop.tb.world, 0)
    assert {(row.source, row.kind, row.why, row.mails) for row in found.rows} == {
        ("mail", "hard_bounce", "mailbox_missing", 1),
        ("mail", "soft_bounce", "sender_authentication", 1),
        ("mailgun", "complaint", "", 1),
    }
    assert (found.sent, found.held) == (3, 1)


def test_mails_in_files_are_read_by_a_command(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = return_path(shop.sent("ada").id, "shop.example", shop.tb.world.token_key)
    raw = DSN.format(to=to, recipient="ada@people.example", status=GONE[0], words=GONE[1])
    (tmp_path / "cur").mkdir()
    (tmp_path / "cur" / "1.eml").write_text(raw)
    (tmp_path / "mbox").write_text(f"From MAILER-DAEMON Thu Jan  1 00:00:00 2026\n{raw}\n" * 2)
    folder = str(shop.tb.world.folder)
    assert run(["feedback", "explain", str(tmp_path / "cur" / "1.eml")]) == 0
    assert "mailbox_missing" in capsys.readouterr().out
    for path, taken in ((tmp_path, 1), (tmp_path / "mbox", 2), (tmp_path / "cur" / "1.eml", 1)):
        assert run(["feedback", "read", str(path), "-C", folder]) == 0
        assert f"{taken} mails taken" in capsys.readouterr().out
    shop.tb.ingest()
    assert shop.events("ada") == ["email_bounced"]
    assert run(["feedback", "providers", "-C", folder, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 13


def test_a_mail_is_handed_in_by_the_api_and_what_came_back_is_read_there(shop: Shop) -> None:
    key, text = keys.make(
        "all", "secret", now=shop.now, entropy=os.urandom, scopes=("read", "write", "admin")
    )
    shop.tb.world.keys.add(key)
    to = return_path(shop.sent("ada").id, "shop.example", shop.tb.world.token_key)
    raw = DSN.format(to=to, recipient="ada@people.example", status=GONE[0], words=GONE[1])

    async def asked(method: str, path: str, content: bytes | None = None) -> httpx.Response:
        transport = httpx.ASGITransport(site(shop.tb))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"authorization": f"Bearer {text}", "content-type": "message/rfc822"}
            return await client.request(method, f"/api/v1{path}", content=content, headers=headers)

    taken = asyncio.run(asked("POST", "/feedback/mails", raw.encode()))
    assert (taken.status_code, taken.json()["offset"]) == (200, shop.tb.world.log.end())
    assert asyncio.run(asked("POST", "/feedback/mails", b"")).status_code == 400
    shop.tb.ingest()
    told = asyncio.run(asked("GET", "/feedback/summary?since=2026-01-01T00:00:00Z")).json()
    assert [(row["kind"], row["mails"]) for row in told["rows"]] == [("hard_bounce", 1)]
    assert told["sent"] == 3
