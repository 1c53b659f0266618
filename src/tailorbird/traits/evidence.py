"""The rows behind one person's answer: what explanations show."""

from __future__ import annotations

from sqlglot import exp

from tailorbird.schema import Instant, PersonId
from tailorbird.traits.reading import CLOCK, ZONE, leaves, rows_of
from tailorbird.traits.rows import matching
from tailorbird.traits.sql import (
    DIALECT,
    Scope,
    Sql,
    Statement,
    both,
    cast,
    column,
    compared,
    either,
    named,
    ordered,
    select,
    table,
)
from tailorbird.traits.terms import Declared, Term, source_of


def behind(term: Term, person: PersonId, *, as_of: Instant, limit: int) -> Statement | None:
    """Return the statement that gives the latest rows that the term reads of this person.

    Columns: position, event, at, order_id, item. For a declared trait: its name and its value. None
    where the term reads no rows (a score).
    """
    scope = Scope(as_of)
    read = [leaf for leaf in leaves(term) if leaf not in (ZONE, CLOCK)] or [*leaves(term)]
    rows = dict.fromkeys(rows for leaf in read for rows in rows_of(leaf))
    declared = [leaf.name for leaf in read if isinstance(leaf, Declared)]
    if rows:
        source: str = source_of(event for each in rows for event in each.events)
        columns: list[Sql] = [column(name) for name in ("event", "order_id", "item")]
        conditions = [either(both(matching(each, scope, source)) for each in rows)]
    elif declared:
        source = "trait_values"
        nothing = cast(exp.null(), "TEXT")
        columns = [
            named(column("name"), "event"),
            named(nothing, "order_id"),
            named(column("text"), "item"),
        ]
        conditions = [
            compared(column("name"), "in", [scope.bind(name) for name in declared]),
            compared(column("at"), "<=", (scope.now(),)),
        ]
    else:
        return None
    query = select(
        column("position"),
        column("at"),
        *columns,
        source=table(source),
        where=[compared(column("person"), "=", (scope.bind(person),)), *conditions],
        order=[ordered("at", descending=True), ordered("position", descending=True)],
    )
    sql = query.limit(limit, copy=False).sql(dialect=DIALECT, copy=False)
    return Statement(sql, tuple(scope.parameters), {})
