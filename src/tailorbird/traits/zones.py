"""Every time zone at an instant: which day it is there, when the next one begins, which hour it is.

Computed here and joined in, because engines disagree about time zones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from tailorbird.schema import DAY, HOUR, MINUTE, Instant

if TYPE_CHECKING:
    import pyarrow as pa

EARLIEST: Final = 15 * HOUR
"""No clock is so far ahead of UTC: no day begins anywhere as long before it begins in UTC."""

STEADY: Final = 7 * DAY
"""No zone changes its clocks and changes them back in so short a time."""

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


def hour_in(zone: str, at: Instant) -> int:
    """Return the hour that the clocks of a known zone show.

    >>> hour_in("Asia/Kolkata", 12 * HOUR), hour_in("UTC", 12 * HOUR)
    (17, 12)
    """
    return _local(_known()[zone], at).hour


def known(zone: str) -> bool:
    """Return whether this is the name of a time zone."""
    return zone in _known()


def clocks(zones: Iterable[str], since: Instant, until: Instant) -> pa.Table:
    """Return (zone, since, until, minutes): how far each clock is ahead of UTC, and how long so.

    From the first instant to the second, included. Names that mean no zone are left out.
    """
    import pyarrow as pa

    rows = [
        (name, begin, end, minutes)
        for name in sorted(set(zones))
        if known(name)
        for begin, end, minutes in _steady(_known()[name], since, until + 1)
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    types = {"zone": pa.string(), "since": pa.int64(), "until": pa.int64(), "minutes": pa.int64()}
    return pa.table(
        {name: pa.array(each, types[name]) for name, each in zip(types, columns, strict=True)}
    )


def _steady(zone: ZoneInfo, since: Instant, until: Instant) -> Iterator[tuple[Instant, ...]]:
    """Yield (from, up to, minutes ahead of UTC) of each time in which a zone's clocks stay."""
    begun = since
    for start in range(since, until, STEADY):
        end = min(start + STEADY, until)
        if _offset(zone, begun) != _offset(zone, end):
            changed = _changed(zone, start, end)
            yield begun, changed, _offset(zone, begun) // MINUTE
            begun = changed
    yield begun, until, _offset(zone, begun) // MINUTE


def _tomorrow(zone: ZoneInfo, as_of: Instant, today: int) -> Instant:
    midnight = datetime.combine(_EPOCH + timedelta(today + 1), time(), zone) - _START
    end = (midnight.days * 86_400 + midnight.seconds) * 1_000_000
    if _offset(zone, as_of) == _offset(zone, end):
        return end
    return _changed(zone, as_of, end)


def _changed(zone: ZoneInfo, low: Instant, high: Instant) -> Instant:
    """Return the first instant of other clocks, where they are changed once between two."""
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
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


@cache
def _known() -> dict[str, ZoneInfo]:
    return dict(_names())
