"""Segments in SQL: one SELECT of person numbers over a few tables, checked before it is run.

What is run is written anew from the tree that was checked, and every node of that tree must be of a
kind that is listed here: what nobody thought of is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tailorbird.schema import Instant
from tailorbird.yaml_text import nearest

TABLES: Final[dict[str, tuple[str, ...]]] = {
    "facts": (
        "position", "person", "event", "at", "received_at", "order_id", "item", "category",
        "quantity", "value_minor", "currency", "campaign", "variant", "machine", "source",
        "session_id", "browser", "os", "device", "app", "country", "region", "city", "page",
        "referrer", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term",
        "utm_content", "utc_offset", "hour", "weekday", "dwell_seconds",
    ),
    "lines": (
        "position", "person", "event", "at", "order_id", "item", "category", "quantity",
        "value_minor",
    ),
    "properties": ("position", "person", "event", "at", "name", "text", "number"),
    "trait_values": ("position", "person", "name", "at", "text", "number", "source"),
    "people": ("person", "created_at"),
    "products": ("item", "name", "category", "price_minor", "currency", "stock"),
    "scores": ("model", "version", "person", "at", "value"),
    "membership": ("segment", "person", "member"),
}  # fmt: skip
"""What a statement may read; units as in the reference of the facts."""
DIALECT: Final = "duckdb"
LONGEST: Final = 20_000
DEEPEST: Final = 60

_PLAIN: Final[tuple[type[exp.Expr], ...]] = (
    exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Distinct, exp.Qualify, exp.Join, exp.Subquery, exp.With, exp.CTE,
    exp.TableAlias, exp.Table, exp.Column, exp.Identifier, exp.Alias, exp.Star, exp.Literal,
    exp.Null, exp.Boolean, exp.Paren, exp.Tuple, exp.Union, exp.Except, exp.Intersect,
    exp.Window, exp.WindowSpec, exp.Filter, exp.Var, exp.Interval, exp.DataType,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe,
    exp.Placeholder,
)  # fmt: skip
_FUNCTIONS: Final[tuple[type[exp.Expr], ...]] = (
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Quantile,
    exp.Stddev, exp.StddevSamp, exp.Variance, exp.ArgMax, exp.ArgMin, exp.LogicalAnd,
    exp.LogicalOr, exp.ApproxDistinct, exp.First, exp.Last,
    exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.Rank, exp.DenseRank,
    exp.Ntile, exp.PercentRank, exp.CumeDist,
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Cast, exp.TryCast, exp.Greatest, exp.Least,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sqrt, exp.Ln, exp.Pow,
    exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Substring, exp.Concat, exp.StartsWith,
    exp.Contains, exp.StrPosition,
)  # fmt: skip
_NAMED: Final = frozenset(
    {"epoch_us", "starts_with", "contains", "suffix", "prefix", "bool_or", "bool_and", "trunc"}
)
"""Functions that the parser has no kind of its own for."""


class Query(msgspec.Struct, frozen=True):
    """A checked statement: its text, and which columns of which tables it reads."""

    sql: str
    columns: dict[str, tuple[str, ...]]


class Refusal(Exception):  # noqa: N818 - it carries what the reader of the file says
    """Why a statement may not be run, how to mend it, and on which of its lines."""

    def __init__(self, what: str, mend: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.line = line


def check(sql: str, now: Instant = 0) -> Query:
    """Return the statement that may be run in place of this one; `$now` is the instant.

    Raises:
        Refusal: it is not one SELECT of one column, or it asks for more than it may.
    """
    tree = _parsed(sql)
    for node in tree.walk():
        _allowed(node)
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise Refusal("the statement is no SELECT", "write `SELECT person FROM facts WHERE ...`")
    names = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    columns = dict(_read(tree, names))
    chosen = tree.selects
    if len(chosen) != 1 or isinstance(chosen[0], exp.Star) or chosen[0].is_star:
        raise Refusal("the statement must return one column", "select `person` alone")
    if not columns:
        raise Refusal("the statement reads no table", f"read one of {', '.join(TABLES)}")
    for each in list(tree.find_all(exp.Placeholder)):
        each.replace(exp.Literal.number(now))
    return Query(tree.sql(dialect=DIALECT, comments=False), columns)


def named(sql: str) -> frozenset[str]:
    """Return the texts in a statement that reads memberships: the segments it names are there.

    >>> sorted(named("SELECT person FROM membership WHERE segment = 'gold' AND member"))
    ['gold']
    """
    tree = _parsed(sql)
    if not any(table.name.lower() == "membership" for table in tree.find_all(exp.Table)):
        return frozenset()
    return frozenset(each.name for each in tree.find_all(exp.Literal) if each.is_string)


def _parsed(sql: str) -> exp.Expr:
    if len(sql) > LONGEST:
        raise Refusal("the statement is too long", f"stay below {LONGEST:,} characters")
    if sql.count("(") > DEEPEST * 10:
        raise Refusal("the statement is nested too deeply", "make it simpler")
    try:
        found = [each for each in sqlglot.parse(sql, dialect=DIALECT) if each is not None]
    except SqlglotError as error:
        told = getattr(error, "errors", None) or [{}]
        what = str(told[0].get("description") or "it cannot be read").rstrip(".")
        line = int(told[0].get("line") or 0)
        raise Refusal(f"this is no SQL: {what}", "write one SELECT of DuckDB", line) from None
    except RecursionError:
        raise Refusal("the statement is nested too deeply", "make it simpler") from None
    if len(found) != 1:
        raise Refusal(f"there are {len(found)} statements", "write one SELECT, and no more")
    return found[0]


def _allowed(node: exp.Expr) -> None:
    """Raise where a node is of no kind that a statement may hold."""
    kind = type(node)
    if kind in _PLAIN:
        _plain(node)
    elif isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name not in _NAMED:
            raise Refusal(f"the function {name!r} is not allowed", _ALLOWED_MEND)
    elif kind not in _FUNCTIONS:
        if isinstance(node, exp.Func):
            name = node.sql_name().lower()
            raise Refusal(f"the function {name!r} is not allowed", _ALLOWED_MEND)
        what = f"{kind.key.replace('_', ' ')!r} is not allowed"
        raise Refusal(what, "write one plain SELECT: it may filter, join, group and order")


_ALLOWED_MEND: Final = (
    "use arithmetic, comparisons, count, sum, avg, min, max, coalesce, case, cast, text and window "
    "functions"
)


def _plain(node: exp.Expr) -> None:
    """Raise where a node of an allowed kind says what is not."""
    if isinstance(node, exp.Table) and (
        not isinstance(node.this, exp.Identifier) or node.args.get("db") or node.args.get("catalog")
    ):
        what = f"{node.sql(dialect=DIALECT)[:60]!r} is no table here"
        raise Refusal(what, f"read {', '.join(TABLES)}")
    if isinstance(node, exp.Placeholder) and node.name.lower() != "now":
        raise Refusal(f"there is no value ${node.name}", "`$now` is the only one: an instant")
    if isinstance(node, exp.With) and node.args.get("recursive"):
        raise Refusal("a recursive WITH is not allowed", "write a plain WITH")
    if isinstance(node, exp.Select) and (node.args.get("into") or node.args.get("sample")):
        raise Refusal("INTO and SAMPLE are not allowed", "write a plain SELECT")


def _read(tree: exp.Expr, names: set[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each table that is read with the columns that may be meant."""
    said = {each.name.lower() for each in tree.find_all(exp.Identifier)}
    starred = any(not isinstance(each.parent, exp.Count) for each in tree.find_all(exp.Star))
    starred |= any(each.args.get("method") for each in tree.find_all(exp.Join))
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        if name in TABLES and name in names:
            raise Refusal(f"{name!r} is a table already", "give the part of WITH another name")
        if name in names:
            continue
        if name not in TABLES:
            raise Refusal(f"there is no table {table.name!r}", nearest(table.name, list(TABLES)))
        every = TABLES[name]
        wanted = tuple(each for each in every if starred or each in said)
        yield name, wanted or every[:2]
