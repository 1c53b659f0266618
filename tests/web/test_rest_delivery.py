"""Sending is paused, gone on with and reconciled over HTTP; addresses are barred there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, SECOND, Body, Decision
from tailorbird.suppression_words import SuppressionWord
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

NOW = 1_700_000_000 * SECOND
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with three decisions to send."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        opened.world.ledger.record(
            [Decision(bytes([n]) * 16, "spring", 1, "1", n, NOW, "send") for n in (1, 2, 3)]
        )
        yield opened


def order(call: Call, **said: object) -> httpx.Response:
    return call("/delivery/orders", "POST", json=said)


def test_a_campaign_is_paused_resumed_and_cancelled(call: Call, tb: Tailorbird) -> None:
    answer = order(call, act="pause", campaign="spring", reason="a slip")
    assert answer.status_code == 201
    status = call("/delivery").json()
    assert status["campaigns"] == [
        {"campaign": "spring", "states": {"pending": 3}, "stands": "pause"}
    ]
    (kept,) = status["orders"]
    assert (kept["act"], kept["author"], kept["reason"]) == ("pause", "console", "a slip")
    assert tb.world.ledger.claim("w", 9, NOW, 60) == []
    order(call, act="resume", campaign="spring")
    assert len(tb.world.ledger.claim("w", 1, NOW, 60)) == 1
    assert order(call, act="cancel", campaign="spring").json()["cancelled"] == 2
    assert call("/delivery").json()["workers"] == ["w"]


def test_orders_that_mean_nothing_are_refused(call: Call) -> None:
    assert order(call, act="pause", campaign="autumn").status_code == 400
    assert order(call, act="cancel").status_code == 400
    assert order(call, act="stop").status_code == 400
    assert order(call, act="cancel", everything=True).json()["cancelled"] == 3
    assert call("/delivery").json()["stands"] == "cancel"


def test_what_is_in_doubt_is_listed_and_settled(call: Call, tb: Tailorbird) -> None:
    from tailorbird.schema import Settlement

    ledger = tb.world.ledger
    claims = ledger.claim("w", 3, NOW, 60)
    ledger.settle([Settlement(each.send_id, "unknown", "smtp", "?") for each in claims], NOW)
    page = call("/delivery/unknowns?limit=2").json()
    assert [each["person"] for each in page["sends"]] == [1, 2]
    rest = call(f"/delivery/unknowns?limit=2&after={page['next']}").json()
    assert [each["person"] for each in rest["sends"]] == [3]
    first = page["sends"][0]["send_id"]
    settled = call(f"/delivery/unknowns/{first}", "POST", json={"sent": True, "reason": "seen"})
    assert settled.json()["sends"][0]["send_id"] == first
    again = call(f"/delivery/unknowns/{first}", "POST", json={"sent": True, "reason": "seen"})
    assert again.status_code == 400
    assert ledger.states() == {"sent": 1, "unknown": 2}


def test_what_does_not_add_up_is_shown(call: Call, tb: Tailorbird) -> None:
    assert call("/delivery/verification").json() == {
        "faults": [], "count": 0, "states": {"pending": 3}
    }  # fmt: skip
    tb.world.ledger.claim("gone", 1, NOW - DAY, 60)
    tb.world.ledger.record([Decision(b"4" * 16, "spring", 1, "1", 4, NOW - 2 * DAY, "send")])
    tb.world.ledger.claim("gone", 1, NOW - DAY, 60)
    answer = call("/delivery/verification").json()
    assert [(each["kind"], each["detail"]) for each in answer["faults"]] == [
        ("claim_left", "by gone")
    ]


def test_addresses_are_barred_lifted_and_looked_up(call: Call, tb: Tailorbird) -> None:
    said = {"addresses": ["Ada@mail.example", "nobody"], "note": "asked by phone"}
    report = call("/suppressions", "POST", json=said).json()
    assert (report["changed"], report["refused"][0]["line"]) == (1, 2)
    asked = {"address": "ada@mail.example"}
    (standing,) = call("/suppressions/check", "POST", json=asked).json()["standing"]
    assert (standing["reason"], standing["purpose"], standing["source"]) == (
        "manual", "all", "rest",
    )  # fmt: skip
    file = {"text": "email\nbo@mail.example\n?\n", "file": "unsubscribes.csv"}
    report = call("/suppressions/import", "POST", json=file).json()
    assert (report["changed"], report["refused"][0]["line"]) == (1, 3)
    page = call("/suppressions?limit=1").json()
    assert {each["reason"]: each["addresses"] for each in page["counts"]} == {
        "manual": 1, "unsubscribed": 1,
    }  # fmt: skip
    assert call(f"/suppressions?limit=1&after={page['next']}").json()["suppressions"]
    assert call("/suppressions?reason=nonsense").status_code == 400
    lifted = {"addresses": ["ada@mail.example"], "note": "back"}
    assert call("/suppressions/lift", "POST", json=lifted).json()["changed"] == 1
    checked = call("/suppressions/check", "POST", json=asked).json()
    assert (checked["standing"], len(checked["said"])) == ([], 2)


def test_who_may_only_read_bars_nobody_and_stops_nothing(ask: Call, tb: Tailorbird) -> None:
    site = application(
        public=(), readings=tb.readings, base_url="http://127.0.0.1:8400", clock=tb.clock,
        desk=Desk(tb.world, tb.clock),
    )  # fmt: skip
    key = tb.world.suppressions.key("ada@mail.example")
    tb.world.suppressions.say([SuppressionWord(key, "manual", NOW)])
    for path, method, body in (
        ("/suppressions", "GET", None),
        ("/suppressions", "POST", {"addresses": ["ada@mail.example"]}),
        ("/suppressions/lift", "POST", {"addresses": ["ada@mail.example"], "note": "x"}),
        ("/suppressions/check", "POST", {"address": "ada@mail.example"}),
        ("/delivery/orders", "POST", {"act": "pause"}),
        ("/delivery/unknowns", "GET", None),
        ("/delivery/verification", "GET", None),
    ):
        assert ask(f"/api/v1{path}", method, to=site, json=body).status_code in (401, 403), path
    assert tb.world.ledger.standing() == {}


def test_what_came_back_is_asked_of_one_campaign(call: Call, tb: Tailorbird) -> None:
    world = tb.world
    events = [
        {"type": "track", "event": event, "messageId": f"{event}-{campaign}-{n}", "userId": "ada",
         "properties": {"send_id": f"{campaign}{n}", "campaign": campaign, "kind": "hard_bounce"}}
        for campaign, mails in (("spring", 2), ("autumn", 1))
        for n in range(mails)
        for event in ("email_sent", "email_bounced")
    ]  # fmt: skip
    content = json.dumps({"batch": events}).encode()
    world.log.append([Body("delivery", NOW, content)])
    tb.ingest()
    of = "/feedback/summary?since=2023-01-01T00:00:00Z"
    every, spring = call(of).json(), call(f"{of}&campaign=spring").json()
    assert (every["sent"], spring["sent"]) == (3, 2)
    assert [row["mails"] for row in spring["rows"]] == [2]
    assert call(f"{of}&campaign=winter").json()["rows"] == []


def test_a_mail_that_came_back_is_explained_and_nothing_is_kept(call: Call, tb: Tailorbird) -> None:
    mail = (
        b"From: MAILER-DAEMON@mx.example\r\nTo: b@shop.example\r\nSubject: failed\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n"
        b"\r\nFinal-Recipient: rfc822; ada@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n--x--\r\n"
    )
    (outcome,) = call("/feedback/mails/explain", "POST", content=mail).json()["outcomes"]
    assert outcome == {
        "kind": "hard_bounce",
        "recipient": "ada@mail.example",
        "why": "mailbox_missing",
        "status": "5.1.1",
        "diagnostic": outcome["diagnostic"],
    }
    assert "no such user" in outcome["diagnostic"]
    assert tb.world.log.end() == 0
    assert call("/feedback/mails/explain", "POST", content=b" ").status_code == 400
