"""People in journeys who are somebody else by now, or nobody any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird import acting
from tailorbird.enrolling import zones_of
from tailorbird.enrolments import LONG, NEVER, Enrolment, Move, Outcome, Place
from tailorbird.journey_versions import AT_ONCE, Versions
from tailorbird.journeys import advance
from tailorbird.journeys.advance import Found
from tailorbird.journeys.journey import END, Send
from tailorbird.schema import PURPOSES, Instant, PersonId, Position
from tailorbird.world import World

FORGOTTEN: Final = "forgotten"
"""The evidence of the words by which somebody who is erased takes back everything."""


def follow(world: World, first: Position, latest: Position, now: Instant) -> int:
    """Have enrolments follow who was merged; of two in one journey, the older goes on.

    Returns how many moves that made.
    """
    homes = {
        home.owner: home.person
        for home in world.people.ties.moved(first + 1, latest + 1)
        if home.owner != home.person
    }
    if not homes:
        return 0
    enrolments, versions, moved = world.enrolments, Versions(world), 0
    for each in enrolments.of_people([*homes]):
        moved += _settle(world, versions, each, now)
        enrolments.rehome([(each.id, homes[each.person])])
    taken: set[tuple[PersonId, str, str]] = set()
    for each in enrolments.of_people([*homes, *homes.values()]):
        journey = versions.journey(each.journey, each.version)
        key = each.key if journey and journey.several else ""
        place = (homes.get(each.person, each.person), each.journey, key)
        if place in taken or each.person in homes:
            moved += _end(world, [each], "merged", now)
        taken.add(place)
    return moved


def end_erased(world: World, batch: Sequence[Enrolment], now: Instant) -> int:
    """End the enrolments of those who were erased; return how many."""
    states = world.people.consent_states(sorted({each.person for each in batch}))
    silent = [
        person
        for person, state in states.items()
        if not state.has_address and len(state.withdrawn) == len(PURPOSES)
    ]
    erased = {
        person
        for person in silent
        if any(receipt.evidence == FORGOTTEN for receipt in world.people.consents(person))
    }
    return _end(world, [each for each in batch if each.person in erased], "erased", now)


def end_all(world: World, place: Place, now: Instant) -> int:
    """End everybody's enrolment at a step of a journey that is no more; return how many.

    The reason is that for which it was removed.
    """
    last = world.definitions.versions("journey", place.journey, 1)
    reason, moved = last[0].reason[:LONG] if last and last[0].removed else "", 0
    while batch := world.enrolments.at(place, 0, AT_ONCE):
        moved += _end(world, batch, "removed", now, reason)
    return moved


def _settle(world: World, versions: Versions, each: Enrolment, now: Instant) -> int:
    """Go on from a mail that was decided already: decided anew, it would be somebody else's."""
    journey = versions.journey(each.journey, each.version)
    step = journey.steps.get(each.step) if journey else None
    if journey is None or not isinstance(step, Send):
        return 0
    decision = acting.decided(world, step, each)
    if decision is None:
        return 0
    turns = advance.turns(step, [each], Found(answers=[decision]), now)
    moves, _ = advance.moved(journey, [each], turns, now, zones_of(world, [each.person]))
    return sum(world.enrolments.move(moves, now))


def _end(
    world: World, batch: Sequence[Enrolment], outcome: Outcome, now: Instant, reason: str = ""
) -> int:
    moves = [
        Move(e.id, e.moves, END, outcome, reason, NEVER, now, NEVER, e.kept, outcome) for e in batch
    ]
    return sum(world.enrolments.move(moves, now))
