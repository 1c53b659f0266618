"""How far a judged model may look: values are judged on windows that fit, and served for longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.buyer import histories_of
from tailorbird.predict.buying import AnyBuying, bg_nbd
from tailorbird.predict.heads import read_head
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.model_cards import Reliability

HEAD: Final = "ahead.json"
WINDOWS: Final = 4
"""The test, the window before it, and at least two to learn from."""
_SHORTER: Final = (730, 365, 180, 120, 90, 60, 30, 14)
_LEAST: Final = 1e-9


class Ahead(msgspec.Struct, frozen=True):
    """How orders come after the windows that were judged: `buying` is None where nobody knows."""

    judged_days: int
    horizon_days: int
    buying: AnyBuying | None

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return {HEAD: msgspec.json.encode(self)}

    def stretched(self, said: Floats, features: pa.Table) -> tuple[Floats, Floats, Floats]:
        """Return values over the whole horizon, and the ends of the interval of each.

        The interval is that of how often people buy. Where nobody knows how, values grow with the
        days, and all that is known is that none is below 0.
        """
        days = self.horizon_days / self.judged_days
        if self.buying is None:
            return said * days, np.zeros(len(said)), np.full(len(said), np.nan)
        of = histories_of(features)
        near = np.maximum(self.buying.expected(of, float(self.judged_days)), _LEAST)
        far = self.buying.expected(of, float(self.horizon_days))
        value = said * np.minimum(far / near, days)
        low, high = self.buying.interval(of, float(self.horizon_days))
        each = value / np.maximum(far, _LEAST)
        return value, np.minimum(low * each, value), np.maximum(high * each, value)


def fitting(horizon_days: int, days_known: int) -> int:
    """Return the longest window, up to the horizon, of which enough fit into what is known.

    >>> fitting(365, 800), fitting(365, 4000)
    (180, 365)
    """
    shorter = (each for each in _SHORTER if each < horizon_days)
    fits = (each for each in (horizon_days, *shorter) if each * (WINDOWS + 0.4) <= days_known)
    return next(fits, min(horizon_days, _SHORTER[-1]))


def ahead(features: pa.Table, judged_days: int, horizon_days: int) -> Ahead:
    """Return how orders of these people go on after a window."""
    of = histories_of(features)
    try:
        return Ahead(judged_days, horizon_days, bg_nbd(of)[0])
    except ModelError:
        return Ahead(judged_days, horizon_days, None)


def load(files: Mapping[str, bytes]) -> Ahead:
    """Return what `files()` kept.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return read_head(files, HEAD, Ahead, "how far it looks")


def sure(said: Floats, found: tuple[Reliability, ...], people: int) -> tuple[Floats, Floats]:
    """Return between which shares lies what happens to people of whom as much is said (95 %).

    By the tenths of the last window of so many people. Where there are none, because a rule serves,
    what is said is taken to be as sure as a tenth of the people makes it.
    """
    if not found:
        return _wilson(said, np.full(len(said), max(people / 10, 1.0)), said)
    rows = sorted(found, key=lambda each: each.said)
    places, share, number = (
        np.array([getattr(each, name) for each in rows], np.float64)
        for name in ("said", "happened", "people")
    )
    low, high = _wilson(share, np.maximum(number, 1.0), share)
    lower, upper = np.interp(said, places, low), np.interp(said, places, high)
    return np.minimum(lower, said), np.maximum(upper, said)


def _wilson(share: Floats, people: Floats, around: Floats) -> tuple[Floats, Floats]:
    """Return the interval of a share of so many people (Wilson, 1927); it holds `around`."""
    z = 1.96
    middle = (share + z * z / (2 * people)) / (1 + z * z / people)
    half = z * np.sqrt(share * (1 - share) / people + (z / (2 * people)) ** 2)
    half = half / (1 + z * z / people)
    low, high = np.minimum(middle - half, around), np.maximum(middle + half, around)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)
