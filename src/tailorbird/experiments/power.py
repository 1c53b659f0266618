"""How many people an experiment needs before it starts."""

from __future__ import annotations

import math

from tailorbird.errors import UsageError
from tailorbird.experiments.distributions import normal_quantile


def sample_size(first: float, second: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return the people needed in each of two equal arms to tell two rates apart.

    For the two-sided pooled z-test that `read` uses; variance pooled under the null hypothesis.

    Raises:
        UsageError: the rates are equal, or a number is outside (0, 1).
    """
    if first == second or not all(0 < value < 1 for value in (first, second, alpha, power)):
        raise UsageError(
            f"no sample size for rates {first} and {second}, alpha {alpha}, power {power}",
            where="sample_size",
            mend="give two different rates, alpha and power, all between 0 and 1",
        )
    middle = (first + second) / 2
    null = normal_quantile(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    alternative = normal_quantile(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    return math.ceil(((null + alternative) / (second - first)) ** 2)
