"""Which rows: windows and predicates as conditions of a WHERE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from tailorbird.traits.sql import (
    TOUCHED,
    Scope,
    Sql,
    both,
    column,
    compared,
    either,
    member_of,
    select,
    table,
)
from tailorbird.traits.terms import (
    Operand,
    Predicate,
    ProductTest,
    PropertyTest,
    Rows,
    Test,
    window,
)


def restriction(scope: Scope) -> list[Sql]:
    """Return the condition that keeps a scan to the people asked about, if any."""
    if not scope.restricted or scope.extracted:
        return []
    return [member_of(column("person"), select(column("person"), source=table(TOUCHED)))]


def matching(rows: Rows, scope: Scope, of: str) -> list[Sql]:
    """Return the conditions under which a row of this table belongs to one of these facts."""
    return [
        *bounds(rows, scope),
        happened(rows.events, scope),
        *(tested(predicate, rows, scope, of) for predicate in rows.where),
    ]


def told_apart(rows: Rows, scope: Scope) -> list[Sql]:
    """Return what tells these facts from others of the same scan; old enough or not."""
    after, upto = window(replace(rows, older_than=0), scope.as_of)
    anytime = replace(rows, within=None, older_than=0, after=None, before=None)
    conditions = matching(anytime, scope, "facts")[1:]
    if after is not None:
        conditions.append(compared(column("at"), ">", (scope.bind(after),)))
    if rows.before is not None:
        conditions.append(compared(column("at"), "<=", (scope.bind(upto),)))
    return conditions


def hull(rows: Sequence[Rows]) -> Rows:
    """Return the narrowest rows of which all of these, of the same events, are part."""
    wheres = {each.where for each in rows}
    widths = [each.within for each in rows if each.within is not None]
    starts = [each.after for each in rows if each.after is not None]
    ends = [each.before for each in rows if each.before is not None]
    return Rows(
        rows[0].events,
        rows[0].where if len(wheres) == 1 else (),
        max(widths) if len(widths) == len(rows) else None,
        min(each.older_than for each in rows),
        min(starts) if len(starts) == len(rows) else None,
        max(ends) if len(ends) == len(rows) else None,
    )


def bounds(rows: Rows, scope: Scope, given: Rows | None = None) -> list[Sql]:
    """Return the bounds of the window, without those that `given` already sets."""
    after, upto = window(rows, scope.as_of)
    told = (None, None) if given is None else window(given, scope.as_of)
    conditions = []
    if after is not None and after != told[0]:
        conditions.append(compared(column("at"), ">", (scope.bind(after),)))
    if upto != told[1]:
        conditions.append(compared(column("at"), "<=", (scope.bind(upto),)))
    return conditions


def happened(events: tuple[str, ...], scope: Scope) -> Sql:
    """Return that the row's event is one of these."""
    return compared(column("event"), "=" if len(events) == 1 else "in", _bound(events, scope))


def tested(predicate: Predicate, rows: Rows, scope: Scope, of: str) -> Sql:
    """Return that the fact to which a row of this table belongs passes."""
    match predicate:
        case Test(name, op, operands):
            test = compared(column(name), op, _bound(operands, scope))
            return test if of in ("facts", "visits") else _among(rows, scope, "facts", [test])
        case ProductTest(tests):
            product = [
                compared(column(name), op, _bound(operands, scope)) for name, op, operands in tests
            ]
            if of == "lines":
                return both(product)
            others = compared(column("own"), "=", (exp.false(),))
            lines = _among(rows, scope, "lines", [others, *(test.copy() for test in product)])
            own = both(product)
            if of == "properties":
                own = _among(rows, scope, "facts", [own])
            return exp.Paren(this=either([own, lines]))
        case PropertyTest(name, kind, op, operands):
            called = compared(column("name"), "=", (scope.bind(name),))
            if op == "missing":
                there = [called, compared(column(kind), "exists", ())]
                return exp.Not(this=exp.Paren(this=_among(rows, scope, "properties", there)))
            test = compared(column(kind), op, _bound(operands, scope))
            return _among(rows, scope, "properties", [called, test])


def _bound(operands: Sequence[Operand], scope: Scope) -> list[Sql]:
    return [scope.bind(operand) for operand in operands]


def _among(rows: Rows, scope: Scope, name: str, tests: list[Sql]) -> Sql:
    """Return that the fact is among those of which this table has such a row."""
    conditions = [*bounds(rows, scope), happened(rows.events, scope), *tests, *restriction(scope)]
    query = select(column("position"), source=scope.source(name), where=conditions)
    return member_of(column("position"), query)
