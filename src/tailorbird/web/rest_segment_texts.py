"""The API of segments as definitions: the end of one."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import delete
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import authoring
from tailorbird.views.definitions import RemovedDefinition
from tailorbird.web.asking import MISSING, WRITES, WRITING, At, Name, found
from tailorbird.web.rest_definitions import BY_API

TAG: Final = "segments"
Said = Annotated[str, QueryParameter(max_length=1000)]


@delete("/segments/{name:str}", summary="Remove a segment", tags=[TAG], status_code=200,
        responses=WRITING | MISSING, **WRITES)  # fmt: skip
def delete_segment(desk: At, name: Name, author: Said = "", reason: Said = "") -> RemovedDefinition:
    """Take a segment out of force; its people leave, its versions and its history stay.

    It is refused, with where, as long as other definitions name it.
    """
    standing = {each.name: each for each in authoring.standing_segments(desk.world)}
    found(standing.get(name), f"segment {name!r}")
    kept = authoring.remove_segment(
        desk.world, name, now=desk.clock(), author=author, reason=reason or BY_API
    )
    return RemovedDefinition(kept.name, kept.version)


HANDLERS: Final[list[ControllerRouterHandler]] = [delete_segment]
