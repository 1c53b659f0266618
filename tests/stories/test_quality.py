"""The quality report finds what is wrong with the data, says how much, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.collect.plan import NAME
from tailorbird.schema import DAY, HOUR, Body, Instant
from tailorbird.views import QualityReport

NOW: Instant = 1_760_000_000_000_000
MAPPING = """\
mapping: customers
about: Customers of a food shop, exported with tabs and day-first dates
columns:
  id: {from: [ID], type: id, required: true}
  income: {from: [Income], type: decimal}
  education: {from: [Education], type: text}
  since: {from: [Dt_Customer], type: time, formats: ["%d-%m-%Y", "%m-%d-%Y"]}
customers:
  id: id
  time: since
  traits: {income: income, education: education}
"""


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment={}, clock=lambda: NOW) as opened:
        yield opened


def tell(tb: Tailorbird, at: Instant, *messages: dict[str, Any], source: str = "web") -> None:
    batch = [{"type": "track", "userId": "u1", "event": "Rated", **message} for message in messages]
    tb.world.log.append([Body(source, at, json.dumps({"batch": batch}).encode())])


def said(report: QualityReport, *words: str) -> list[int]:
    """Return the counts of the findings that say all these words."""
    return [one.count for one in report.findings if all(word in one.what for word in words)]


def report(tb: Tailorbird, since: Instant = 0) -> QualityReport:
    tb.ingest()
    return tb.readings.quality(NOW, since)


def test_an_empty_folder_has_nothing_that_stands_out(tb: Tailorbird) -> None:
    found = report(tb)
    assert found.findings == ()
    assert found.verdict == "Nothing stands out."
    assert msgspec.json.decode(msgspec.json.encode(found), type=QualityReport) == found


def test_a_source_that_fell_silent_raises_an_alarm(tb: Tailorbird) -> None:
    today = NOW // DAY
    for day in range(today - 60, today - 1):
        numbers = range(20 + day % 3)
        tell(tb, day * DAY + HOUR, *({"messageId": f"{day}-{n}"} for n in numbers))
    found = report(tb)
    (alarm,) = [one for one in found.findings if one.level == "alarm"]
    assert "web brought 0 events" in alarm.what
    assert found.sources[0].volume is not None
    assert found.sources[0].volume.false_alarms <= 1 / 58
    tell(tb, (today - 1) * DAY + HOUR, *({"messageId": f"now-{n}"} for n in range(21)))
    assert [one for one in report(tb).findings if one.level == "alarm"] == []


def test_late_events_and_duplicates_are_counted_by_source(tb: Tailorbird) -> None:
    times = ["2025-10-01T00:00:00Z", "2025-10-09T08:00:00Z"]
    tell(tb, NOW, *({"messageId": f"{n}", "timestamp": times[n % 2]} for n in range(10)))
    tell(tb, NOW, *({"messageId": f"{n}"} for n in range(4)))
    found = report(tb)
    (web,) = found.sources
    assert (web.events, web.late, web.duplicates) == (10, 5, 4)
    assert said(found, "more than a day after") == [5]
    assert said(found, "had come before") == [4]
    before = found
    tb.rebuild()
    assert tb.readings.quality(NOW, 0) == before


def test_since_leaves_out_what_came_before(tb: Tailorbird) -> None:
    tell(tb, NOW - 9 * DAY, {"messageId": "old"}, {"messageId": "old"})
    tell(tb, NOW - DAY, {"messageId": "new"})
    whole, recent = report(tb), report(tb, NOW - 2 * DAY)
    assert (whole.events, recent.events) == (2, 1)
    assert (whole.sources[0].duplicates, recent.sources[0].duplicates) == (1, 0)


def test_a_property_that_came_went_or_changed_is_told(tb: Tailorbird) -> None:
    for n in range(200):
        at = NOW - (20 if n < 100 else 2) * DAY
        old = {"size": 7, "colour": "red"}
        new = {"size": "seven", "theme": "dark"}
        tell(tb, at, {"messageId": f"{n}", "properties": old if n < 100 else new})
    changes = {(one.property, one.change) for one in report(tb).schema}
    assert changes == {("size", "type"), ("colour", "vanished"), ("theme", "new")}


def test_traits_are_profiled_and_personal_ones_stay_sealed(tb: Tailorbird) -> None:
    people = [
        {"type": "identify", "userId": f"p{n}", "messageId": f"p{n}", "traits": traits}
        for n, traits in enumerate(
            [
                {"income": 100, "first_name": "Ann"},
                {"income": 300},
                {"income": "rich"},
                {"smoker": True},
            ]
        )
    ]
    tell(tb, NOW, *people)
    found = report(tb)
    fields = {one.name: one for one in found.traits}
    income = fields["income"]
    assert (income.filled, income.among, income.numbers, income.texts) == (3, 4, 2, 1)
    assert (income.low, income.high) == (100, 300)
    assert fields["smoker"].booleans == 1
    assert (fields["first_name"].filled, fields["first_name"].sealed) == (1, True)
    assert said(found, "income is blank") == [1]
    assert said(found, "income is a number 2 times, a text 1 times") == [1]
    assert "Ann" not in msgspec.json.encode(found).decode()


def test_contacts_that_reach_nobody_are_counted(tb: Tailorbird) -> None:
    bad = [{"email": "nobody"}, {"phone": "0"}, {"email": "ann@shop.example"}]
    tell(tb, NOW, *(
        {"type": "identify", "userId": f"p{n}", "messageId": f"p{n}", "traits": traits}
        for n, traits in enumerate(bad)
    ))  # fmt: skip
    people = report(tb).people
    assert (people.without_address, people.invalid_addresses, people.invalid_phones) == (2, 1, 1)


def test_traits_that_cannot_be_are_marked_kept_and_counted(tb: Tailorbird) -> None:
    given = [{"age": 300}, {"birthday": "5/3/1980"}, {"birthday": "13/5/1980", "age": 45}]
    given += [{"latitude": 91.5, "longitude": 12}]
    tell(tb, NOW, *(
        {"type": "identify", "userId": f"p{n}", "messageId": f"p{n}", "traits": traits}
        for n, traits in enumerate(given)
    ))  # fmt: skip
    found = report(tb)
    assert found.people.implausible == {"age": 1, "birthday": 1, "latitude": 1}
    assert said(found, "a birthday that cannot be") == [1]
    person = tb.person("p2")
    traits = tb.world.people.profiles([person])[person].traits
    assert (traits["birthday"], traits["birthday_original"]) == ("1980-05-13", "13/5/1980")


def test_orders_without_customer_price_or_measure_are_found(tb: Tailorbird) -> None:
    orders = [
        {"event": "purchase", "messageId": f"o{n}", "userId": "" if n % 10 == 0 else "u1",
         "properties": {"order_id": f"{n}", "total": 20 + n % 7, "products": [
             {"product_id": "a", "price": 0 if n % 20 == 0 else 9}]}}
        for n in range(100)
    ]  # fmt: skip
    huge = {"event": "purchase", "messageId": "h", "properties": {"order_id": "h", "total": 9e6}}
    tell(tb, NOW, *orders, huge, source="import")
    found = report(tb)
    assert found.orders.orders == 101
    assert (found.orders.without_person, found.orders.unpriced_lines) == (10, 5)
    assert [one.order_id for one in found.orders.furthest] == ["h"]
    assert said(found, "have no customer") == [10]


def test_what_the_plan_flagged_and_the_quarantine_holds_is_told(tb: Tailorbird) -> None:
    tb.put(
        "tracking_plan",
        NAME,
        "tracking_plan: t\nevents: {rated: {properties: {x: {type: number}}}}",
    )
    tell(tb, NOW, {"messageId": "1", "properties": {"x": "y"}}, {"messageId": "2", "event": 5})
    found = report(tb)
    assert said(found, "x of rated broke line 2 of version 1") == [1]
    assert said(found, "held in the quarantine as no_name") == [1]


def test_the_command_prints_lines_and_json(
    tb: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(tb, NOW, {"messageId": "1"}, {"messageId": "2", "event": 5})
    tb.ingest()
    tb.close()
    assert run(["quality", "report", "-C", str(tmp_path / "data")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 events, 1 people: 1 warning, ")
    assert lines[1].startswith("warning: 1 records are held")
    assert run(["quality", "report", "-C", str(tmp_path / "data"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quarantine"][0]["code"] == "no_name"


@pytest.mark.slow
@pytest.mark.shared
def test_the_quirks_of_a_real_export_are_found(tb: Tailorbird, shared_data: Path) -> None:
    tb.import_file(shared_data / "commerce" / "online_retail.parquet")
    found = report(tb)
    assert said(found, "exact duplicates") == [2_848]
    assert said(found, "negative quantity outside a cancellation") == [1_023]
    assert said(found, "orders have no customer") == [1_702]
    assert said(found, "cancellations and returns") == [2_887]
    assert said(found, "price of zero") == [918]
    assert found.imports[0].lines == 370_931


@pytest.mark.shared
def test_blank_incomes_are_found(tb: Tailorbird, shared_data: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "customers.yaml"
    mapping.write_text(MAPPING)
    tb.import_file(shared_data / "commerce" / "campaign_responses.csv", str(mapping))
    found = report(tb)
    assert said(found, "income is blank for 16 of 1,479") == [16]
