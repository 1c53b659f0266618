"""Settings chosen by successive halving: many on some rows, the better half on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tailorbird.predict.algorithms import Algorithm, Fitted

SHARE: Final = 4
"""The first round learns from a quarter of the rows."""
FEW_ROWS: Final = 4_000
"""Fewer rows than this are not divided: every setting gets them all."""
BUDGET: Final = 12.0
"""Fits on all rows that one judgement may spend on its choice unless it is told otherwise."""

FIT_SECONDS: Final = 0.05
ROW_SECONDS: Final = 2e-5
"""What a fit costs on one core, whatever its size and for each row (benchmarks/predict.py)."""

Fit = Callable[[Algorithm, int], Fitted]
"""Fits an algorithm on one in so many rows."""
Rank = Callable[[Fitted], float]
"""Says how well something ranks the validation window: higher is better."""


def fits_within(cpu_seconds: float, rows: int) -> float:
    """Return about how many fits on so many rows a budget of CPU seconds pays for.

    An estimate, since the same budget must choose the same model on a slow machine.
    """
    return cpu_seconds / (FIT_SECONDS + ROW_SECONDS * rows)


@dataclass(slots=True)
class Purse:
    """What may still be spent, in fits on all rows; or CPU seconds, until the rows are counted."""

    left: float = BUDGET
    seconds: float | None = None

    def counted(self, rows: int) -> None:
        """Take seconds, where there are any, for fits on so many rows."""
        if self.seconds is not None:
            self.left = fits_within(self.seconds, rows)

    def spend(self, fits: float) -> None:
        """Take fits out."""
        self.left -= fits


@dataclass(frozen=True, slots=True)
class Candidate:
    """One setting that was fitted on all rows, and how well it ranks."""

    algorithm: Algorithm
    fitted: Fitted
    figure: float


def halved(
    settings: Sequence[Algorithm], fit: Fit, rank: Rank, *, rows: int, purse: Purse, margin: float
) -> Candidate:
    """Return the simplest of the settings that rank about as well as the best, fitted on all rows.

    `settings` go from the simplest to the richest; of a purse for one fit the middle one is made.
    Windows differ: what a richer setting gains on one by less than `margin` is lost on the next.
    """
    left = _affordable(settings, rows, purse)
    if len(left) > 2 and rows >= FEW_ROWS:
        quick = [(rank(fit(each, SHARE)), each) for each in left]
        purse.spend(len(left) / SHARE)
        keep = sorted(quick, key=lambda pair: -pair[0])[: max(2, len(left) // 2)]
        left = [each for each in left if any(each is kept for _, kept in keep)]
    purse.spend(len(left))
    made = [(each, fit(each, 1)) for each in left]
    tried = [Candidate(each, found, rank(found)) for each, found in made]
    return simplest(tried, margin)


def simplest(tried: Sequence[Candidate], margin: float) -> Candidate:
    """Return the first whose figure is within `margin` of the best."""
    best = max(each.figure for each in tried)
    return next(each for each in tried if each.figure >= best - margin)


def _affordable(settings: Sequence[Algorithm], rows: int, purse: Purse) -> list[Algorithm]:
    """Return as many settings as may be tried, the middle ones; one at least."""
    count = len(settings)
    divided = rows >= FEW_ROWS
    while count > 1 and _cost(count, divided) > purse.left:
        count -= 1
    start = (len(settings) - count) // 2
    return list(settings[start : start + count])


def _cost(count: int, divided: bool) -> float:
    if count <= 2 or not divided:
        return count
    return count / SHARE + max(2, count // 2)
