"""What the rules of an edition ask of segments: each condition once, of many people at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tailorbird import grouping, imputation, segments, yaml_text
from tailorbird.content.rule_conditions import Asked
from tailorbird.letters.editions import Edition
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.conditions import Condition, InSegment
from tailorbird.world import World


@dataclass(frozen=True, slots=True)
class Questions:
    """The conditions of all slots in their order, then the segments that the mail names."""

    conditions: tuple[Condition, ...]
    slots: Mapping[str, range]
    """Where the conditions of a slot stand, in the order in which it numbers them."""
    segments: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """For each condition, whom it holds for."""

    questions: Questions
    holding: Sequence[frozenset[PersonId]]

    def of_slot(self, slot: str, person: PersonId) -> list[bool]:
        """Return the answers to a slot's conditions, by their numbers."""
        return [person in self.holding[at] for at in self.questions.slots[slot]]

    def segments(self, person: PersonId) -> dict[str, bool]:
        """Return of every segment that the mail names whether it holds the person."""
        return {name: person in self.holding[at] for name, at in self.questions.segments.items()}


def condition(
    asked: Asked, document: yaml_text.Document, vocabulary: segments.Vocabulary | None = None
) -> Condition:
    """Return a condition of a rule as segments understand it.

    Raises:
        DefinitionError: with the line and the mend.
    """
    part = yaml_text.part(document, asked.path, asked.value)
    return segments.condition(asked.value, part, vocabulary)


def questions(edition: Edition) -> Questions:
    """Return all that an edition asks.

    Raises:
        DefinitionError: a condition of a slot is broken.
    """
    found: list[Condition] = []
    slots: dict[str, range] = {}
    for slot in edition.slots:
        start = len(found)
        found += [condition(asked, slot.document) for asked in slot.asked]
        slots[slot.name] = range(start, len(found))
    named: dict[str, int] = {}
    for name in _segments(edition):
        named[name] = len(found)
        found.append(InSegment(name))
    return Questions(tuple(found), slots, named)


def answers(world: World, asked: Questions, people: Sequence[PersonId], as_of: Instant) -> Answers:
    """Return the answers about these people at an instant.

    Raises:
        DefinitionError: a segment is named that does not stand.
    """
    if not asked.conditions:
        return Answers(asked, ())
    among = grouping.standing_segments(world)
    holding = segments.holding(world.facts, asked.conditions, among, people=people, as_of=as_of)
    return Answers(asked, holding)


def check_sound(world: World, edition: Edition) -> None:
    """Return when no segment is broken that a mail asks, or that says how its gaps are filled.

    Raises:
        DefinitionError: one is, so that who is in it is not known now; or a rule is.
    """
    named = [segments.named(each) for each in questions(edition).conditions]
    policies = imputation.policies(world)
    named += [frozenset(policies.segments())] if policies else []
    names = sorted(frozenset[str]().union(*named))
    grouping.check_sound(world, names, edition.campaign.name)


def _segments(edition: Edition) -> list[str]:
    chains = [*edition.chains, *(each for slot in edition.slots for each in slot.values)]
    named = {name for chain in chains for name in chain.segments}
    return sorted(named | {*edition.reads("segments")})
