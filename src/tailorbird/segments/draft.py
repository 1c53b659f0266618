"""A definition while it is edited: its size, what each condition does to it, what an edit moves.

One statement answers all: people who give the same answers to every condition are counted together,
and from these counts every other figure follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec
from sqlglot import exp

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.conditions import All, Any, Condition, Not, Segment, leaves
from tailorbird.segments.meaning import member, resolved, truth
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.sql import Statement, column, named, select, subquery
from tailorbird.traits.terms import Every, KnownBy, Negation, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    Answers = npt.NDArray[np.bool_]

STOOD: Final = "stood"
ALIKE: Final = "alike"


class LeafCount(msgspec.Struct, frozen=True):
    """How many people one condition holds for, and how many would be in without it.

    `without` is None where nothing would be left to ask.
    """

    holds: int
    without: int | None


class Dissection(msgspec.Struct, frozen=True):
    """How many people a definition holds, of how many; its leaves from the first to the last.

    `entered` and `left` compare with the version that stands; None where none does.
    """

    members: int
    people: int
    leaves: tuple[LeafCount, ...]
    entered: int | None = None
    left: int | None = None


def dissect(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    stands: Segment | None = None,
) -> Dissection:
    """Return the exact figures of a definition at an instant, in one pass over the facts.

    Raises:
        DefinitionError: it names a segment that is not `among` these, or, in a circle, itself.
    """
    statement = _patterns(segment, among, as_of, stands)
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    columns = {name: found[name].to_numpy() for name in found.column_names}
    alike, stood = columns.pop(ALIKE), columns.pop(STOOD, None)
    answers = list(columns.values())
    held = _holds(segment.condition, iter(answers), count(), None)

    def people(chosen: Answers | None) -> int | None:
        return None if chosen is None else int(alike[chosen].sum())

    by_leaf = (
        LeafCount(
            people(answer) or 0, people(_holds(segment.condition, iter(answers), count(), number))
        )
        for number, answer in enumerate(answers)
    )
    whole = Dissection(people(held) or 0, int(alike.sum()), tuple(by_leaf))
    if stood is None or held is None:
        return whole
    return msgspec.structs.replace(
        whole, entered=people(held & ~stood) or 0, left=people(stood & ~held) or 0
    )


def moved(
    facts: Facts,
    segment: Segment,
    stands: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    limit: int,
) -> tuple[list[PersonId], list[PersonId]]:
    """Return some who are in by this definition alone, and some by the one that stands alone."""
    one, two = member(resolved(segment, among)), member(resolved(stands, among))

    def only(asked: Every) -> list[PersonId]:
        query = Query(as_of)
        statement = query.statement(in_order(query.select({}, asked), limit))
        found = facts.read(statement.sql, statement.parameters, statement.tables)
        people: list[PersonId] = found["person"].to_pylist()
        return people

    return only(Every((one, Negation(two)))), only(Every((two, Negation(one))))


def _patterns(
    segment: Segment, among: Sequence[Segment], as_of: Instant, stands: Segment | None
) -> Statement:
    """Return the statement that counts the people who answer every leaf alike, as `alike`."""
    terms: dict[str, Term] = {
        f"leaf_{number}": truth(resolved(Segment(segment.name, leaf), among))
        for number, leaf in enumerate(leaves(segment.condition))
    }
    if stands is not None:
        terms[STOOD] = member(resolved(stands, among))
    query = Query(as_of)
    answers = subquery(query.select(terms, KnownBy()), "answers")
    counted = named(exp.Count(this=exp.Star()), ALIKE)
    names = [column(name) for name in terms]
    grouped = select(*names, counted, source=answers, group=[name.copy() for name in names])
    return query.statement(grouped)


def _holds(
    condition: Condition, answers: Iterator[Answers], number: Iterator[int], spared: int | None
) -> Answers | None:
    """Return for whom a condition holds, by the answers of its leaves in turn.

    Without the leaf `spared`; None where nothing is left then.
    """
    match condition:
        case All(conditions) | Any(conditions):
            each = [_holds(part, answers, number, spared) for part in conditions]
            there = [answer for answer in each if answer is not None]
            if not there:
                return None
            import numpy as np

            together = np.logical_and if isinstance(condition, All) else np.logical_or
            joined: Answers = together.reduce(there)
            return joined
        case Not(inner):
            answer = _holds(inner, answers, number, spared)
            return None if answer is None else ~answer
        case _:
            answer = next(answers)
            return None if next(number) == spared else answer
