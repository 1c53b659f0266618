"""At which hour people read: learned where it foretells, and everybody's hour where it does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tailorbird.journeys.best_hour import Rule, choose, everybody, judge

Counts = npt.NDArray[np.int64]


def opens(people: int, mean: int, hours: Counts, seed: int) -> Counts:
    """Return counts of people who open around hours of their own."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((people, 24), dtype=np.int64)
    for person, hour in enumerate(hours):
        for at in rng.normal(hour, 1.0, rng.poisson(mean)).round().astype(int):
            counts[person, at % 24] += 1
    return counts


def test_people_who_keep_to_their_hours_are_known_by_them() -> None:
    hours = np.random.default_rng(1).integers(0, 24, 300)
    earlier, later = opens(300, 10, hours, 2), opens(300, 3, hours, 3)
    rule = judge(earlier, later)
    assert rule.strength is not None
    assert rule.gain > 0.5
    chosen = choose(rule, earlier, everybody(earlier))
    away = np.minimum((chosen.hours + 1 - hours) % 24, (hours - chosen.hours - 1) % 24)
    assert away[chosen.seen > 3].mean() < 1, "the window of three hours lies about her own"


def test_people_without_hours_of_their_own_get_everybodys() -> None:
    everyone = np.full(300, 19)
    earlier, later = opens(300, 6, everyone, 5), opens(300, 3, everyone, 6)
    rule = judge(earlier, later)
    assert (rule.strength, rule.why) == (
        None,
        "people's own hours predict no better than everybody's",
    )
    chosen = choose(rule, earlier, everybody(earlier))
    assert set(chosen.hours) == {18}
    assert not chosen.own.any()
    assert chosen.shares[0] > 0.6


def test_little_that_came_later_judges_nothing() -> None:
    counts = opens(20, 5, np.full(20, 9), 7)
    rule = judge(counts, counts[:5])
    assert rule.strength is None
    assert rule.why == f"only {counts[:5].sum():,} later opens and clicks to judge by"


def test_who_was_never_seen_gets_everybodys_hour() -> None:
    counts = opens(50, 10, np.full(50, 8), 8)
    counts[0] = 0
    chosen = choose(Rule(10.0, 1.0, 999, ""), counts, everybody(counts))
    assert (chosen.own[0], chosen.seen[0]) == (False, 0)
    assert chosen.hours[0] in {7, 8}
    assert (chosen.own == (chosen.seen > 0)).all()


def test_a_day_is_a_circle() -> None:
    counts = np.zeros((1, 24), dtype=np.int64)
    counts[0, [23, 0]] = 50
    chosen = choose(Rule(2.0, 1.0, 999, ""), counts, everybody(counts))
    assert chosen.hours[0] in {22, 23}
    assert chosen.shares[0] == pytest.approx(0.87, abs=0.1)


def test_the_more_is_known_the_less_everybody_counts() -> None:
    shared = everybody(opens(50, 10, np.full(50, 8), 9))
    shares = []
    for times in (1, 5, 50):
        counts = np.zeros((1, 24), dtype=np.int64)
        counts[0, 20] = times
        chosen = choose(Rule(10.0, 1.0, 999, ""), counts, shared)
        shares.append((chosen.hours[0] in {18, 19, 20}, chosen.shares[0]))
    assert [own for own, _ in shares] == [False, False, True]
