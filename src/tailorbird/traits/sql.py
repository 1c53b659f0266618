"""Pieces of SQL as sqlglot expressions: values are always bound, names are ours and quoted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlglot import exp

from tailorbird.schema import Instant
from tailorbird.traits.dialects import DUCKDB, Dialect, rendered
from tailorbird.traits.terms import Op, Operand

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.ports import SqlValue

DIALECT: Final = DUCKDB
TOUCHED: Final = "touched"
"""The table of the people asked about, where a query is restricted to them."""

Sql: TypeAlias = exp.Expr
SqlType: TypeAlias = Literal["BOOLEAN", "BIGINT", "TEXT"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A query ready for `Facts.read`, with the small tables that it reads beside the facts.

    In another dialect than DuckDB's, for the engine of that name (`stores.engines`).
    """

    sql: str
    parameters: tuple[SqlValue, ...]
    tables: dict[str, pa.Table]
    dialect: Dialect = DIALECT


@dataclass(slots=True)
class Scope:
    """What every part of one query shares: its instant, its people, its parameters.

    `restricted` reads only the people in `touched`; `extracted` reads their rows from small tables
    taken out beforehand (`touched_facts` ...) instead of searching the large ones again. With
    `state`, what the state holds is read from there.
    """

    as_of: Instant
    restricted: bool = False
    extracted: bool = False
    dialect: Dialect = DIALECT
    state: bool = False
    alone: int | None = None
    """The only person that is asked about, where there is one."""
    parameters: list[SqlValue] = field(default_factory=list)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    _numbers: dict[tuple[type, SqlValue], int] = field(default_factory=dict)

    def bind(self, value: Operand) -> Sql:
        """Return a typed placeholder for the value; equal values share one."""
        key = (type(value), value)
        if key not in self._numbers:
            self.parameters.append(value)
            self._numbers[key] = len(self.parameters)
        placeholder = exp.Parameter(this=exp.Literal.number(self._numbers[key]))
        return cast(placeholder, _TYPES[type(value)])

    def source(self, name: str) -> exp.Table:
        """Return the table of this name, or what was taken out of it."""
        return table(f"{TOUCHED}_{name}" if self.extracted else name)

    def now(self) -> Sql:
        """Return the instant asked about."""
        return self.bind(self.as_of)

    def keep_used(self, query: exp.Query) -> None:
        """Let go of the values that the query, which is complete, does not read."""
        placeholders = list(query.find_all(exp.Parameter))
        used = sorted({int(each.name) for each in placeholders})
        numbers = {old: new for new, old in enumerate(used, 1)}
        for each in placeholders:
            each.set("this", exp.Literal.number(numbers[int(each.name)]))
        self.parameters = [self.parameters[old - 1] for old in used]
        self._numbers = {(type(v), v): number for number, v in enumerate(self.parameters, 1)}

    def statement(self, query: exp.Query) -> Statement:
        """Return the query as text of the engine, with its parameters and small tables."""
        text = rendered(query, self.dialect)
        return Statement(text, tuple(self.parameters), dict(self.tables), self.dialect)


_TYPES: Final[dict[type, SqlType]] = {bool: "BOOLEAN", int: "BIGINT", str: "TEXT"}


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a quoted column."""
    return exp.column(name, table=table, quoted=True, copy=False)


def integer(value: int) -> Sql:
    """Return a whole number of our own (never an author's, which is bound) as a literal."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def cast(value: Sql, kind: SqlType) -> Sql:
    """Return `CAST(value AS kind)`."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type[kind]))


def table(name: str) -> exp.Table:
    """Return a table by its name."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def select(
    *columns: Sql,
    source: Sql,
    where: Sequence[Sql] = (),
    group: Sequence[Sql] = (),
    order: Sequence[exp.Ordered] = (),
) -> exp.Select:
    """Return `SELECT columns FROM source WHERE ... GROUP BY ... ORDER BY ...`.

    The pieces go in as they are: sqlglot's own builders copy the tree at every step.
    """
    query = exp.Select(expressions=list(columns)).from_(source, copy=False)
    if where:
        query.set("where", exp.Where(this=both(where)))
    if group:
        query.set("group", exp.Group(expressions=list(group)))
    if order:
        query.set("order", exp.Order(expressions=list(order)))
    return query


def named(value: Sql, name: str) -> Sql:
    """Return `value AS name`."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def subquery(query: exp.Query, name: str) -> exp.Subquery:
    """Return `(query) AS name`."""
    alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    return exp.Subquery(this=query, alias=alias)


def member_of(value: Sql, query: exp.Select) -> Sql:
    """Return `value IN (query)`."""
    return exp.In(this=value, query=exp.Subquery(this=query))


def both(conditions: Iterable[Sql]) -> Sql:
    """Return the conjunction; true where there is nothing to join."""
    return _joined(list(conditions), exp.And, exp.true())


def either(conditions: Iterable[Sql]) -> Sql:
    """Return the disjunction; false where there is nothing to join."""
    return _joined(list(conditions), exp.Or, exp.false())


def compared(value: Sql, op: Op, operands: Sequence[Sql]) -> Sql:
    """Return the comparison; it is NULL or false where the value is NULL, but for `missing`."""
    match op:
        case "in":
            return exp.In(this=value, expressions=list(operands))
        case "not in":
            return exp.Not(this=exp.Paren(this=exp.In(this=value, expressions=list(operands))))
        case "missing":
            return exp.Is(this=value, expression=exp.null())
        case "exists":
            return exp.Not(this=exp.Paren(this=exp.Is(this=value, expression=exp.null())))
        case "contains":
            found = exp.StrPosition(this=value, substr=operands[0])
            return exp.GT(this=found, expression=integer(0))
        case "starts with":
            return exp.StartsWith(this=value, expression=operands[0])
        case "ends with":
            return exp.EndsWith(this=value, expression=operands[0])
        case _:
            return _BINARY[op](this=value, expression=operands[0])


_BINARY: Final[dict[str, type[exp.Binary]]] = {
    "=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip


def cased(condition: Sql, value: Sql, otherwise: Sql | None = None) -> Sql:
    """Return `CASE WHEN condition THEN value [ELSE otherwise] END`."""
    case = exp.Case().when(condition, value, copy=False)
    return case.else_(otherwise, copy=False) if otherwise is not None else case


def coalesced(value: Sql, otherwise: Sql) -> Sql:
    """Return `COALESCE(value, otherwise)`."""
    return exp.Coalesce(this=value, expressions=[otherwise])


def filtered(aggregate: Sql, condition: Sql | None) -> Sql:
    """Return `aggregate FILTER (WHERE condition)`."""
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def ordered(name: str, *, descending: bool = False) -> exp.Ordered:
    """Return `name [DESC]`; our order columns are never NULL."""
    return exp.Ordered(this=column(name), desc=descending, nulls_first=not descending)


def _joined(conditions: list[Sql], kind: type[exp.Connector], empty: Sql) -> Sql:
    if not conditions:
        return empty
    first, *rest = [exp.Paren(this=c) if isinstance(c, exp.Connector) else c for c in conditions]
    joined: Sql = first
    for condition in rest:
        joined = kind(this=joined, expression=condition)
    return joined
