"""What is far from the rest, by statistics that a few wild values cannot bend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ENOUGH_DAYS: Final = 28
FALSE_ALARMS: Final = 0.01
"""Share of ordinary days that may alarm; with fewer than 99 days of history, 1 in all of them."""
WORTH_TELLING: Final = 1.25
"""A day within this factor of what was expected never alarms."""
FAR: Final = 5.0
"""Robust standard deviations beyond which a value is an outlier: 6 in ten million of a normal."""
_NORMAL_MAD: Final = 1.4826
_NORMAL_IQR: Final = 1.349


class Unusual(msgspec.Struct, frozen=True):
    """How the last of some days compares with those before it."""

    expected: float
    chance: float
    false_alarms: float
    alarm: bool


def last_day(counts: Sequence[int]) -> Unusual | None:
    """Return whether the last of consecutive days is unusual; None for less than four weeks before.

    Each count is compared with the median of its weekday, as logarithms. `chance` is the rank of
    the last day's difference among all (a conformal p-value): were days exchangeable but for the
    weekday, a day alarms with a probability of at most `false_alarms`, whatever the distribution.
    """
    import numpy as np

    history = len(counts) - 1
    if history < ENOUGH_DAYS:
        return None
    logs = np.log1p(np.asarray(counts, dtype=np.float64))
    weekdays = np.arange(len(counts)) % 7
    usual = np.array([np.median(logs[weekdays == weekday]) for weekday in range(7)])
    differences = np.abs(logs - usual[weekdays])
    chance = float(np.mean(differences >= differences[-1] - 1e-12))
    allowed = max(FALSE_ALARMS, 1 / len(counts))
    expected = float(np.expm1(usual[weekdays[-1]]))
    ratio = (counts[-1] + 1) / (expected + 1)
    tells = not 1 / WORTH_TELLING < ratio < WORTH_TELLING
    return Unusual(expected, chance, allowed, tells and chance <= allowed)


def fences(values: npt.NDArray[np.int64]) -> tuple[float, float] | None:
    """Return the bounds beyond which positive values are outliers; None where too few differ.

    Median and median absolute deviation of the logarithms (the quartiles where most are equal).
    """
    import numpy as np

    if len(values) < ENOUGH_DAYS:
        return None
    logs = np.log(values.astype(np.float64))
    middle = float(np.median(logs))
    spread = float(np.median(np.abs(logs - middle))) * _NORMAL_MAD
    if spread == 0.0:
        low, high = np.quantile(logs, (0.25, 0.75))
        spread = float(high - low) / _NORMAL_IQR
    if spread == 0.0:
        return None
    return float(np.exp(middle - FAR * spread)), float(np.exp(middle + FAR * spread))


def differs(few: int, of_few: int, many: int, of_many: int) -> bool:
    """Return whether two shares differ by ten points or more, and by more than chance.

    A two-proportion z above 4: one in 16,000 by chance.
    """
    if not of_few or not of_many:
        return False
    one, two = few / of_few, many / of_many
    together = (few + many) / (of_few + of_many)
    variance = together * (1 - together) * (1 / of_few + 1 / of_many)
    return abs(one - two) >= 0.1 and variance > 0 and (one - two) ** 2 > 16 * variance
