"""Differential privacy: a logistic model and counts that one person's presence hardly changes.

All noise and all accounting is OpenDP's. A person counts once. Bins are fixed beforehand: quantiles
of the people, or the list of texts that they have, would tell of them too. What the model says on a
card is not noised: cards are for those who hold the rows anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.predict.effects import sigmoid
from tailorbird.predict.matrix import learnable
from tailorbird.predict.propensity import PERSON, Column, Floats, Propensity
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

DELTA: Final = 1e-6
STEPS: Final = 20
PENALTY: Final = 20.0
PACE: Final = 4.0
"""The loss of rows of length one bends by a quarter at most: this is the longest safe step."""
MOMENTUM: Final = 0.9
GRID: Final = (
    *(0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0),
    *(float(4**power) for power in range(4, 13)),
)
"""Edges of the bins of every number, whatever it is: fine below 200, then fourfold to 4^12."""
KNOTS: Final = 8
"""A number's weights are a line and this many hats over its bins: few enough to outweigh noise."""
FOR_SIZE: Final = 0.02
"""Share of epsilon that buys how many people there are, within some: that is a secret as well."""
Places: TypeAlias = "npt.NDArray[np.int64]"
LEAST_EPSILON, MOST_EPSILON = 0.01, 20.0


class Private(msgspec.Struct, frozen=True):
    """A model and what it cost: nobody's presence changes the odds of any weights by more."""

    model: Propensity
    epsilon: float
    """As OpenDP accounts for what was released, at `delta`."""
    delta: float
    scale: float
    """Standard deviation of the noise on the sum of each step's slopes."""
    people: int


def private_logistic(
    names: Sequence[str],
    features: pa.Table,
    outcome: Floats,
    *,
    epsilon: float,
    rng: np.random.Generator,
    delta: float = DELTA,
    horizon_days: int = 0,
    now: Instant = 0,
) -> Private:
    """Return a logistic model of these numeric traits by noisy full-batch gradient descent.

    Each person counts with one row, drawn by `rng`; the noise is the system's and not repeatable.

    Raises:
        ModelError: the extra `privacy` is missing, epsilon or delta makes no sense, no number.
    """
    check(epsilon, delta)
    columns, mine = _read(names, features, rng)
    design = _design(columns, features.take(mine))
    (size,), paid = private_counts([len(mine)], epsilon=epsilon * FOR_SIZE)
    release, scale, spent = _noise(design.shape[1], epsilon - paid, delta)
    weights = _descended(design, outcome[mine], max(size, 1), release)
    model = _weighed(columns, weights, horizon_days, now)
    return Private(model, spent + paid, delta, scale, len(mine))


def plain_logistic(
    names: Sequence[str], features: pa.Table, outcome: Floats, *, rng: np.random.Generator
) -> Propensity:
    """Return the same model without any noise: what privacy costs is measured beside it.

    Raises:
        ModelError: no trait is a number.
    """
    columns, mine = _read(names, features, rng)
    design = _design(columns, features.take(mine))
    return _weighed(
        columns, _descended(design, outcome[mine], len(mine), lambda slope: slope), 0, 0
    )


def _read(
    names: Sequence[str], features: pa.Table, rng: np.random.Generator
) -> tuple[tuple[Column, ...], Places]:
    """Return the columns that can be read without telling of people, and one row of each person."""
    numeric = {name for name, number in learnable(features) if number and features.num_rows}
    columns = tuple(Column(name, GRID, None) for name in names if name in numeric)
    if not columns:
        what = "no trait is a number, and lists of texts would tell who is there"
        raise ModelError(what, where="privacy", mend="name traits that are numbers")
    return columns, _one_row_each(features[PERSON].to_numpy(), rng)


def _weighed(
    columns: tuple[Column, ...], weights: Floats, horizon_days: int, now: Instant
) -> Propensity:
    weighed, at, length = [], 1, math.sqrt(1 + len(columns))
    for column in columns:
        shape = _shape(column.size)
        levels = shape @ weights[at : at + shape.shape[1]] / length
        at += shape.shape[1]
        weighed.append(msgspec.structs.replace(column, weights=tuple(levels.tolist())))
    return Propensity("logistic", horizon_days, now, float(weights[0] / length), tuple(weighed))


def private_counts(counts: Sequence[int], *, epsilon: float) -> tuple[list[int], float]:
    """Return counts of people by group with discrete Laplace noise, and the epsilon that they cost.

    Each person may be in one group alone; the groups must be known without looking at people.

    Raises:
        ModelError: the extra `privacy` is missing, or epsilon makes no sense.
    """
    if not 0 < epsilon <= MOST_EPSILON:
        check(epsilon)
    dp = _opendp()
    domain = dp.vector_domain(dp.atom_domain(T=int), size=len(counts))
    made = dp.m.make_laplace(domain, dp.l1_distance(T=int), scale=1.0 / epsilon)
    return list(made([int(count) for count in counts])), float(made.map(1))


def ready() -> None:
    """Return when the noise can be had.

    Raises:
        ModelError: the extra `privacy` is missing.
    """
    _opendp()


def check(epsilon: float, delta: float = DELTA) -> None:
    """Return when a promise means something.

    Raises:
        ModelError: epsilon or delta makes no sense.
    """
    if not LEAST_EPSILON <= epsilon <= MOST_EPSILON:
        what = f"epsilon {epsilon:g} protects nobody or leaves nothing"
        mend = f"choose {LEAST_EPSILON:g} to {MOST_EPSILON:g}; 1 is usual"
        raise ModelError(what, where="privacy", mend=mend)
    if not 0 < delta <= 1e-3:
        what = f"delta {delta:g} is the chance that all is told"
        raise ModelError(what, where="privacy", mend="choose less than one over the people")


@cache
def _opendp() -> Any:
    try:
        import opendp.prelude as dp
    except ImportError as error:
        what = "OpenDP is not installed"
        mend = "install tailorbird[privacy]"
        raise ModelError(what, where="privacy", mend=mend) from error
    dp.enable_features("contrib")
    return dp


def _noise(
    size: int, epsilon: float, delta: float
) -> tuple[Callable[[Floats], Floats], float, float]:
    """Return what adds the noise of one step, its scale, and what all steps cost together.

    A person's slope is a row of length one times a gap of at most one: her part is at most one.
    """
    scale = _scale(epsilon, delta)
    one = _gaussian(size, scale)
    steps = _opendp().c.make_composition([one] * STEPS)
    spent = _approximate(steps, delta).map(1.0)[0]
    return (lambda slope: np.array(one(slope.tolist()))), scale, float(spent)


@cache
def _scale(epsilon: float, delta: float) -> float:
    """Return the noise of each step; under zCDP, all cost as one with less noise by the root."""
    whole = _opendp().binary_search_param(
        lambda scale: _approximate(_gaussian(1, scale), delta),
        d_in=1.0,
        d_out=(epsilon, delta),
        T=float,
    )
    return float(whole) * math.sqrt(STEPS) * (1 + 1e-9)


def _gaussian(size: int, scale: float) -> Any:
    dp = _opendp()
    domain = dp.vector_domain(dp.atom_domain(T=float, nan=False), size=size)
    return dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale=scale)


def _approximate(measurement: Any, delta: float) -> Any:
    dp = _opendp()
    return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(measurement), delta)


def _descended(
    design: Floats, outcome: Floats, people: int, release: Callable[[Floats], Floats]
) -> Floats:
    """Return the mean of the later steps' weights."""
    weights, speed = np.zeros(design.shape[1]), np.zeros(design.shape[1])
    later = np.zeros(design.shape[1])
    for step in range(STEPS):
        slope = design.T @ (sigmoid(design @ weights) - outcome)
        speed = MOMENTUM * speed - PACE * (release(slope) + PENALTY * weights) / people
        weights = weights + speed
        if step >= STEPS // 2:
            later += weights
    return later / (STEPS - STEPS // 2)


def _design(columns: tuple[Column, ...], features: pa.Table) -> Floats:
    """Return rows of length one."""
    parts = [np.ones((features.num_rows, 1))]
    parts += [_shape(column.size)[column.bins(features)] for column in columns]
    return np.concatenate(parts, axis=1, dtype=np.float64) / math.sqrt(1 + len(columns))


def _shape(size: int) -> Floats:
    """Return what each bin of a trait reads, in rows of length one: a line, hats, unknown or not.

    Its last bin is of those of whom the trait is not known.
    """
    known = np.arange(size - 1) / max(size - 2, 1)
    hats = np.maximum(0, 1 - np.abs(known[:, None] * (KNOTS - 1) - np.arange(KNOTS)[None, :]))
    shape = np.zeros((size, KNOTS + 2))
    shape[:-1, 0], shape[:-1, 1:-1], shape[-1, -1] = 2 * known - 1, hats, 1.0
    return np.asarray(shape / np.linalg.norm(shape, axis=1, keepdims=True))


def _one_row_each(people: Places, rng: np.random.Generator) -> Places:
    """Return the place of one row of each person, in order."""
    order = rng.permutation(len(people))
    _, first = np.unique(people[order], return_index=True)
    return np.sort(order[first])
