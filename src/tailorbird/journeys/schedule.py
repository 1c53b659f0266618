"""When a campaign is decided, and when each of its mails is due.

schedule: {at: 2026-12-01T09:00}                       # on the shop's clock
schedule: {at: 2026-12-01T09:00, local: true}          # on everybody's own
schedule: {every: weekly on tuesday at 09:00, gradual: 6h, late: 2h}
schedule: {at: 2026-12-01T00:00, best_hour: true}      # within a day, at the hour that suits each

A clock time that is skipped when clocks are put forward comes when they are; one that comes twice
counts once, the first time.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from tailorbird import durations
from tailorbird.schema import DAY, HOUR, Instant

ONCE: Final = "1"
"""The occurrence of what is sent once: moving its time writes to nobody twice."""
WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
WALL: Final = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}$"
WAYS: Final = (
    "`daily at 09:00`, `weekly on tuesday at 09:00`, `weekly on monday and friday at 18:30` or "
    "`monthly on 1 at 09:00`"
)
AHEAD: Final = timedelta(hours=27)
"""No zone's clock is further from UTC, clocks put forward included."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = r"at ([01]?\d|2[0-3]):([0-5]\d)"
_DAYS: Final = rf"(?:{'|'.join(WEEKDAYS)})"
_DAILY: Final = re.compile(rf"daily {_TIME}")
_WEEKLY: Final = re.compile(rf"weekly on ({_DAYS}(?:(?:, | and ){_DAYS})*) {_TIME}")
_MONTHLY: Final = re.compile(rf"monthly on ([1-9]|1\d|2[0-8]) {_TIME}")


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a campaign is sent: once `at` a clock time, or `every` so often."""

    at: Annotated[str, msgspec.Meta(pattern=WALL)] = ""
    every: str = ""
    until: Annotated[str, msgspec.Meta(pattern=WALL)] = ""
    """Until when what recurs does."""
    local: bool = False
    """Whether it is the clock of each person; else the shop's."""
    gradual: str = ""
    """Over how long the mails are spread."""
    best_hour: bool = False
    """Whether each mail is due at the hour of the next day at which its person reads."""
    recipients: Literal["at_send", "at_schedule"] = "at_send"
    """Whether the audience is that of the time of sending, or fixed as soon as it is scheduled."""
    late: str = "6h"
    """What is missed for longer is skipped; of several that are missed, the last is sent."""

    @property
    def span(self) -> Instant:
        """Return over how long the mails are spread."""
        return durations.read(self.gradual) or 0

    @property
    def patience(self) -> Instant:
        """Return how late it may be sent."""
        return durations.read(self.late) or 0


@dataclass(frozen=True, slots=True, order=True)
class Wave:
    """The people of some zones for whom one occurrence comes at an instant; () is everybody."""

    at: Instant
    occurrence: str
    zones: tuple[str, ...] = ()


def fault(schedule: Schedule) -> tuple[str, str, str]:
    """Return (key, what is wrong, how to mend it) of a schedule; ('', '', '') where it is sound."""
    if bool(schedule.at) == bool(schedule.every):
        return "at", "a schedule says either `at` or `every`", "write one of them"
    for key in ("at", "until"):
        if (text := getattr(schedule, key)) and _wall(text) is None:
            return key, f"{text!r} is no time of any calendar", "write it as 2026-12-01T09:00"
    if schedule.every and _rule(schedule.every) is None:
        return "every", f"{schedule.every!r} is no such time", f"write {WAYS}"
    if schedule.every and schedule.recipients == "at_schedule":
        return "recipients", "what recurs finds its recipients each time", "leave it out"
    for key in ("gradual", "late"):
        if (text := getattr(schedule, key)) and not 0 < (durations.read(text) or 0) <= 7 * DAY:
            return key, f"{text!r} is no such length of time", "write 30m, 6h or 2d, 7d at most"
    if schedule.best_hour and schedule.gradual:
        return "gradual", "`best_hour` spreads the mails over a day already", "leave one out"
    return "", "", ""


def waves(
    schedule: Schedule, shop_zone: str, zones: Iterable[str], after: Instant, until: Instant
) -> list[Wave]:
    """Return what comes after an instant and until another, in order.

    `zones` are those that people may have; they matter where the clock is each person's own.
    """
    names = tuple(sorted(set(zones))) if schedule.local else (shop_zone,)
    found = []
    for wall in _walls(schedule, _utc(after) - AHEAD, _utc(until) + AHEAD):
        occurrence = ONCE if schedule.at else wall.isoformat(timespec="minutes")
        for at, there in _instants(wall, names):
            if after < at <= until:
                found.append(Wave(at, occurrence, there if schedule.local else ()))
    return sorted(found)


def next_wave(
    schedule: Schedule, shop_zone: str, zones: Iterable[str], after: Instant
) -> Instant | None:
    """Return when the next wave comes, None where none does within 33 days."""
    for days in (2, 33):
        if found := waves(schedule, shop_zone, zones, after, after + days * DAY):
            return found[0].at
    if schedule.at and (coming := waves(schedule, shop_zone, zones, after, after + 3660 * DAY)):
        return coming[0].at
    return None


def instant(wall: datetime, zone: str) -> Instant:
    """Return when a clock first shows this time, or passes it where it is skipped."""
    first = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    if first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        first = _skipped(wall, zone)
    return (first - _EPOCH) // timedelta(microseconds=1)


def due_at(schedule: Schedule, at: Instant, send_id: bytes, hour: int | None = None) -> Instant:
    """Return when a mail of a wave is due: its place in the spread follows from its id.

    `hour` is the hours after the wave at which its person reads.
    """
    if schedule.best_hour and hour is not None:
        return at + hour * HOUR
    return at + schedule.span * int.from_bytes(send_id[:6], "big") // (1 << 48)


def _skipped(wall: datetime, zone: str) -> datetime:
    """Return the instant at which the clocks are put past a time."""
    there = ZoneInfo(zone)
    low = wall.replace(tzinfo=UTC) - AHEAD
    high = wall.replace(tzinfo=UTC) + AHEAD
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(there).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _walls(schedule: Schedule, low: datetime, high: datetime) -> Iterator[datetime]:
    """Yield the clock times of a schedule between two."""
    if schedule.at:
        wall = _wall(schedule.at)
        if wall is not None and low <= wall <= high:
            yield wall
        return
    rule, last = _rule(schedule.every), _wall(schedule.until) if schedule.until else None
    if rule is None:
        return
    day = low.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= high:
        wall = day + timedelta(minutes=rule.minute)
        fits = wall.weekday() in rule.weekdays and rule.day in (0, wall.day)
        if fits and low <= wall <= high and (last is None or wall <= last):
            yield wall
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Rule:
    minute: int
    weekdays: frozenset[int] = frozenset(range(7))
    day: int = 0
    """Of the month; 0: any."""


@lru_cache(maxsize=256)
def _rule(text: str) -> _Rule | None:
    """Return when something recurs, None where the text does not say it."""
    said = " ".join(text.lower().split())
    if found := _DAILY.fullmatch(said):
        return _Rule(int(found[1]) * 60 + int(found[2]))
    if found := _WEEKLY.fullmatch(said):
        days = frozenset(WEEKDAYS.index(each) for each in re.findall(_DAYS, found[1]))
        return _Rule(int(found[2]) * 60 + int(found[3]), days)
    if found := _MONTHLY.fullmatch(said):
        return _Rule(int(found[2]) * 60 + int(found[3]), day=int(found[1]))
    return None


@lru_cache(maxsize=256)
def _instants(
    wall: datetime, zones: tuple[str, ...]
) -> tuple[tuple[Instant, tuple[str, ...]], ...]:
    """Return at which instants clocks show a time, and in which zones."""
    found: dict[Instant, list[str]] = defaultdict(list)
    for zone in zones:
        found[instant(wall, zone)].append(zone)
    return tuple((at, tuple(there)) for at, there in sorted(found.items()))


def _wall(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace(" ", "T"))
    except ValueError:
        return None


def _utc(at: Instant) -> datetime:
    """Return what a clock in UTC shows."""
    return (_EPOCH + timedelta(microseconds=at)).replace(tzinfo=None)
