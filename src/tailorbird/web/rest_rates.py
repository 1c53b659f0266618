"""The API of rates that rest on few trials: estimates, marked as such."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.views.rates import SegmentRates
from tailorbird.web.asking import MISSING, Asked, Limit, Name, Now, found, reads

Of = Annotated[Literal["opened", "clicked"], QueryParameter(description="What a mail is to get.")]


@reads("/segments/{name:str}/rates", "Estimated rates", "segments", responses=MISSING)
def get_segment_rates(
    readings: Asked, now: Now, name: Name, of: Of = "opened", limit: Limit = 50
) -> SegmentRates:
    """Return rates of a segment's people, drawn towards its mean, the highest first."""
    return found(readings.rates(name, of, limit, now), f"segment {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [get_segment_rates]
