"""The API of exclusive groups: tiers, RFM cells, levels of engagement."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views.groups import GroupList
from tailorbird.web.asking import MISSING, Asked, Name, found, reads


@reads("/groups", "All lists of groups", "segments")
def list_groups(readings: Asked) -> tuple[GroupList, ...]:
    """Return every list of exclusive groups with their sizes."""
    return readings.group_lists()


@reads("/groups/{name:str}", "One list of groups", "segments", responses=MISSING)
def get_groups(readings: Asked, name: Name) -> GroupList:
    """Return the groups of a list, their sizes, and the thresholds that scores rest on."""
    return found(readings.group_list(name), f"list of groups {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [list_groups, get_groups]
