"""Traits of people as they were known at an instant, for models: whoever came later was not there.

A merge that came later says of the past what nobody knew: that a visitor was this customer. Often
it came because she bought. So of whoever was several then, the one counts who had bought most, of
equals the one who had done most. What we heard of late counts from when it happened (decision 53).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird import profiles
from tailorbird.schema import Instant, Names, PersonId
from tailorbird.ties import Merge, trees
from tailorbird.traits.extract import touched
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

FEW: Final = 20
"""Of so few people the merges are asked for one by one."""
_KNOWN: Final = """
SELECT person FROM people SEMI JOIN asked USING (person) WHERE created_at <= ? ORDER BY person
"""
_CHOSEN: Final = """
SELECT person, owner FROM parts SEMI JOIN (
    SELECT p.person, p.part FROM parts AS p LEFT JOIN facts AS f
    ON f.person = p.person AND COALESCE(f.owner, f.person) = p.owner AND f."at" <= ?
    GROUP BY p.person, p.part
    QUALIFY ROW_NUMBER() OVER (PARTITION BY p.person ORDER BY
        COUNT(*) FILTER (f.event = ?) DESC, COUNT(f.position) DESC, p.part) = 1
) USING (person, part) ORDER BY person, owner
"""


def known(world: World, people: Sequence[PersonId], as_of: Instant) -> list[PersonId]:
    """Return who of these people had done anything by then, by number."""
    found = world.facts.read(_KNOWN, (as_of,), {"asked": touched(people)})
    people_then: list[PersonId] = found["person"].to_pylist()
    return people_then


def table(
    world: World, traits: Sequence[str], as_of: Instant, people: Sequence[PersonId]
) -> pa.Table:
    """Return `person` and a column a trait, in order of person, as `profiles.table` does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = profiles.table(world.facts, traits, as_of=as_of, people=people)
    parts = _several(world, people, as_of)
    if not parts:
        return told
    owners = world.facts.read(_CHOSEN, (as_of, Names.PURCHASE), {"parts": _rows(parts)})
    own = profiles.table_of_owners(world.facts, traits, as_of=as_of, owners=owners)
    others = told.filter(pc.invert(pc.is_in(told["person"], own["person"])))
    return pa.concat_tables([others, own]).sort_by("person")


def _several(
    world: World, people: Sequence[PersonId], as_of: Instant
) -> dict[PersonId, dict[PersonId, PersonId]]:
    """Return of whom of these people were several then: each owner, and in whom she was found."""
    merges = [each for each in _merges(world, people) if not each.undone]
    if all(each.at <= as_of for each in merges):
        return {}
    owners = {owner for each in merges for owner in (each.survivor, each.loser)}
    homes, asked = trees(owners, merges), frozenset(people)
    parts: dict[PersonId, dict[PersonId, PersonId]] = defaultdict(dict)
    for owner, part in trees(owners, (each for each in merges if each.at <= as_of)).items():
        parts[homes[owner]][owner] = part
    return {
        person: each
        for person, each in parts.items()
        if person in asked and len(set(each.values())) > 1
    }


def _merges(world: World, people: Sequence[PersonId]) -> list[Merge]:
    ties = world.people.ties
    if len(people) > FEW:
        return ties.merges()
    return [each for person in people for each in ties.merges(person)]


def _rows(parts: dict[PersonId, dict[PersonId, PersonId]]) -> pa.Table:
    import pyarrow as pa

    rows = [(person, owner, part) for person, each in parts.items() for owner, part in each.items()]
    columns = zip(("person", "owner", "part"), zip(*rows, strict=True), strict=True)
    return pa.table({name: pa.array(each, pa.int64()) for name, each in columns})
