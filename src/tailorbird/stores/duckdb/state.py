"""The state of each person: facts that are asked for long after, by event and person.

It is derived from the facts in the transactions that change them; `traits.state` says what is
answered from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.stores.duckdb.orders import KnownOrders
from tailorbird.stores.statements import load
from tailorbird.traits.state import BROWSING, kind_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SQL = load("state")
TABLES: Final = ("deeds", "deed_lines")
LOOSE: Final = 122_880
"""Rows of an event that may lie as they came: as many as DuckDB keeps together, in order within
two tenths of a second."""


def add(
    connection: duckdb.DuckDBPyConnection, new: Mapping[str, pa.Table], known: KnownOrders
) -> None:
    """Keep the new rows of the facts and lines too, where there are such (`new_facts` ...).

    `known`: orders that the state may have; those of the new rows are added.
    """
    if "facts" not in new:
        return
    _name_kinds(connection, new["facts"])
    _tell_shared(connection, new["facts"], known)
    connection.execute(SQL["add_deeds"])
    connection.execute(SQL["count_loose"])
    if "lines" in new:
        connection.execute(SQL["add_deed_lines"])


def _tell_shared(
    connection: duckdb.DuckDBPyConnection, facts: pa.Table, known: KnownOrders
) -> None:
    """Name the orders of new rows that others have too, and take the mark from those others."""
    none = facts["order_id"].null_count == facts.num_rows
    new = connection.execute(SQL["new_orders"] + (" LIMIT 0" if none else "")).to_arrow_table()
    sought = _sought(connection, new, known)
    if not sought.num_rows:
        connection.register("shared", sought)
        return
    connection.register("sought", sought)
    connection.register("shared", connection.execute(SQL["find_shared"]).to_arrow_table())
    connection.execute(SQL["mark_shared"])


def _sought(connection: duckdb.DuckDBPyConnection, new: pa.Table, known: KnownOrders) -> pa.Table:
    """Return the new orders that may have other rows beside them; now they are known.

    The rows of the state are looked through for the first orders, and when they have doubled.
    """
    import pyarrow as pa

    if not new.num_rows:
        return new
    orders = new["kind"].to_numpy() ^ new["order_key"].to_numpy()
    if not known.has_room_for(len(orders)):
        every = connection.execute(SQL["orders"]).to_arrow_table()
        known.fill(every["order"].to_numpy(), len(orders))
    seen = known.may_know(orders)
    known.add(orders)
    _, places, times = np.unique(orders, return_inverse=True, return_counts=True)
    return new.filter(pa.array(seen | (times[places] > 1)))


def is_loose(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether so many rows of an event lie as they came that it is time to order them."""
    return connection.execute(SQL["loose"], (LOOSE,)).fetchone() is not None


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the loose rows of the events that have many in order, beside those that are."""
    for event, since in connection.execute(SQL["loose"], (LOOSE,)).fetchall():
        which = (kind_of(event), since)
        for table in TABLES:
            connection.execute(SQL[f"take_{table}"], which)
            connection.execute(SQL[f"drop_{table}"], which)
            connection.execute(SQL[f"put_{table}"])
        connection.execute(SQL["settled"], (event,))


def renew(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the state anew from the facts, all of it in order."""
    _name_browsing(connection)
    for table in TABLES:
        connection.execute(SQL[f"clear_{table}"])
    for (event,) in connection.execute(SQL["events"]).fetchall():
        connection.execute(SQL["renew_shared"], (event,))
        for table in TABLES:
            connection.execute(SQL[f"renew_{table}"], (event, kind_of(event)))
    connection.execute(SQL["forget_shared"])
    connection.execute(SQL["all_settled"])


def _name_kinds(connection: duckdb.DuckDBPyConnection, facts: pa.Table) -> None:
    """Give the events of new facts the numbers by which the state knows them: one hash each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    events = sorted(set(pc.unique(facts["event"]).to_pylist()) - BROWSING)
    kinds = [kind_of(event) for event in events]
    connection.register(
        "kinds",
        pa.table({"event": pa.array(events, pa.string()), "kind": pa.array(kinds, pa.int64())}),
    )


def _name_browsing(connection: duckdb.DuckDBPyConnection) -> None:
    import pyarrow as pa

    connection.register("browsing", pa.table({"event": sorted(BROWSING)}))
