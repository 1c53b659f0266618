"""The latest rows of each person without sorting, where most of them lie in order already.

A row that the next one of a scan follows, of the same person and later, is older than that one; so
many followers in a row prove that it is none of the latest. That holds in whatever order rows come:
where they lie together by person and time, as in the state, nearly all are left out so, and of who
has one such chain alone, what is left are the latest. Of everybody else the few that are left are
ranked. Scans hand their rows on in order; a window over all of them, without any order of its own,
only looks at the next ones.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from tailorbird.traits.blocks import grouped
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    coalesced,
    column,
    compared,
    either,
    integer,
    member_of,
    named,
    ordered,
    select,
    subquery,
    table,
)
from tailorbird.traits.state import is_kept
from tailorbird.traits.terms import Rows, Test, window

MOST: Final = 16
"""Of the latest so many it is cheaper to look ahead than to sort."""
SEVERAL: Final = 2
"""So many chains are no proof of what is latest in all of them."""
_KEYS: Final = ("person", "at", "position")


def lies_in_order(rows: Rows, columns: set[str], last: int, scope: Scope) -> bool:
    """Return whether such rows are read from the state, each person's of one event together."""
    one = scope.state and len(rows.events) == 1 and last <= MOST
    return one and kept_in_state(rows, columns, scope)


def kept_in_state(rows: Rows, columns: set[str], scope: Scope) -> bool:
    """Return whether the state has these columns of such rows, and is read for them."""
    tested = {each.column for each in rows.where if isinstance(each, Test)}
    plain = len(rows.where) == sum(isinstance(each, Test) for each in rows.where)
    since = window(rows, scope.as_of)[0]
    return plain and is_kept("facts", set(rows.events), columns | tested, since, scope.as_of)


def latest(scan: exp.Select, columns: list[str], last: int) -> exp.Select:
    """Return these columns of the latest rows of each person in a scan that lies in order.

    The columns begin with `person`, `at` and `position`.
    """
    torn = select(column("person"), source=table("torn"))
    whole = exp.Not(this=member_of(column("person"), torn))
    proven = select(*map(column, columns), source=table("laid"), where=[whole])
    among = [member_of(column("person"), torn.copy())]
    broken = select(*map(column, columns), named(ranked(), "rank"), source=table("laid"))
    broken.set("where", exp.Where(this=both(among)))
    few = compared(column("rank"), "<=", (integer(last),))
    rest = select(*map(column, columns), source=subquery(broken, "ranked"), where=[few])
    union = exp.union(proven, rest, distinct=False, copy=False)
    query = select(exp.Star(), source=subquery(union, "found"))
    query.with_("laid", as_=_kept(scan, columns, last), copy=False)
    return query.with_("torn", as_=_torn(), copy=False)


def ranked() -> exp.Window:
    """Return the place of a row among its person's, the latest first."""
    latest_first = [ordered("at", descending=True), ordered("position", descending=True)]
    order = exp.Order(expressions=latest_first)
    return exp.Window(this=exp.RowNumber(), partition_by=[column("person")], order=order)


def _kept(scan: exp.Select, columns: list[str], last: int) -> exp.Select:
    """Return the rows that may be among the latest, and whether each is followed by a later one."""
    followed = named(_followed(), "followed_0")
    chained = select(*map(column, columns), followed, source=subquery(scan, "scan"))
    ahead = [named(_ahead("followed_0", n), f"followed_{n}") for n in range(1, last)]
    kept = [*map(column, columns), column("followed_0")]
    seen = select(*kept, *ahead, source=subquery(chained, "chained"))
    old = both(column(f"followed_{n}") for n in range(last))
    young = exp.Not(this=exp.Paren(this=old))
    return select(*(each.copy() for each in kept), source=subquery(seen, "seen"), where=[young])


def _followed() -> Sql:
    """Return whether the next row of the scan is of the same person and later."""
    person, at, position = (_ahead(key) for key in _KEYS)
    same = exp.EQ(this=person, expression=column("person"))
    later = exp.GT(this=at, expression=column("at"))
    at_once = exp.EQ(this=at.copy(), expression=column("at"))
    further = exp.GT(this=position, expression=column("position"))
    return coalesced(both([same, either([later, both([at_once, further])])]), exp.false())


def _ahead(name: str, rows: int = 0) -> exp.Window:
    """Return a column of the next row, or of one further on: false, where there is none."""
    if not rows:
        return exp.Window(this=exp.Lead(this=column(name)))
    lead = exp.Lead(this=column(name), offset=integer(rows), default=exp.false())
    return exp.Window(this=lead)


def _torn() -> exp.Select:
    """Return who has several chains: rows of them came at several times, or out of order."""
    ends = exp.Not(this=column("followed_0"))
    several = exp.GTE(this=exp.Count(this=exp.Star()), expression=integer(SEVERAL))
    counted = grouped([], table("laid"), [ends])
    counted.set("having", exp.Having(this=several))
    return counted
