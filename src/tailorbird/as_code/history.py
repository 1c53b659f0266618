"""What was changed when, by whom and why: of one definition, and of all that was kept together."""

from __future__ import annotations

from typing import Final

import msgspec

from tailorbird import noting
from tailorbird.as_code.changes import diff, in_force
from tailorbird.as_code.places import path_of
from tailorbird.edits import EditSet, Key
from tailorbird.schema import Instant
from tailorbird.views import moment
from tailorbird.views.definitions import KeptDefinition, KeptTogether, VersionOf
from tailorbird.world import World

VERSIONS: Final = 100


def history(world: World, key: Key) -> tuple[VersionOf, ...]:
    """Return the last versions of a definition, its ends too, each with what it changed."""
    found = world.definitions.versions(*key, VERSIONS + 1)
    told = []
    for each, before in zip(found, [*found[1:], None], strict=False):
        was = before.text if before and not before.removed else None
        shown = diff(path_of(key, each.text or was or ""), was, None if each.removed else each.text)
        told.append(
            VersionOf(
                each.version, moment(each.created_at), each.author, each.reason, shown, each.removed
            )
        )
    return tuple(told[:VERSIONS])


def kept_together(found: EditSet | None, now: Instant) -> KeptTogether:
    """Return what was kept together, as it is shown; of None, that nothing was to be changed."""
    if found is None:
        return KeptTogether(0, "apply", moment(now), "", "", ())
    edits = tuple(KeptDefinition(e.kind, e.name, e.before, e.version) for e in found.edits)
    return KeptTogether(
        found.number, found.how, moment(found.at), found.author, found.reason, edits
    )


def kept_now(world: World, found: EditSet | None, now: Instant) -> KeptTogether:
    """Return what `kept_together` returns of what was kept just now, with the notes on it."""
    told = kept_together(found, now)
    keys = [each.key for each in found.edits if each.version != each.before] if found else []
    notes = tuple(line for key in keys for line in noting.standing(world, *key))
    return msgspec.structs.replace(told, notes=notes)


def as_files(world: World) -> dict[str, str]:
    """Return all that stands as files, by path."""
    return {path_of(key, each.text): each.text for key, each in in_force(world.definitions).items()}
