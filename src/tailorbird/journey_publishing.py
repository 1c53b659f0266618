"""Publishing a journey: who stands where in older versions, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tailorbird import authoring, journey_versions
from tailorbird.errors import UsageError
from tailorbird.journeys.edit_text import with_key
from tailorbird.journeys.journey import StepId
from tailorbird.journeys.versions import How, compare, unmapped
from tailorbird.schema import Definition, Instant
from tailorbird.world import World


class Standing(msgspec.Struct, frozen=True):
    """People at a step of an older version, and where they go on when they are moved."""

    version: int
    step: StepId
    people: int
    how: How
    to: StepId
    """In the version in force; of a removed step a proposal, or ''."""


class Publication(msgspec.Struct, frozen=True):
    """The version that is in force, and who stands in older ones."""

    name: str
    version: int
    standing: tuple[Standing, ...]
    moved: int = 0


def where(world: World, name: str, said: Mapping[StepId, StepId] | None = None) -> Publication:
    """Return who stands in older versions than the one in force; nobody is moved.

    Raises:
        UsageError: there is no such journey.
    """
    journey, version = authoring.find_journey(world, name)
    mapping = said or {}
    found: list[Standing] = []
    for old, stand in sorted(_stand(world, name, version).items()):
        before, _ = authoring.find_journey(world, name, old)
        for each in compare(before, journey):
            if people := stand.get(each.step, 0):
                to = mapping.get(each.step, each.to)
                found.append(Standing(old, each.step, people, each.how, to))
    return Publication(name, version, tuple(found))


def publish(
    world: World,
    name: str,
    said: Mapping[StepId, StepId],
    now: Instant,
    *,
    move: bool = False,
    author: str = "",
    reason: str = "",
) -> Publication:
    """Put a journey live; with `move`, bring the people of older versions to the one in force.

    Else they stay on theirs to its end. A removed step goes on only where `said` names one.

    Raises:
        UsageError: there is no such journey, or people stand at steps of which nothing is said.
    """
    journey, version = authoring.find_journey(world, name)
    told = where(world, name, said)
    stand = _stand(world, name, version) if move or said else {}
    for old, steps in stand.items():
        before, _ = authoring.find_journey(world, name, old)
        if lost := unmapped(before, journey, steps, said):
            maps = " ".join(f"--map {each.step}={each.to or 'STEP'}" for each in lost)
            people = sum(steps[each.step] for each in lost)
            what = f"{people} people stand at steps of version {old} that are no more"
            raise UsageError(what, where=f"journey {name}", mend=f"say where they go on: {maps}")
    if journey.mode != "live":
        version = set_mode(world, name, "live", now, author=author, reason=reason).version
    moved = sum(
        journey_versions.move(world, name, old, version, said, now) for old in sorted(stand)
    )
    return Publication(name, version, told.standing, moved)


def set_mode(
    world: World, name: str, mode: str, now: Instant, *, author: str = "", reason: str = ""
) -> Definition:
    """Keep a version of a journey with another mode: live, shadow or paused.

    Raises:
        UsageError: there is no such journey. DefinitionError: it is not valid any more.
    """
    authoring.find_journey(world, name)
    found = world.definitions.get("journey", name)
    text = with_key(found.text if found else "", "mode", mode, f"journeys/{name}.yaml")
    return authoring.put(world, "journey", name, text, now=now, author=author, reason=reason)


def _stand(world: World, name: str, version: int) -> dict[int, Counter[StepId]]:
    """Return how many people stand where, by the older version that they are in."""
    found: dict[int, Counter[StepId]] = {}
    for place, people in world.enrolments.places().items():
        if place.journey == name and place.version != version and people:
            found.setdefault(place.version, Counter())[place.step] += people
    return found
