"""The segments that come with Tailorbird."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird import segments
from tailorbird.schema import HOUR, MINUTE, Instant
from tailorbird.segments import Segment
from tailorbird.stores.duckdb.facts import DuckFacts


@pytest.fixture
def hesitating() -> Segment:
    """Return the segment of those who nearly bought."""
    name = "high-intent-abandoners"
    return segments.parse(segments.library()[name], f"{name}.yaml")


def test_who_reads_long_or_takes_several_and_does_not_buy_is_of_high_intent(
    facts: DuckFacts, happen: Callable[..., int], hesitating: Segment, now: Instant
) -> None:
    def people(at: Instant) -> list[int]:
        return segments.people(facts, hesitating, as_of=at)

    for person in (1, 2, 3, 4):
        happen(person, "add_to_cart", now - 2 * HOUR, item="lamp", quantity=1)
    happen(1, "page_left", now - 2 * HOUR, dwell_seconds=90)
    happen(1, "page_left", now - HOUR, dwell_seconds=31)
    happen(2, "page_left", now - HOUR, dwell_seconds=120)
    happen(3, "add_to_cart", now - HOUR, item="chair", quantity=1)
    happen(4, "add_to_cart", now - HOUR, item="table", quantity=4)
    happen(4, "purchase", now - MINUTE, order_id="o1")
    assert people(now) == [1, 3]
    assert people(now + 22 * HOUR - 1) == [1, 3]
    # What was put in the cart first is a day old now, and with it one of the two of person 3.
    assert people(now + 22 * HOUR) == []
