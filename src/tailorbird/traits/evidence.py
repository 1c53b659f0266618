"""The rows behind one person's answer: what explanations show."""

from __future__ import annotations

from sqlglot import exp

from tailorbird.schema import Instant, PersonId
from tailorbird.traits.reading import leaves, rows_of
from tailorbird.traits.rows import matching
from tailorbird.traits.sql import (
    DIALECT,
    Scope,
    Statement,
    both,
    column,
    compared,
    either,
    named,
    ordered,
    select,
)
from tailorbird.traits.terms import Declared, Term


def behind(term: Term, person: PersonId, *, as_of: Instant, limit: int) -> Statement | None:
    """Return the statement that gives the latest rows that the term reads of this person.

    Columns: position, event, at, order_id, item. For a declared trait: its name and its value. None
    where the term reads no rows (a score).
    """
    scope = Scope(as_of)
    read = list(leaves(term))
    rows = dict.fromkeys(rows for leaf in read for rows in rows_of(leaf))
    declared = [leaf.name for leaf in read if isinstance(leaf, Declared)]
    if rows:
        conditions = either(both(matching(each, scope, "facts")) for each in rows)
        names = ["position", "event", "at", "order_id", "item"]
        query = select(*(column(name) for name in names), table="facts").where(conditions)
    elif declared:
        query = _declared(declared, scope)
    else:
        return None
    mine = compared(column("person"), "=", (scope.bind(person),))
    latest = [ordered("at", descending=True), ordered("position", descending=True)]
    sql = query.where(mine).order_by(*latest).limit(limit).sql(dialect=DIALECT)
    return Statement(sql, tuple(scope.parameters), {})


def _declared(names: list[str], scope: Scope) -> exp.Select:
    columns = [
        column("position"),
        named(column("name"), "event"),
        column("at"),
        named(exp.cast(exp.null(), "TEXT"), "order_id"),
        named(column("text"), "item"),
    ]
    return select(*columns, table="trait_values").where(
        compared(column("name"), "in", [scope.bind(name) for name in names]),
        compared(column("at"), "<=", (scope.now(),)),
    )
