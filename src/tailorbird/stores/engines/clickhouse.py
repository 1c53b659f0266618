"""ClickHouse within this process (chdb): the dialect and the engine of a cluster's servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from tailorbird.errors import StoreError, UsageError
from tailorbird.stores.engines import schema
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.sql import Statement

if TYPE_CHECKING:
    import pyarrow as pa

_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"}
)
"""A bound text is read as a field of tab-separated values."""


class ClickHouse:
    """A ClickHouse in memory, holding a copy of the facts."""

    dialect: Dialect = "clickhouse"

    def __init__(self) -> None:
        try:
            import chdb.session
        except ImportError:
            mend = "install tailorbird[clickhouse]"
            raise UsageError("there is no ClickHouse in this process", mend=mend) from None
        driver: Any = chdb.session
        self._session: Any = driver.Session(":memory:")
        for name in schema.READ:
            self._session.query(schema.create(name, self.dialect))
        self._session.query(f"CREATE VIEW {schema.VISITS} AS {schema.visits(self.dialect)}")

    def load(self, tables: Mapping[str, pa.Table]) -> None:
        """Let the tables hold these rows, and no others."""
        for name, table in tables.items():
            self._session.query(f'TRUNCATE TABLE "{name}"')
            self._insert(f'INSERT INTO "{name}"', table)

    def read(self, statement: Statement) -> pa.Table:
        """Return what the statement says, its truths as booleans."""
        for name, table in statement.tables.items():
            self._session.query(f'DROP TABLE IF EXISTS "{name}"')
            self._insert(f'CREATE TABLE "{name}" ENGINE = Memory AS', table)
        bound = {f"p{n}": _bound(value) for n, value in enumerate(statement.parameters, 1)}
        try:
            answer = self._session.query(statement.sql, "ArrowStream", params=bound)
        except Exception:
            # What it had written of an answer that failed would come before the next one.
            self._session.query("SELECT 1")
            raise
        return _truths(_table(answer))

    def close(self) -> None:
        """Let go of the memory."""
        self._session.close()

    def _insert(self, into: str, table: pa.Table) -> None:
        import pyarrow as pa

        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.arrow"
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
            columns = ", ".join(f'"{name}"' for name in table.column_names)
            rows = f"{into} SELECT {columns} FROM file({{path:String}}, 'Arrow')"  # noqa: S608 - ours
            self._session.query(rows, params={"path": _bound(str(path))})


def _bound(value: object) -> object:
    return value.translate(_ESCAPES) if isinstance(value, str) else value


def _table(answer: Any) -> pa.Table:
    import pyarrow as pa

    # Its own conversion to Arrow reads memory that it may have let go of.
    stream = pa.BufferReader(answer.bytes())
    table = pa.ipc.open_stream(stream).read_all()
    if stream.tell() != stream.size():
        raise StoreError("ClickHouse gave more than one answer", mend="ask again")
    return table


def _truths(table: pa.Table) -> pa.Table:
    """Return the table with booleans where ClickHouse has numbers of 8 bits: we have no others."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if field.type == pa.uint8():
            table = table.set_column(place, field.name, table.column(place).cast(pa.bool_()))
    return table
