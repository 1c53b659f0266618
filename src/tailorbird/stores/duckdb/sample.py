"""A sample of all people with their rows, kept in the transactions that change the facts.

`sampled_people` says who is in it; `sampled_facts` and so on are their rows. Of few people there is
none: all of them are soon asked. The part is halved whenever the people have doubled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.stores.duckdb.sessions import SQL as SESSIONS
from tailorbird.stores.statements import load
from tailorbird.ties import Home

if TYPE_CHECKING:
    import duckdb

SQL = load("sample")
MARKERS = load("facts")
HALVED: Final = "sample_halved"
"""How often the part was halved; 0 where there is no sample."""
TABLES: Final = ("facts", "lines", "properties", "trait_values")
FEWEST: Final = 8_192
"""The sample holds this many people up to twice as many."""
_COMING: Final = "people JOIN (SELECT DISTINCT person FROM new_homes) USING (person)"


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, and the view in which sessions stand beside the facts of the sample."""
    connection.execute(SQL["people"])
    _each(connection, "table")
    among = "(SELECT * FROM sessions WHERE person IN (SELECT person FROM sampled_people))"
    view = SESSIONS["visits"].replace("VIEW visits", "VIEW sampled_visits")
    view = view.replace("FROM facts", "FROM sampled_facts").replace(
        "FROM sessions", f"FROM {among}"
    )
    connection.execute(view)


def keep(
    connection: duckdb.DuckDBPyConnection,
    new: Collection[str],
    homes: Sequence[Home],
    taken_back: Sequence[tuple[str, Sequence[int]]],
) -> None:
    """Bring the sample up to the facts, which have the new rows (`new_facts` ...) already.

    `homes`, registered as `new_homes`, have moved, and what was `taken_back` is deleted.
    """
    halved = _halved(connection)
    if halved:
        _add(connection, new, halved)
        for name, bound in taken_back:
            if name in SQL:
                connection.execute(SQL[name], list(bound))
        if homes:
            _move(connection, halved)
    if "people" in new and (wanted := _wanted(connection, halved)) != halved:
        _resize(connection, halved, wanted)


def renew(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the sample anew."""
    _resize(connection, 0, _wanted(connection, 0))


def weigh(connection: duckdb.DuckDBPyConnection) -> None:
    """Read anew what was said of traits: other sources count most now."""
    connection.execute(SQL["clear_rows"].format("trait_values"))
    connection.execute(SQL["fill"].format("trait_values"))


def _add(connection: duckdb.DuckDBPyConnection, new: Collection[str], halved: int) -> None:
    if "people" in new:
        connection.execute(SQL["draw"].format("new_people"), [halved])
        connection.execute(SQL["age"])
    for table in TABLES:
        if table in new:
            weighed = table == "trait_values"
            connection.execute(SQL["add_weighed"] if weighed else SQL["add"].format(table))


def _move(connection: duckdb.DuckDBPyConnection, halved: int) -> None:
    """Take along the rows that have moved; nobody else's are read again."""
    connection.execute(SQL["leave"])
    connection.execute(SQL["draw"].format(_COMING), [halved])
    connection.execute(SQL["age_moved"])
    _each(connection, "lift")
    since = connection.execute(SQL["coming"]).fetchone()
    if since and since[0] is not None:
        _each(connection, "settle", since)


def _resize(connection: duckdb.DuckDBPyConnection, halved: int, wanted: int) -> None:
    """Have the part halved so often as is wanted: of a larger one some stay, else all are read."""
    if 0 < halved < wanted:
        connection.execute(SQL["thin"], [wanted])
        _each(connection, "thin_rows")
    else:
        connection.execute(SQL["clear"])
        _each(connection, "clear_rows")
        if wanted:
            connection.execute(SQL["draw"].format("people"), [wanted])
            _each(connection, "fill")
    connection.execute(MARKERS["mark"], (HALVED, wanted))


def _each(connection: duckdb.DuckDBPyConnection, statement: str, bound: Sequence[int] = ()) -> None:
    for table in TABLES:
        connection.execute(SQL[statement].format(table), list(bound))


def _wanted(connection: duckdb.DuckDBPyConnection, halved: int) -> int:
    """Return how often to halve: once more when the people have doubled, less when far fewer."""
    row = connection.execute(SQL["count"]).fetchone()
    wanted = max(0, ((row[0] if row else 0) // FEWEST).bit_length() - 1)
    return halved if wanted == halved - 1 else wanted


def _halved(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(MARKERS["marker"], (HALVED,)).fetchone()
    return int(row[0]) if row else 0
