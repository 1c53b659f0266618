"""What is answered from the state of each person, and what from the facts.

Beside the facts, which lie in order of time, DuckDB keeps a part of them a second time, narrow and
laid together by event and person (`deeds`, `deed_lines`). Windows of some weeks are read from the
facts: the last of them only. What looks back further would read all of them, and is answered from
the state instead, wherever that holds what is asked for. Both hold the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import md5
from typing import Final

from sqlglot import exp

from tailorbird.schema import DAY, Instant, Names
from tailorbird.traits.sql import Scope, both, column, compared, filtered
from tailorbird.traits.terms import SESSIONS

BROWSING: Final = frozenset(
    {
        Names.CART_VIEWED, Names.PAGE_LEFT, Names.PAGE_VIEWED, Names.PRODUCTS_SEARCHED,
        Names.PRODUCT_LIST_VIEWED, Names.PRODUCT_VIEWED, Names.SCREEN_VIEWED,
    }
)  # fmt: skip
"""Events of which there are most and that are asked for recent days: the state is without them."""
LATELY: Final = 60 * DAY
"""Windows up to this are read from the facts."""
KEPT: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "facts": (
        "deeds",
        frozenset(
            {
                "position", "person", "event", "at", "order_id", "item", "category", "quantity",
                "value_minor", "campaign", "campaign_key", "machine",
            }
        ),
    ),
    "lines": (
        "deed_lines",
        frozenset(
            {
                "position", "person", "event", "at", "order_id", "item", "category", "quantity",
                "value_minor", "own",
            }
        ),
    ),
}  # fmt: skip
"""Of each table: the one that keeps its rows by event and person, and with which columns."""


def keeper(
    source: str, events: set[str], columns: set[str], since: Instant | None, as_of: Instant
) -> str:
    """Return the table to read rows of these events from: the state's, or the one given.

    `since`: the rows are younger than this; None for all of them.
    """
    if source not in KEPT or not events or (since is not None and since >= as_of - LATELY):
        return source
    table, kept = KEPT[source]
    unknown = events & (BROWSING | SESSIONS)
    return source if unknown or columns - kept else table


def is_kept(
    source: str, events: set[str], columns: set[str], since: Instant | None, as_of: Instant
) -> bool:
    """Return whether such rows are read from the state."""
    return keeper(source, events, columns, since, as_of) != source


@cache
def kind_of(event: str) -> int:
    """Return the number by which the state knows an event."""
    return int.from_bytes(md5(event.encode(), usedforsecurity=False).digest()[:8], "little") >> 1


def answer_from_state(query: exp.Query, scope: Scope) -> None:
    """Have the query read the state wherever that holds what it asks for."""
    changed = False
    for table in list(query.find_all(exp.Table)):
        select = table.find_ancestor(exp.Select)
        if table.name not in KEPT or select is None or not isinstance(table.parent, exp.From):
            continue
        events, since = _asked(select, scope)
        columns = {name for part in select.args.values() for name in _columns(part)}
        chosen = keeper(table.name, events, columns, since, scope.as_of)
        if chosen != table.name:
            table.set("this", exp.to_identifier(chosen, quoted=True))
            _by_numbers(select, scope)
            changed = True
    if changed:
        scope.keep_used(query)


def _by_numbers(select: exp.Select, scope: Scope) -> None:
    """Have a scan of the state compare numbers where the facts have texts alone."""
    kinds: list[exp.Expr] = []
    for condition in list(_conjuncts(select.args["where"].this)):
        if isinstance(condition, exp.EQ | exp.In) and _is_column(condition.this, "event"):
            kinds = [_kind(each, scope) for each in _operands(condition)]
            condition.replace(compared(column("kind"), "in" if kinds[1:] else "=", kinds))
    for each in list(select.find_all(exp.Column)):
        counted = isinstance(each.parent, exp.Distinct | exp.Is)
        if counted and _is_column(each, "order_id") and each.parent_select is select:
            each.set("this", exp.to_identifier("order_key", quoted=True))
            if isinstance(each.parent, exp.Distinct) and len(kinds) == 1:
                _count_alone(each.parent)


def _count_alone(orders: exp.Distinct) -> None:
    """Have rows that are alone of their order counted: only the others are told apart.

    The orders of a block are the different ids, and the rows without any.
    """
    count = orders.parent
    told = count.parent if count and isinstance(count.parent, exp.Filter) else count
    if told is None or not isinstance(told.parent, exp.Add):
        return
    without = told.parent.expression.expression.this
    missing = without.expression if isinstance(without, exp.And) else without
    missing.replace(column("alone"))
    shared = exp.Not(this=column("alone"))
    if isinstance(told, exp.Filter):
        told.expression.set("this", both([told.expression.this, shared]))
    else:
        told.replace(filtered(told.copy(), shared))


def _kind(operand: exp.Expr, scope: Scope) -> exp.Expr:
    return scope.bind(kind_of(str(_bound(operand, scope))))


def _is_column(expression: exp.Expr, name: str) -> bool:
    return isinstance(expression, exp.Column) and expression.name == name


def _asked(select: exp.Select, scope: Scope) -> tuple[set[str], Instant | None]:
    """Return the events that a scan asks for, none if any, and after which instant."""
    events: set[str] = set()
    since: Instant | None = None
    where = select.args.get("where")
    for condition in _conjuncts(where.this) if where else ():
        values = [_bound(each, scope) for each in _operands(condition)]
        match condition:
            case exp.EQ(this=exp.Column(name="event")) | exp.In(this=exp.Column(name="event")):
                events = {value for value in values if isinstance(value, str)}
            case exp.GT(this=exp.Column(name="at")):
                since = max((v for v in values if isinstance(v, int)), default=None)
    return events, since


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    elif isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    else:
        yield condition


def _operands(condition: exp.Expr) -> list[exp.Expr]:
    if isinstance(condition, exp.In):
        return list(condition.expressions)
    return [condition.expression] if isinstance(condition, exp.Binary) else []


def _bound(operand: exp.Expr, scope: Scope) -> object:
    """Return the value behind a placeholder, None for anything else."""
    placeholder = operand.this if isinstance(operand, exp.Cast) else operand
    if not isinstance(placeholder, exp.Parameter):
        return None
    return scope.parameters[int(placeholder.name) - 1]


def _columns(part: object) -> Iterator[str]:
    """Yield the columns that belong to a scan itself, not to a query inside of it."""
    if isinstance(part, list):
        for each in part:
            yield from _columns(each)
    elif isinstance(part, exp.Column):
        yield part.name
    elif isinstance(part, exp.Expr) and not isinstance(part, exp.Query):
        for each in part.args.values():
            yield from _columns(each)
