"""Between which sizes a segment is when nothing is wrong: by weekday, and robust to wild days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.views import UsualSize

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

ENOUGH_DAYS: Final = 28
"""Of history before anything is judged: four of each weekday."""
FAR: Final = 5.0
"""Robust standard deviations beyond which a size is unusual: 6 in ten million of a normal."""
WORTH_TELLING: Final = 1.25
"""A size within this factor of what was expected is never unusual."""
_NORMAL_MAD: Final = 1.4826


def usual_size(sizes: Sequence[int]) -> UsualSize | None:
    """Return what the last of these sizes, each a day after the other, would usually be.

    None for less than four weeks before. A day's change is the difference of logarithms; it is
    compared with the median change of the same weekday, and how far days differ from the median of
    the others of their weekday is the spread. Small segments vary by chance alone: their spread is
    at least that of a count.
    """
    import numpy as np

    history = len(sizes) - 2
    if history < ENOUGH_DAYS:
        return None
    logs = np.log1p(np.asarray(sizes, np.float64))
    changes = np.diff(logs)
    before, weekdays = changes[:-1], np.arange(len(changes)) % 7
    alike = before[weekdays[:-1] == weekdays[-1]]
    middle = float(logs[-2] + np.median(alike))
    expected = max(float(np.expm1(middle)), 0.0)
    far = FAR * max(_spread(before, weekdays[:-1]), (expected + 1) ** -0.5)
    far = max(far, float(np.log(WORTH_TELLING)))
    low, high = np.expm1(middle - far), np.expm1(middle + far)
    return UsualSize(round(expected), max(int(np.ceil(low)), 0), int(high), history)


def _spread(changes: Floats, weekdays: npt.NDArray[np.int64]) -> float:
    """Return how far days are from the median of the other days of their weekday, typically."""
    import numpy as np

    far = [
        abs(change - np.median(np.delete(changes[weekdays == day], place)))
        for day in range(7)
        for place, change in enumerate(changes[weekdays == day])
    ]
    return float(np.median(far)) * _NORMAL_MAD
