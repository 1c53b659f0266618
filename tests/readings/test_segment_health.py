"""Segments under watch: sizes over time, alarms that know the weekday, use and cost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.clock import Clock

from tailorbird.access import Change
from tailorbird.app import Tailorbird
from tailorbird.readings.usual_size import usual_size
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Event, ResolvedEvent
from tailorbird.views import SegmentHealth, moment

NOW = 20_000 * DAY + 10 * HOUR


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tb(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as opened:
        opened.put("segment", "recent", "name: recent\nwhere:\n  did: purchase\n  within: 1d\n")
        opened.refresh()
        yield opened


def act(tb: Tailorbird, person: int, event: str, at: int, **fields: Any) -> None:
    facts = tb.world.facts
    offset = facts.offset() + 1
    happened = Event("", event, at, at, offset << 20, "test", **fields)
    facts.append([ResolvedEvent(happened, person)], [], offset)


def health(tb: Tailorbird) -> SegmentHealth:
    (found,) = tb.readings.segment_healths(tb.clock())
    assert tb.readings.segment_health(found.segment, tb.clock()) == found
    return found


def troubles(tb: Tailorbird) -> dict[str, str]:
    return {finding.trouble: finding.level for finding in health(tb).findings}


def grown(tb: Tailorbird, sizes: list[int], clock: Clock) -> None:
    """Write a history of sizes, one a day, the last reached an hour ago."""
    rows, size = [], 0
    for day, wanted in enumerate(sizes):
        at = clock.now - HOUR - (len(sizes) - 1 - day) * DAY
        rows += [
            Change("recent", person, at, wanted > size, "time", 1, at)
            for person in range(min(size, wanted) + 1, max(size, wanted) + 1)
        ]
        size = wanted
    facts = tb.world.facts
    for place, row in enumerate(rows, 1):
        values = (row.segment, row.person, row.at, row.entered, row.cause, 1, row.at, place)
        facts.write([("INSERT INTO membership_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)])
    members = [
        ("INSERT INTO membership VALUES ('recent', ?, TRUE, NULL)", (p,))
        for p in range(1, size + 1)
    ]
    facts.write([("DELETE FROM membership", ()), *members])


def test_size_is_drawn_by_the_hour_and_the_day(tb: Tailorbird, clock: Clock) -> None:
    act(tb, 1, "purchase", NOW)
    act(tb, 2, "purchase", NOW - 30 * MINUTE)
    tb.refresh()
    clock.now = NOW + 23 * HOUR + 45 * MINUTE
    tb.refresh()
    found = health(tb)
    assert found.people == 1
    assert (found.hours[0].start, found.hours[0].people, found.hours[0].entered) == (
        moment(NOW),
        2,
        2,
    )
    last = found.hours[-1]
    assert (last.start, last.people, last.entered, last.left) == (moment(NOW + 23 * HOUR), 1, 0, 1)
    assert len(found.hours) == 24
    assert [(day.people, day.entered, day.left) for day in found.days] == [(2, 2, 0), (1, 0, 1)]


def test_a_segment_that_nobody_brings_up_is_stale(tb: Tailorbird, clock: Clock) -> None:
    assert "stale" not in troubles(tb)
    clock.now = NOW + 3 * HOUR
    (stale,) = (each for each in health(tb).findings if each.trouble == "stale")
    assert stale.level == "alarm"
    assert "3 hours ago" in stale.what
    tb.refresh()
    clock.now += MINUTE
    assert "stale" not in troubles(tb)


def test_an_empty_segment_alarms_only_where_somebody_was_in_it(
    tb: Tailorbird, clock: Clock
) -> None:
    assert troubles(tb)["empty"] == "note"
    act(tb, 1, "purchase", NOW - 23 * HOUR)
    tb.refresh()
    clock.now = NOW + 24 * HOUR + 30 * MINUTE
    tb.refresh()
    assert troubles(tb)["empty"] == "alarm"


def test_a_segment_that_doubles_alarms_and_one_that_does_so_every_friday_does_not(
    tb: Tailorbird, clock: Clock
) -> None:
    grown(tb, [40] * 40, clock)
    assert "exploding" not in troubles(tb)
    grown_today = [*[40] * 39, 400]
    tb.world.facts.write([("DELETE FROM membership_changes", ())])
    grown(tb, grown_today, clock)
    clock.now += MINUTE
    assert troubles(tb)["exploding"] == "alarm"
    weekly = [400 if (39 - day) % 7 == 0 else 40 for day in range(40)]
    tb.world.facts.write([("DELETE FROM membership_changes", ())])
    grown(tb, weekly, clock)
    clock.now += MINUTE
    assert "exploding" not in troubles(tb)


def test_a_segment_that_shrinks_alarms_with_what_was_expected(tb: Tailorbird, clock: Clock) -> None:
    grown(tb, [*[400] * 39, 40], clock)
    (shrinking,) = (each for each in health(tb).findings if each.trouble == "shrinking")
    assert "40 people, where 3" in shrinking.what
    assert "segments history recent" in shrinking.mend


def test_no_size_is_called_unusual_before_four_weeks_have_passed(
    tb: Tailorbird, clock: Clock
) -> None:
    grown(tb, [*[40] * 20, 4000], clock)
    found = troubles(tb)
    assert "exploding" not in found
    assert found["young"] == "note"


def test_ordinary_weeks_seldom_alarm_and_a_tripling_always_does() -> None:
    draws = random.Random(7)
    alarms = found = 0
    for _ in range(400):
        level = draws.choice((30, 300, 3000))
        sizes = [
            round(level * (1.6 if day % 7 in (5, 6) else 1.0) * draws.lognormvariate(0, 0.08))
            for day in range(45)
        ]
        usual = usual_size(sizes)
        assert usual is not None
        alarms += not usual.low <= sizes[-1] <= usual.high
        found += 3 * sizes[-1] > usual.high
    assert alarms <= 4
    assert found >= 0.95 * 400


def test_what_members_do_counts_people_and_no_machines(tb: Tailorbird, clock: Clock) -> None:
    for person in (1, 2, 3):
        act(tb, person, "purchase", NOW - HOUR, order_id=f"o{person}", value_minor=1000)
        act(tb, person, "email_sent", NOW - HOUR)
    tb.refresh()
    act(tb, 1, "email_opened", NOW + 1)
    act(tb, 1, "email_clicked", NOW + 2)
    act(tb, 2, "email_opened", NOW + 1, machine=True)
    act(tb, 9, "email_opened", NOW + 1)
    act(tb, 1, "purchase", NOW + MINUTE, order_id="again", value_minor=500)
    clock.now += HOUR
    tb.refresh()
    acts = health(tb).acts
    assert (acts.people, acts.sent, acts.opened, acts.clicked) == (3, 3, 1, 1)
    assert (acts.bought, acts.orders, acts.revenue_minor) == (3, 4, 3500)
    assert (acts.entered, acts.bought_after) == (3, 1)


def test_what_a_refresh_costs_is_told(tb: Tailorbird, clock: Clock) -> None:
    act(tb, 1, "purchase", NOW)
    clock.now += SECOND
    tb.refresh()
    cost = health(tb).cost
    assert (cost.refreshes, cost.last_asked) == (1, 1)
    assert cost.last_ms > 0
    assert cost.mean_ms == cost.last_ms


def test_one_segment_fares_as_it_does_among_all(tb: Tailorbird, clock: Clock) -> None:
    tb.put("segment", "ever", "name: ever\nwhere:\n  did: purchase\n")
    act(tb, 1, "purchase", clock.now - HOUR, value_minor=500)
    act(tb, 2, "purchase", clock.now - 3 * DAY, value_minor=700)
    tb.refresh()
    every = tb.readings.segment_healths(clock.now)
    alone = tuple(tb.readings.segment_health(each.segment, clock.now) for each in every)
    assert (alone, [each.people for each in every]) == (every, [2, 1])
    assert tb.readings.segment_health("nobody", clock.now) is None
