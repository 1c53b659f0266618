"""The API of overlaps: which segments share which people."""

from __future__ import annotations

from typing import Annotated, Final

from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.views.overlaps import SegmentOverlap
from tailorbird.web.asking import WRONG, Asked, Now, reads

Names = Annotated[
    list[str],
    QueryParameter(
        name="segment",
        min_length=2,
        max_length=60,
        description="Two segments or more: `segment=gold&segment=engaged`.",
    ),
]


@reads("/segments/overlap", "How segments overlap", "segments", responses=WRONG)
def get_overlap(readings: Asked, now: Now, segment: Names) -> SegmentOverlap:
    """Return sizes, pairs and exact combinations of segments as they stand."""
    return readings.overlap(segment, now)


HANDLERS: Final[list[ControllerRouterHandler]] = [get_overlap]
