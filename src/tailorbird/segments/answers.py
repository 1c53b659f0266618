"""Who is in a segment: exactly, at any instant; or as the last refresh left it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Condition, Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.traits.extract import touched
from tailorbird.traits.sql import Statement
from tailorbird.traits.terms import Term

_UNNAMED = "condition"


class Preview(msgspec.Struct, frozen=True):
    """How many are in, of how many people, and the first of them by number."""

    count: int
    people: int
    sample: tuple[PersonId, ...]


def count(facts: Facts, segment: Segment, among: Sequence[Segment] = (), *, as_of: Instant) -> int:
    """Return how many people are in the segment at this instant.

    Raises:
        DefinitionError: it names a segment that is not `among` these, or, in a circle, itself.
    """
    return _number(facts, compiler.size(segment, among, as_of=as_of))


def people(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    limit: int | None = None,
) -> list[PersonId]:
    """Return the people who are in the segment at this instant, by number."""
    statement = compiler.members(segment, among, as_of=as_of, limit=limit)
    return _people(facts, statement)


def preview(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    limit: int = 20,
) -> Preview:
    """Return the segment's size and some of its people at this instant."""
    known = "SELECT COUNT(*) AS people FROM people WHERE created_at <= $1"
    return Preview(
        count(facts, segment, among, as_of=as_of),
        int(facts.read(known, (as_of,))["people"][0].as_py()),
        tuple(people(facts, segment, among, as_of=as_of, limit=limit)),
    )


def holding(
    facts: Facts,
    conditions: Sequence[Condition],
    among: Sequence[Segment] = (),
    *,
    people: Sequence[PersonId],
    as_of: Instant,
) -> list[frozenset[PersonId]]:
    """Return, for each condition, whom of these people it holds for at this instant.

    Raises:
        DefinitionError: it names a segment that is not `among` these.
    """
    if not conditions or not people:
        return [frozenset() for _ in conditions]
    terms: dict[str, Term] = {
        f"holds_{number}": member(resolved(Segment(_UNNAMED, condition), among))
        for number, condition in enumerate(conditions)
    }
    statement = compiler.columns(terms, as_of=as_of)
    tables = statement.tables | {"touched": touched(people)}
    rows = facts.read(statement.sql, statement.parameters, tables)
    return [
        frozenset(rows.filter(rows[name].fill_null(False))["person"].to_pylist()) for name in terms
    ]


def members(facts: Facts, name: str, *, as_of: Instant | None = None) -> list[PersonId]:
    """Return the standing members of a segment by number, as the refreshes saw it.

    With `as_of`: who stood in it then, by the record of changes. It costs no evaluation, but knows
    nothing that came to light later; `people` does.
    """
    if as_of is None:
        sql = "SELECT person FROM membership WHERE segment = $1 AND member ORDER BY person"
        return _people(facts, Statement(sql, (name,), {}))
    return _people(facts, Statement(_STOOD, (name, as_of), {}))


# Entering and leaving alternate, so their balance tells, even where both stand at one instant.
_STOOD = (
    'SELECT person FROM membership_changes WHERE segment = $1 AND "at" <= $2 '
    "AND person IN (SELECT person FROM people) "
    "GROUP BY person HAVING SUM(CASE WHEN entered THEN 1 ELSE -1 END) > 0 ORDER BY person"
)


def _people(facts: Facts, statement: Statement) -> list[PersonId]:
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    people: list[PersonId] = found["person"].to_pylist()
    return people


def _number(facts: Facts, statement: Statement) -> int:
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    return int(found["people"][0].as_py())
