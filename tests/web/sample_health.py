"""Segments under watch, for the API and the pages to be tested with."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from tailorbird.views import (
    MembersActs,
    RefreshCost,
    SegmentFinding,
    SegmentHealth,
    SegmentSize,
    SizePoint,
    UsualSize,
)


def health_of(size: SegmentSize, at: datetime) -> SegmentHealth:
    """Return how a segment fares: one in trouble where its name is `lapsing`."""
    people = size.people or 0
    finding = SegmentFinding(
        "alarm",
        "exploding",
        f"{size.name} has {people:,} people, where 610 to 900 were expected",
        "see who entered",
    )
    return SegmentHealth(
        segment=size.name,
        version=size.version,
        people=people,
        refresh="live",
        refreshed_at=size.refreshed_at,
        recalculated_at=None,
        findings=(finding,) if size.name == "lapsing" else (),
        usual=UsualSize(740, 610, 900, 41) if people else None,
        hours=_points(at.replace(minute=0), timedelta(hours=1), 48, people),
        days=_points(at.replace(hour=0, minute=0), timedelta(days=1), 41, people),
        acts=MembersActs(
            30, people, people // 2, people // 4, people // 9, people // 20, people // 18, 125_000,
            people // 3, people // 30,
        ),
        cost=RefreshCost(5_123, 12.4, 37, 9.81, 431.5),
    )  # fmt: skip


def _points(last: datetime, step: timedelta, many: int, people: int) -> tuple[SizePoint, ...]:
    return tuple(
        SizePoint(
            last - step * (many - 1 - n),
            round(people * (0.9 + 0.1 * math.sin(n / 4))),
            7 + n % 5,
            6 + n % 4,
        )
        for n in range(many)
    )
