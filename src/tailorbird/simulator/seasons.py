"""When people come: the year, the week and the hours of the day, as a clock that runs unevenly.

Visits are a Poisson process in a person's own time; `Clock` maps that time to the calendar, so that
order is kept and busy hours fill up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tailorbird.schema import DAY, Instant
from tailorbird.simulator.draws import Floats, Ints
from tailorbird.simulator.people import RHYTHMS

MONTHS = (0.92, 0.86, 0.93, 0.96, 1.0, 0.97, 0.88, 0.9, 0.98, 1.04, 1.24, 1.32)
"""How busy January to December are; a plain month is 1."""
LAST_WEEK_OF_NOVEMBER = 1.4

_WEEK = (
    (1.25, 1.3, 1.25, 1.2, 1.1, 0.45, 0.45),
    (1.05, 1.0, 1.0, 1.0, 0.85, 0.9, 1.2),
    (0.55, 0.5, 0.55, 0.6, 0.9, 2.0, 1.9),
    (1.1, 1.1, 1.1, 1.1, 1.0, 0.8, 0.8),
)
"""One row a rhythm, Monday to Sunday, mean 1."""
_PEAKS = (
    ((11, 2.0), (14, 2.5)),
    ((20, 1.8), (13, 3.0)),
    ((11, 2.5), (17, 3.0)),
    ((7, 1.3), (19, 3.0)),
)
"""One row a rhythm: two (hour, spread) of the day; the first weighs 0.65."""


@dataclass(frozen=True)
class Clock:
    """The calendar of one shop: `days` from `start`, in hours of the UTC clock."""

    start: Instant
    days: int

    @cached_property
    def hours(self) -> Floats:
        """Return how much own time has passed at each full hour, one row a rhythm, in hours."""
        rows = [self._intensity(rhythm) for rhythm in range(len(RHYTHMS))]
        return np.stack([np.concatenate(([0.0], np.cumsum(row))) for row in rows])

    def _intensity(self, rhythm: int) -> Floats:
        day = np.datetime64(self.start, "us").astype("datetime64[D]") + np.arange(self.days)
        month = day.astype("datetime64[M]")
        year = np.array(MONTHS)[month.astype(np.int64) % 12]
        rush = (month.astype(np.int64) % 12 == 10) & ((day - month).astype(np.int64) >= 23)
        year = np.where(rush, year * LAST_WEEK_OF_NOVEMBER, year)
        week = np.array(_WEEK[rhythm])[(day.astype(np.int64) + 3) % 7]
        hours: Floats = ((year * week)[:, None] * _day_shape(rhythm)[None, :]).ravel()
        return hours

    def own_time(self, rhythm: Ints, share: Floats) -> Floats:
        """Return the own time at which `share` of all of it has passed, in hours."""
        ends: Floats = self.hours[rhythm, -1]
        return share * ends

    def calendar(self, rhythm: Ints, own_hours: Floats) -> Ints:
        """Return microseconds since the start at which that much own time has passed."""
        result = np.empty(own_hours.shape)
        places = np.arange(self.hours.shape[1], dtype=np.float64)
        for row, passed in enumerate(self.hours):
            mine = rhythm == row
            result[mine] = np.interp(own_hours[mine], passed, places)
        return (result * (DAY / 24)).astype(np.int64)


def _day_shape(rhythm: int) -> Floats:
    hour = np.arange(24) + 0.5
    shape = np.full(24, 0.004)
    for (peak, spread), weight in zip(_PEAKS[rhythm], (0.65, 0.35), strict=True):
        bell = np.exp(-0.5 * ((hour - peak - 0.5) / spread) ** 2)
        shape += weight * bell / bell.sum()
    shape *= np.where((hour > 1) & (hour < 6), 0.15, 1.0)
    result: Floats = shape / shape.sum() * 1.0
    return result * 24
