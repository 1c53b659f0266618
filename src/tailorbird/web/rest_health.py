"""The API of segments under watch: size over time, alarms, who entered and left, and when."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views import MembershipChanges, PersonStays, SegmentHealth
from tailorbird.web.asking import (
    MISSING,
    Asked,
    AsOf,
    Cursor,
    Limit,
    Name,
    Now,
    Person,
    found,
    instant_of,
    place,
    reads,
)


@reads("/segments/health", "How all segments fare", "segments")
def list_segment_health(readings: Asked, now: Now) -> tuple[SegmentHealth, ...]:
    """Return of every segment its size over time, its alarms, its use and its cost."""
    return readings.segment_healths(now)


@reads("/segments/{name:str}/health", "How a segment fares", "segments", responses=MISSING)
def get_segment_health(readings: Asked, now: Now, name: Name) -> SegmentHealth:
    """Return its size over time, its alarms, what its members do, and what refreshes cost."""
    return found(readings.segment_health(name, now), f"segment {name!r}")


@reads("/segments/{name:str}/history", "Who entered and left", "segments", responses=MISSING)
def list_segment_changes(
    readings: Asked, now: Now, name: Name, after: Cursor = "", limit: Limit = 50
) -> MembershipChanges:
    """Return who entered a segment and who left it, as it was seen, the newest first."""
    found(readings.segment(name, now), f"segment {name!r}")
    place(after)
    return readings.segment_changes(name, 0, after, limit)


@reads(
    "/segments/{name:str}/history/{person:int}",
    "When a person was in",
    "segments",
    responses=MISSING,
)
def get_person_stays(
    readings: Asked, now: Now, name: Name, person: Person, as_of: AsOf = None
) -> PersonStays:
    """Return when a person was in a segment, exactly, by what the log says today."""
    what = f"segment {name!r} or no person {person}"
    return found(readings.segment_stays(name, person, instant_of(as_of, now)), what)


@reads("/people/{person:int}/segment-changes", "What she entered and left", "people")
def list_person_changes(
    readings: Asked, person: Person, after: Cursor = "", limit: Limit = 50
) -> MembershipChanges:
    """Return which segments a person entered and left, as it was seen, the newest first."""
    place(after)
    return readings.segment_changes("", person, after, limit)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_segment_health,
    get_segment_health,
    list_segment_changes,
    get_person_stays,
    list_person_changes,
]
