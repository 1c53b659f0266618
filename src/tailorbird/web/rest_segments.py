"""The API of segments: definitions, sizes, explanations."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird.views import Explanation, SegmentCount, SegmentReport, SegmentSize
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRONG,
    Asked,
    AsOf,
    Name,
    Now,
    Person,
    found,
    instant_of,
    reads,
)


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment's definition in YAML, while it is edited."""

    text: str


@reads("/segments", "All segments", "segments")
def list_segments(readings: Asked, now: Now) -> tuple[SegmentSize, ...]:
    """Return every segment with its size and its trend."""
    return readings.segments(now)


@reads("/segments/{name:str}", "One segment", "segments", responses=MISSING)
def get_segment(readings: Asked, now: Now, name: Name) -> SegmentReport:
    """Return a segment's definition, size, trend and some of its people."""
    return found(readings.segment(name, now), f"segment {name!r}")


@reads(
    "/segments/{name:str}/explain/{person:int}",
    "Why a person is in",
    "segments",
    responses=MISSING,
)
def explain_segment(
    readings: Asked, now: Now, name: Name, person: Person, as_of: AsOf = None
) -> Explanation:
    """Return every condition with its answer, its value and its evidence, now or in the past."""
    what = f"segment {name!r} or no person {person}"
    return found(readings.explain(name, person, instant_of(as_of, now)), what)


@post(
    "/segments/count",
    summary="Count a definition",
    tags=["segments"],
    responses=INVALID | WRONG | GUARDED,
    status_code=200,
    sync_to_thread=True,
)
def count_segment(readings: Asked, now: Now, data: JSONBody[Draft]) -> SegmentCount:
    """Return how many people a definition holds now; nothing is kept."""
    started = time.perf_counter()
    counted = readings.count(data.text, now)
    spent = (time.perf_counter() - started) * 1000
    return msgspec.structs.replace(counted, milliseconds=spent)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_segments,
    get_segment,
    explain_segment,
    count_segment,
]
