"""Histories that move from person to person, and back: merges and what takes them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import PersonId
from tailorbird.stores.statements import load
from tailorbird.ties import Home

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SQL = load("homes")
OWNED: Final = ("facts", "lines", "properties", "trait_values", "deeds", "deed_lines")
"""Tables of which each row says whose it is, and whose it was at first."""


def move(
    connection: duckdb.DuckDBPyConnection, homes: Sequence[Home], tables: Mapping[str, pa.Table]
) -> set[PersonId]:
    """Bring histories home, and return everybody of whom something moved.

    The new rows of `tables` are in place; `new_people` is visible where there is one.
    """
    if homes:
        _register(connection, homes)
        connection.execute(SQL["enter_moved"])
    people = tables.get("people")
    if people is not None and people.column("owner").null_count < people.num_rows:
        connection.execute(SQL["enter_known"])
        connection.execute(SQL["enter_owners"])
        connection.execute(SQL["enter_survivors"])
    if not connection.execute(SQL["any"]).fetchone():
        return set()
    if people is not None:
        connection.execute(SQL["age_owners"])
    left = _move(connection) if homes else set()
    connection.execute(SQL["age_people"])
    return left | {person for home in homes for person in (home.owner, home.person)}


def _move(connection: duckdb.DuckDBPyConnection) -> set[PersonId]:
    """Move what moves, and return whom some of it left."""
    for name in ("losers", "left"):
        connection.register(name, connection.execute(SQL[name]).to_arrow_table())
    connection.execute(SQL["move_owners"])
    for name in OWNED:
        connection.execute(SQL[f"move_{name}"])
    connection.execute(SQL["leave_membership"])
    for name in ("people", "membership", "scores"):
        connection.execute(SQL[f"forget_{name}"])
    connection.execute(SQL["touch"])
    return {person for (person,) in connection.execute(SQL["all_left"]).fetchall()}


def _register(connection: duckdb.DuckDBPyConnection, homes: Sequence[Home]) -> None:
    import pyarrow as pa

    columns = {
        "owner": [home.owner for home in homes],
        "person": [home.person for home in homes],
        "position": [home.position for home in homes],
    }
    connection.register("new_homes", pa.table(columns))
