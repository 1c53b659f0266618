"""Whom campaigns reach: the people of segments, together and less others, each once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird import authoring, grouping, journeys, segments
from tailorbird.schema import Instant, PersonId
from tailorbird.world import World


class Reach(msgspec.Struct, frozen=True):
    """How many people each segment brings or takes away, and how many are left, each once."""

    included: dict[str, int]
    excluded: dict[str, int]
    """How many of those who are included each segment takes away."""
    twice: int
    """People who are in more than one of the segments."""
    people: int


def people_in(
    world: World, segment: segments.Segment, as_of: Instant, limit: int | None = None
) -> list[PersonId]:
    """Return the people who are in a segment at an instant, by number."""
    standing = authoring.standing_segments(world, as_of)
    meant = grouping.at(world, segment, as_of)
    return segments.people(world.facts, meant, standing, as_of=as_of, limit=limit)


def audience(world: World, campaign: journeys.Campaign, now: Instant) -> list[PersonId]:
    """Return the people of the audience at this instant, each once, by number.

    Raises:
        DefinitionError: as `check`.
    """
    check(world, campaign)
    chosen: set[PersonId] = set()
    for name in campaign.included:
        chosen.update(_members(world, name, now))
    for name in campaign.exclude:
        chosen.difference_update(_members(world, name, now))
    return sorted(chosen)


def check(world: World, campaign: journeys.Campaign) -> None:
    """Return when the audience of a campaign can be asked for.

    Raises:
        DefinitionError: a segment that it names is broken: who is in it is not known now.
    """
    grouping.check_sound(world, (*campaign.included, *campaign.exclude), campaign.name)


def reach(world: World, campaign: journeys.Campaign, now: Instant) -> Reach:
    """Return how many people a campaign reaches at this instant, and by what.

    Raises:
        DefinitionError: as `check`.
    """
    check(world, campaign)
    brought = {name: set(_members(world, name, now)) for name in campaign.included}
    chosen = set[PersonId]().union(*brought.values())
    taken = {name: chosen & set(_members(world, name, now)) for name in campaign.exclude}
    return Reach(
        included={name: len(people) for name, people in brought.items()},
        excluded={name: len(people) for name, people in taken.items()},
        twice=sum(map(len, brought.values())) - len(chosen),
        people=len(chosen.difference(*taken.values())),
    )


def _members(world: World, name: str, now: Instant) -> Sequence[PersonId]:
    return people_in(world, authoring.find_segment(world, name), now)
