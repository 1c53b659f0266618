"""Fairness by group: who is chosen, who of those with the outcome is found, how true the chances.

Measures are fairlearn's; groups with few people are told together. A group's chances can be evened
out by weighing rows before training (Kamiran and Calders 2012): scores stay plain probabilities,
so a segment over them is the same every night, where randomised thresholds would not be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from tailorbird.errors import ModelError
from tailorbird.model_cards import FairGroup, FairnessReport
from tailorbird.predict.propensity import Floats

LEAST_IN_GROUP: Final = 30
OTHERS: Final = "all others"
UNKNOWN: Final = "not known"
FOUR_FIFTHS: Final = 0.8
"""The usual bound: the least chosen group is chosen at least this often as the most chosen one."""
HEAVIEST: Final = 10.0


def audit(
    trait: str,
    group: Sequence[str | None],
    probability: Floats,
    outcome: Floats,
    threshold: float,
) -> FairnessReport:
    """Return what a model does to each group, chosen by a threshold of probability.

    Raises:
        ModelError: the extra `fair` is missing, or there is only one group.
    """
    try:
        from fairlearn import metrics
    except ImportError as error:
        what = "fairlearn is not installed"
        raise ModelError(what, where="fairness", mend="install tailorbird[fair]") from error
    named = grouped(group)
    if len(set(named.tolist())) < 2:
        what = f"everybody is in one group of {trait!r}"
        raise ModelError(what, where="fairness", mend="choose a trait that tells people apart")
    chosen = (probability >= threshold).astype(np.int64)
    truth = outcome.astype(np.int64)
    wanted = {"selection": metrics.selection_rate, "found": metrics.true_positive_rate}
    frame = metrics.MetricFrame(
        metrics=wanted, y_true=truth, y_pred=chosen, sensitive_features=named
    )
    rates = {name: {str(key): float(value) for key, value in frame.by_group[name].items()}
             for name in wanted}  # fmt: skip
    figures = tuple(
        _figures(each, named == each, rates, probability, outcome) for each in by_size(named)
    )
    ratio = metrics.demographic_parity_ratio(truth, chosen, sensitive_features=named)
    odds = metrics.equalized_odds_difference(truth, chosen, sensitive_features=named)
    calibration = max(abs(one.mean_probability - one.outcome_rate) for one in figures)
    ratio = float(ratio) if np.isfinite(ratio) else 1.0
    why = _why(trait, figures, ratio)
    return FairnessReport(trait, threshold, figures, ratio, float(odds), calibration, why)


def grouped(group: Sequence[str | None]) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Return everybody's group; small ones together, so that none tells of single people."""
    named = [UNKNOWN if each is None or each == "" else str(each) for each in group]
    counts = Counter(named)
    small = {each for each, people in counts.items() if people < LEAST_IN_GROUP}
    return np.array([OTHERS if each in small else each for each in named], dtype=np.str_)


def reweighed(group: Sequence[str | None], outcome: Floats) -> Floats:
    """Return how much each row must count for group and outcome to be independent; mean 1.

    >>> import numpy as np
    >>> weights = reweighed(["a"] * 60 + ["b"] * 60, np.array([1.0] * 40 + [0.0] * 60 + [1.0] * 20))
    >>> [round(float(weights[row]), 2) for row in (0, 59, 60, 119)]
    [0.75, 1.5, 1.5, 0.75]
    """
    named = grouped(group)
    weights = np.ones(len(outcome))
    for each in by_size(named):
        for happened in (0.0, 1.0):
            rows = (named == each) & (outcome == happened)
            expected = (named == each).mean() * (outcome == happened).mean()
            if rows.any():
                weights[rows] = min(float(expected / rows.mean()), HEAVIEST)
    return np.asarray(weights / weights.mean())


def by_size(named: np.ndarray[tuple[int], np.dtype[np.str_]]) -> list[str]:
    """Return the groups, the largest first."""
    counts = Counter(named.tolist())
    return [each for each, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def _figures(
    name: str,
    rows: np.ndarray[tuple[int], np.dtype[np.bool_]],
    rates: dict[str, dict[str, float]],
    probability: Floats,
    outcome: Floats,
) -> FairGroup:
    anybody = bool(outcome[rows].any())
    return FairGroup(
        group=name,
        people=int(rows.sum()),
        selection_rate=rates["selection"][name],
        found=rates["found"][name] if anybody else None,
        mean_probability=float(probability[rows].mean()),
        outcome_rate=float(outcome[rows].mean()),
    )


def _why(trait: str, figures: tuple[FairGroup, ...], ratio: float) -> str:
    least = min(figures, key=lambda one: one.selection_rate)
    most = max(figures, key=lambda one: one.selection_rate)
    rates = f"{least.group} {least.selection_rate:.1%}, {most.group} {most.selection_rate:.1%}"
    if ratio >= FOUR_FIFTHS:
        return f"Groups of {trait} are chosen about alike: from {rates}."
    same = f"the outcome came to {least.outcome_rate:.1%} and {most.outcome_rate:.1%}"
    return f"Groups of {trait} are not chosen alike: {rates}; {same}."
