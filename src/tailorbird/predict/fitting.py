"""Finds the positive parameters of a likelihood: from several starts, checked to have converged.

Parameters are searched as logarithms between bounds, so that none becomes zero, negative or
infinite. Where the data leave a direction open (nobody seems ever to leave a shop), a weak prior
decides instead of an endless search.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.propensity import Floats

Loss: TypeAlias = Callable[[Floats], tuple[float, Floats]]
"""The mean negative log-likelihood of logarithms of parameters, and its slope."""

FEW: Final = 1_000
"""Of fewer people, the prior always has its say."""
PRIOR_WEIGHT: Final = 3.0
"""As how many people's worth of log-likelihood one unit of the prior counts."""
FARTHEST: Final = 12.0
"""Logarithms are searched up to here: parameters from 6e-6 to 160,000."""
FLAT: Final = 1e-4
"""The steepest mean slope of what counts as converged."""
AGREED: Final = 1e-5
"""By how much the best mean loss may be better than that of other starts that agree."""


class Fit(msgspec.Struct, frozen=True):
    """Parameters, how likely they make what was seen, and how that was found."""

    parameters: tuple[float, ...]
    log_likelihood: float
    people: int
    agreed: int
    """How many of the starts ended at the same place."""
    shrunk: bool
    """Whether a prior had its say."""


def fit(
    loss: Loss, starts: Sequence[Sequence[float]], prior: Sequence[float], people: int, what: str
) -> Fit:
    """Return the likeliest parameters; `starts` and `prior` are typical parameters.

    Of few people, and where the likelihood alone has no end, the parameters are drawn to `prior`.

    Raises:
        ModelError: nobody to learn from, or no start converges.
    """
    if not people:
        raise ModelError("nobody to learn from", where=what, mend="wait for the first orders")
    if people >= FEW:
        found = _best(loss, starts)
        if found is not None and np.abs(found[0]).max() < FARTHEST - 1:
            return _told(loss, found, people, shrunk=False)
    middle = np.log(np.array(prior))
    found = _best(functools.partial(_drawn, loss, middle, PRIOR_WEIGHT / people), starts)
    if found is None:
        mend = "use a rule; too few people, or orders that all look alike"
        raise ModelError("no start of the search converged", where=what, mend=mend)
    return _told(loss, found, people, shrunk=True)


def _drawn(loss: Loss, middle: Floats, weight: float, logs: Floats) -> tuple[float, Floats]:
    """Return a loss drawn towards the middle: a normal prior of the logarithms."""
    value, slope = loss(logs)
    away = logs - middle
    return value + weight * float(away @ away) / 2, slope + weight * away


def _best(loss: Loss, starts: Sequence[Sequence[float]]) -> tuple[Floats, int] | None:
    from scipy import optimize

    ended: list[tuple[float, Floats]] = []
    for start in starts:
        found = optimize.minimize(
            loss,
            np.log(np.array(start)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-FARTHEST, FARTHEST)] * len(start),
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20},
        )
        if np.isfinite(found.fun) and _is_flat(found.x, loss(found.x)[1]):
            ended.append((float(found.fun), found.x))
    if not ended:
        return None
    least, logs = min(ended, key=lambda one: one[0])
    return logs, sum(value <= least + AGREED for value, _ in ended)


def _is_flat(logs: Floats, slope: Floats) -> bool:
    """Return whether nothing is left to gain; at a bound, beyond it does not count."""
    outward = (np.abs(logs) >= FARTHEST - 1e-6) & (np.sign(logs) == -np.sign(slope))
    return bool(np.abs(np.where(outward, 0.0, slope)).max() < FLAT)


def _told(loss: Loss, found: tuple[Floats, int], people: int, *, shrunk: bool) -> Fit:
    logs, agreed = found
    parameters = tuple(np.exp(logs).tolist())
    return Fit(parameters, -loss(logs)[0] * people, people, agreed, shrunk)


def by_differences(value: Callable[[Floats], float], logs: Floats) -> tuple[float, Floats]:
    """Return a value and its slope by central differences."""
    step = 1e-5
    slope = np.empty(len(logs))
    for at in range(len(logs)):
        moved = np.zeros(len(logs))
        moved[at] = step
        slope[at] = (value(logs + moved) - value(logs - moved)) / (2 * step)
    return value(logs), slope
