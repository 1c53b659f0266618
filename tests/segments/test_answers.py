"""What each condition means, at the very instant on which it turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, Instant, Line
from tailorbird.segments import Segment
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]


def test_a_window_ends_exactly_when_its_length_has_passed(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    recent = define("did: purchase\nwithin: 30d")
    assert segments.people(facts, recent, as_of=now - 1) == []
    assert segments.people(facts, recent, as_of=now) == [1]
    assert segments.people(facts, recent, as_of=now + 30 * DAY - 1) == [1]
    assert segments.people(facts, recent, as_of=now + 30 * DAY) == []


def test_older_than_waits_exactly_so_long(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    settled = define("did: purchase\nolder_than: 14d")
    assert segments.count(facts, settled, as_of=now + 14 * DAY - 1) == 0
    assert segments.count(facts, settled, as_of=now + 14 * DAY) == 1


def test_did_not_counts_those_who_exist_and_only_them(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "product_viewed", now)
    happen(2, "purchase", now)
    happen(3, "product_viewed", now + DAY)
    never = define("did_not: purchase")
    assert segments.people(facts, never, as_of=now) == [1]
    assert segments.people(facts, never, as_of=now + DAY) == [1, 3]


def test_silence_after_a_cart_counts_when_the_wait_is_over(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    for person in (1, 2, 3):
        happen(person, "add_to_cart", now)
    happen(2, "purchase", now + DAY)
    happen(3, "purchase", now + DAY + 1)
    silent = define("did: add_to_cart\nthen_not: purchase\nwithin: 24h\nsince: 2d")
    assert segments.people(facts, silent, as_of=now + DAY - 1) == []
    assert segments.people(facts, silent, as_of=now + DAY) == [1, 3]
    assert segments.people(facts, silent, as_of=now + 2 * DAY) == []


def test_without_a_wait_silence_counts_at_once_and_until_the_purchase(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now - HOUR)
    happen(1, "add_to_cart", now)
    happen(1, "purchase", now + HOUR)
    left = define("did: add_to_cart\nthen_not: purchase\nsince: 24h")
    assert segments.people(facts, left, as_of=now) == [1]
    assert segments.people(facts, left, as_of=now + HOUR) == []


def test_of_two_simultaneous_events_the_later_in_the_log_follows(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "product_viewed", now)
    happen(1, "purchase", now)
    happen(2, "purchase", now)
    happen(2, "product_viewed", now)
    assert segments.people(facts, define("did: product_viewed\nthen: purchase"), as_of=now) == [1]


def test_an_event_does_not_follow_itself(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    happen(2, "purchase", now)
    happen(2, "purchase", now + HOUR)
    again = define("did: purchase\nthen: purchase\nwithin: 1h")
    assert segments.people(facts, again, as_of=now + HOUR) == [2]


def test_products_are_tested_line_by_line_and_sums_take_the_matching_lines(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    garden, kitchen = Line("i1", "", "garden", 2, 300), Line("i2", "", "kitchen", 1, 5000)
    happen(1, "purchase", now, lines=(garden, kitchen), value_minor=5600)
    as_of = now
    in_garden = "did: purchase\nwhere: {category: garden}"
    assert segments.count(facts, define(in_garden), as_of=as_of) == 1
    both = "did: purchase\nwhere: {category: garden, item: i2}"
    assert segments.count(facts, define(both), as_of=as_of) == 0
    total = in_garden + "\nsum: {of: value_minor, is: 600}"
    assert segments.count(facts, define(total), as_of=as_of) == 1
    dear = in_garden.replace("garden}", "garden, value_minor: {at_least: 5600}}")
    assert segments.count(facts, define(dear), as_of=as_of) == 1


def test_properties_without_a_column_are_compared_as_text_or_as_exact_numbers(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "quiz", now, properties={"score": 7.3, "passed": True, "level": "expert"})
    happen(2, "quiz", now, properties={"score": "7.3"})
    for where, people in (
        ("{score: {at_least: 7.3}}", [1]),
        ("{score: 7.3}", [1]),
        ('{score: "7.3"}', [1, 2]),
        ("{passed: true}", [1]),
        ("{level: {is_not: novice}}", [1]),
        ("{level: {missing: true}}", [2]),
    ):
        segment = define(f"did: quiz\nwhere: {where}")
        assert segments.people(facts, segment, as_of=now) == people, where


def test_a_missing_value_fails_every_comparison_but_missing(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "identify", now, traits={"country": "DE"})
    happen(2, "identify", now, traits={"loyalty": 3})
    for where, people in (
        ("{trait: country, is_not: FR}", [1]),
        ("{trait: country, not_in: [FR]}", [1]),
        ("{trait: country, missing: true}", [2]),
        ("{not: {trait: country, is: FR}}", [1, 2]),
        ("{trait: loyalty, at_least: 3}", [2]),
        ("{trait: recency_days, less_than: 5}", []),
    ):
        assert segments.people(facts, define(where), as_of=now) == people, where


def test_values_are_bound_never_pasted(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    nasty = "x' OR 1=1; DROP TABLE facts; --"
    happen(1, "identify", now, traits={"country": "DE"})
    segment = define(f'trait: country\nis: "{nasty}"')
    assert segments.count(facts, segment, as_of=now) == 0
    assert segments.count(facts, define(f'did: "{nasty}"'), as_of=now) == 0
    assert segments.count(facts, define(f'trait: "{nasty}"\nexists: true'), as_of=now) == 0
    assert segments.count(facts, define("trait: country\nis: DE"), as_of=now) == 1


def test_another_segment_is_written_out(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    happen(2, "product_viewed", now)
    buyers = define("did: purchase", "buyers")
    others = define("not: {segment: buyers}", "others")
    assert segments.people(facts, others, [buyers], as_of=now) == [2]


def test_circles_and_unknown_segments_are_refused(
    facts: DuckFacts, define: Define, now: Instant
) -> None:
    one, two = define("segment: two", "one"), define("segment: one", "two")
    with pytest.raises(DefinitionError, match="circle: one -> two -> one"):
        segments.count(facts, one, [one, two], as_of=now)
    with pytest.raises(DefinitionError, match="no segment 'two'"):
        segments.count(facts, one, [one], as_of=now)


def test_a_preview_has_the_size_the_whole_and_the_first(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    for person in (4, 2, 9):
        happen(person, "purchase", now)
    happen(5, "product_viewed", now)
    preview = segments.preview(facts, define("did: purchase"), as_of=now, limit=2)
    assert preview == segments.Preview(count=3, people=4, sample=(2, 4))
