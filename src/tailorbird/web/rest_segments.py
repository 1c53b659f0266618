"""The API of segments: definitions, sizes, explanations."""

from __future__ import annotations

import time
from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from tailorbird import auditing
from tailorbird.auditing import PrivateCount
from tailorbird.views import Explanation, SegmentCount, SegmentReport, SegmentSize
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    Asked,
    AsOf,
    At,
    Name,
    Now,
    Person,
    With,
    found,
    instant_of,
    reads,
)


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment's definition in YAML, while it is edited."""

    text: str


class PrivateCounting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a private count may cost; by the values of a trait, if both are named."""

    epsilon: Annotated[float, Meta(ge=0.01, le=20, examples=[0.1])] = 0.1
    by: Annotated[str, Meta(max_length=200, examples=["country"])] = ""
    values: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=500)]],
        Meta(max_length=1000, examples=[["GB", "FR"]]),
    ] = []


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


@post("/segments/{name:str}/count-privately", summary="Count a segment privately",
      tags=["segments"], status_code=200, responses=WRITING | MISSING, **WRITES)  # fmt: skip
def count_segment_privately(
    desk: At, writer: With, name: Name, data: JSONBody[PrivateCounting]
) -> PrivateCount:
    """Return how many people there are, with noise that hides every single one, for telling others.

    It costs its epsilon of the year's budget of all such counts; what that does not allow is
    refused with the code `privacy_budget`, and costs nothing. The same `Idempotency-Key` is told
    the same counts and pays once.
    """
    found(desk.world.definitions.get("segment", name), f"segment {name!r}")
    return auditing.count_privately(
        desk.world, name, writer.now,
        epsilon=data.epsilon, by=data.by, values=data.values, once=writer.once,
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_segments,
    get_segment,
    explain_segment,
    count_segment,
    count_segment_privately,
]
