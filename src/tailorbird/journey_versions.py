"""Which versions of journeys people are in, what they say, and how people change versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Final

from tailorbird import authoring, journeys
from tailorbird.enrolling import zones_of
from tailorbird.enrolments import Move, Place
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.journeys import advance
from tailorbird.journeys.journey import Step
from tailorbird.schema import Instant
from tailorbird.world import World

AT_ONCE: Final = 10_000
REFUSED: Final = "refused"
"""The mode of a journey whose version in force cannot be read."""


class Versions:
    """The versions of journeys that are asked for, each read once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._read: dict[
            tuple[str, int | None], journeys.Journey | UsageError | DefinitionError
        ] = {}

    def journey(self, name: str, version: int | None = None) -> journeys.Journey | None:
        """Return a version of a journey, or the one in force; None where none can be read."""
        found = self._found(name, version)
        return found if isinstance(found, journeys.Journey) else None

    def refused(self, name: str, version: int | None = None) -> str:
        """Return why a version, or that in force, is there but cannot be read; '' where it can."""
        found = self._found(name, version)
        return found.sentence() if isinstance(found, DefinitionError) else ""

    def _found(
        self, name: str, version: int | None
    ) -> journeys.Journey | UsageError | DefinitionError:
        if (name, version) not in self._read:
            try:
                self._read[name, version] = authoring.find_journey(self._world, name, version)[0]
            except (UsageError, DefinitionError) as error:
                self._read[name, version] = error
        return self._read[name, version]

    def at(self, place: Place) -> tuple[journeys.Journey, Step]:
        """Return the journey and the step of a place.

        Raises:
            UsageError, DefinitionError: there is none any more, or it cannot be read.
        """
        found = self._found(place.journey, place.version)
        if isinstance(found, DefinitionError):
            raise found
        journey = self.journey(place.journey, place.version)
        step = journey.steps.get(place.step) if journey else None
        if journey is None or step is None:
            what = f"no step {place.step!r} in version {place.version}"
            raise UsageError(what, where=f"journey {place.journey}")
        return journey, step

    def mode(self, name: str) -> str:
        """Return the mode of the version in force; '' of a journey that is no more.

        One that cannot be read is not gone: it is `REFUSED`, and nobody in it moves.
        """
        journey = self.journey(name)
        if self.refused(name):
            return REFUSED
        return journey.mode if journey else ""

    def is_shadow(self, journey: journeys.Journey) -> bool:
        """Return whether a version only notes what it would do: by its own word, or by now."""
        return "shadow" in (journey.mode, self.mode(journey.name))


def move(
    world: World,
    name: str,
    from_version: int,
    to_version: int,
    mapping: Mapping[str, str],
    now: Instant,
) -> int:
    """Move the people in one version of a journey into another, step by step; return how many.

    Steps that `mapping` does not name go on under their own name. She keeps since when she is at
    her step, and what is asked of everybody is asked anew.

    Raises:
        UsageError: there is no such version, or a step where people are has none to go on at.
    """
    journey, _ = authoring.find_journey(world, name, to_version)
    there = [
        place
        for place in world.enrolments.firsts()
        if (place.journey, place.version) == (name, from_version)
    ]
    for place in there:
        if mapping.get(place.step, place.step) not in journey.steps:
            what = f"version {to_version} has no step for those at {place.step!r}"
            mend = f"map {place.step!r} to one of {', '.join(journey.steps)}"
            raise UsageError(what, where=f"journey {name}", mend=mend)
    return sum(_remap(world, journey, place, to_version, mapping, now) for place in there)


def _remap(
    world: World,
    journey: journeys.Journey,
    place: Place,
    version: int,
    mapping: Mapping[str, str],
    now: Instant,
) -> int:
    to, moved = mapping.get(place.step, place.step), 0
    reason = f"version {version}"
    while batch := world.enrolments.at(place, 0, AT_ONCE):
        local = advance.is_local(journey, to)
        zones = zones_of(world, [each.person for each in batch]) if local else {}
        moves = []
        for each in batch:
            zone = zones.get(each.person, UTC)
            _, until_at = advance.arrival(journey, to, each.since, zone)
            moves.append(
                Move(each.id, each.moves, to, "remapped", reason, now, until_at, now, each.kept)
            )
        moved += sum(world.enrolments.remap(place, version, moves, now))
    return moved
