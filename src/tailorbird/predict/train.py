"""Learns bins from quantiles and their weights by ridge logistic regression (Newton's method).

How far ahead a propensity looks, and since when, is said where it serves (`stored.served`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.effects import Link, sigmoid
from tailorbird.predict.matrix import frequent, learnable
from tailorbird.predict.propensity import (
    Bins,
    Column,
    Floats,
    Propensity,
    Rule,
    numbers,
)

if TYPE_CHECKING:
    import pyarrow as pa

QUANTILES: Final = 12
DRAWN: Final = 10.0
"""How many average people are put into each bin of a rule."""
_STEPS: Final = 50
_CLOSE: Final = 1e-6


def columns(features: pa.Table) -> tuple[Column, ...]:
    """Return the bins of every trait that varies; times and nested values are left out."""
    found = []
    for name, numeric in learnable(features):
        texts = None if numeric else frequent(features, name)
        column = _number(features, name) if texts is None else Column(name, None, texts)
        if len(np.unique(column.bins(features))) > 1:
            found.append(column)
    return tuple(found)


def _number(features: pa.Table, name: str) -> Column:
    values = numbers(features, name)
    values = values[np.isfinite(values)]
    if not len(values):
        return Column(name, (), None)
    # Many share the least value, mostly none at all: what tells people apart lies above it.
    above = values[values > values.min()]
    several = above if len(above) < len(values) * (1 - 1 / QUANTILES) else values
    if not len(several):
        return Column(name, (float(values.max()),), None)
    cuts = np.quantile(several, np.linspace(0, 1, QUANTILES + 1)[:-1], method="higher")
    cuts = np.unique(cuts[cuts > values.min()])
    return Column(name, tuple(cuts.tolist()), None)


def logistic(
    traits: tuple[Column, ...],
    features: pa.Table,
    outcome: Floats,
    *,
    penalty: float,
    weights: Floats | None = None,
    link: Link = "logit",
) -> Propensity:
    """Return the model with the weights that minimise log loss + penalty / 2 * squared steps.

    With the link `identity` it is the squared error, measured in deviations of the outcome.
    `weights` say how much each row counts.

    Raises:
        ModelError: the extra `learn` is not installed.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ModelError(
            "the learning libraries are not installed",
            where="propensity",
            mend="install tailorbird[learn]; scoring needs none of them",
        ) from error
    bins = [column.bins(features) for column in traits]
    # On a busy machine two BLAS threads wait for each other; one is faster.
    once = np.ones(len(outcome)) if weights is None else weights
    solve = _newton if link == "logit" else _ridge
    with threadpool_limits(1, "blas"):
        found_steps = solve(_design(traits, bins, len(outcome)), outcome, once, penalty)
    learnt, at = [], 1
    for column, found in zip(traits, bins, strict=True):
        steps = found_steps[at : at + column.size - 1]
        at += column.size - 1
        learnt.append(_weighed(column, _levels(column, steps), found))
    rule: Rule = "logistic" if link == "logit" else "linear"
    return Propensity(rule, 0, 0, float(found_steps[0]), tuple(learnt), link=link)


def plain(rows: Floats, outcome: Floats, once: Floats, *, penalty: float, link: Link) -> Floats:
    """Return the intercept and the weight of each column of numbers as they are."""
    design = np.column_stack([np.ones(len(rows)), rows])
    return (_newton if link == "logit" else _ridge)(design, outcome, once, penalty)


def recency_rule(
    column: Column, features: pa.Table, outcome: Floats, weights: Floats | None
) -> Propensity:
    """Return the recency rule: the frequency of the outcome in each bin, drawn to the average."""
    found = column.bins(features)
    once = np.ones(len(outcome)) if weights is None else weights
    middle = rate(outcome, once)
    share = drawn(found, column.size, outcome, once, middle)
    levels = np.log(share / (1 - share)) - _logit(middle)
    weighed = _weighed(column, levels, found)
    return Propensity("recency", 0, 0, _logit(middle), (weighed,))


def recency_average(
    column: Column, features: pa.Table, outcome: Floats, weights: Floats | None
) -> Propensity:
    """Return the average outcome of each bin, drawn to that of all."""
    found = column.bins(features)
    once = np.ones(len(outcome)) if weights is None else weights
    middle = mean(outcome, once)
    levels = drawn(found, column.size, outcome, once, middle)
    weighed = _weighed(column, levels - middle, found)
    return Propensity("recency average", 0, 0, middle, (weighed,), link="identity")


def base_rate(outcome: Floats, weights: Floats | None = None) -> Propensity:
    """Return the rule that gives everybody the same rate."""
    once = np.ones(len(outcome)) if weights is None else weights
    return Propensity("base rate", 0, 0, _logit(rate(outcome, once)))


def average(outcome: Floats, weights: Floats | None = None) -> Propensity:
    """Return the rule that gives everybody the same value."""
    once = np.ones(len(outcome)) if weights is None else weights
    return Propensity("average", 0, 0, mean(outcome, once), link="identity")


def drawn(found: Bins, size: int, outcome: Floats, once: Floats, middle: float) -> Floats:
    """Return the mean outcome of each of so many bins, drawn to the middle of all."""
    happened = np.bincount(found, once * outcome, size)
    return np.asarray((happened + DRAWN * middle) / (np.bincount(found, once, size) + DRAWN))


def rate(outcome: Floats, once: Floats) -> float:
    """Return the share of outcomes, kept off 0 and 1 (Laplace)."""
    return (float(once @ outcome) + 1) / (float(once.sum()) + 2)


def mean(outcome: Floats, once: Floats) -> float:
    """Return the average outcome, 0 of nobody."""
    total = float(once.sum())
    return float(once @ outcome) / total if total > 0 else 0.0


def _weighed(column: Column, levels: Floats, found: Bins) -> Column:
    """Return a column with its levels, and their average over the people trained on."""
    middle = float(levels[found].mean()) if len(found) else 0.0
    return msgspec.structs.replace(column, weights=tuple(levels.tolist()), mean_weight=middle)


def _logit(rate: float) -> float:
    return math.log(rate / (1 - rate))


def _design(traits: tuple[Column, ...], bins: list[Bins], rows: int) -> Floats:
    """Return the design matrix: one, then steps between a number's bins, indicators elsewhere.

    Steps let the penalty draw neighbouring bins together rather than all of them to zero.
    """
    parts = [np.ones((rows, 1))]
    for column, found in zip(traits, bins, strict=True):
        last = column.size - 1
        missing = found[:, None] == last
        if column.categories is None:
            steps = (found[:, None] >= np.arange(1, last)[None, :]) & ~missing
            parts += [steps, missing]
        else:
            parts += [found[:, None] == np.arange(1, column.size)[None, :]]
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _levels(column: Column, steps: Floats) -> Floats:
    """Return the weight of each bin from the fitted steps or indicators."""
    if column.categories is None:
        return np.concatenate([[0.0], np.cumsum(steps[:-1]), steps[-1:]])
    return np.concatenate([[0.0], steps])


def _newton(design: Floats, outcome: Floats, once: Floats, penalty: float) -> Floats:
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-9
    weights = np.zeros(design.shape[1])
    weights[0] = _logit(rate(outcome, once))
    loss = _loss(design, outcome, once, weights, ridge)
    for _ in range(_STEPS):
        share = sigmoid(design @ weights)
        slope = design.T @ (once * (share - outcome)) + ridge * weights
        bend = (design * (once * share * (1 - share))[:, None]).T @ design
        step = np.linalg.solve(bend + np.diag(ridge + 1e-9), slope)
        while True:
            tried = _loss(design, outcome, once, weights - step, ridge)
            if tried <= loss or np.abs(step).max() < _CLOSE:
                break
            step /= 2
        weights, loss = weights - step, tried
        if np.abs(step).max() < _CLOSE:
            break
    return weights


def _loss(design: Floats, outcome: Floats, once: Floats, weights: Floats, ridge: Floats) -> float:
    logit = design @ weights
    fit = once @ (np.logaddexp(0.0, logit) - outcome * logit)
    return float(fit + (ridge * weights * weights).sum() / 2)


def _ridge(design: Floats, outcome: Floats, once: Floats, penalty: float) -> Floats:
    """Return the weights of least squares; the penalty does not depend on the outcome's unit."""
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-9
    weighed = design * once[:, None]
    return np.asarray(np.linalg.solve(weighed.T @ design + np.diag(ridge), weighed.T @ outcome))
