"""Ranking and calibration of probabilities, with bootstrap intervals against another score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tailorbird.predict.effects import RAREST
from tailorbird.predict.propensity import Bins, Floats

Bools: TypeAlias = npt.NDArray[np.bool_]

DRAWS: Final = 500
MANY: Final = 5_000
"""With more people fewer draws give as steady an interval."""
_CALIBRATION_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Sorted:
    """Outcomes in falling order of a score; equal scores share a group."""

    order: Bins
    begins: Bins
    outcome: Floats

    def groups(self, weight: Floats) -> tuple[Floats, Floats]:
        """Return the weight of outcomes and of others in each group."""
        sorted_weight = weight[self.order]
        happened = np.add.reduceat(sorted_weight * self.outcome, self.begins)
        return happened, np.add.reduceat(sorted_weight, self.begins) - happened

    def auc(self, weight: Floats) -> float:
        """Return the chance that an outcome ranks above another, ties half."""
        happened, others = self.groups(weight)
        above = np.cumsum(happened) - happened / 2
        return float((above * others).sum() / (happened.sum() * others.sum()))

    def average_precision(self, weight: Floats) -> float:
        """Return the mean of precision over outcomes."""
        happened, others = self.groups(weight)
        precision = np.cumsum(happened) / np.maximum(np.cumsum(happened + others), 1e-12)
        return float((precision * happened).sum() / happened.sum())


def ranked(score: Floats, outcome: Floats) -> Sorted:
    """Return outcomes sorted by score, highest first."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    begins = np.flatnonzero(np.concatenate([[True], falling[1:] != falling[:-1]]))
    return Sorted(order, begins, outcome[order])


def log_losses(probability: Floats, outcome: Floats) -> Floats:
    """Return each person's log loss: how surprised the probability is at her outcome.

    A chance of 0 that came about counts as one in a million, as `logit` has it: no one person is to
    outweigh hundreds of others.
    """
    said = np.where(outcome > 0, probability, 1 - probability)
    return np.asarray(-np.log(np.maximum(said, RAREST)))


def brier(probability: Floats, outcome: Floats) -> Callable[[Floats], float]:
    """Return what gives the mean squared error, given how often each person counts."""
    return mean((probability - outcome) ** 2)


def calibration_error(probability: Floats, outcome: Floats, weight: Floats) -> float:
    """Return the expected calibration error over ten bins of equally many people."""
    return calibration(probability, outcome)(weight)


def calibration(probability: Floats, outcome: Floats) -> Callable[[Floats], float]:
    """Return what gives that error, given how often each person counts."""
    rank = np.empty(len(probability), np.int64)
    rank[np.argsort(probability, kind="stable")] = np.arange(len(probability))
    bins = rank * _CALIBRATION_BINS // max(len(probability), 1)
    gap = probability - outcome

    def measured(weight: Floats) -> float:
        gaps = np.bincount(bins, weight * gap, _CALIBRATION_BINS)
        return float(np.abs(gaps).sum() / weight.sum())

    return measured


def mean(values: Floats) -> Callable[[Floats], float]:
    """Return what gives the mean of each person's value, given how often each counts."""
    return lambda weight: float(weight @ values / weight.sum())


def interval(
    difference: Callable[[Floats], float], people: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a difference that takes how often each was drawn."""
    found = []
    for _ in range(DRAWS if people <= MANY else DRAWS // 2):
        drawn = np.bincount(rng.integers(0, people, people), minlength=people)
        found.append(difference(drawn.astype(np.float64)))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def f1(said: Bools, outcome: Floats) -> Callable[[Floats], float]:
    """Return what gives the harmonic mean of precision and recall, given how often each counts."""
    hits, both = said * outcome, said + outcome
    return lambda weight: 2 * float(weight @ hits) / max(float(weight @ both), 1e-12)


def best_threshold(probability: Floats, outcome: Floats) -> float:
    """Return the probability from which a yes gives the highest F1; to be chosen on validation."""
    found = ranked(probability, outcome)
    happened, others = found.groups(np.ones(len(outcome)))
    hits, said = np.cumsum(happened), np.cumsum(happened + others)
    best = int(np.argmax(2 * hits / np.maximum(said + outcome.sum(), 1e-12)))
    return float(probability[found.order][found.begins[best]])


def explained(value: Floats, outcome: Floats, weight: Floats) -> float:
    """Return the share of the outcome's variance that is explained, below 0 where it is worse."""
    middle = weight @ outcome / weight.sum()
    spread = float(weight @ (outcome - middle) ** 2)
    return 1 - float(weight @ (outcome - value) ** 2) / max(spread, 1e-12)


def total_error(value: Floats, outcome: Floats, weight: Floats) -> float:
    """Return how far the sum of all values was missed, as a share of it."""
    total = float(weight @ outcome)
    return abs(float(weight @ value) - total) / max(abs(total), 1e-12)


def top_share(rank: Floats, outcome: Floats, share: float = 0.1) -> Callable[[Floats], float]:
    """Return what measures the part of all value that the highest ranked tenth of people brings."""
    order = np.argsort(-rank, kind="stable")

    def measured(weight: Floats) -> float:
        falling, worth = weight[order], (weight * outcome)[order]
        top = np.cumsum(falling) <= share * falling.sum()
        return float(worth[top].sum()) / max(float(worth.sum()), 1e-12)

    return measured
