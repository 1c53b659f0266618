"""Products that people buy again and again, and after how many days: learnt from their purchases.

An item counts once so many bought it, and even the low end of the interval (Wilson 1927) of the
share of those who bought it on another day again is large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tailorbird.recommend.interactions import Floats, History, Ints

LEAST_BUYERS: Final = 20
LEAST_SHARE: Final = 0.2
"""Of its buyers that buy it again, at the low end of the 95 % interval."""
MOST_GAP_DAYS: Final = 120.0
"""What is bought again more seldom is no consumable."""
_Z: Final = 1.96


def learnt(history: History, items: tuple[str, ...]) -> Mapping[str, float]:
    """Return the consumables with the usual (median) days between two purchases of one person."""
    bought = np.flatnonzero(history.bought)
    pair = history.owners[bought] * max(len(items), 1) + history.item[bought]
    day, item = history.day[bought].astype(np.int64), history.item[bought].astype(np.int64)
    again = np.flatnonzero(pair[1:] == pair[:-1]) + 1
    first = np.ones(len(pair), bool)
    first[again] = False
    buyers = np.bincount(item[first], minlength=len(items))
    once_more = again[first[again - 1]] if len(again) else again
    repeaters = np.bincount(item[once_more], minlength=len(items))
    enough = (buyers >= LEAST_BUYERS) & (wilson_low(repeaters, buyers) >= LEAST_SHARE)
    gaps = _medians(item[again], (day[again] - day[again - 1]).astype(np.float64))
    return {items[each]: gap for each, gap in gaps.items() if enough[each] and gap <= MOST_GAP_DAYS}


def wilson_low(successes: Ints, trials: Ints) -> Floats:
    """Return the low end of the 95 % interval of a share; 0 where nothing was tried.

    >>> wilson_low(np.array([10, 0]), np.array([20, 0])).round(3).tolist()
    [0.299, 0.0]
    """
    size = np.maximum(trials, 1)
    share = successes / size
    middle = share + _Z**2 / (2 * size)
    spread = _Z * np.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return np.asarray(np.where(trials > 0, (middle - spread) / (1 + _Z**2 / size), 0.0))


def _medians(group: Ints, values: Floats) -> dict[int, float]:
    """Return the median of each group's values."""
    order = np.lexsort((values, group))
    names, start, size = np.unique(group[order], return_index=True, return_counts=True)
    middle = values[order][start + size // 2] if len(names) else values
    return dict(zip(names.tolist(), middle.tolist(), strict=True))
