"""A size that is told soon: by a part of the people, with its error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, Instant
from tailorbird.segments import Segment
from tailorbird.segments.estimate import FEWEST, estimate, estimated
from tailorbird.stores.duckdb.facts import DuckFacts

Define = Callable[..., Segment]


def crowd(facts: DuckFacts, people: int, now: Instant) -> None:
    """Have so many people there, of whom every third said that she lives in DE."""
    born = f"INSERT INTO people SELECT i, {now - DAY}, 0 FROM range(1, {people} + 1) AS r(i)"
    said = (
        'INSERT INTO trait_values (position, person, name, "at", text) '
        f"SELECT i, i, 'country', {now - DAY}, 'DE' FROM range(3, {people} + 1, 3) AS r(i)"
    )
    facts.write([(born, ()), (said, ())])


def test_of_few_people_all_are_asked(facts: DuckFacts, define: Define, now: Instant) -> None:
    crowd(facts, 99, now)
    found = estimate(facts, define("{trait: country, is: DE}"), as_of=now, share=0.01)
    assert (found.people, found.low, found.high, found.exact) == (33, 33, 33, True)


def test_of_many_a_part_is_asked_and_the_truth_lies_within_the_error(
    facts: DuckFacts, define: Define, now: Instant
) -> None:
    crowd(facts, 60_000, now)
    segment = define("{trait: country, is: DE}")
    found = estimate(facts, segment, as_of=now, share=0.05)
    assert not found.exact
    assert FEWEST * 0.9 < found.sampled < FEWEST * 1.1
    assert found.low <= segments.count(facts, segment, as_of=now) <= found.high
    assert found.high - found.low < 1_200
    assert estimate(facts, segment, as_of=now, share=0.05) == found


def test_of_very_many_the_sample_is_asked_whose_rows_are_kept_apart(
    facts: DuckFacts, define: Define, now: Instant
) -> None:
    crowd(facts, 60_000, now)
    facts.renew_state()
    kept = facts.read("SELECT COUNT(*) AS people FROM sampled_people")["people"][0].as_py()
    segment = define("{any: [{trait: country, is: DE}, {did: purchase}]}")
    found = estimate(facts, segment, as_of=now, share=0.05)
    assert (found.sampled, found.of) == (kept, 60_000)
    truth = segments.count(facts, segment, as_of=now)
    assert abs(found.people - truth) <= found.high - found.low < 0.1 * truth
    facts.write([("DELETE FROM trait_values", ())])
    assert estimate(facts, segment, as_of=now, share=0.05) == found


def test_at_an_instant_when_few_of_the_sample_were_known_others_are_drawn(
    facts: DuckFacts, define: Define, now: Instant
) -> None:
    crowd(facts, 60_000, now)
    facts.write([("UPDATE people SET created_at = $1 WHERE person > 9000", (now,))])
    facts.renew_state()
    found = estimate(facts, define("{trait: country, is: DE}"), as_of=now - 1, share=0.05)
    assert (found.people, found.exact) == (3_000, True)


@pytest.mark.parametrize(("held", "low", "high"), [(0, 0, 40), (1_000, 9_960, 10_000)])
def test_nobody_and_everybody_of_a_part_leave_room_for_the_rest(
    held: int, low: int, high: int
) -> None:
    found = estimated(held, 1_000, 10_000)
    assert low <= found.low <= found.people <= found.high <= high


def test_the_error_holds_the_truth_in_95_of_100_cases() -> None:
    """A part of 400 out of 2,000, of whom 300 are in: by the hypergeometric distribution."""
    from scipy import stats

    drawn = stats.hypergeom(2_000, 300, 400)
    within = sum(
        float(drawn.pmf(held))
        for held in range(301)
        if (found := estimated(held, 400, 2_000)).low <= 300 <= found.high
    )
    assert 0.94 <= within <= 0.97
