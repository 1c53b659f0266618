"""Databases that answer a query in batches, without being able to write.

PostgreSQL, and whatever else has an ADBC driver (Snowflake, BigQuery ...); SQLite and DuckDB files
through their own libraries.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tailorbird.collect.sources.definition import Secrets, SqlSource
from tailorbird.collect.sources.rows import CHUNK_ROWS, cell
from tailorbird.errors import SourceError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Key: TypeAlias = int | float | str | datetime | date
"""A value of a cursor column."""
Batches: TypeAlias = Iterator["pa.RecordBatch"]


class Database(Protocol):
    """A connection that only reads."""

    placeholder: str

    def batches(self, sql: str, bound: tuple[Key, ...]) -> AbstractContextManager[Batches]:
        """Run a query and give its rows in batches, at least one (so that its columns are known).

        Raises:
            SourceError: the database refuses it, or is gone.
        """
        ...


def database_of(source: SqlSource, secrets: Secrets) -> Database:
    """Return the database of a source.

    Raises:
        UsageError: its driver is not installed.
        SettingsError: a variable that it names is not set.
    """
    uri = secrets.resolved(source.uri, source.source)
    options = {k: secrets.resolved(v, source.source) for k, v in source.options.items()}
    told = _Teller(source.source, secrets)
    match source.database:
        case "postgresql":
            driver = _postgres_driver(told)
            return _Adbc(driver, uri, {}, told, placeholder="$1", read=_by_cursor)
        case "sqlite":
            return _Sqlite(Path(uri.removeprefix("sqlite://")), told)
        case "duckdb":
            return _Duck(Path(uri.removeprefix("duckdb://")), told)
        case _:
            return _Adbc(_driver(source.driver, told), uri, options, told, read=_as_it_streams)


class _Teller:
    """Says what went wrong with a database, without its password."""

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name = name
        self._secrets = secrets

    def refused(self, error: Exception) -> SourceError:
        """Return a driver's complaint as ours."""
        said = " ".join(self._secrets.masked(str(error)).split())[:500]
        mend = "check the query, the address and the rights of the database's user"
        return SourceError(f"the database says: {said}", where=self._name, mend=mend)

    def missing(self, driver: str) -> UsageError:
        """Return the complaint about a driver that is not installed."""
        mend = "install tailorbird[sql]"
        if driver != "adbc_driver_postgresql":
            mend = f"install {driver} beside tailorbird[sql]"
        return UsageError(f"there is no {driver}", where=self._name, mend=mend)


class _Adbc:
    """Any database that has an ADBC driver for Python; nothing is ever committed."""

    def __init__(
        self,
        driver: Any,
        uri: str,
        options: Mapping[str, str],
        teller: _Teller,
        *,
        placeholder: str = "?",
        read: Callable[[Any, str, tuple[Key, ...]], Batches],
    ) -> None:
        self.placeholder = placeholder
        self._driver = driver
        self._uri = uri
        self._options = dict(options)
        self._teller = teller
        self._read = read

    @contextmanager
    def batches(self, sql: str, bound: tuple[Key, ...]) -> Iterator[Batches]:
        """Run a query and give its rows in batches."""
        with self._cursor() as cursor:
            yield _guarded(self._read(cursor, sql, bound), self._teller)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            options = {"db_kwargs": self._options} if self._options else {}
            connection = self._driver.connect(self._uri, **options)
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own
            raise self._teller.refused(error) from None
        with closing(connection), closing(connection.cursor()) as cursor:
            yield cursor


def _driver(package: str, teller: _Teller) -> Any:
    if not re.fullmatch(r"adbc_driver_[a-z0-9_]+", package):
        mend = "write the name of its package, such as adbc_driver_snowflake"
        raise UsageError(f"{package!r} is no ADBC driver", where="driver", mend=mend)
    try:
        return importlib.import_module(f"{package}.dbapi")
    except ImportError:
        raise teller.missing(package) from None


def _postgres_driver(teller: _Teller) -> Any:
    try:
        import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped] # it has none
    except ImportError:
        raise teller.missing("adbc_driver_postgresql") from None
    return driver


def _as_it_streams(cursor: Any, sql: str, bound: tuple[Key, ...]) -> Batches:
    """Yield what a driver gives, in the batches that it makes."""
    cursor.execute(sql, parameters=bound or None)
    yield from _at_least_one(cursor.fetch_record_batch())


def _by_cursor(cursor: Any, sql: str, bound: tuple[Key, ...]) -> Batches:
    """Yield the rows of PostgreSQL by a cursor of the server, in a transaction that cannot write.

    Its driver would fetch the whole answer at once where a value is bound.
    """
    cursor.execute("SET TRANSACTION READ ONLY")
    cursor.execute("SET LOCAL cursor_tuple_fraction = 1.0")
    cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
    declared = f"DECLARE tailorbird NO SCROLL CURSOR FOR {sql}"
    cursor.execute(declared, parameters=bound or None)
    first = True
    while True:
        cursor.execute(f"FETCH FORWARD {CHUNK_ROWS} FROM tailorbird")
        rows = 0
        for batch in _at_least_one(cursor.fetch_record_batch()):
            if batch.num_rows or first:
                yield batch
            first = False
            rows += batch.num_rows
        if rows < CHUNK_ROWS:
            return


class _Sqlite:
    """A SQLite file, opened to be read only."""

    placeholder = "?"

    def __init__(self, path: Path, teller: _Teller) -> None:
        self._path = path
        self._teller = teller

    @contextmanager
    def batches(self, sql: str, bound: tuple[Key, ...]) -> Iterator[Batches]:
        """Run a query and give its rows in batches."""
        import sqlite3

        try:
            connection = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise self._teller.refused(error) from None
        with closing(connection):
            yield _guarded(self._read(connection, sql, bound), self._teller)

    def _read(self, connection: Any, sql: str, bound: tuple[Key, ...]) -> Batches:
        import pyarrow as pa

        # SQLite keeps times as the text that was written.
        cursor = connection.execute(
            sql, [k.isoformat() if isinstance(k, date) else k for k in bound]
        )
        names = [column[0] for column in cursor.description]
        first = True
        while (rows := list(islice(cursor, CHUNK_ROWS))) or first:
            first = False
            columns = list(zip(*rows, strict=True)) or [()] * len(names)
            yield pa.RecordBatch.from_arrays([_column(column) for column in columns], names)


def _column(values: tuple[object, ...]) -> pa.Array:
    """Return a column of SQLite, whose cells may be of any type."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {float, int}:
        return pa.array(values, pa.float64() if float in kinds else pa.int64())
    return pa.array([None if value is None else cell(value) for value in values], pa.string())


class _Duck:
    """A DuckDB file, opened to be read only."""

    placeholder = "?"

    def __init__(self, path: Path, teller: _Teller) -> None:
        self._path = path
        self._teller = teller

    @contextmanager
    def batches(self, sql: str, bound: tuple[Key, ...]) -> Iterator[Batches]:
        """Run a query and give its rows in batches."""
        import duckdb

        config: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "enable_external_access": False,
        }
        try:
            connection = duckdb.connect(str(self._path), read_only=True, config=config)
        except duckdb.Error as error:
            raise self._teller.refused(error) from None
        with closing(connection):
            yield _guarded(self._read(connection, sql, bound), self._teller)

    def _read(self, connection: Any, sql: str, bound: tuple[Key, ...]) -> Batches:
        reader = connection.execute(sql, list(bound)).to_arrow_reader(CHUNK_ROWS)
        yield from _at_least_one(reader)


def _at_least_one(reader: Any) -> Batches:
    import pyarrow as pa

    empty = True
    for batch in reader:
        empty = False
        yield batch
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _guarded(batches: Batches, teller: _Teller) -> Batches:
    """Yield batches; what the driver complains about becomes a complaint of ours."""
    try:
        yield from batches
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        raise teller.refused(error) from None
