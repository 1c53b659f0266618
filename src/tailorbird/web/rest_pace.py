"""The API of the pace: what waits for whom and why, what stands still, which carriers rest."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import pacing
from tailorbird.errors import UsageError
from tailorbird.views import moment
from tailorbird.views.pace import CarrierResting, LaneWaiting, NewHold, PaceReport, StreamHeld
from tailorbird.web.asking import AT_CONSOLE, WRITING, At, reads
from tailorbird.web.desk import Desk

Brief = Annotated[
    bool, QueryParameter(description="Only what is held and who rests: nothing is counted.")
]


@reads("/delivery/pace", "What waits for whom, and why", "delivery")
def get_pace(desk: At, brief: Brief = False) -> PaceReport:
    """Return what waits in each lane and when the next may leave, what is held, who rests."""
    return _report(desk, counted=not brief)


@post("/delivery/pace/holds", summary="Hold a stream, let it go on", tags=["delivery"],
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def change_hold(desk: At, data: JSONBody[NewHold]) -> PaceReport:
    """Have a stream stand still, or go on with what happened until now forgotten."""
    settings, lanes, now = desk.world.settings, desk.world.lanes, desk.clock()
    if data.act == "resume":
        pacing.resume(settings, lanes, data.stream, now)
    elif data.stream:
        pacing.hold(settings, lanes, data.stream, data.reason, now)
    else:
        raise UsageError("nobody said what to hold", mend="name a stream or a sending domain")
    return _report(desk)


def _report(desk: Desk, *, counted: bool = True) -> PaceReport:
    world = desk.world
    status = pacing.status(world.settings, world.lanes, desk.clock(), counted=counted)
    return PaceReport(
        status.paced,
        tuple(
            LaneWaiting(
                each.lane.campaign, each.lane.stream, each.lane.zone, each.sends, each.why,
                moment(each.next_at) if each.next_at else None, each.reason,
            )
            for each in status.waiting
        ),
        tuple(StreamHeld(each.meter, each.reason, moment(each.since)) for each in status.held),
        tuple(
            CarrierResting(each.carrier, each.state, each.reason, moment(each.until))
            for each in status.carriers
        ),
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [get_pace, change_hold]
