"""Publishing and removing a journey: who stands where in it, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tailorbird import authoring, journey_people, journey_versions
from tailorbird.errors import ConflictError, UsageError
from tailorbird.journeys.edit_text import with_key
from tailorbird.journeys.journey import Journey, StepId
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
    return Publication(name, version, against(world, journey, said or {}, version))


def against(
    world: World, journey: Journey, said: Mapping[StepId, StepId], version: int = 0
) -> tuple[Standing, ...]:
    """Return who stands where in a journey's other versions, and what becomes of their steps.

    The journey may be a draft: then all its versions are others.
    """
    found: list[Standing] = []
    for old, stand in sorted(_stand(world, journey.name, version).items()):
        before, _ = authoring.find_journey(world, journey.name, old)
        for each in compare(before, journey):
            if people := stand.get(each.step, 0):
                to = said.get(each.step, each.to)
                found.append(Standing(old, each.step, people, each.how, to))
    return tuple(found)


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


class Removal(msgspec.Struct, frozen=True):
    """A journey that is no more, and how many people's way through it was ended."""

    name: str
    version: int
    """The one that was in force."""
    ended: int


def remove(
    world: World,
    name: str,
    now: Instant,
    *,
    end: bool = False,
    author: str = "",
    reason: str = "",
) -> Removal:
    """Take a journey out of force; its versions, and every way through it, stay on record.

    Whoever is in it is at no step of anything any more: with `end`, their way ends with the reason.
    A mail of hers that is decided and has not left is sent all the same, unless it is cancelled.

    Raises:
        ConflictError: people are in it, and it is not said that they are to end.
        UsageError: there is no such journey.
    """
    found = world.definitions.get("journey", name)
    if found is None:
        authoring.find_journey(world, name)
        raise UsageError(f"no journey {name!r}", mend="it was removed a moment ago")
    if (people := people_in(world, name)) and not end:
        told = ", ".join(f"{number:,} at {step}" for step, number in sorted(people.items()))
        what = f"{people.total():,} people are in journey {name!r}: {told}"
        mend = "say --end (`end` by the API) to end their way, or pause it and let them be"
        raise ConflictError(what, mend=mend)
    world.definitions.remove("journey", name, author=author, reason=reason, now=now)
    places = [place for place in world.enrolments.places() if place.journey == name]
    ended = sum(journey_people.end_all(world, place, now) for place in places)
    return Removal(name, found.version, ended)


def people_in(world: World, name: str) -> Counter[StepId]:
    """Return how many people are at each step of a journey, in any version."""
    return sum(_stand(world, name, 0).values(), Counter[StepId]())


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
    """Return how many people stand where, by the version that they are in, which is not this."""
    found: dict[int, Counter[StepId]] = {}
    for place, people in world.enrolments.places().items():
        if place.journey == name and place.version != version and people:
            found.setdefault(place.version, Counter())[place.step] += people
    return found
