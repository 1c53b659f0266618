"""Sessions, counted anew for the people of whom new facts came or whose history moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import Names, PersonId
from tailorbird.stores.duckdb.runs import PAUSE, plain, runs_of
from tailorbird.stores.statements import load

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SQL = load("sessions")
ACTS: Final = (
    Names.ADD_TO_CART, Names.CART_VIEWED, Names.CHECKOUT_STARTED, Names.PAGE_LEFT,
    Names.PAGE_VIEWED, Names.PRODUCTS_SEARCHED, Names.PRODUCT_LIST_VIEWED, Names.PRODUCT_VIEWED,
    Names.REMOVE_FROM_CART, Names.SCREEN_VIEWED, Names.WISHLIST_ADDED, Names.WISHLIST_REMOVED,
)  # fmt: skip
"""Events that happen before somebody's eyes even if their sender names no page and no session."""


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of sessions, and the view in which they stand beside the facts."""
    connection.execute(SQL["table"])
    connection.execute(SQL["visits"])


def whose(
    connection: duckdb.DuckDBPyConnection, taken_back: Sequence[tuple[str, tuple[int, ...]]]
) -> set[PersonId]:
    """Return the people whose facts these corrections will take back."""
    positions = [bound[0] for name, bound in taken_back if name == "retract_facts"]
    if not positions:
        return set()
    return {person for (person,) in connection.execute(SQL["whose"], (positions,)).fetchall()}


def renew(
    connection: duckdb.DuckDBPyConnection,
    fresh: pa.Table | None,
    *,
    moved: Iterable[PersonId] = (),
) -> None:
    """Count the sessions anew that new facts reach, and all of those whose history `moved`.

    The `fresh` facts are among the facts already. What only begins sessions or goes on with some is
    added to them: that is most of what comes live, and costs the same however long they are.
    """
    import pyarrow as pa

    people = sorted(set(moved))
    if not people and fresh is None:
        return
    connection.register("acts", pa.table({"event": list(ACTS)}))
    connection.register("moved", pa.table({"person": pa.array(people, pa.int64())}))
    touched = connection.execute(SQL["nobody"]).to_arrow_table()
    if fresh is not None:
        crossing = _gone_on(connection, fresh, people)
        if crossing.num_rows:
            connection.register("crossing", crossing)
            touched = connection.execute(SQL["touched"]).to_arrow_table()
    if not touched.num_rows and not people:
        return
    connection.register("touched", touched)
    stale = connection.execute(SQL["stale"]).to_arrow_table()
    if not stale.num_rows:
        return
    connection.register("stale", stale)
    connection.execute(SQL["forget"])
    low, high = connection.execute(SQL["bounds"]).fetchall()[0]
    connection.execute(SQL["renew"], (low, high, low, high))


def _gone_on(
    connection: duckdb.DuckDBPyConnection, facts: pa.Table, moved: Sequence[PersonId]
) -> pa.Table:
    """Add what begins sessions or goes on with some; return the runs that do more than that."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    names = connection.execute(SQL["columns"]).to_arrow_table().column_names
    found = runs_of(facts, ACTS, moved, names)
    if not found.num_rows:
        return found
    found = found.append_column("run", pa.array(np.arange(found.num_rows)))
    connection.register("runs", found.select(["run", "person", "session_id", "at", "until"]))
    first, last = pc.min(found["at"]).as_py(), pc.max(found["until"]).as_py()
    reached = connection.execute(SQL["reach"], (first - PAUSE, last + PAUSE)).to_arrow_table()
    simple, began = plain(found, reached)
    found = found.drop_columns(["run"])
    begun, going_on = simple & (began < 0), simple & (began >= 0)
    if begun.any():
        connection.register("begun", found.filter(pa.array(begun)))
        connection.execute(SQL["begin"])
    if going_on.any():
        some = found.append_column("began", pa.array(began)).filter(pa.array(going_on))
        connection.register("going_on", some)
        connection.execute(SQL["go_on"])
    return found.filter(pa.array(~simple))
