"""PostgreSQL: the facts copied into a schema of its own, which ends with the connection."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tailorbird.errors import UsageError
from tailorbird.stores.engines import schema
from tailorbird.stores.postgres_driver import driver_for
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.sql import Statement

if TYPE_CHECKING:
    import pyarrow as pa


class Postgres:
    """A PostgreSQL server, holding a copy of the facts in tables that only this connection sees."""

    dialect: Dialect = "postgres"

    def __init__(self, uri: str) -> None:
        driver = driver_for(uri, write="--uri postgresql://...")
        try:
            self._connection: Any = driver.connect(uri, autocommit=True)
        except driver.Error as error:
            # The address may hold a password.
            said = " ".join(str(error).replace(uri, "the address").split())[:300]
            mend = "give the address of a database that may be read, as postgresql://..."
            raise UsageError(f"PostgreSQL says: {said}", mend=mend) from None
        for name in schema.READ:
            self._execute(schema.create(name, self.dialect, temporary=True))
        self._execute(f"CREATE TEMPORARY VIEW {schema.VISITS} AS {schema.visits(self.dialect)}")

    def load(self, tables: Mapping[str, pa.Table]) -> None:
        """Let the tables hold these rows, and no others."""
        for name, table in tables.items():
            self._execute(f'TRUNCATE "{name}"')
            self._ingest(name, table, "append")

    def read(self, statement: Statement) -> pa.Table:
        """Return what the statement says."""
        for name, table in statement.tables.items():
            self._ingest(name, table, "replace")
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(statement.sql, statement.parameters or None)
            return cursor.fetch_arrow_table()

    def close(self) -> None:
        """End the connection; the server forgets the copy."""
        self._connection.close()

    def _ingest(self, name: str, table: pa.Table, mode: str) -> None:
        with closing(self._connection.cursor()) as cursor:
            cursor.adbc_ingest(name, table, mode=mode, temporary=True)

    def _execute(self, sql: str) -> None:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql)
