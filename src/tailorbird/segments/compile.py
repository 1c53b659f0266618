"""A segment and an instant, as one statement over the tables of the facts.

`member(segment, person, t)` is a pure function of what happened up to `t`; the same statement says
when the answer can next change by time alone. With `restricted`, only the people in the table
`touched` are read. `among` holds the segments that this one may name.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def evaluation(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    restricted: bool = False,
    extracted: bool = False,
    dialect: Dialect = DIALECT,
) -> Statement:
    """Return the statement that gives (person, member, next_check) of everybody.

    `next_check` is the next instant at which the answer can change by time alone, NULL for never.
    People who are no members and never will be by time alone are left out.
    """
    query = Query(as_of, restricted=restricted, extracted=extracted, dialect=dialect)
    asked = member(resolved(segment, among))
    answers = query.select({"member": asked, "next_check": next_change(asked)})
    return query.statement(_telling(answers))


def members(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    limit: int | None = None,
    dialect: Dialect = DIALECT,
) -> Statement:
    """Return the statement that gives the members, in order of person."""
    query = Query(as_of, dialect=dialect)
    people = query.select({}, member(resolved(segment, among)))
    return query.statement(in_order(people, limit))


def size(
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    dialect: Dialect = DIALECT,
) -> Statement:
    """Return the statement that gives how many members there are, as `people`."""
    query = Query(as_of, dialect=dialect)
    people = query.select({}, member(resolved(segment, among)))
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
