"""Traits with their gaps filled as the author wants, for models and templates; always marked.

Segments and explanations read what is known and nothing else. A gap is filled by what was known at
the same instant, so that a model of the past learns nothing of what came after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tailorbird import grouping, profiles, segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import Instant, PersonId, Scalar
from tailorbird.traits.imputing import (
    FILE,
    NAME,
    STATISTICS,
    Filled,
    Policies,
    filled,
    parse,
    statistics,
)
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NAME", "Policies", "Told", "check", "fill", "policies", "table", "told", "values_of"]

Among = Callable[[], Sequence[PersonId]]
"""Returns the people from whom statistics are taken; asked only where there are any to take."""
KEPT: Final = 8
_KEPT: dict[tuple[str, int, Instant, int], dict[str, Scalar]] = {}


def policies(world: World) -> Policies | None:
    """Return the policy in force, None where no gap is filled."""
    found = world.definitions.get("imputation", NAME)
    return None if found is None else parse(found.text)


def check(world: World, text: str) -> Policies:
    """Return the policies of a text whose segments exist.

    Raises:
        DefinitionError: with the line and the mend.
    """
    found = parse(text)
    known = {segment.name for segment in world.definitions.latest("segment")}
    for name in found.segments():
        if name not in known:
            mend = f"segments here: {', '.join(sorted(known)) or 'none yet'}"
            raise DefinitionError(f"no segment {name!r}", where=FILE, mend=mend)
    return found


def table(
    world: World, traits: Sequence[str], as_of: Instant, people: Sequence[PersonId], among: Among
) -> Filled:
    """Return these people's traits as of an instant, without the gaps that the policy fills."""
    return fill(
        world, profiles.table(world.facts, traits, as_of=as_of, people=people), as_of, among
    )


def fill(world: World, known: pa.Table, as_of: Instant, among: Among) -> Filled:
    """Return people's traits as of an instant, with the gaps filled as the policy says."""
    traits = known.column_names[1:]
    found = policies(world)
    if found is None or found.traits.keys().isdisjoint(traits):
        return Filled(known, {})
    values = _values(world, found, as_of, among)
    members = {name: frozenset(_members(world, name, as_of)) for name in found.segments()}
    return filled(found, known, values, members)


def values_of(world: World, found: Policies, as_of: Instant, among: Among) -> dict[str, Scalar]:
    """Return the statistic that fills each trait, by people known as of an instant."""
    asked = [name for name, policy in found.traits.items() if policy.fill in STATISTICS]
    if not asked:
        return {}
    return statistics(found, profiles.table(world.facts, asked, as_of=as_of, people=among()))


def _values(world: World, found: Policies, as_of: Instant, among: Among) -> dict[str, Scalar]:
    """Return the same, computed once a run: a campaign asks for thousands of people at a time."""
    version = world.definitions.get("imputation", NAME)
    key = (str(world.folder), version.version if version else 0, as_of, world.facts.offset())
    if key not in _KEPT:
        while len(_KEPT) >= KEPT:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[key] = values_of(world, found, as_of, among)
    return _KEPT[key]


def _members(world: World, name: str, as_of: Instant) -> list[PersonId]:
    standing = grouping.standing_segments(world, as_of)
    for segment in standing:
        if segment.name == name:
            return segments.people(world.facts, segment, standing, as_of=as_of)
    return []


class Told(msgspec.Struct, frozen=True):
    """What a policy makes of one trait now.

    `value` is None for defaults by segment, and where too few people have the trait.
    """

    trait: str
    fill: str
    value: Scalar
    missing: int
    people: int


def told(world: World, found: Policies, now: Instant, among: Among) -> list[Told]:
    """Return what a policy would make of each trait now."""
    known = profiles.table(world.facts, list(found.traits), as_of=now)
    values = values_of(world, found, now, among)
    return [
        Told(name, policy.fill, values.get(name), known.column(name).null_count, known.num_rows)
        for name, policy in found.traits.items()
    ]
