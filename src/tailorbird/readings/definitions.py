"""Definitions: their versions, and what rests on them."""

from __future__ import annotations

from typing import Final

from tailorbird import removing
from tailorbird.schema import DefinitionKind
from tailorbird.views import moment
from tailorbird.views.definitions import DefinitionUse, DefinitionVersion
from tailorbird.world import World

VERSIONS: Final = 50


def versions(world: World, kind: DefinitionKind, name: str) -> tuple[DefinitionVersion, ...] | None:
    """Return the versions of a definition, the newest first; None where there is none in force."""
    if world.definitions.get(kind, name) is None:
        return None
    return tuple(
        DefinitionVersion(v.version, v.text, moment(v.created_at), v.author, v.reason)
        for v in world.definitions.versions(kind, name, VERSIONS)
        if not v.removed
    )


def uses(world: World, kind: removing.Kind, name: str) -> tuple[DefinitionUse, ...]:
    """Return the definitions that rest on groups, on clusters or on a list."""
    found = removing.uses(world, kind, name)
    return tuple(DefinitionUse(each.kind, each.name, each.how) for each in found)
