"""The address book of several machines: what senders must know, written by the home as it changes.

The home keeps people, suppressions and definitions in SQLite. What a transaction there changes is
on the server before that transaction ends: a withdrawal that was acknowledged is known everywhere.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, NamedTuple

import msgspec

from tailorbird.errors import StoreError
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.versions import set_up
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("book_postgres")
SCHEMA = load("book_postgres_schema")
VERSION: Final = 2
"""Of the tables; whoever changes them adds one."""
AT_ONCE: Final = 2000
"""Rows in one statement."""


class Table(NamedTuple):
    """A table of the home's SQLite that the book copies."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    keep: str
    """The statement that puts rows into the book."""


TABLES: Final = (
    Table(
        "people",
        ("person",),
        (
            "person", "created_at", "merged_into", "email_key", "person_key", "personal",
            "declared", "consent",
        ),
        "keep_people",
    ),
    Table(
        "suppressions",
        ("address_key", "purpose", "reason"),
        ("address_key", "purpose", "reason", "barred"),
        "keep_suppressions",
    ),
    Table(
        "definitions",
        ("kind", "name", "version"),
        (
            "kind", "name", "version", "text", "author", "reason", "created_at", "log_end",
            "removed",
        ),
        "keep_definitions",
    ),
)  # fmt: skip


class Standing(NamedTuple):
    """Whose book it is, by which key it is sealed, and whether all of it is there."""

    home: str
    key_check: bytes
    whole: bool


def standing(server: Server) -> Standing | None:
    """Return whose book is on the server, None where nobody has begun one."""
    if not server.rows(SQL["there"])[0][0]:
        return None
    rows = server.rows(SQL["book"])
    return Standing(*rows[0]) if rows else None


class Book:
    """Keeps the book of a home: from now on, every transaction of the database goes through it.

    Raises:
        StoreError: the server says no. Every write to the database can raise it from now on.
    """

    def __init__(self, server: Server, database: Database, home: str, key_check: bytes) -> None:
        self._server = server
        self._home = home
        set_up(server, "address book", VERSION, SCHEMA)
        server.run(SQL["begin"], (home, key_check))
        with database.write() as connection:
            for table in TABLES:
                _watch(connection, table)
        self._database = database
        database.before_commit = self._follow

    def fill(self) -> None:
        """Copy all that there is, in place of what the book holds."""
        with self._database.write() as connection, self._server.transaction():
            self._server.run(SQL["clear"])
            for table in TABLES:
                names = ", ".join(table.columns)
                self._copy(table, connection.execute(f"SELECT {names} FROM {table.name}"))  # noqa: S608
            self._server.run(SQL["is_whole"])

    def _follow(self, connection: sqlite3.Connection) -> None:
        """Have the book know what a transaction has changed, before it ends."""
        changed = [table for table in TABLES if _any_changed(connection, table)]
        if not changed:
            return
        self._server.awake()
        with self._server.transaction():
            if not self._server.rows(SQL["changed"], (self._home,)):
                raise StoreError(
                    "the address book on the server belongs to another folder",
                    where="ledger.url",
                    mend="stop this folder's processes: another one is the home by now",
                )
            for table in changed:
                self._copy(table, connection.execute(_changed_rows(table)))
        for table in changed:
            connection.execute(f"DELETE FROM temp.changed_{table.name}")  # noqa: S608

    def _copy(self, table: Table, rows: sqlite3.Cursor) -> None:
        while some := rows.fetchmany(AT_ONCE):
            given = msgspec.json.encode([[plain(each) for each in row] for row in some])
            self._server.run(SQL[table.keep], (given.decode(),))


def _watch(connection: sqlite3.Connection, table: Table) -> None:
    """Have SQLite note the keys of rows that this process changes. All names are our own."""
    key = ", ".join(table.key)
    new = ", ".join(f"new.{name}" for name in table.key)
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS changed_{table.name} ({key}, PRIMARY KEY ({key}))"
    )
    for act in ("INSERT", "UPDATE"):
        note = f"INSERT OR IGNORE INTO changed_{table.name} VALUES ({new})"  # noqa: S608
        connection.execute(
            f"CREATE TEMP TRIGGER IF NOT EXISTS {table.name}_{act.lower()} "
            f"AFTER {act} ON main.{table.name} BEGIN {note}; END"
        )


def _any_changed(connection: sqlite3.Connection, table: Table) -> bool:
    sql = f"SELECT 1 FROM temp.changed_{table.name} LIMIT 1"  # noqa: S608
    return connection.execute(sql).fetchone() is not None


def _changed_rows(table: Table) -> str:
    names = ", ".join(f"t.{name}" for name in table.columns)
    same = " AND ".join(f"t.{name} = c.{name}" for name in table.key)
    return (
        f"SELECT {names} FROM temp.changed_{table.name} AS c JOIN main.{table.name} AS t ON {same}"  # noqa: S608
    )


def plain(value: Any) -> Any:
    """Return a value of SQLite as JSON carries it to the server."""
    if isinstance(value, bytes):
        return value.hex()
    # A text of PostgreSQL holds no NUL.
    return value.replace("\x00", "") if isinstance(value, str) else value


def stay_at_home(server: Server) -> None:
    """Hold the home by this connection, for the one process that has the facts.

    Raises:
        StoreError: another machine is the home now.
    """
    if not server.rows(SQL["at_home"])[0][0]:
        raise StoreError(
            "another process is the home of this database now",
            where="ledger.url",
            mend="stop it first: two homes would tell two stories",
        )
