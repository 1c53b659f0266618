"""Every time zone at an instant: which day it is there, and when the next one begins.

Computed here and joined in, because engines disagree about time zones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from tailorbird.schema import HOUR, Instant

if TYPE_CHECKING:
    import pyarrow as pa

EARLIEST: Final = 15 * HOUR
"""No clock is so far ahead of UTC: no day begins anywhere as long before it begins in UTC."""

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH: Final = date(1970, 1, 1)


@lru_cache(maxsize=8)
def zones(as_of: Instant) -> pa.Table:
    """Return (zone, today, tomorrow): the day there since 1970, the instant at which it may change.

    `tomorrow` is the next local midnight, or a change of the clocks before that.
    """
    import pyarrow as pa

    names = _names()
    days = [day_in(zone, as_of) for _, zone in names]
    ends = [_tomorrow(zone, as_of, day) for (_, zone), day in zip(names, days, strict=True)]
    return pa.table(
        {
            "zone": [name for name, _ in names],
            "today": pa.array(days, pa.int64()),
            "tomorrow": pa.array(ends, pa.int64()),
        }
    )


def day_in(zone: ZoneInfo, at: Instant) -> int:
    """Return the local day at an instant, in days since 1970.

    >>> day_in(ZoneInfo("Pacific/Auckland"), 12 * HOUR), day_in(ZoneInfo("UTC"), 12 * HOUR)
    (1, 0)
    """
    return (_local(zone, at).date() - _EPOCH).days


def _tomorrow(zone: ZoneInfo, as_of: Instant, today: int) -> Instant:
    midnight = datetime.combine(_EPOCH + timedelta(today + 1), time(), zone) - _START
    end = (midnight.days * 86_400 + midnight.seconds) * 1_000_000
    if _offset(zone, as_of) == _offset(zone, end):
        return end
    low, high = as_of, end
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == _offset(zone, as_of):
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: Instant) -> int:
    offset = _local(zone, at).utcoffset() or timedelta()
    return (offset.days * 86_400 + offset.seconds) * 1_000_000


def _local(zone: ZoneInfo, at: Instant) -> datetime:
    return (_START + timedelta(microseconds=at)).astimezone(zone)


@cache
def _names() -> tuple[tuple[str, ZoneInfo], ...]:
    return tuple((name, ZoneInfo(name)) for name in sorted(available_timezones()))
