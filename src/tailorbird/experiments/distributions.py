"""Tails of the three distributions that a reading needs; no SciPy, so that doors may import it.

Sources: incomplete gamma and beta by series and continued fractions (modified Lentz), Abramowitz
and Stegun 6.5.29, 6.5.31 and 26.5.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final

_STEPS: Final = 10_000
_PRECISION: Final = 1e-15
_TINY: Final = 1e-300


def normal_quantile(probability: float) -> float:
    """Return the z below which a standard normal falls with this probability."""
    return NormalDist().inv_cdf(probability)


def normal_two_sided(z: float) -> float:
    """Return the probability that a standard normal is at least |z| away from zero."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Return the probability of a chi-square at least this large."""
    if statistic <= 0:
        return 1.0
    shape, x = degrees / 2, statistic / 2
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return 1.0 - scale * _gamma_series(shape, x)
    return scale * _gamma_fraction(shape, x)


def student_two_sided(t: float, degrees: float) -> float:
    """Return the probability that a Student t is at least |t| away from zero."""
    if t == 0:
        return 1.0
    return _beta_lower(degrees / 2, 0.5, degrees / (degrees + t * t))


def student_quantile(probability: float, degrees: float) -> float:
    """Return the t below which a Student t falls with this probability (above one half).

    By bisection: the tail falls steadily, and a reading asks for few of them.
    """
    tail = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while student_two_sided(high, degrees) > tail:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if student_two_sided(middle, degrees) > tail:
            low = middle
        else:
            high = middle
        if high - low <= 1e-14 * high:
            break
    return (low + high) / 2


def _gamma_series(shape: float, x: float) -> float:
    term = total = 1 / shape
    for step in range(1, _STEPS):
        term *= x / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _gamma_fraction(shape: float, x: float) -> float:
    return _lentz(
        x + 1 - shape,
        lambda step: (-step * (step - shape), x + 2 * step + 1 - shape),
    )


def _lentz(start: float, term: Callable[[int], tuple[float, float]]) -> float:
    """Return 1 / (start + a1 / (b1 + a2 / (b2 + ...))), where `term(n)` is (an, bn)."""
    c = 1 / _TINY
    d = 1 / (start or _TINY)
    value = d
    for step in range(1, _STEPS):
        a, b = term(step)
        d = 1 / ((a * d + b) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _beta_lower(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    def term(step: int) -> tuple[float, float]:
        half = step // 2
        if step % 2:
            return -(a + half) * (a + b + half) * x / ((a + step - 1) * (a + step)), 1.0
        return half * (b - half) * x / ((a + step - 1) * (a + step)), 1.0

    return _lentz(1.0, term)
