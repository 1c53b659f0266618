"""The API that watches journeys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.readings import journeys
from tailorbird.views.journeys import JourneyWatch
from tailorbird.web.asking import MISSING, WRONG, At, Name, Now, found, reads

TAG: Final = "journeys"
Since = Annotated[
    datetime | None, QueryParameter(description="Of those who entered since; for a week.")
]
By = Annotated[
    list[str] | None, QueryParameter(max_items=20, description="Segments that are told apart.")
]


@reads("/journeys/{name:str}/watch", "Watch a journey", TAG, responses=MISSING | WRONG)
def watch_journey(
    desk: At, now: Now, name: Name, since: Since = None, by: By = None
) -> JourneyWatch:
    """Return who entered, waits, left and dropped out, step by step, and what is not right."""
    found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    start = None if since is None else round(since.timestamp() * 1_000_000)
    return journeys.watch(desk.world, name, now, since=start, by=by or ())


HANDLERS: Final[list[ControllerRouterHandler]] = [watch_journey]
