"""The API of campaigns and their results."""

from __future__ import annotations

from typing import Final

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import trials
from tailorbird.readings import preflight, schedules
from tailorbird.views import CampaignResult, CampaignSummary
from tailorbird.views.preflight import NewTrial, Preflight, ScheduleView, Trial
from tailorbird.web.asking import (
    AT_CONSOLE,
    MISSING,
    WRITING,
    WRONG,
    Asked,
    At,
    Name,
    Now,
    found,
    reads,
)

SEND_ID_BYTES: Final = 16


@reads("/campaigns", "All campaigns", "campaigns")
def list_campaigns(readings: Asked) -> tuple[CampaignSummary, ...]:
    """Return every campaign, the latest decided first."""
    return readings.campaigns()


@reads("/campaigns/{name:str}", "One campaign's result", "campaigns", responses=MISSING)
def get_campaign(readings: Asked, now: Now, name: Name) -> CampaignResult:
    """Return decisions, arms, effects with intervals, and the verdict in one sentence."""
    return found(readings.campaign(name, now), f"campaign {name!r}")


@reads("/campaigns/{name:str}/preflight", "What stands in a campaign's way", "campaigns",
       responses=MISSING | WRONG)  # fmt: skip
def get_preflight(desk: At, name: Name) -> Preflight:
    """Return every point that was looked at; the mail is made for some hundred people."""
    found(desk.world.definitions.get("campaign", name), f"campaign {name!r}")
    return preflight.preflight(desk.world, name, desk.clock())


@reads("/campaigns/{name:str}/schedule", "When a campaign is sent", "campaigns",
       responses=MISSING | WRONG)  # fmt: skip
def get_schedule(desk: At, name: Name) -> ScheduleView:
    """Return when it is sent, what was missed, and how many got another mail in its place."""
    found(desk.world.definitions.get("campaign", name), f"campaign {name!r}")
    return schedules.schedule(desk.world, name, desk.clock())


@post("/campaigns/{name:str}/test", summary="Send a test mail", tags=["campaigns"],
      responses=WRITING | MISSING, status_code=200, **AT_CONSOLE)  # fmt: skip
def send_test(desk: At, name: Name, data: JSONBody[NewTrial]) -> Trial:
    """Send the mail as one person would get it, marked, to an address that the settings name."""
    found(desk.world.definitions.get("campaign", name), f"campaign {name!r}")
    send_id, now = desk.entropy(SEND_ID_BYTES), desk.clock()
    return trials.send(desk.world, name, data.to, data.person, now, send_id, data.variant)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_campaigns,
    get_campaign,
    get_preflight,
    get_schedule,
    send_test,
]
