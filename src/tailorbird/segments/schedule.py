"""When a segment is worked out: at every instant, or on a schedule."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.schema import HOUR, MINUTE, SECOND, Instant

Every: TypeAlias = Literal["live", "hourly", "daily"]
_DAILY: Final = re.compile(r"daily(?: at (\d{1,2}):(\d{2}))?")
WAYS: Final = "`live`, `hourly` or `daily at 03:00`"


class Schedule(msgspec.Struct, frozen=True):
    """How often a segment is worked out. `minute_of_day` is of a daily one, by the local clock."""

    every: Every = "live"
    minute_of_day: int = 0


LIVE: Final = Schedule()
HOURLY: Final = Schedule("hourly")


def read(text: str) -> Schedule | None:
    """Return the schedule that a text says, None where it says none.

    >>> read("daily at 03:30")
    Schedule(every='daily', minute_of_day=210)
    """
    if text == "live":
        return LIVE
    if text == "hourly":
        return HOURLY
    found = _DAILY.fullmatch(text)
    if found is None or int(found[1] or 0) > 23 or int(found[2] or 0) > 59:
        return None
    return Schedule("daily", int(found[1] or 0) * 60 + int(found[2] or 0))


def written(schedule: Schedule) -> str:
    """Return a schedule as authors write it.

    >>> written(Schedule("daily", 210))
    'daily at 03:30'
    """
    if schedule.every != "daily":
        return schedule.every
    hours, minutes = divmod(schedule.minute_of_day, 60)
    return f"daily at {hours:02}:{minutes:02}"


def latest(schedule: Schedule, now: Instant, zone: str) -> Instant:
    """Return the last instant at which the schedule was due, `now` at the latest."""
    if schedule.every == "live":
        return now
    if schedule.every == "hourly":
        return now // HOUR * HOUR
    today = datetime.fromtimestamp(now // SECOND, UTC).astimezone(ZoneInfo(zone))
    due = _at(today, schedule, zone)
    return due if due <= now else _at(today - timedelta(days=1), schedule, zone)


def following(schedule: Schedule, now: Instant, zone: str) -> Instant:
    """Return the first instant after `now` at which the schedule is due."""
    if schedule.every == "live":
        return now
    if schedule.every == "hourly":
        return (now // HOUR + 1) * HOUR
    today = datetime.fromtimestamp(now // SECOND, UTC).astimezone(ZoneInfo(zone))
    due = _at(today, schedule, zone)
    return due if due > now else _at(today + timedelta(days=1), schedule, zone)


def _at(day: datetime, schedule: Schedule, zone: str) -> Instant:
    """Return the schedule's time on a local day; on the day that has none, an hour later."""
    hours, minutes = divmod(schedule.minute_of_day, 60)
    local = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZoneInfo(zone))
    return round(local.timestamp()) * SECOND


LONGEST_LATE: Final = {"live": 5 * MINUTE, "hourly": 10 * MINUTE, "daily": HOUR}
"""How long after it was due a segment is called stale."""
