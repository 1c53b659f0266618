"""The names that events, traits and properties go by, counted in the transactions of their rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.stores.statements import load

if TYPE_CHECKING:
    import duckdb

SQL = load("names")
TABLES: Final = ("facts", "properties", "trait_values")


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of names."""
    connection.execute(SQL["table"])


def add(connection: duckdb.DuckDBPyConnection, new: Collection[str]) -> None:
    """Count the names in new rows (`new_facts` ...)."""
    if said := [SQL[f"said_{table}"] for table in TABLES if table in new]:
        connection.execute(SQL["add"].format(" UNION ALL ".join(said)))


def take_back(connection: duckdb.DuckDBPyConnection, correction: str, bound: Sequence[int]) -> None:
    """Uncount the names in rows that a correction is about to delete."""
    if correction in SQL:
        connection.execute(SQL[correction], list(bound))


def renew(connection: duckdb.DuckDBPyConnection) -> None:
    """Count all names anew."""
    connection.execute(SQL["clear"])
    connection.execute(SQL["renew"])
