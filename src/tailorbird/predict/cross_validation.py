"""Cross-validation, shown beside validation in time so that its bias is seen; it decides nothing.

Folds mix the past with the future, and folds of rows one person's with each other's: on CDNOW they
read .78 where the true future was .83.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.model_cards import Validation
from tailorbird.predict.choose import figure
from tailorbird.predict.evening import taught
from tailorbird.predict.propensity import PERSON, Bins, Floats
from tailorbird.predict.windows import Judging, Snapshot

if TYPE_CHECKING:
    from tailorbird.predict.algorithms import Algorithm

FOLDS: Final = 4
MOST_ROWS: Final = 20_000


def side_by_side(
    algorithm: Algorithm, rows: Snapshot, before: float, latest: float, judging: Judging
) -> tuple[Validation, ...]:
    """Return how well an algorithm does in time and in folds, each with its distance from time.

    `latest` is its figure on the last window, `before` on the one before.
    """
    rng = judging.rng("folds")
    if len(rows.outcome) > MOST_ROWS:
        rows = rows.take(np.sort(rng.choice(len(rows.outcome), MOST_ROWS, replace=False)))
    stratified = out_of_fold(algorithm, rows, strata(rows.outcome, judging, FOLDS), judging)
    grouped = out_of_fold(algorithm, rows, of_people(rows, judging, FOLDS), judging)
    first = figure(stratified, rows.outcome, judging.task)
    second = figure(grouped, rows.outcome, judging.task)
    return (
        Validation("time", latest, 0.0),
        Validation("window before", before, before - latest),
        Validation("stratified folds", first, first - latest),
        Validation("folds of people", second, second - latest),
    )


def out_of_fold(algorithm: Algorithm, rows: Snapshot, fold: Bins, judging: Judging) -> Floats:
    """Return what is said of each row by a model that has not seen its fold."""
    said = np.zeros(len(rows.outcome))
    for number in np.unique(fold):
        learn = rows.take(np.flatnonzero(fold != number))
        held = np.flatnonzero(fold == number)
        rng = judging.rng(f"fold {number}")
        fitted = taught(algorithm, learn, judging, rng)
        said[held] = fitted.estimates(rows.features.take(held))
    return said


def strata(outcome: Floats, judging: Judging, folds: int) -> Bins:
    """Return each row's fold, outcomes spread evenly over them."""
    shuffled = judging.rng("strata").permutation(len(outcome))
    order = shuffled[np.argsort(outcome[shuffled], kind="stable")]
    fold = np.empty(len(outcome), np.int64)
    fold[order] = np.arange(len(outcome)) % folds
    return fold


def of_people(rows: Snapshot, judging: Judging, folds: int) -> Bins:
    """Return each row's fold, all rows of a person in one."""
    people, at = np.unique(rows.features[PERSON].to_numpy(), return_inverse=True)
    return np.asarray(judging.rng("people").permutation(len(people)) % folds)[at]
