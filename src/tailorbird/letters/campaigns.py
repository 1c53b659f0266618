"""Campaigns by name: those with a file of their own, and the sends of journeys, JOURNEY/STEP."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from tailorbird import journeys
from tailorbird.errors import DefinitionError
from tailorbird.schema import Definition
from tailorbird.world import World

BETWEEN: Final = "/"
"""Stands between a journey and its step: no campaign's own name can hold it."""


def find(
    world: World, name: str, version: int | None = None
) -> tuple[journeys.Campaign, int] | None:
    """Return a campaign and its version, the latest for None; None where none was kept.

    The version of a journey's send is the journey's.

    Raises:
        DefinitionError: its text is broken.
    """
    journey, between, step = name.partition(BETWEEN)
    found = world.definitions.get("journey" if between else "campaign", journey, version)
    if found is None or found.removed:
        return None
    if not between:
        return journeys.parse(found.text, f"campaigns/{name}.yaml"), found.version
    message = of_journey(found).message(step)
    return (message, found.version) if message else None


def of_journey(found: Definition) -> journeys.Journey:
    """Return a journey's definition read.

    Raises:
        DefinitionError: its text is broken.
    """
    return _journey(found.text, f"journeys/{found.name}.yaml")


def latest(world: World) -> Iterator[tuple[journeys.Campaign, Definition]]:
    """Yield every campaign in force that can be read, the sends of journeys after the others."""
    for found in world.definitions.latest("campaign"):
        try:
            campaign = journeys.parse(found.text, f"campaigns/{found.name}.yaml")
        except DefinitionError:
            continue
        yield campaign, found
    for found in world.definitions.latest("journey"):
        try:
            journey = of_journey(found)
        except DefinitionError:
            continue
        for message in journey.messages():
            yield message, found


@lru_cache(maxsize=256)
def _journey(text: str, file: str) -> journeys.Journey:
    return journeys.parse_journey(text, file)
