"""The API of segments under watch: size over time, alarms, what members do, what refreshes cost."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views import SegmentHealth
from tailorbird.web.asking import MISSING, Asked, Name, Now, found, reads


@reads("/segments/health", "How all segments fare", "segments")
def list_segment_health(readings: Asked, now: Now) -> tuple[SegmentHealth, ...]:
    """Return of every segment its size over time, its alarms, its use and its cost."""
    return readings.segment_healths(now)


@reads("/segments/{name:str}/health", "How a segment fares", "segments", responses=MISSING)
def get_segment_health(readings: Asked, now: Now, name: Name) -> SegmentHealth:
    """Return its size over time, its alarms, what its members do, and what refreshes cost."""
    every = readings.segment_healths(now)
    health = next((each for each in every if each.segment == name), None)
    return found(health, f"segment {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [list_segment_health, get_segment_health]
