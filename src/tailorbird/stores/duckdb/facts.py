"""Facts in DuckDB: one process opens the file; the log offset lives in the same transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import duckdb

from tailorbird.errors import Stopped, StoreError
from tailorbird.event_columns import ResolvedColumns
from tailorbird.ports import SqlValue
from tailorbird.schema import (
    Product,
    ResolvedEvent,
)
from tailorbird.stopping import Stop
from tailorbird.stores.duckdb import apart, names, sample, sessions, state
from tailorbird.stores.duckdb.columns import filled_in, tables_of_all
from tailorbird.stores.duckdb.corrections import corrections
from tailorbird.stores.duckdb.homes import move
from tailorbird.stores.duckdb.orders import KnownOrders
from tailorbird.stores.duckdb.weights import SQL as WEIGHTS
from tailorbird.stores.duckdb.weights import weigh
from tailorbird.stores.statements import load, text
from tailorbird.ties import Home

if TYPE_CHECKING:
    import pyarrow as pa

FILE_NAME = "facts.duckdb"
SCHEMA_VERSION = 11
SQL = load("facts")
OFFSET = "offset"
VERSION = "schema_version"
SCHEMA = "schema"
"""A digest of what tables and views are made of: where it is the same, none need be made."""
BULK_MEMORY = "640MB"


class DuckFacts:
    """`ports.Facts` over one DuckDB file, or in memory when `path` is None."""

    def __init__(
        self,
        path: Path | None,
        *,
        threads: int = 2,
        conflict: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._path = path
        self._conflict = conflict
        self._lock = threading.RLock()
        self._reading = threading.local()
        self._orders = KnownOrders()
        with _translated(path):
            self._connection = duckdb.connect(
                str(path) if path else ":memory:",
                config={
                    "threads": threads,
                    # The default of 16 MB stalled the writer for 2.8 s now and then.
                    "checkpoint_threshold": "1GB",
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
        try:
            self._create()
        except BaseException:
            self._connection.close()
            raise

    def offset(self) -> int:
        """Return the log offset up to which the facts are complete."""
        return self._marker(OFFSET)

    def append(
        self,
        events: Sequence[ResolvedEvent],
        homes: Sequence[Home],
        offset: int,
        columns: Sequence[ResolvedColumns] = (),
        odd: Mapping[str, pa.Table] = MappingProxyType({}),
    ) -> None:
        """Append facts, move histories home, and keep the offset, in one durable transaction.

        `odd`: new rows of `duplicates` and `violations`.
        """
        tables = {**tables_of_all(columns, events), **odd}
        with self._sparing(bulk=bool(columns)), self._transaction(tables) as connection:
            if "products" in tables:
                connection.execute(SQL["fresh_products"])
                connection.execute(SQL["append_product_changes"])
            for name, table in tables.items():
                weighed = name == "trait_values" and self._conflict
                filled = filled_in(SQL[f"append_{name}"], table)
                connection.execute(WEIGHTS["append"] if weighed else filled)
            state.add(connection, tables, self._orders)
            names.add(connection, tables)
            moved = move(connection, homes, tables)
            taken_back = list(corrections(events))
            moved |= sessions.whose(connection, taken_back)
            for name, bound in taken_back:
                names.take_back(connection, name, bound)
                connection.execute(SQL[name], bound)
            sample.keep(connection, tables, homes, taken_back)
            sessions.renew(connection, tables.get("facts"), moved=moved)
            connection.execute(SQL["mark"], (OFFSET, offset))
            if "facts" in tables and state.is_loose(connection):
                state.settle(connection)

    def renew_state(self) -> None:
        """Make the state of every person, all names and the sample anew from the facts."""
        self._orders = KnownOrders()
        with self._transaction({}) as connection:
            state.renew(connection)
            names.renew(connection)
            sample.renew(connection)

    def read(
        self,
        sql: str,
        parameters: Sequence[SqlValue] = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """Run one statement that only reads; `tables` are visible to it by name."""
        with _translated(self._path), self._cursor() as cursor, self._stoppable(cursor):
            for name, table in (tables or {}).items():
                cursor.register(name, table)
            return cursor.execute(sql, list(parameters)).to_arrow_table()

    def ask_apart(
        self, sql: str, columns: Mapping[str, Sequence[str]], seconds: float = apart.SECONDS
    ) -> pa.Table:
        """Return, as `person`, the numbers that a stranger's statement gives; it reaches no more.

        Raises:
            UsageError: it fails, or takes too long or too much memory.
        """
        beside = self._path.parent if self._path else None
        return apart.ask(self._connection.cursor, beside, sql, columns, seconds)

    @contextmanager
    def stopping(self, stop: Stop) -> Iterator[None]:
        """Have the reads of this thread, while the block runs, end with `Stopped` when asked."""
        self._reading.stop = stop
        try:
            yield
        finally:
            self._reading.stop = None

    def write(
        self,
        statements: Sequence[tuple[str, Sequence[SqlValue]]],
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        """Run statements in one durable transaction; `tables` are visible to them by name."""
        with self._transaction(tables or {}) as connection:
            for sql, parameters in statements:
                connection.execute(sql, list(parameters))

    def products(self, items: Sequence[str]) -> dict[str, Product]:
        """Return the catalogue entries of these items."""
        rows = self.read(SQL["products"], (list(items),)).to_pylist()  # type: ignore[arg-type]
        return {row["item"]: Product(**row) for row in rows}

    def clear(self) -> None:
        """Forget everything, so that the log can be read again from its start."""
        with self._lock, _translated(self._path):
            for (name,) in self._connection.execute(SQL["tables"]).fetchall():
                self._connection.execute(f'DROP TABLE "{name}"')
            self._create()

    def close(self) -> None:
        """Write what is in memory to the file and let go of it."""
        with self._lock:
            self._connection.close()

    def _create(self) -> None:
        with self._lock, _translated(self._path):
            if not self._is_made() and not self._make():
                # Derived data of another version is not migrated: it is read again from the log.
                self.clear()
                return
            if weigh(self._connection, self._conflict):
                sample.weigh(self._connection)

    def _is_made(self) -> bool:
        """Return whether all tables and views are here, in these very words."""
        try:
            row = self._connection.execute(SQL["marker"], (SCHEMA,)).fetchone()
        except duckdb.CatalogException:
            return False  # a new file
        return bool(row and row[0] == _schema())

    def _make(self) -> bool:
        """Make what is missing, in one transaction; False if the tables are another version's."""
        self._connection.execute("BEGIN")
        self._connection.execute(text("facts_schema"))
        row = self._connection.execute(SQL["marker"], (VERSION,)).fetchone()
        if row and row[0] != SCHEMA_VERSION:
            self._connection.execute("ROLLBACK")
            return False
        sessions.create(self._connection)
        names.create(self._connection)
        sample.create(self._connection)
        self._connection.execute(SQL["mark"], (VERSION, SCHEMA_VERSION))
        self._connection.execute(SQL["mark"], (SCHEMA, _schema()))
        self._connection.execute("COMMIT")
        return True

    def _marker(self, name: str) -> int:
        with _translated(self._path), self._cursor() as cursor:
            row = cursor.execute(SQL["marker"], (name,)).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _stoppable(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        stop: Stop | None = getattr(self._reading, "stop", None)
        if stop is None:
            yield
            return
        try:
            with stop.interrupting(cursor.interrupt):
                yield
        except duckdb.InterruptException as error:
            raise Stopped("nobody waits for the answer", mend="ask again") from error

    @contextmanager
    def _sparing(self, *, bulk: bool) -> Iterator[None]:
        """Hold little memory meanwhile: a large import would fill it with blocks that nobody reads.

        Where somebody needs more at the moment, the limit stays as it was.
        """
        if not bulk:
            yield
            return
        with self._lock, self._cursor() as cursor:
            with suppress(duckdb.OutOfMemoryException):
                cursor.execute(f"SET GLOBAL memory_limit = '{BULK_MEMORY}'")
            try:
                yield
            finally:
                cursor.execute("RESET GLOBAL memory_limit")

    @contextmanager
    def _transaction(self, tables: Mapping[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock, _translated(self._path), self._cursor() as cursor:
            for name, table in tables.items():
                cursor.register(f"new_{name}" if name in SQL_TABLES else name, table)
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                _roll_back(cursor)
                raise


SQL_TABLES = frozenset(
    {
        "facts", "lines", "properties", "trait_values", "people", "products",
        "product_attributes", "duplicates", "violations",
    }
)  # fmt: skip
"""Tables that `append` fills; their new rows are visible as `new_NAME`."""
SCHEMA_TEXTS = ("facts_schema", "sessions", "names", "sample")


@cache
def _schema() -> int:
    words = repr((SCHEMA_VERSION, sample.TABLES, *map(text, SCHEMA_TEXTS)))
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), signed=True)


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.TransactionException:
        # A failed COMMIT has already ended the transaction.
        return


@contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    """Turn the driver's errors about the file into ours, with the mend."""
    try:
        yield
    except (duckdb.IOException, duckdb.TransactionException) as error:
        # A commit that does not reach the disk is told as a failed transaction.
        message = str(error)
        if "lock" in message:
            raise StoreError(
                "another Tailorbird process has the data folder open",
                where=str(path),
                mend="stop it (`tailorbird serve`, `tailorbird demo`), or ask it over HTTP",
            ) from error
        raise StoreError(
            message.splitlines()[0],
            where=str(path),
            mend="free disk space or check the folder; `tailorbird rebuild` makes this file anew",
        ) from error
    except duckdb.FatalException as error:
        raise StoreError(
            str(error).splitlines()[0],
            where=str(path),
            mend="delete this file and run `tailorbird rebuild`: it is made anew from the log",
        ) from error
