"""Sessions, counted anew for the people of whom new facts came or whose history moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import Names, PersonId
from tailorbird.stores.duckdb.sessions_bulk import is_bulk, sessions_of
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

    The `fresh` facts are visible as `new_facts`; they are among the facts already.
    """
    import pyarrow as pa

    people = sorted(set(moved))
    if not people and fresh is None:
        return
    connection.register("acts", pa.table({"event": list(ACTS)}))
    connection.register("moved", pa.table({"person": pa.array(people, pa.int64())}))
    touched = connection.execute(SQL["nobody" if fresh is None else "touched"]).to_arrow_table()
    if not touched.num_rows and not people:
        return
    connection.register("touched", touched)
    if fresh is not None and is_bulk(fresh):
        touched = _without_strangers(connection, fresh, touched, people)
        connection.register("touched", touched)
    stale = connection.execute(SQL["stale"]).to_arrow_table()
    if not stale.num_rows:
        return
    connection.register("stale", stale)
    connection.execute(SQL["forget"])
    low, high = connection.execute(SQL["bounds"]).fetchall()[0]
    connection.execute(SQL["renew"], (low, high, low, high))


def _without_strangers(
    connection: duckdb.DuckDBPyConnection,
    facts: pa.Table,
    touched: pa.Table,
    moved: Sequence[PersonId],
) -> pa.Table:
    """Count the sessions of those who have none near their new facts; return who is left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    near = connection.execute(SQL["near"]).to_arrow_table()["person"].combine_chunks()
    names = connection.execute(SQL["columns"]).to_arrow_table().column_names
    counted = sessions_of(facts, ACTS, {*near.to_pylist(), *moved}, names)
    connection.register("counted", counted)
    connection.execute(SQL["add"])
    return touched.filter(pc.is_in(touched["person"], pa.array(near)))
