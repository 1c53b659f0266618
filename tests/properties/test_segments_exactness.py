"""Standing membership, full evaluation and a naive reading of the events agree at every instant."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from tests.properties.segment_life import mismatches

from tailorbird import segments
from tailorbird.schema import Instant
from tailorbird.traits.terms import Rows, Upcoming, Value


@pytest.mark.parametrize("few", [0, 20_000], ids=["searched", "taken out"])
@pytest.mark.parametrize("seed", range(2))
def test_standing_membership_is_what_the_events_say_at_every_tick(
    seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["tailorbird.segments.refresh"], "FEW", few)
    assert list(mismatches(seed)) == []


def never(term: object) -> Value:
    return Upcoming()


def one_longer(rows: Rows, as_of: Instant) -> tuple[Instant | None, Instant]:
    after = None if rows.within is None else as_of - rows.within - 1
    return after, as_of - rows.older_than


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("tailorbird.segments.compile.next_change", never),
        ("tailorbird.traits.expiry.upcoming", never),
        ("tailorbird.traits.rows.window", one_longer),
        ("tailorbird.segments.compile.member", segments.meaning.truth),
    ],
    ids=["next_check dropped", "future ignored", "window one longer", "the unborn counted"],
)
def test_a_broken_compiler_is_caught(
    place: str, broken: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, broken)
    assert any(next(mismatches(seed), "") for seed in range(8))
