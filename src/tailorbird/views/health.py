"""How a segment fares: its size over time, what stands out, what its members do, what it costs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tailorbird.access import Cause
from tailorbird.schema import PersonId
from tailorbird.views.quality import Level

Trouble = Literal["broken", "empty", "exploding", "shrinking", "stale", "young"]


class SizePoint(msgspec.Struct, frozen=True):
    """The size of a segment at the end of an hour or a day, and who came and went in it."""

    start: datetime
    people: int
    entered: int
    left: int


class SegmentFinding(msgspec.Struct, frozen=True):
    """One verdict on a segment: what stands out, and what to do."""

    level: Level
    trouble: Trouble
    what: str
    mend: str


class UsualSize(msgspec.Struct, frozen=True):
    """Between which sizes a segment is now, were today like the same weekdays before.

    From the changes of its size over 24 hours that ended at this time of the day: the median of the
    weekday, give or take five robust standard deviations (median absolute deviation of all days).
    """

    expected: int
    low: int
    high: int
    days: int
    """Of history that it was judged by."""


class MembersActs(msgspec.Struct, frozen=True):
    """What the present members did lately. Machines' opens and clicks do not count."""

    days: int
    people: int
    sent: int
    """People who were sent a mail."""
    opened: int
    """Of these, people who opened one."""
    clicked: int
    bought: int
    """People who bought, sent a mail or not."""
    orders: int
    revenue_minor: int
    entered: int
    """People who entered in these days, whether they are still in or not."""
    bought_after: int
    """Of these, people who bought after they entered."""


class RefreshCost(msgspec.Struct, frozen=True):
    """What keeping the segment current costs, in milliseconds; of refreshes that asked anybody."""

    refreshes: int
    last_ms: float
    last_asked: int
    """How many people the last one asked."""
    mean_ms: float
    whole_ms: float
    """The last one that asked everybody."""


class SegmentHealth(msgspec.Struct, frozen=True):
    """A segment under watch."""

    segment: str
    version: int
    people: int
    refresh: str
    """Its schedule: `live`, `hourly`, `daily at 03:00`."""
    refreshed_at: datetime | None
    """Up to when membership is right; None before the first refresh."""
    recalculated_at: datetime | None
    """When a scheduled segment was last worked out; None for a live one."""
    findings: tuple[SegmentFinding, ...]
    usual: UsualSize | None
    """None while there are less than four weeks of history."""
    hours: tuple[SizePoint, ...]
    """The last 48, oldest first."""
    days: tuple[SizePoint, ...]
    """The last 60, oldest first, as far as history goes."""
    acts: MembersActs
    cost: RefreshCost


class MembershipChange(msgspec.Struct, frozen=True):
    """A person entered a segment or left it, as it was seen: `at` is when it became true."""

    segment: str
    person: PersonId
    label: str
    entered: bool
    at: datetime
    cause: Cause
    version: int
    seen_at: datetime


class MembershipChanges(msgspec.Struct, frozen=True):
    """A page of changes, the newest first; `next` is the cursor of the page after it, or ''.

    `known_since`: what was seen before is kept no more, but for how those entered who stayed. None
    where everything is kept.
    """

    changes: tuple[MembershipChange, ...]
    next: str
    known_since: datetime | None = None


class StayIn(msgspec.Struct, frozen=True):
    """In the segment from `since` on and before `until`; None where she still is."""

    since: datetime
    until: datetime | None


class PersonStays(msgspec.Struct, frozen=True):
    """When a person was in a segment, exactly, by what the log says today."""

    segment: str
    person: PersonId
    label: str
    as_of: datetime
    stays: tuple[StayIn, ...]
