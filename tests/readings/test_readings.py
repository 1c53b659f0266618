"""What the pages say is what happened: a shop of four people, counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError, TemplateError, UsageError
from tailorbird.schema import DAY, HOUR, Body, Instant
from tailorbird.views import Readings, TimelineEntry, moment

NOW: Instant = 1_320_000_000 * 1_000_000 // DAY * DAY + 12 * HOUR
CONSENTS = {"email_marketing": True, "personalisation": True, "tracking": True}
BUYERS = "name: buyers\ndescription: Bought once or more\nwhere:\n  did: purchase\n"
CAMPAIGN = """\
name: hello
description: A first word
audience: buyers
template: win_back
variants:
  short: {subject: "Hello {{ person.first_name }}"}
  long: {subject: "A long hello to you"}
holdout: 0
"""


def at(days_ago: float) -> str:
    return moment(NOW - int(days_ago * DAY)).isoformat()


def identify(user: str, *, consent: dict[str, bool] | None = None, **traits: str) -> dict[str, Any]:
    return {
        "type": "identify",
        "messageId": f"i-{user}",
        "userId": user,
        "timestamp": at(60),
        "traits": traits,
        "context": {"consent": consent} if consent else {},
    }


def order(
    user: str, number: int, days_ago: float, *items: tuple[str, int, float]
) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"o-{number}",
        "userId": user,
        "timestamp": at(days_ago),
        "properties": {
            "order_id": f"A{number}",
            "currency": "EUR",
            "total": sum(quantity * price for _, quantity, price in items),
            "products": [
                {"product_id": item, "name": item.title(), "quantity": quantity, "price": price}
                for item, quantity, price in items
            ],
        },
    }


HISTORY = [
    identify("ada", consent=CONSENTS, email="ada@mail.example", first_name="Ada", country="DE"),
    identify("bob", consent=CONSENTS, email="bob@mail.example", first_name="<b>Bob</b>"),
    identify("cyd", consent={"email_marketing": False}, email="cyd@mail.example"),
    identify("dan", email="dan@mail.example"),
    order("ada", 1, 50, ("kettle", 1, 30.0), ("cup", 2, 4.5)),
    order("ada", 2, 2, ("cup", 1, 4.5)),
    order("bob", 3, 10, ("kettle", 1, 30.0)),
    order("cyd", 4, 20, ("cup", 4, 4.5)),
]


@contextmanager
def shop(folder: Path) -> Iterator[Tailorbird]:
    """Open a shop after a campaign to its buyers."""
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as opened:
        content = msgspec.json.encode({"batch": HISTORY})
        opened.world.log.append([Body("import", NOW, content)])
        opened.ingest()
        opened.install_library()
        opened.put("segment", "buyers", BUYERS)
        opened.put("campaign", "hello", CAMPAIGN)
        opened.refresh()
        opened.decide("hello")
        opened.deliver()
        opened.ingest()
        yield opened


@pytest.fixture(scope="module")
def tb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailorbird]:
    """Return a shop that no test changes."""
    with shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a shop that a test may change."""
    with shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def readings(tb: Tailorbird) -> Readings:
    return tb.readings


def number(tb: Tailorbird, user: str) -> int:
    found = tb.world.people.find(user)
    assert found is not None
    return found


def test_the_status_says_how_far_the_facts_are(readings: Readings) -> None:
    status = readings.status(NOW)
    assert status.now == datetime(2011, 10, 30, 12, tzinfo=UTC)
    assert status.facts_offset == status.log_offset > 0
    assert (status.demo, status.notice) == (False, "")


def test_the_totals_are_those_of_the_history(readings: Readings) -> None:
    totals = readings.overview(NOW).totals
    assert (totals.people, totals.orders, totals.returns) == (4, 4, 0)
    assert totals.revenue_minor == 3900 + 450 + 3000 + 1800
    assert totals.sends == 2
    assert totals.purchases == 0


def test_activity_has_every_day_once_without_gaps(readings: Readings) -> None:
    periods = readings.overview(NOW).activity.periods
    days = [datetime.fromisoformat(period.start) for period in periods]
    assert periods[-1].start == "2011-10-30"
    assert len(periods) == 51
    assert {(b - a).days for a, b in pairwise(days)} == {1}
    assert sum(period.orders for period in periods) == 4
    assert sum(period.revenue_minor for period in periods) == 9150


def test_people_are_listed_with_masked_addresses(tb: Tailorbird, readings: Readings) -> None:
    page = readings.people("", "", "", 2, NOW)
    assert (page.total, len(page.people)) == (4, 2)
    rest = readings.people("", "", page.next, 2, NOW)
    assert rest.next == ""
    rows = {row.person: row for row in (*page.people, *rest.people)}
    ada = rows[number(tb, "ada")]
    assert (ada.label, ada.email, ada.country) == ("Ada", "a…@mail.example", "DE")
    assert (ada.orders, ada.revenue_minor, ada.tier) == (2, 4350, "bronze")
    assert ada.last_order_at == moment(NOW - 2 * DAY)
    assert rows[number(tb, "dan")].last_order_at is None


@pytest.mark.parametrize("query", ["ada", "ADA@mail.example"])
def test_a_person_is_found_by_any_identifier(
    tb: Tailorbird, readings: Readings, query: str
) -> None:
    (row,) = readings.people(query, "", "", 10, NOW).people
    assert row.person == number(tb, "ada")
    assert readings.people("nobody", "", "", 10, NOW).people == ()


def test_members_of_a_segment_are_listed(tb: Tailorbird, readings: Readings) -> None:
    page = readings.people("", "buyers", "", 10, NOW)
    assert {row.person for row in page.people} == {number(tb, u) for u in ("ada", "bob", "cyd")}
    assert page.total == 3


def test_one_person_shows_traits_consents_and_identifiers(
    tb: Tailorbird, readings: Readings
) -> None:
    report = readings.person(number(tb, "ada"), NOW)
    assert report is not None
    traits = {(trait.origin, trait.name): trait for trait in report.traits}
    assert traits["declared", "first_name"].value == "Ada"
    assert traits["derived", "revenue_minor"].unit == "money"
    assert traits["derived", "recency_days"].value == 2
    assert report.email == "ada@mail.example"
    states = {line.purpose: line.state for line in report.consents}
    assert states["email_marketing"] == "granted"
    assert states["training"] == "never asked"
    assert {(i.kind, i.number) for i in report.identifiers} == {("email", 1), ("user_id", 1)}
    assert "buyers" in report.segments
    assert report.suggestions_from == "No recommender has been trained yet."


def test_a_withdrawn_consent_is_shown_as_such(tb: Tailorbird, readings: Readings) -> None:
    report = readings.person(number(tb, "cyd"), NOW)
    assert report is not None
    assert report.consents[0].state == "withdrawn"


def test_a_user_id_that_looks_like_a_number_is_not_taken_for_one(changing: Tailorbird) -> None:
    ada = number(changing, "ada")
    content = msgspec.json.encode({"batch": [identify(str(ada), first_name="Eve")]})
    changing.world.log.append([Body("import", NOW, content)])
    changing.ingest()
    report = changing.readings.person(ada, NOW)
    assert report is not None
    assert (report.person, report.label) == (ada, "Ada")
    assert changing.person(str(ada)) != ada


def test_who_does_not_exist_is_nobody(readings: Readings) -> None:
    assert readings.person(999, NOW) is None
    assert readings.timeline(999, "", 10) is None
    assert readings.correspondence(999) is None
    assert readings.explain("buyers", 999, NOW) is None
    assert readings.preview("win_back", 999, "", NOW) is None
    assert readings.segment("none", NOW) is None
    assert readings.campaign("none", NOW) is None
    assert readings.mail(b"none") is None
    assert readings.decision(b"none") is None


def test_the_timeline_is_paged_from_the_newest(tb: Tailorbird, readings: Readings) -> None:
    ada = number(tb, "ada")
    whole = readings.timeline(ada, "", 100)
    assert whole is not None
    pages: list[TimelineEntry] = []
    after = ""
    while True:
        page = readings.timeline(ada, after, 1)
        assert page is not None
        pages += page.entries
        after = page.next
        if not after:
            break
    assert tuple(pages) == whole.entries
    assert whole.total == len(pages)
    assert [entry.at for entry in pages] == sorted((e.at for e in pages), reverse=True)
    first_order = next(entry for entry in pages if entry.order_id == "A1")
    assert {(line.name, line.quantity) for line in first_order.lines} == {("kettle", 1), ("cup", 2)}


def test_a_person_sees_why_she_got_a_mail_and_which(tb: Tailorbird, readings: Readings) -> None:
    found = readings.correspondence(number(tb, "ada"))
    assert found is not None
    (decision,) = found.decisions
    assert (decision.verdict, decision.state) == ("send", "sent")
    assert decision.receipt > 0
    assert readings.decision(bytes.fromhex(decision.id)) == decision
    (mail,) = found.mails
    assert mail.stored
    refused = readings.correspondence(number(tb, "cyd"))
    assert refused is not None
    assert refused.decisions[0].verdict == "refused"
    assert refused.mails == ()


def test_segments_have_their_size_and_trend(readings: Readings) -> None:
    sizes = {size.name: size for size in readings.segments(NOW)}
    assert (sizes["buyers"].people, sizes["buyers"].share) == (3, 0.75)
    assert sizes["buyers"].trend[-1] == 3
    report = readings.segment("buyers", NOW)
    assert report is not None
    assert report.text == BUYERS
    assert report.trend[-1].entered == 3
    assert len(report.sample) == 3


def test_a_draft_is_counted_and_nothing_is_kept(tb: Tailorbird, readings: Readings) -> None:
    found = readings.count(BUYERS.replace("buyers", "draft"), NOW)
    assert (found.people, found.total, len(found.sample)) == (3, 4, 3)
    assert tb.world.definitions.get("segment", "draft") is None


def test_a_draft_with_a_slip_names_its_line(readings: Readings) -> None:
    with pytest.raises(DefinitionError) as caught:
        readings.count("name: x\nwhere:\n  trait: teir\n  is: gold\n", NOW)
    assert caught.value.where.startswith("draft.yaml:3")


def test_a_segment_is_explained_with_evidence(tb: Tailorbird, readings: Readings) -> None:
    inside = readings.explain("buyers", number(tb, "bob"), NOW)
    outside = readings.explain("buyers", number(tb, "dan"), NOW)
    assert inside is not None
    assert outside is not None
    assert (inside.member, outside.member) == (True, False)
    assert inside.reason.evidence[0].text.startswith("A3")


def test_a_campaign_is_summed_up(readings: Readings) -> None:
    (summary,) = readings.campaigns()
    assert (summary.decided, summary.sent, summary.refused) == (3, 2, 1)
    assert summary.decided_at == moment(NOW)
    result = readings.campaign("hello", NOW)
    assert result is not None
    assert sum(verdict.people for verdict in result.verdicts) == 3
    assert result.states == {"sent": 2}
    assert result.verdict


def test_a_campaign_that_was_not_decided_says_so(changing: Tailorbird) -> None:
    changing.put("campaign", "later", CAMPAIGN.replace("name: hello", "name: later"))
    result = changing.readings.campaign("later", NOW)
    assert result is not None
    assert result.verdict == "Nobody has been decided yet, so there is nothing to read."
    assert (result.arms, result.effects, result.ratio) == ((), (), None)


def test_the_inbox_is_searched_and_a_mail_taken_apart(tb: Tailorbird, readings: Readings) -> None:
    assert readings.inbox("", "", 10).total == 2
    first = readings.inbox("", "", 1)
    (second,) = readings.inbox("", first.next, 1).messages
    assert second.sequence < first.messages[0].sequence
    (row,) = readings.inbox("ada@", "", 10).messages
    mail = readings.mail(bytes.fromhex(row.send_id))
    assert mail is not None
    assert (mail.person, mail.campaign) == (number(tb, "ada"), "hello")
    assert "ada@mail.example" in mail.to
    assert "<html" in mail.html
    assert mail.text
    assert any("/u/" in link.url for link in mail.links)
    assert "List-Unsubscribe" in {header.name for header in mail.headers}
    assert mail.sent_at == moment(NOW)


def test_a_template_is_previewed_and_nothing_is_recorded(
    tb: Tailorbird, readings: Readings
) -> None:
    before = (tb.world.log.end(), tb.world.ledger.states())
    preview = readings.preview("win_back", number(tb, "bob"), "short", NOW)
    assert preview is not None
    assert preview.subject == "Hello <b>Bob</b>"
    assert "<b>Bob</b>" not in preview.html
    assert "/o/" not in preview.html
    assert (tb.world.log.end(), tb.world.ledger.states()) == before
    (template,) = (row for row in readings.templates() if row.name == "win_back")
    assert template.variants == ("short", "long")


def test_a_preview_of_a_variant_that_does_not_exist_is_refused(
    tb: Tailorbird, readings: Readings
) -> None:
    with pytest.raises((UsageError, TemplateError)):
        readings.preview("win_back", number(tb, "ada"), "none", NOW)


def test_what_is_costly_is_kept_only_until_something_happens(changing: Tailorbird) -> None:
    readings = changing.readings
    first = readings.overview(NOW)
    assert readings.overview(NOW).totals is first.totals
    late = order("dan", 5, 0.001, ("cup", 1, 4.5))
    changing.world.log.append([Body("import", NOW, msgspec.json.encode(late))])
    changing.ingest()
    assert readings.overview(NOW).totals.orders == first.totals.orders + 1
