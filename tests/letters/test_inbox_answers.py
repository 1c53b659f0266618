"""The reader of a local mail bounces, complains, opens, clicks and leaves as a real one would."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird import answering
from tailorbird.app import Tailorbird
from tailorbird.delivery.carriers.inbox import campaign_of
from tailorbird.errors import UsageError
from tailorbird.readings.mail_checks import checks
from tailorbird.schema import HOUR, Consent, PersonId

Send = Callable[..., dict[str, str]]
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari"


@pytest.fixture
def sent(shop: Tailorbird, send: Send) -> Tailorbird:
    """Return the shop an hour after it has written to everybody."""
    send()
    later = shop.clock() + HOUR
    shop.clock = lambda: later
    return shop


def decision_of(tb: Tailorbird, who: str) -> bytes:
    person = tb.person(who)
    return next(d.id for d in tb.world.ledger.decisions() if d.person == person)


def answered(tb: Tailorbird, who: str, kind: answering.Kind, link: int = 0) -> answering.Answered:
    send_id = decision_of(tb, who)
    found = answering.answer(tb.world, send_id, kind, tb.clock(), link=link, agent=CHROME)
    assert found is not None
    tb.ingest()
    return found


def events_of(tb: Tailorbird, person: PersonId) -> list[str]:
    sql = "SELECT event FROM facts WHERE person = ? AND send_id <> '' ORDER BY position"
    return [row["event"] for row in tb.world.facts.read(sql, (person,)).to_pylist()]


def suppression(tb: Tailorbird, who: str) -> str:
    return tb.world.people.suppression(f"{who}@mail.example")


@pytest.mark.parametrize(
    ("kind", "event", "reason"),
    [
        ("hard_bounce", "email_bounced", "hard_bounce"),
        ("soft_bounce", "email_bounced", ""),
        ("complaint", "email_complained", "complaint"),
        ("auto_reply", "email_auto_replied", ""),
        ("unsubscribe", "unsubscribed", "unsubscribed"),
        ("open", "email_opened", ""),
        ("click", "email_clicked", ""),
    ],
)
def test_an_answer_is_told_as_a_real_one_and_bars_whom_it_must_bar(
    sent: Tailorbird, kind: answering.Kind, event: str, reason: str
) -> None:
    assert answered(sent, "ada", kind).machine == ""
    assert events_of(sent, sent.person("ada")) == ["email_sent", event]
    assert suppression(sent, "ada") == reason
    assert events_of(sent, sent.person("ben")) == ["email_sent"]


def test_nothing_answers_for_a_mail_that_is_not_there(sent: Tailorbird) -> None:
    end = sent.world.log.end()
    assert answering.answer(sent.world, bytes(16), "hard_bounce", sent.clock()) is None
    with pytest.raises(UsageError, match="links that are counted"):
        answered(sent, "ada", "click", link=99)
    assert sent.world.log.end() == end


def test_who_withdrew_tracking_is_not_counted(sent: Tailorbird) -> None:
    person = sent.person("ada")
    with sent.world.people.transaction():
        withdrawn = Consent(person, "tracking", False, sent.clock(), "test")
        sent.world.people.add_consents([withdrawn])
    with pytest.raises(UsageError, match="nothing is counted"):
        answered(sent, "ada", "open")


def test_the_inbox_finds_a_campaign(sent: Tailorbird) -> None:
    page = sent.readings.inbox("spring", "", 10)
    assert {row.campaign for row in page.messages} == {"spring"}
    assert sent.readings.inbox("autumn", "", 10).messages == ()
    assert campaign_of(b"Subject: x\r\n\r\n") == ""


def test_a_mail_is_looked_at_from_all_sides(sent: Tailorbird) -> None:
    content = sent.world.inbox.read(decision_of(sent, "ada"))
    assert content
    found = {(each.about, each.state): each.what for each in checks(sent.world, content)}
    assert found["leaving", "good"] == "Leaving takes one click (RFC 8058)"
    assert found["authentication", "warning"] == "No DKIM signature"
    assert found["links", "warning"] == "They lead to this machine"
    assert ("size", "good") in found
    assert ("spam", "good") in found


def test_faults_are_told_with_their_mend(sent: Tailorbird) -> None:
    bad = (
        "From: a@shop.example\r\nTo: b@x.example\r\nSubject: BUY NOW!! CHEAP THINGS\r\n"
        "DKIM-Signature: v=1; d=other.example; h=from:to\r\n"
        "List-Unsubscribe: <https://shop.example/u/x>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\n\r\n"
        '<a href="http://bit.ly/x"></a><a href="shop">Shop</a><img src="x.png">' + "x" * 110_000
    ).encode()
    told = {each.what for each in checks(sent.world, bad) if each.state != "good"}
    for what in (
        "It has no text part",
        "1 lead nowhere: shop",
        "It links by bit.ly",
        "Leaving takes more than one click (RFC 8058)",
        "The signature does not cover List-Unsubscribe",
        "Signed by other.example, but From says shop.example",
        "The subject shouts",
        "The subject has several !",
        "It has 1 pictures and 2 words",
        "No Date header",
        "It does not say where its sender sits",
    ):
        assert what in told, sorted(told)
    assert any(what.startswith("Its HTML has 110,") for what in told)
