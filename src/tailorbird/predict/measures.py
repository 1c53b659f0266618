"""Ranking and calibration of probabilities, with bootstrap intervals against another score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tailorbird.predict.propensity import Bins, Floats

DRAWS: Final = 500
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


def brier(probability: Floats, outcome: Floats, weight: Floats) -> float:
    """Return the mean squared error of the probabilities."""
    return float(weight @ (probability - outcome) ** 2 / weight.sum())


def calibration_error(probability: Floats, outcome: Floats, weight: Floats) -> float:
    """Return the expected calibration error over ten bins of equally many people."""
    rank = np.empty(len(probability), np.int64)
    rank[np.argsort(probability, kind="stable")] = np.arange(len(probability))
    bins = rank * _CALIBRATION_BINS // len(probability)
    gap = np.bincount(bins, weight * (probability - outcome), _CALIBRATION_BINS)
    return float(np.abs(gap).sum() / weight.sum())


def log_losses(probability: Floats, outcome: Floats) -> Floats:
    """Return each person's log loss: how surprised the probability is at her outcome."""
    said = np.where(outcome > 0, probability, 1 - probability)
    return np.asarray(-np.log(np.maximum(said, 1e-12)))


def interval(
    difference: Callable[[Floats], float], people: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a difference that takes how often each was drawn."""
    found = []
    for _ in range(DRAWS):
        drawn = np.bincount(rng.integers(0, people, people), minlength=people)
        found.append(difference(drawn.astype(np.float64)))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
