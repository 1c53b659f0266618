"""Hours in which nobody is written to, on the clock of the person."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.errors import SettingsError
from tailorbird.schema import HOUR, MINUTE, SECOND, Instant

CLOCK_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST: Final = 27
"""Hours: a quiet time is shorter than a day, and a day has at most 25 hours (once 26)."""


class QuietHours(msgspec.Struct, frozen=True):
    """From one clock time until another, past midnight where `until` is not later.

    Both are minutes after midnight; nothing is quiet where they are equal.
    """

    since: int = 0
    until: int = 0

    def __bool__(self) -> bool:
        return self.since != self.until

    def covers(self, minute: int) -> bool:
        """Return whether a minute of the day is quiet."""
        if self.since <= self.until:
            return self.since <= minute < self.until
        return minute >= self.since or minute < self.until


def quiet_hours(since: str, until: str) -> QuietHours:
    """Return the hours between two clock times such as `21:00` and `8:00`; none where both are ''.

    Raises:
        SettingsError: they are no clock times, or only one is given.
    """
    if not since and not until:
        return QuietHours()
    minutes = []
    for name, text in (("quiet_since", since), ("quiet_until", until)):
        match = CLOCK_TIME.fullmatch(text)
        if match is None:
            raise SettingsError(
                f"{text!r} is no clock time", where=f"pace.{name}", mend='write it as "21:00"'
            )
        minutes.append(int(match[1]) * 60 + int(match[2]))
    return QuietHours(*minutes)


def is_quiet(quiet: QuietHours, zone: str, at: Instant) -> bool:
    """Return whether nobody in this zone is written to at this instant."""
    return bool(quiet) and quiet.covers(_minute(zone, at))


def opens_at(quiet: QuietHours, zone: str, now: Instant) -> Instant:
    """Return the first instant from `now` on that is not quiet in this zone.

    Exact also in nights in which clocks are put: a time that is skipped has passed when they are,
    and one that comes twice is quiet, or not, each time.
    """
    if not is_quiet(quiet, zone, now):
        return now
    begun = now
    for _ in range(LONGEST):
        ends = begun + HOUR
        offset = _offset(zone, begun)
        if _offset(zone, ends) != offset:
            ends = _change(zone, begun, ends)
        # Until `ends` the clock runs evenly.
        opening = begun + _wait(quiet, zone, begun)
        if opening < ends:
            return opening
        if not is_quiet(quiet, zone, ends):
            return ends
        begun = ends
    return begun


def local_day(zone: str, at: Instant) -> int:
    """Return the day of the person's calendar, counted from 1970-01-01."""
    return (_local(zone, at).date() - EPOCH.date()).days


def day_ends(zone: str, at: Instant) -> Instant:
    """Return the first instant of the next day in this zone."""
    today, low = local_day(zone, at), at
    high = at + (LONGEST + 24) * HOUR
    low, high = low // SECOND, high // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if local_day(zone, middle * SECOND) > today:
            high = middle
        else:
            low = middle
    return high * SECOND


def _wait(quiet: QuietHours, zone: str, at: Instant) -> Instant:
    """Return how long until the quiet ends, on a clock that runs evenly."""
    local = _local(zone, at)
    passed = local - local.replace(hour=0, minute=0, second=0, microsecond=0, fold=local.fold)
    # Wall times of one zone subtract as the clock shows them.
    return (quiet.until * MINUTE - passed // timedelta(microseconds=1)) % (24 * HOUR)


def _change(zone: str, low: Instant, high: Instant) -> Instant:
    """Return the instant between two at which the clocks are put; they are put on full seconds."""
    before = _offset(zone, low)
    low, high = low // SECOND, high // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * SECOND) == before:
            low = middle
        else:
            high = middle
    return high * SECOND


def _minute(zone: str, at: Instant) -> int:
    local = _local(zone, at)
    return local.hour * 60 + local.minute


def _offset(zone: str, at: Instant) -> timedelta:
    return _local(zone, at).utcoffset() or timedelta()


def _local(zone: str, at: Instant) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(_zone(zone))


@lru_cache(maxsize=1024)
def _zone(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)
