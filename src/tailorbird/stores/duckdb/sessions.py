"""Sessions, counted anew for the people of whom new facts came or whose history moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import Names, PersonId
from tailorbird.stores.statements import load

if TYPE_CHECKING:
    import duckdb

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
    connection: duckdb.DuckDBPyConnection, *, fresh: bool, moved: Iterable[PersonId] = ()
) -> None:
    """Count the sessions anew that new facts reach, and all of those whose history `moved`.

    With `fresh`, the new facts are visible as `new_facts`; they are among the facts already.
    """
    import pyarrow as pa

    people = sorted(set(moved))
    if not people and not fresh:
        return
    connection.register("acts", pa.table({"event": list(ACTS)}))
    connection.register("moved", pa.table({"person": pa.array(people, pa.int64())}))
    touched = connection.execute(SQL["touched" if fresh else "nobody"]).to_arrow_table()
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
