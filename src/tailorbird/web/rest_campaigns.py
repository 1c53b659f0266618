"""The API of campaigns and their results."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views import CampaignResult, CampaignSummary
from tailorbird.web.asking import MISSING, Asked, Name, Now, found, reads


@reads("/campaigns", "All campaigns", "campaigns")
def list_campaigns(readings: Asked) -> tuple[CampaignSummary, ...]:
    """Return every campaign, the latest decided first."""
    return readings.campaigns()


@reads("/campaigns/{name:str}", "One campaign's result", "campaigns", responses=MISSING)
def get_campaign(readings: Asked, now: Now, name: Name) -> CampaignResult:
    """Return decisions, arms, effects with intervals, and the verdict in one sentence."""
    return found(readings.campaign(name, now), f"campaign {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_campaigns,
    get_campaign,
]
