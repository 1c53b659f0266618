"""Standing membership: who is asked, what is recorded, and that both ways agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Instant
from tailorbird.segments import Segment
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]


def refreshed(
    facts: DuckFacts, standing: Sequence[Segment], **asked: Any
) -> list[tuple[str, int, Instant, bool]]:
    """Refresh, and return who entered (True) and who left, and when."""
    changes = segments.refresh(facts, standing, **asked)
    return [(change.segment, change.person, change.at, change.entered) for change in changes]


def test_people_enter_by_what_they_do_and_leave_by_time_alone(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    recent = define("did: purchase\nwithin: 30d", "recent")
    happen(1, "purchase", now)
    assert refreshed(facts, [recent], now=now) == [("recent", 1, now, True)]
    happen(2, "purchase", now + DAY)
    assert refreshed(facts, [recent], now=now + DAY) == [("recent", 2, now + DAY, True)]
    assert refreshed(facts, [recent], now=now + 30 * DAY - 1) == []
    left = refreshed(facts, [recent], now=now + 30 * DAY)
    assert left == [("recent", 1, now + 30 * DAY, False)]
    assert segments.members(facts, "recent") == [2]


def test_an_event_from_the_future_counts_when_its_time_comes(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    buyers = define("did: purchase", "buyers")
    happen(1, "product_viewed", now)
    happen(1, "purchase", now + HOUR)
    assert refreshed(facts, [buyers], now=now) == []
    assert refreshed(facts, [buyers], now=now + HOUR - 1) == []
    assert refreshed(facts, [buyers], now=now + HOUR) == [("buyers", 1, now + HOUR, True)]


def test_a_late_event_takes_back_what_was_said(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    left = define("did: add_to_cart\nthen_not: purchase\nsince: 24h", "left")
    happen(1, "add_to_cart", now - HOUR)
    segments.refresh(facts, [left], now=now)
    happen(1, "purchase", now - HOUR // 2)
    assert refreshed(facts, [left], now=now + 1) == [("left", 1, now + 1, False)]
    assert segments.members(facts, "left", as_of=now) == [1]
    assert segments.people(facts, left, as_of=now) == []


def test_a_definition_that_means_something_else_is_asked_of_everybody(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    happen(2, "return", now)
    inner = define("did: purchase", "inner")
    outer = define("segment: inner", "outer")
    segments.refresh(facts, [inner, outer], now=now)
    changed = define("did: return", "inner")
    assert refreshed(facts, [changed, outer], now=now + 1, touched=[]) == [
        ("inner", 2, now + 1, True),
        ("inner", 1, now + 1, False),
        ("outer", 2, now + 1, True),
        ("outer", 1, now + 1, False),
    ]


def test_a_clock_that_went_back_asks_everybody(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    recent = define("did: purchase\nwithin: 1h", "recent")
    happen(1, "purchase", now)
    segments.refresh(facts, [recent], now=now + HOUR)
    assert segments.members(facts, "recent") == []
    segments.refresh(facts, [recent], now=now)
    assert segments.members(facts, "recent") == [1]


def test_only_those_named_are_asked_where_the_caller_names_them(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    buyers = define("did: purchase", "buyers")
    segments.refresh(facts, [buyers], now=now)
    happen(1, "purchase", now)
    happen(2, "purchase", now)
    segments.refresh(facts, [buyers], now=now + 1, touched=[2])
    assert segments.members(facts, "buyers") == [2]


def test_verify_finds_whoever_stands_wrong(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    buyers = define("did: purchase", "buyers")
    happen(1, "purchase", now)
    segments.refresh(facts, [buyers], now=now)
    assert segments.verify(facts, [buyers], now=now) == []
    facts.write([("DELETE FROM membership", ())])
    assert segments.verify(facts, [buyers], now=now) == [("buyers", 1)]


def test_after_a_merge_the_survivor_answers_for_both(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    loyal = define("trait: orders\nat_least: 2", "loyal")
    happen(1, "purchase", now)
    happen(2, "purchase", now - DAY)
    segments.refresh(facts, [loyal], now=now)
    offset = facts.offset() + 1
    homes = [Home(owner, 1, offset << 20) for owner in (1, 2)]
    facts.append([], homes, offset)
    assert refreshed(facts, [loyal], now=now + 1) == [("loyal", 1, now + 1, True)]
    assert segments.verify(facts, [loyal], now=now + 1) == []
    assert segments.people(facts, define("did: purchase"), as_of=now - DAY) == [1]


def test_a_new_score_is_noticed(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    likely = define("trait: purchase_score\nat_least: 0.5", "likely")
    happen(1, "purchase", now)
    segments.refresh(facts, [likely], now=now)
    insert = "INSERT INTO scores VALUES ('repeat_purchase', 1, 1, $1, 500000)"
    facts.write([(insert, (now,))])
    assert refreshed(facts, [likely], now=now + 1) == [("likely", 1, now + 1, True)]


def test_what_stood_at_a_past_instant_is_on_record(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    recent = define("did: purchase\nwithin: 1h", "recent")
    happen(1, "purchase", now)
    segments.refresh(facts, [recent], now=now)
    happen(2, "purchase", now + HOUR)
    segments.refresh(facts, [recent], now=now + HOUR)
    assert segments.members(facts, "recent", as_of=now - 1) == []
    assert segments.members(facts, "recent", as_of=now) == [1]
    assert segments.members(facts, "recent", as_of=now + HOUR) == [2]


def test_everybody_leaves_a_segment_that_is_no_more(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    buyers = define("did: purchase", "buyers")
    happen(1, "purchase", now)
    segments.refresh(facts, [buyers], now=now)
    segments.forget(facts, ["buyers"], now=now + 1)
    assert segments.members(facts, "buyers") == []
    assert segments.members(facts, "buyers", as_of=now) == [1]
    assert segments.members(facts, "buyers", as_of=now + 1) == []
    assert refreshed(facts, [buyers], now=now + 2) == [("buyers", 1, now + 2, True)]


def test_nobody_is_asked_when_nothing_happened(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    buyers = define("did: purchase", "buyers")
    segments.refresh(facts, [buyers], now=now)
    # Were person 1 asked again, this lie would be found out.
    facts.write([("UPDATE membership SET member = FALSE", ())])
    assert refreshed(facts, [buyers], now=now + DAY) == []
    assert segments.members(facts, "buyers") == []


def test_no_segments_need_no_refresh(facts: DuckFacts, now: Instant) -> None:
    assert refreshed(facts, [], now=now) == []
