"""Everybody gets an arm by keyed hash: stable, in the planned shares, independent of the rest."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import UsageError
from tailorbird.experiments import HOLDOUT, assign, assign_all
from tailorbird.experiments.distributions import chi_square_tail

KEY = bytes(range(32))
PEOPLE = range(1, 40_001)
HALVES = {"a": 1.0, "b": 1.0}


def _p_value(counts: Counter[str], shares: dict[str, float]) -> float:
    total = sum(counts.values())
    chi_square = sum((counts[arm] - total * s) ** 2 / (total * s) for arm, s in shares.items())
    return chi_square_tail(chi_square, len(shares) - 1)


def test_an_arm_never_changes_between_releases() -> None:
    arms = [assign(KEY, "subject lines", person, HALVES, 0.2).variant for person in range(1, 13)]
    assert arms == ["a", "b", "b", "a", "a", "b", "holdout", "b", "b", "a", "b", "a"]


def test_one_person_alone_gets_what_the_batch_gives() -> None:
    batch = assign_all(KEY, "x", range(1, 200), HALVES, 0.1)
    assert batch == [assign(KEY, "x", person, HALVES, 0.1) for person in range(1, 200)]


def test_arms_have_the_planned_shares_and_carry_their_probability() -> None:
    drawn = assign_all(KEY, "x", PEOPLE, {"a": 3, "b": 1, "never": 0}, 0.1)
    shares = {"a": 0.675, "b": 0.225, HOLDOUT: 0.1}
    assert _p_value(Counter(arm.variant for arm in drawn), shares) > 0.001
    assert {arm.variant: arm.probability for arm in drawn} == pytest.approx(shares)


def test_two_experiments_are_independent() -> None:
    first = assign_all(KEY, "first", PEOPLE, HALVES, 0.2)
    second = assign_all(KEY, "second", PEOPLE, HALVES, 0.2)
    pairs = Counter(f"{a.variant}/{b.variant}" for a, b in zip(first, second, strict=True))
    share = {"a": 0.4, "b": 0.4, HOLDOUT: 0.2}
    shares = {f"{a}/{b}": share[a] * share[b] for a in share for b in share}
    assert _p_value(pairs, shares) > 0.001


def test_neighbouring_people_are_independent() -> None:
    drawn = assign_all(KEY, "x", PEOPLE, HALVES)
    pairs = Counter(a.variant + b.variant for a, b in zip(drawn[::2], drawn[1::2], strict=True))
    assert _p_value(pairs, {"aa": 0.25, "ab": 0.25, "ba": 0.25, "bb": 0.25}) > 0.001


def test_another_key_draws_anew() -> None:
    ours = assign_all(KEY, "x", PEOPLE, HALVES)
    other = assign_all(bytes(32), "x", PEOPLE, HALVES)
    same = sum(a == b for a, b in zip(ours, other, strict=True))
    assert math.isclose(same / len(PEOPLE), 0.5, abs_tol=0.02)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_holdout_only_adds_people(one: float, other: float) -> None:
    small, large = sorted((one, other))
    before = assign_all(KEY, "x", range(1, 100), HALVES, small)
    after = assign_all(KEY, "x", range(1, 100), HALVES, large)
    for was, now in zip(before, after, strict=True):
        assert now.variant in (was.variant, HOLDOUT)


@pytest.mark.parametrize("holdout", [0.0, 1.0])
def test_a_holdout_of_nobody_or_everybody_is_exact(holdout: float) -> None:
    drawn = {arm.variant for arm in assign_all(KEY, "x", PEOPLE, HALVES, holdout)}
    assert drawn == ({HOLDOUT} if holdout else {"a", "b"})


@pytest.mark.parametrize(
    ("key", "variants", "holdout", "words"),
    [
        (b"short", HALVES, 0.1, "16 to 64"),
        (KEY, {}, 0.1, "at least one variant"),
        (KEY, {"a": -1.0, "b": 2.0}, 0.1, "below zero"),
        (KEY, {"a": math.nan}, 0.1, "below zero"),
        (KEY, HALVES, 1.5, "from 0 to 1"),
        (KEY, {HOLDOUT: 1.0}, 0.1, "another name"),
    ],
)
def test_a_plan_that_cannot_be_drawn_is_refused(
    key: bytes, variants: dict[str, float], holdout: float, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        assign(key, "x", 1, variants, holdout)
