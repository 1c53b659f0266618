"""One tree of SQL in the words of each engine: what differs between engines is said here, once.

DuckDB takes the tree as the compiler built it. For the others every node is first checked (what is
not known to mean the same everywhere is refused) and then put into words that mean what DuckDB's
do, with integers of 64 bits throughout:

- a value is bound by its number (PostgreSQL), or by the name `pN` (ClickHouse, Spark);
- a quotient truncates, also beyond 53 bits, and is missing where the divisor is 0;
- ClickHouse: no rows give NULL, not 0, by an outer join and by an aggregate under a FILTER; a name
  means the column, not the alias beside it; what does not fit 64 bits is an error instead of
  another number.

Texts are equal and in order by their bytes; in PostgreSQL the columns of the facts say so.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sqlglot import exp

Dialect: TypeAlias = Literal["duckdb", "clickhouse", "postgres", "spark"]
DUCKDB: Final[Dialect] = "duckdb"
KNOWN: Final[frozenset[type[exp.Expr]]] = frozenset(
    {
        exp.Select, exp.Union, exp.From, exp.Join, exp.Where, exp.Group, exp.Order, exp.Ordered,
        exp.Limit, exp.Subquery, exp.Table, exp.TableAlias, exp.Alias, exp.Identifier, exp.Column,
        exp.Star, exp.Literal, exp.Neg, exp.Null, exp.Boolean, exp.Parameter, exp.Cast,
        exp.DataType, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT,
        exp.GTE, exp.Is, exp.In, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Least, exp.Add,
        exp.Sub, exp.Mul, exp.IntDiv, exp.Abs, exp.Count, exp.Distinct, exp.Sum, exp.Min, exp.Max,
        exp.Filter, exp.Window, exp.WindowSpec, exp.RowNumber, exp.StrPosition, exp.StartsWith,
        exp.EndsWith, exp.Greatest,
    }
)  # fmt: skip
"""What the compiler may emit: parts of which every engine's meaning was tested."""


def rendered(query: exp.Query, dialect: Dialect) -> str:
    """Return the query as text of the engine.

    Raises:
        TypeError: for another engine than DuckDB, it has a part that is not `KNOWN`.
    """
    if dialect == DUCKDB:
        return query.sql(dialect=DUCKDB, copy=False)
    lowered = query.copy()
    # From the leaves to the root: a node's parts are in the engine's words before it is.
    for node in reversed(list(lowered.walk())):
        parent, key, index = node.parent, node.arg_key, node.index
        said = _checked(node, dialect)
        if said is not node and parent is not None and key is not None:
            parent.set(key, said, index)
    if dialect == "clickhouse":
        lowered.set("settings", [_setting(name) for name in _CLICKHOUSE_SETTINGS])
    return lowered.sql(dialect=dialect, copy=False)


def _checked(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if type(node) not in KNOWN:
        raise TypeError(f"{type(node).__name__} is not known to mean the same on every engine")
    if isinstance(node, exp.Parameter) and not isinstance(node.parent, exp.Cast):
        raise TypeError("a parameter without a type means something else on every engine")
    said = _shared(node, dialect)
    return _clickhouse(said) if dialect == "clickhouse" else said


def _shared(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Return the node in words of PostgreSQL and Spark, and for ClickHouse half the way there."""
    match node:
        case exp.Cast(this=exp.Parameter(this=number), to=kind):
            return _placeholder(str(number.this), kind, dialect)
        case exp.Literal(is_string=False) if not isinstance(node.parent, exp.Limit | exp.Parameter):
            return _number(node, dialect)
        case exp.IntDiv(this=of, expression=by):
            # A number of our own is not 0; all else may be.
            if by.find(exp.Column, exp.Placeholder, exp.Parameter):
                zero = _number(exp.Literal.number(0), dialect)
                by = exp.Nullif(this=by, expression=zero)
            return _quotient(of, by, dialect)
        case exp.EndsWith(this=value, expression=end) if dialect == "postgres":
            last = exp.Right(this=value, expression=exp.Length(this=end))
            return exp.EQ(this=last, expression=end.copy())
        case _:
            return node


def _placeholder(number: str, kind: exp.DataType, dialect: Dialect) -> exp.Expr:
    match dialect:
        case "clickhouse":
            return exp.Placeholder(
                this=f"p{number}", kind=exp.Var(this=_CLICKHOUSE_TYPES[kind.this])
            )
        case "spark":
            return exp.Cast(this=exp.Placeholder(this=f"p{number}"), to=kind)
        case _:
            return exp.Cast(this=exp.Parameter(this=exp.Literal.number(number)), to=kind)


def _quotient(of: exp.Expr, by: exp.Expr, dialect: Dialect) -> exp.Expr:
    match dialect:
        case "clickhouse":
            return exp.Anonymous(this="intDiv", expressions=[of, by])
        case "spark":
            return exp.Paren(this=exp.IntDiv(this=of, expression=by))
        case _:
            # Between two integers PostgreSQL's own sign truncates; DIV would make numerics of them.
            return exp.Paren(this=exp.Div(this=of, expression=by, typed=True, safe=False))


def _number(literal: exp.Expr, dialect: Dialect) -> exp.Expr:
    if dialect == "clickhouse":
        return _called("toInt64", literal)
    return exp.Cast(this=literal, to=exp.DataType(this=exp.DataType.Type.BIGINT))


# -- ClickHouse ------------------------------------------------------------------------------------

_CLICKHOUSE_TYPES: Final = {
    exp.DataType.Type.BIGINT: "Int64",
    exp.DataType.Type.TEXT: "String",
    exp.DataType.Type.BOOLEAN: "Bool",
}
_CLICKHOUSE_SETTINGS: Final = ("join_use_nulls", "prefer_column_name_to_alias")
_OR_NULL: Final[dict[type[exp.Expr], str]] = {exp.Min: "minOrNull", exp.Max: "maxOrNull"}


def _clickhouse(node: exp.Expr) -> exp.Expr:
    match node:
        case exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.BIGINT)):
            return _fitting(value)
        case exp.Add() | exp.Sub() | exp.Mul():
            return _fitting(type(node)(this=_wide(node.this), expression=_wide(node.expression)))
        case exp.Min(this=value) | exp.Max(this=value):
            return _called(_OR_NULL[type(node)], value)
        case exp.Sum(this=value):
            return _called("sumOrNull", _wide(value))
        case exp.Abs():
            return _called("toInt64", node)
        case exp.Filter(this=exp.Count()) | exp.Window(this=exp.RowNumber()):
            return _called("toInt64", node)
        case exp.Count() if not isinstance(node.parent, exp.Filter | exp.Window):
            return _called("toInt64", node)
        case _:
            return node


def _wide(value: exp.Expr) -> exp.Expr:
    return _called("toInt128", value)


def _fitting(value: exp.Expr) -> exp.Expr:
    return _called("accurateCast", value, exp.Literal.string("Nullable(Int64)"))


def _called(name: str, *values: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(values))


def _setting(name: str) -> exp.EQ:
    return exp.EQ(this=exp.Var(this=name), expression=exp.Literal.number(1))
