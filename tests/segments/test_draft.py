"""What one condition does to a segment, and what an edit moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tailorbird import segments
from tailorbird.schema import DAY, Instant
from tailorbird.segments import Segment
from tailorbird.segments.conditions import All, Condition, Did, Not
from tailorbird.segments.conditions import Any as Either
from tailorbird.segments.draft import dissect
from tailorbird.stores.duckdb.facts import DuckFacts

Happen = Callable[..., int]
Define = Callable[..., Segment]
EVENTS = ("purchase", "return", "email_opened")


def said(people: Any) -> list[int]:
    """Return the numbers of these people."""
    numbers: list[int] = people.tolist()
    return numbers


def people(facts: DuckFacts, happen: Happen, now: Instant) -> None:
    """Put eight people there, one for each set of the three events."""
    for person in range(8):
        facts.write([("INSERT INTO people VALUES ($1, $2, 0)", (person + 1, now - 9 * DAY))])
        for bit, event in enumerate(EVENTS):
            if person >> bit & 1:
                happen(person + 1, event, now - DAY)


def test_each_condition_tells_whom_it_holds_for_and_who_would_be_in_without_it(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    people(facts, happen, now)
    found = dissect(
        facts, define("all: [{did: purchase}, {did: return}, {did_not: email_opened}]"), as_of=now
    )
    assert (found.members, found.people) == (1, 8)
    assert [(leaf.holds, leaf.without) for leaf in found.leaves] == [(4, 2), (4, 2), (4, 2)]
    assert (found.entered, found.left) == (None, None)


def test_without_its_only_condition_nothing_is_asked(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    people(facts, happen, now)
    (leaf,) = dissect(facts, define("not: {did: purchase}"), as_of=now).leaves
    assert (leaf.holds, leaf.without) == (4, None)


def test_an_edit_tells_who_enters_and_who_leaves(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    people(facts, happen, now)
    stands = define("all: [{did: purchase}, {did: return}]")
    draft = define("all: [{did: purchase}, {did: email_opened}]")
    found = dissect(facts, draft, as_of=now, stands=stands)
    assert (said(found.entered), said(found.left)) == ([6], [4])


def test_another_segment_counts_as_one_condition(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    people(facts, happen, now)
    buyers = define("any: [{did: purchase}, {did: return}]", "buyers")
    draft = define("all: [{segment: buyers}, {did: email_opened}]")
    found = dissect(facts, draft, [buyers], as_of=now)
    assert [leaf.holds for leaf in found.leaves] == [6, 4]
    assert found.members == 3


def trees() -> st.SearchStrategy[Condition]:
    """Return any tree over three events."""
    leaf = st.sampled_from([Did(event) for event in EVENTS])
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(lambda parts: Either(tuple(parts)), st.lists(inner, min_size=1, max_size=3))
            | st.builds(Not, inner)
        ),
        max_leaves=5,
    )


def test_a_dissection_counts_as_the_segment_does(
    facts: DuckFacts, happen: Happen, now: Instant
) -> None:
    people(facts, happen, now)

    @given(trees(), trees())
    def agrees(condition: Condition, before: Condition) -> None:
        draft, stands = Segment("s", condition), Segment("s", before)
        found = dissect(facts, draft, as_of=now, stands=stands)
        now_in = set(segments.people(facts, draft, as_of=now))
        was_in = set(segments.people(facts, stands, as_of=now))
        assert said(found.inside) == sorted(now_in)
        assert said(found.entered) == sorted(now_in - was_in)
        assert said(found.left) == sorted(was_in - now_in)

    agrees()
