"""The tables that statements read, in the words of each engine: from DuckDB's one description."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

import sqlglot
from sqlglot import exp

from tailorbird.ports import Facts
from tailorbird.stores.statements import load, text
from tailorbird.traits.dialects import DUCKDB, Dialect, rendered

if TYPE_CHECKING:
    import pyarrow as pa

READ: Final = ("facts", "lines", "properties", "trait_values", "scores", "people", "sessions")
"""Everything that the terms of traits and segments read; `visits` is a view over two of them."""
VISITS: Final = "visits"
_ARROW: Final = {"BIGINT": "int64", "TEXT": "string", "BOOLEAN": "bool_"}
_TYPES: Final[dict[str, dict[str, str]]] = {
    "clickhouse": {"BIGINT": "Int64", "TEXT": "String", "BOOLEAN": "Bool"},
    # Texts in the order of their bytes, whatever the language of the database.
    "postgres": {"BIGINT": "BIGINT", "TEXT": 'TEXT COLLATE "C"', "BOOLEAN": "BOOLEAN"},
}


def copied(facts: Facts) -> dict[str, pa.Table]:
    """Return the tables that statements read, as they are now."""
    return {name: facts.read(_every_row(name)) for name in READ}


@cache
def columns() -> dict[str, dict[str, tuple[str, bool]]]:
    """Return of each table the columns in order, each with DuckDB's type and whether it is set."""
    described = f"{text('facts_schema')};{load('sessions')['table']}"
    found = {}
    for create in sqlglot.parse(described, dialect=DUCKDB):
        if isinstance(create, exp.Create) and create.this.this.name in READ:
            parts = create.this.expressions
            found[create.this.this.name] = dict(
                _column(part) for part in parts if isinstance(part, exp.ColumnDef)
            )
    return found


def empty(name: str) -> pa.Table:
    """Return the table without rows."""
    import pyarrow as pa

    fields = [(name, getattr(pa, _ARROW[kind])()) for name, (kind, _) in columns()[name].items()]
    return pa.schema(fields).empty_table()


def create(name: str, dialect: Dialect, *, temporary: bool = False) -> str:
    """Return the statement that makes a table of ClickHouse or PostgreSQL."""
    parts = []
    for column, (kind, is_set) in columns()[name].items():
        word = _TYPES[dialect][kind]
        if dialect == "clickhouse":
            parts.append(f"{_quoted(column)} {word if is_set else f'Nullable({word})'}")
        else:
            parts.append(f"{_quoted(column)} {word}{' NOT NULL' if is_set else ''}")
    end = " ENGINE = Memory" if dialect == "clickhouse" else ""
    kind = "TEMPORARY TABLE" if temporary else "TABLE"
    return f'CREATE {kind} "{name}" ({", ".join(parts)}){end}'


def visits(dialect: Dialect) -> str:
    """Return the query of the view `visits`, without the words that only DuckDB knows."""
    view = sqlglot.parse_one(load("sessions")["visits"], dialect=DUCKDB)
    parts = [_named(part) for part in _parts(view.expression)]
    names = dict.fromkeys(name for part in parts for name in part[1])
    selects = [
        exp.Select(
            expressions=[
                exp.Alias(this=values.get(name, exp.null()).copy(), alias=_identifier(name))
                for name in names
            ]
        ).from_(exp.Table(this=_identifier(source)))
        for source, values in parts
    ]
    union: exp.Query = selects[0]
    for each in selects[1:]:
        union = exp.union(union, each, distinct=False)
    return rendered(union, dialect)


def _every_row(name: str) -> str:
    asked = ", ".join(_quoted(column) for column in columns()[name])
    return f'SELECT {asked} FROM "{name}"'  # noqa: S608 - names of our own


def _parts(union: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(union, exp.Union):
        yield from _parts(union.this)
        yield from _parts(union.expression)
    elif isinstance(union, exp.Select):
        yield union


def _named(part: exp.Select) -> tuple[str, dict[str, exp.Expr]]:
    """Return the table of a part of the view, and its values by name, the star written out."""
    source = part.args["from_"].this.name
    values: dict[str, exp.Expr] = {}
    for each in part.expressions:
        if isinstance(each, exp.Star):
            without = {column.name for column in each.args.get("except_") or ()}
            values |= {name: _own(name) for name in columns()[source] if name not in without}
            values |= {new.alias: new.this for new in each.args.get("replace") or ()}
        else:
            values[each.alias] = each.this
    for column in [c for value in values.values() for c in value.find_all(exp.Column)]:
        column.this.set("quoted", True)
    return source, values


def _column(part: exp.ColumnDef) -> tuple[str, tuple[str, bool]]:
    sets = (exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint)
    is_set = any(isinstance(constraint.kind, sets) for constraint in part.constraints)
    return part.name, (part.args["kind"].this.value, is_set)


def _own(name: str) -> exp.Expr:
    return exp.Column(this=_identifier(name))


def _identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def _quoted(name: str) -> str:
    return f'"{name}"'
