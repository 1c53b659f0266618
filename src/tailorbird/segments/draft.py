"""A definition while it is edited: its size, what each condition does to it, what an edit moves.

One statement answers every condition for everybody. People who give the same answers are counted
together, and from these counts and answers every figure follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec

from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments.conditions import All, Any, Condition, Not, Segment, leaves
from tailorbird.segments.meaning import member, resolved, truth
from tailorbird.traits.query import Query
from tailorbird.traits.sql import Statement
from tailorbird.traits.terms import KnownBy, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Answers = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

STOOD: Final = "stood"
_ALIKE: Final = "SELECT *, COUNT(*) AS people FROM answers GROUP BY ALL"


class LeafCount(msgspec.Struct, frozen=True):
    """How many people one condition holds for, and how many would be in without it.

    `without` is None where nothing would be left to ask.
    """

    holds: int
    without: int | None


class Dissection(msgspec.Struct, frozen=True):
    """Who is in by a definition, by number, and of how many; its leaves from the first to the last.

    `entered` and `left` compare with the version that stands; None where none does.
    """

    people: int
    inside: Numbers
    leaves: tuple[LeafCount, ...]
    entered: Numbers | None = None
    left: Numbers | None = None

    @property
    def members(self) -> int:
        """Return how many are in."""
        return len(self.inside)


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
    statement = _answers(segment, among, as_of, stands)
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    person = found["person"].to_numpy()
    asked = found.drop_columns(["person"])
    answers = [column.to_numpy() for column in asked.columns]
    stood = answers.pop() if stands is not None else None
    inside = _held(segment.condition, answers)
    figures = Dissection(len(person), _chosen(person, inside), _by_leaf(facts, segment, asked))
    if stood is None:
        return figures
    return msgspec.structs.replace(
        figures, entered=_chosen(person, inside & ~stood), left=_chosen(person, stood & ~inside)
    )


def _answers(
    segment: Segment, among: Sequence[Segment], as_of: Instant, stands: Segment | None
) -> Statement:
    """Return the statement that tells of everybody what each leaf and the version in force say."""
    terms: dict[str, Term] = {
        f"leaf_{number}": truth(resolved(Segment(segment.name, leaf), among))
        for number, leaf in enumerate(leaves(segment.condition))
    }
    if stands is not None:
        terms[STOOD] = member(resolved(stands, among))
    query = Query(as_of)
    return query.statement(query.select(terms, KnownBy()))


def _by_leaf(facts: Facts, segment: Segment, asked: pa.Table) -> tuple[LeafCount, ...]:
    """Return what each leaf does, by how many people answer alike."""
    told = [name for name in asked.column_names if name != STOOD]
    alike = facts.read(_ALIKE, (), {"answers": asked.select(told)})
    people = alike["people"].to_numpy()
    answers = [alike[name].to_numpy() for name in told]

    def counted(chosen: Answers | None) -> int | None:
        return None if chosen is None else int(people[chosen].sum())

    return tuple(
        LeafCount(
            counted(answer) or 0,
            counted(_holds(segment.condition, iter(answers), count(), number)),
        )
        for number, answer in enumerate(answers)
    )


def _held(condition: Condition, answers: Sequence[Answers]) -> Answers:
    found = _holds(condition, iter(answers), count(), None)
    if found is None:
        raise ValueError("a condition without any leaf")
    return found


def _chosen(person: Numbers, chosen: Answers) -> Numbers:
    import numpy as np

    return np.sort(person[chosen])


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
