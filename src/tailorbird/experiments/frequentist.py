"""Differences of two arms, with intervals and p-values at a fixed horizon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tailorbird.experiments.distributions import (
    normal_quantile,
    normal_two_sided,
    student_quantile,
    student_two_sided,
)

Moments: TypeAlias = tuple[int, float, float]
"""Count, sum and sum of squares."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`value` is the second arm minus the first, with its interval and two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927)."""
    z = normal_quantile((1 + level) / 2)
    rate = successes / trials
    scale = 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return low, high


def proportions(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> Difference:
    """Return the difference of two (successes, trials).

    Interval: Newcombe (1998), method 10, from the two Wilson intervals. P-value: pooled z, which
    is the chi-square test without correction.
    """
    (xa, na), (xb, nb) = first, second
    a, b = xa / na, xb / nb
    low_a, high_a = wilson(xa, na, level)
    low_b, high_b = wilson(xb, nb, level)
    value = b - a
    low = value - math.hypot(b - low_b, high_a - a)
    high = value + math.hypot(high_b - b, a - low_a)
    pooled = (xa + xb) / (na + nb)
    error = math.sqrt(pooled * (1 - pooled) * (1 / na + 1 / nb))
    p_value = normal_two_sided(value / error) if error else 1.0
    return Difference(value, low, high, p_value)


def means(first: Moments, second: Moments, level: float = 0.95) -> Difference:
    """Return the difference of two means, of more than one person each.

    Welch's t with Satterthwaite's degrees of freedom.
    """
    mean_a, error_a = _mean(first)
    mean_b, error_b = _mean(second)
    value = mean_b - mean_a
    variance = error_a + error_b
    if variance == 0:
        return Difference(value, value, value, 1.0 if value == 0 else 0.0)
    degrees = variance**2 / (error_a**2 / (first[0] - 1) + error_b**2 / (second[0] - 1))
    error = math.sqrt(variance)
    half = student_quantile((1 + level) / 2, degrees) * error
    p_value = student_two_sided(value / error, degrees)
    return Difference(value, value - half, value + half, p_value)


def mean_interval(moments: Moments, level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of more than one person and its Student interval."""
    value, squared_error = _mean(moments)
    half = student_quantile((1 + level) / 2, moments[0] - 1) * math.sqrt(squared_error)
    return value, value - half, value + half


def _mean(moments: Moments) -> tuple[float, float]:
    """Return the mean and its squared standard error; integer sums keep the variance exact."""
    count, total, squares = moments
    spread = max(count * squares - total * total, 0)
    return total / count, spread / (count * count * (count - 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being read together (Holm 1979), in the order given."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted
