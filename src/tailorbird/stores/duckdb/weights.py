"""Whose word on a trait counts: weights of sources, as the settings order them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tailorbird.stores.statements import load

if TYPE_CHECKING:
    import duckdb

SQL = load("weights")


def weigh(connection: duckdb.DuckDBPyConnection, orders: Mapping[str, Sequence[str]]) -> bool:
    """Weigh what was said by these orders of sources; return False if it is weighed so already.

    Segments are asked of everybody again, for a trait's value may be another.
    """
    wanted = sorted(
        (name, source, len(order) - place)
        for name, order in orders.items()
        for place, source in enumerate(order)
    )
    if connection.execute(SQL["kept"]).fetchall() == wanted:
        return False
    connection.execute("BEGIN")
    connection.execute(SQL["forget"])
    for row in wanted:
        connection.execute(SQL["keep"], row)
    connection.execute(SQL["weigh"])
    connection.execute(SQL["ask_again"])
    connection.execute("COMMIT")
    return True
