"""How segments overlap: exact counts of pairs and of every combination that exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird import segments
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Instant
from tailorbird.segments import Segment
from tailorbird.segments.overlap import counted
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]


@given(st.lists(st.sets(st.integers(1, 40)), min_size=2, max_size=6), st.integers(0, 9))
def test_overlaps_are_those_of_plain_sets(sets: list[set[int]], limit: int) -> None:
    members = {f"s{at}": np.array(sorted(each), np.int64) for at, each in enumerate(sets)}
    found = counted(members, limit=limit)
    assert found.people == len(set.union(*sets))
    assert list(found.sizes.values()) == [len(each) for each in sets]
    pairs = list(combinations(range(len(sets)), 2))
    assert [(p.one, p.two) for p in found.pairs] == [(f"s{a}", f"s{b}") for a, b in pairs]
    assert [p.people for p in found.pairs] == [len(sets[a] & sets[b]) for a, b in pairs]
    shares = [len(sets[a] & sets[b]) / max(len(sets[a] | sets[b]), 1) for a, b in pairs]
    assert [p.jaccard for p in found.pairs] == pytest.approx(shares)
    exact = Counter(
        tuple(f"s{at}" for at, each in enumerate(sets) if person in each)
        for person in set.union(*sets)
    )
    listed = {each.segments: each.people for each in found.combinations}
    assert len(listed) == min(limit, len(exact))
    assert listed.items() <= exact.items()
    assert found.left_out == len(exact) - len(listed)
    assert found.left_out_people == found.people - sum(listed.values())
    sizes = [each.people for each in found.combinations]
    assert sizes == sorted(exact.values(), reverse=True)[:limit]


def test_standing_segments_overlap_as_they_were_refreshed(
    facts: DuckFacts, happen: Happen, define: Define, now: Instant
) -> None:
    happen(1, "purchase", now)
    happen(1, "email_opened", now)
    happen(2, "purchase", now)
    asked = [
        define("did: purchase\nwithin: 30d", "buyers"),
        define("did: email_opened", "openers"),
    ]
    segments.refresh(facts, asked, now=now)
    found = segments.overlap(facts, ["openers", "buyers"])
    assert found.sizes == {"openers": 1, "buyers": 2}
    assert [(each.segments, each.people) for each in found.combinations] == [
        (("buyers",), 1),
        (("openers", "buyers"), 1),
    ]
    later = segments.overlap_at(facts, asked, asked, as_of=now + 30 * DAY)
    assert later.sizes == {"buyers": 0, "openers": 1}


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["buyers"], "at least two"),
        (["buyers", "buyers"], "named twice"),
        (["buyers", "byers"], "did you mean 'buyers'"),
        ([f"s{n}" for n in range(61)], "60 at most"),
    ],
)
def test_an_overlap_that_cannot_be_asked_says_why(
    facts: DuckFacts, define: Define, now: Instant, names: list[str], what: str
) -> None:
    segments.refresh(facts, [define("did: purchase", "buyers")], now=now)
    with pytest.raises(UsageError, match=what):
        segments.overlap(facts, names)
