"""How well a score puts those first whom a mail moves: the Qini curve, with bootstrap intervals.

Of everybody there is an unbiased estimate of her effect, noisy as it is (`effects_of`). Summed over
those whom a score ranks first, it is what mailing only them would bring. Qini is the area between
that curve and the straight line of a random order (Radcliffe 2007), a person: 0 for a random
order, below zero for one that is worse.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from tailorbird.predict.measures import Sorted, ranked
from tailorbird.predict.propensity import Floats

DRAWS: Final = 400
POINTS: Final = 20


class Qini(msgspec.Struct, frozen=True):
    """The area above a random order, with an interval."""

    value: float
    low: float
    high: float


class CurvePoint(msgspec.Struct, frozen=True):
    """What mailing the first `share` of people would bring, an average person of all."""

    share: float
    gain: float
    random: float


def effects_of(
    treated: Floats,
    probability: Floats,
    outcome: Floats,
    *,
    with_it: Floats | None = None,
    without: Floats | None = None,
) -> Floats:
    """Return an unbiased estimate of each person's effect, by the probability of her treatment.

    `with_it` and `without` are what a model that has not seen her expects; they only take away
    noise (augmented inverse propensity weighting, Robins, Rotnitzky and Zhao 1994).
    """
    one = np.zeros(len(outcome)) if with_it is None else with_it
    none = np.zeros(len(outcome)) if without is None else without
    moved = treated * (outcome - one) / probability
    left = (1 - treated) * (outcome - none) / (1 - probability)
    return np.asarray(one - none + moved - left)


def area(found: Sorted, weight: Floats) -> float:
    """Return Qini of effects in falling order of a score, each person counted so often.

    Equal scores share a group, in random order.
    """
    counted = weight[found.order]
    people = np.add.reduceat(counted, found.begins)
    gains = np.add.reduceat(counted * found.outcome, found.begins)
    total = people.sum()
    reached = np.cumsum(gains) - gains / 2
    return float((people @ reached / total - gains.sum() / 2) / total)


def qini(score: Floats, effect: Floats, rng: np.random.Generator, *, level: float = 0.95) -> Qini:
    """Return how much better than at random a score orders people, with its interval."""
    found = ranked(score, effect)
    value, drawn = area(found, np.ones(len(score))), _drawn((found,), len(score), rng)[0]
    return Qini(value, *_ends(drawn, level))


def better(
    score: Floats, other: Floats, effect: Floats, rng: np.random.Generator, *, level: float = 0.95
) -> Qini:
    """Return by how much one score's Qini is above another's, the same people drawn for both."""
    both = ranked(score, effect), ranked(other, effect)
    once = np.ones(len(score))
    first, second = _drawn(both, len(score), rng)
    return Qini(area(both[0], once) - area(both[1], once), *_ends(first - second, level))


def curve(score: Floats, effect: Floats) -> tuple[CurvePoint, ...]:
    """Return what mailing the first twentieth, two twentieths ... of people would bring."""
    order = np.argsort(-score, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(effect[order])]) / max(len(score), 1)
    ends = np.linspace(0, len(score), POINTS + 1).round().astype(np.int64)
    return tuple(
        CurvePoint(at / POINTS, float(reached[end]), float(reached[-1]) * at / POINTS)
        for at, end in enumerate(ends.tolist())
    )


def _drawn(found: tuple[Sorted, ...], people: int, rng: np.random.Generator) -> Floats:
    drawn = np.empty((len(found), DRAWS))
    for at in range(DRAWS):
        weight = np.bincount(rng.integers(0, people, people), minlength=people).astype(np.float64)
        drawn[:, at] = [area(each, weight) for each in found]
    return drawn


def _ends(drawn: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
