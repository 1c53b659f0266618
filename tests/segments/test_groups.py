"""Everybody is in exactly one group of a list, at every instant, by every way of asking."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from tailorbird import profiles, segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, Event, Instant, ResolvedEvent
from tailorbird.segments import engagement, groups, rfm
from tailorbird.segments.groups import Groups
from tailorbird.segments.groups_library import groups_library
from tailorbird.segments.groups_text import Listed, parse_groups
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
PEOPLE = 120
TEXT = """
name: lifecycle
groups:
  - {name: lapsed, where: {trait: recency_days, at_least: 60}}
  - {name: keen, where: {did: purchase, within: 20d}}
  - {name: buyers, where: {did: purchase}}
  - {name: readers, where: {did: email_clicked, within: 10d}}
rest: others
"""


@pytest.fixture
def shop(facts: DuckFacts, now: Instant) -> DuckFacts:
    """Return a store in which people bought, clicked and came over 200 days, some of them never."""
    rng = np.random.default_rng(5)
    names = ("purchase", "email_clicked", "session_started", "product_viewed")
    events = []
    for number in range(900):
        person = int(rng.integers(1, PEOPLE + 1) ** 2 // PEOPLE) + 1
        at = now - int(rng.integers(0, 200 * 24)) * HOUR
        value = int(rng.integers(1, 6)) * 500
        name = names[int(rng.integers(0, 4))]
        event = Event("", name, at, at, (number + 1) << 20, "test", value_minor=value)
        events.append(ResolvedEvent(event, person))
    facts.append(events, [], 900)
    return facts


def purchases(facts: DuckFacts, made: list[tuple[int, Instant, int]]) -> None:
    """Have people buy at once: (person, at, value)."""
    offset = facts.offset()
    events = [
        ResolvedEvent(
            Event("", "purchase", at, at, (offset + n + 1) << 20, "test", value_minor=value), person
        )
        for n, (person, at, value) in enumerate(made)
    ]
    facts.append(events, [], offset + len(events))


def listed(name: str) -> Listed:
    return parse_groups(groups_library()[name], f"groups/{name}.yaml")


def plain() -> Groups:
    found = parse_groups(TEXT, "groups/lifecycle.yaml").plain
    assert found is not None
    return found


def everybody(facts: DuckFacts, now: Instant) -> list[int]:
    sql = "SELECT person FROM people WHERE created_at <= $1 ORDER BY person"
    people: list[int] = facts.read(sql, (now,))["person"].to_pylist()
    return people


def by_segment(facts: DuckFacts, listed: Groups, now: Instant) -> dict[int, list[str]]:
    """Return the groups of each person, each segment asked alone."""
    found: dict[int, list[str]] = {person: [] for person in everybody(facts, now)}
    for segment in groups.derived(listed):
        for person in segments.people(facts, segment, as_of=now):
            found[person].append(segment.name.removeprefix(f"{listed.name}."))
    return found


def by_label(facts: DuckFacts, listed: Groups, now: Instant) -> dict[int, list[str]]:
    rows = groups.labels(facts, listed, as_of=now).to_pylist()
    return {row["person"]: [row["group"]] for row in rows}


def test_everybody_is_in_the_first_group_that_fits(shop: DuckFacts, now: Instant) -> None:
    for at in (now - 90 * DAY, now, now + 15 * DAY, now + 60 * DAY):
        asked = by_segment(shop, plain(), at)
        assert asked == by_label(shop, plain(), at)
        sizes = groups.sizes(shop, plain(), as_of=at)
        assert list(sizes) == ["lapsed", "keen", "buyers", "readers", "others"]
        assert sum(sizes.values()) == len(asked)


def test_groups_stand_as_any_segment_does_and_time_alone_moves_people_on(
    shop: DuckFacts, happen: Happen, now: Instant
) -> None:
    standing = groups.derived(plain())
    for days in (0, 7, 14, 21, 70):
        at = now + days * DAY
        happen(days + 1, "purchase", at)
        segments.refresh(shop, standing, now=at)
        assert segments.verify(shop, standing, now=at) == []
        members = [p for each in standing for p in segments.members(shop, each.name)]
        assert sorted(members) == everybody(shop, at)


def test_a_group_is_named_by_other_segments(shop: DuckFacts, now: Instant) -> None:
    standing = groups.derived(plain())
    text = "name: s\nwhere: {any: [{segment: lifecycle.keen}, {segment: lifecycle.lapsed}]}"
    asked = segments.parse(text, "s.yaml")
    sizes = groups.sizes(shop, plain(), as_of=now)
    both = segments.count(shop, asked, standing, as_of=now)
    assert both == sizes["keen"] + sizes["lapsed"] > 0


def test_the_shipped_tiers_are_those_of_the_year(
    facts: DuckFacts, happen: Happen, now: Instant
) -> None:
    orders = {1: 13, 2: 12, 3: 5, 4: 4}
    happen(5, "product_viewed", now)
    purchases(facts, [(p, now - DAY, 100) for p, times in orders.items() for _ in range(times)])
    tiers = listed("loyalty").plain
    assert tiers is not None
    labels = groups.labels(facts, tiers, as_of=now)["group"].to_pylist()
    assert labels == ["gold", "silver", "silver", "bronze", "none"]
    later = groups.labels(facts, tiers, as_of=now + 365 * DAY, people=[1])
    assert later["group"].to_pylist() == ["none"]


def test_points_of_engagement_and_the_levels_agree(shop: DuckFacts, now: Instant) -> None:
    shipped = listed("activity").engagement
    assert shipped is not None
    levels = engagement.groups_of("activity", shipped)
    seen = set()
    for at in (now - 60 * DAY, now, now + 7 * DAY, now + 30 * DAY, now + 90 * DAY):
        rows = engagement.scores(shop, shipped, as_of=at).to_pylist()
        for row in rows:
            assert row["points"] == row["recency"] + row["frequency"] + row["depth"]
        expected = {row["person"]: [row["level"]] for row in rows}
        assert by_segment(shop, levels, at) == expected
        seen |= {row["level"] for row in rows}
    assert seen == {"highly", "moderately", "dormant"}


def test_the_shipped_cells_of_rfm_leave_nobody_out_and_share_nobody() -> None:
    taken = {(r, v): rfm.cell_of(rfm.CELLS, r, v) for r in range(1, 6) for v in range(1, 6)}
    assert set(taken.values()) == {cell.name for cell in rfm.CELLS}
    assert len(rfm.CELLS) == 11


def test_cells_are_what_the_scores_say_at_the_calibration_and_ever_after(
    shop: DuckFacts, now: Instant
) -> None:
    definition = rfm.Rfm(at_least=20)
    frozen = rfm.calibrate(shop, "rfm", definition, now=now)
    assert frozen is not None
    cells = rfm.groups_of("rfm", definition, frozen)
    for at in (now - 50 * DAY, now, now + 9 * DAY, now + 100 * DAY):
        table = profiles.table(shop, definition.traits, as_of=at)
        expected = {}
        for row in table.to_pylist():
            values = [row[name] for name in definition.traits]
            if values[0] is None:
                expected[row["person"]] = ["no-orders"]
                continue
            r, f, m = (int(s) for s in frozen.score(*(np.array([v]) for v in values))[:, 0])
            expected[row["person"]] = [str(rfm.cell_of(rfm.CELLS, r, (f + m + 1) // 2))]
        assert by_segment(shop, cells, at) == expected
        assert by_label(shop, cells, at) == expected


def test_each_score_is_a_fifth_where_no_two_are_equal(facts: DuckFacts, now: Instant) -> None:
    purchases(facts, [(p, now - p * DAY, p) for p in range(1, 101) for _ in range(p)])
    frozen = rfm.calibrate(facts, "rfm", rfm.Rfm(), now=now)
    assert frozen is not None
    assert frozen.people == 100
    assert set(frozen.scores.values()) == {(20, 20, 20, 20, 20)}
    assert frozen.frequency == (20, 40, 60, 80)
    assert frozen.recency == (81, 61, 41, 21)


def test_equal_values_get_the_lower_score_and_a_score_may_stand_for_nobody(
    facts: DuckFacts, now: Instant
) -> None:
    orders = {p: 1 if p <= 50 else 2 if p <= 70 else p for p in range(1, 101)}
    purchases(facts, [(p, now - DAY, 100) for p, times in orders.items() for _ in range(times)])
    frozen = rfm.calibrate(facts, "rfm", rfm.Rfm(), now=now)
    assert frozen is not None
    assert frozen.scores["frequency"] == (50, 0, 20, 10, 20)
    assert frozen.scores["recency"] == (100, 0, 0, 0, 0)


def test_of_few_customers_no_thresholds_are_taken(
    facts: DuckFacts, happen: Happen, now: Instant
) -> None:
    purchases(facts, [(person, now - person * DAY, 100) for person in range(1, 50)])
    happen(50, "product_viewed", now)
    assert rfm.calibrate(facts, "rfm", rfm.Rfm(), now=now) is None
    assert rfm.calibrate(facts, "rfm", rfm.Rfm(at_least=49), now=now) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\ngroups: []", "x.yaml:1:1: a list is made of groups, of rfm, or of engagement"),
        (
            "name: x\ngroups:\n  - {name: a, where: {did: purchse}}",
            "x.yaml:3:23: unknown event 'purchse'; did you mean 'purchase'",
        ),
        (
            "name: x\ngroups:\n  - {name: a, where: {did: purchase}}\n"
            "  - {name: a, where: {did: return}}",
            "x.yaml:4:5: 'a' stands twice",
        ),
        ("name: A.B\nrfm: {}", "x.yaml:1:1: 'A.B' cannot be a name"),
        ("name: x\nrfm: {frequency: tier}", "'tier' is no computed number"),
        ("name: x\nrfm: {recency: orders}", "'orders' is no age in days"),
        ("name: x\nrfm: {every: often}", "'often' is no time between calculations"),
        (
            "name: x\nrfm:\n  cells:\n    - {name: a, recency: [1, 4], value: [1, 5]}",
            "no cell holds recency 5 with value 1",
        ),
        (
            "name: x\nengagement:\n  - part: p\n    steps:\n"
            "      - {points: 10, where: {did: purchase}}\n"
            "levels: [{name: high, at_least: 20}]",
            "nobody can reach 20 points",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(DefinitionError, match=told.replace("(", r"\(")):
        parse_groups(text, "x.yaml")


@pytest.mark.shared
def test_cells_of_a_real_shop_are_those_of_its_own_orders(
    facts: DuckFacts, shared_data: Path
) -> None:
    orders = pq.read_table(shared_data / "commerce" / "cdnow_sample.parquet")
    people = np.asarray(orders["sample_id"].to_numpy(), np.int64)
    days = np.asarray(orders["date"].cast("int32").to_numpy(), np.int64)
    cents = np.round(np.asarray(orders["spend"].to_numpy(), float) * 100).astype(np.int64)
    bought = zip(people.tolist(), (days * DAY).tolist(), cents.tolist(), strict=True)
    purchases(facts, list(bought))
    now = (int(days.max()) + 1) * DAY
    there, at = np.unique(people, return_inverse=True)
    last = np.zeros(len(there), np.int64)
    np.maximum.at(last, at, days)
    measured = (last - now // DAY, np.bincount(at), np.bincount(at, cents).astype(np.int64))
    scores = [
        1 + np.sum([each > fifth_end(each, n) for n in range(1, 5)], axis=0) for each in measured
    ]
    value = (scores[1] + scores[2] + 1) // 2
    pairs = zip(scores[0].tolist(), value.tolist(), strict=True)
    expected = [rfm.cell_of(rfm.CELLS, *pair) for pair in pairs]
    frozen = rfm.calibrate(facts, "rfm", rfm.Rfm(), now=now)
    assert frozen is not None
    cells = groups.labels(facts, rfm.groups_of("rfm", rfm.Rfm(), frozen), as_of=now)
    assert cells["person"].to_pylist() == there.tolist()
    assert cells["group"].to_pylist() == expected
    assert set(expected) >= {"champions", "loyal", "at-risk", "hibernating"}


def fifth_end(values: npt.NDArray[np.int64], number: int) -> np.int64:
    """Return the value of whom so many fifths of the people do not exceed."""
    ordered = np.sort(values)
    end: np.int64 = ordered[math.ceil(len(ordered) * number / 5) - 1]
    return end
