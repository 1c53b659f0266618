"""The API of the data's state."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.schema import DAY
from tailorbird.views import QualityReport
from tailorbird.web.asking import Asked, Now, reads

Since = Annotated[
    date | None, QueryParameter(description="Only what was received from this day on, in UTC.")
]


@reads("/quality", "The state of the data", "overview")
def get_quality(readings: Asked, now: Now, since: Since = None) -> QualityReport:
    """Return what is wrong with the data and how to mend it, and the profile that it rests on."""
    start = 0 if since is None else (since - date(1970, 1, 1)).days * DAY
    return readings.quality(now, start)


HANDLERS: Final[list[ControllerRouterHandler]] = [get_quality]
