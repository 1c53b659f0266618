"""A segment and an instant, as one statement over the tables of the facts.

`member(segment, person, t)` is a pure function of what happened up to `t`; the same statement says
when the answer can next change by time alone. With `restricted`, only the people in the table
`touched` are read. `among` holds the segments that this one may name. Without `state`, the facts
alone are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from tailorbird.schema import Instant
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.expiry import next_change
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.sql import (
    DIALECT,
    Statement,
    column,
    compared,
    either,
    named,
    select,
    subquery,
)
from tailorbird.traits.terms import Term

if TYPE_CHECKING:
    import pyarrow as pa


def evaluation(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    restricted: bool = False,
    extracted: bool = False,
    dialect: Dialect = DIALECT,
    state: bool = True,
) -> Statement:
    """Return the statement that gives (person, member, next_check) of everybody.

    `next_check` is the next instant at which the answer can change by time alone, NULL for never.
    People who are no members and never will be by time alone are left out.
    """
    query = Query(as_of, restricted=restricted, extracted=extracted, dialect=dialect, state=state)
    asked = member(resolved(segment, among))
    answers = query.select({"member": asked, "next_check": next_change(asked)})
    return query.statement(_telling(answers))


def evaluations(
    segments: Sequence[Segment], among: Sequence[Segment] = (), *, as_of: Instant
) -> Statement:
    """Return the statement that answers several segments of the few whose rows were taken out.

    One row a person in `touched`; `answers_of` reads what each segment, by its number, says.
    """
    query = Query(as_of, restricted=True, extracted=True)
    columns: dict[str, Term] = {}
    for number, segment in enumerate(segments):
        asked = member(resolved(segment, among))
        columns |= {f"member_{number}": asked, f"next_check_{number}": next_change(asked)}
    return query.statement(query.select(columns))


def answers_of(answers: pa.Table, number: int) -> pa.Table:
    """Return (person, member, next_check) of one of several segments, as `evaluation` gives it."""
    import pyarrow.compute as pc

    columns = ["person", f"member_{number}", f"next_check_{number}"]
    one = answers.select(columns).rename_columns(["person", "member", "next_check"])
    return one.filter(pc.or_(one["member"], pc.is_valid(one["next_check"])))


def members(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    limit: int | None = None,
    dialect: Dialect = DIALECT,
    state: bool = True,
) -> Statement:
    """Return the statement that gives the members, in order of person."""
    query = Query(as_of, dialect=dialect, state=state)
    people = query.people(member(resolved(segment, among)))
    return query.statement(in_order(people, limit))


def size(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    dialect: Dialect = DIALECT,
    state: bool = True,
) -> Statement:
    """Return the statement that gives how many members there are, as `people`."""
    query = Query(as_of, dialect=dialect, state=state)
    people = query.people(member(resolved(segment, among)))
    counted = named(exp.Count(this=exp.Star()), "people")
    return query.statement(select(counted, source=subquery(people, "members")))


def columns(terms: dict[str, Term], *, as_of: Instant) -> Statement:
    """Return the statement that gives these terms of the people in `touched`."""
    query = Query(as_of, restricted=True)
    return query.statement(query.select(terms))


def _telling(answers: exp.Select) -> exp.Select:
    """Keep the rows that say more than 'no member, and time alone will not change it'."""
    says = either([column("member"), compared(column("next_check"), "exists", ())])
    return select(exp.Star(), source=subquery(answers, "answers"), where=[says])
