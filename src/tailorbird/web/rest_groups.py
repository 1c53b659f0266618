"""The API of exclusive groups: tiers, RFM cells, levels of engagement."""

from __future__ import annotations

from typing import Final

from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird.readings import groups
from tailorbird.ready import Ready, recalculate_due
from tailorbird.recalculating import Recalculated
from tailorbird.segments.groups_library import groups_library
from tailorbird.views import moment
from tailorbird.views.definitions import NewVersion
from tailorbird.views.groups import GroupList, GroupTrial, Recalculation, RfmGrid
from tailorbird.views.sources import DefinitionText, KeptText
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    Asked,
    At,
    Name,
    Now,
    found,
    reads,
)
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import handlers, kept, named

TAG: Final = "segments"


@reads("/groups", "All lists of groups", TAG)
def list_groups(readings: Asked) -> tuple[GroupList, ...]:
    """Return every list of exclusive groups with their sizes."""
    return readings.group_lists()


@reads("/library/groups", "Lists that are shipped", TAG)
def list_shipped_groups() -> tuple[DefinitionText, ...]:
    """Return the lists of groups that come with Tailorbird, to start from."""
    return tuple(DefinitionText(text) for text in groups_library().values())


@reads("/groups/{name:str}", "One list of groups", TAG, responses=MISSING)
def get_groups(readings: Asked, name: Name) -> GroupList:
    """Return the groups of a list, their sizes, and the thresholds that scores rest on."""
    return found(readings.group_list(name), f"list of groups {name!r}")


@reads("/groups/{name:str}/grid", "The squares of an RFM list", TAG, responses=MISSING)
def get_grid(desk: At, now: Now, name: Name) -> RfmGrid:
    """Return how many customers have which scores now; only a list with thresholds has them."""
    return found(groups.grid(desk.world, name, now), f"RFM list {name!r} with thresholds")


@post("/groups/check", summary="Check a list of groups", tags=[TAG], status_code=200,
      responses=INVALID | WRONG | GUARDED, sync_to_thread=True)  # fmt: skip
def check_groups(desk: At, now: Now, data: JSONBody[DefinitionText]) -> GroupTrial:
    """Return how many people each group would hold now; nothing is kept."""
    return groups.trial(desk.world, named(data.text, "groups.yaml"), data.text, now)


@post("/groups", summary="Keep a list of groups", tags=[TAG], responses=WRITING, **WRITES)
def put_groups(desk: At, data: JSONBody[NewVersion]) -> KeptText:
    """Keep a list under the name that it says, as a new version; the same text makes none.

    An RFM list takes its thresholds at once.
    """
    found = kept(desk, "groups", data)
    recalculate_due(desk.world, desk.clock())
    desk.settled(desk.world.log.end(), "durable")
    return found


@post("/groups/{name:str}/calibrate", summary="Take thresholds anew", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def calibrate_groups(desk: At, readings: Asked, name: Name) -> GroupList:
    """Take the thresholds of an RFM list anew, from the customers of now."""
    _kept(desk, name)
    Ready(desk.world, desk.clock()).calibrate(name)
    return found(readings.group_list(name), f"list of groups {name!r}")


@post("/groups/{name:str}/recalculate", summary="Keep who is in which group", tags=[TAG],
      status_code=200, responses=WRITING | MISSING, **WRITES)  # fmt: skip
def recalculate_groups(desk: At, name: Name) -> Recalculation:
    """Keep now who is in which group of a list, as the trait that its recalculation keeps."""
    _kept(desk, name)
    return recalculation(desk, Ready(desk.world, desk.clock()).recalculate(name))


def recalculation(desk: Desk, done: Recalculated) -> Recalculation:
    """Return what a recalculation found; what it wrote is seen soon."""
    desk.settled(desk.world.log.end(), "durable")
    return Recalculation(moment(done.at), done.people, done.changed)


def _kept(desk: Desk, name: str) -> None:
    found(desk.world.definitions.get("groups", name), f"list of groups {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_groups,
    list_shipped_groups,
    get_groups,
    get_grid,
    check_groups,
    put_groups,
    calibrate_groups,
    recalculate_groups,
    *handlers("groups", "groups", "a list of groups"),
]
