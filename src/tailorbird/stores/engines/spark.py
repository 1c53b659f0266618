"""Spark, local by default: the facts as Parquet files under temporary views."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from tailorbird.errors import UsageError
from tailorbird.stores.engines import schema
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.sql import Statement

if TYPE_CHECKING:
    import pyarrow as pa

_LOCAL: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.log.level": "ERROR",
}
_SEMANTICS: Final = {
    # What does not fit 64 bits is an error; a column is the one of its own name.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
}


class Spark:
    """A Spark session over a copy of the facts: one of this process, or the one that is given."""

    dialect: Dialect = "spark"

    def __init__(self, session: Any = None, *, threads: int = 1) -> None:
        self._own = session is None
        self._session = session or _local(threads)
        self._folder = TemporaryDirectory(prefix="tailorbird-spark-")
        self._files = 0
        for name, value in _SEMANTICS.items():
            self._session.conf.set(name, value)
        self.load({name: schema.empty(name) for name in schema.READ})

    def load(self, tables: Mapping[str, pa.Table]) -> None:
        """Let the tables hold these rows, and no others."""
        for name, table in tables.items():
            self._view(name, table)
        view = f"CREATE OR REPLACE TEMPORARY VIEW {schema.VISITS} AS {schema.visits(self.dialect)}"
        self._session.sql(view)

    def read(self, statement: Statement) -> pa.Table:
        """Return what the statement says."""
        for name, table in statement.tables.items():
            self._view(name, table)
        bound = {f"p{n}": value for n, value in enumerate(statement.parameters, 1)}
        return self._session.sql(statement.sql, args=bound).toArrow()

    def close(self) -> None:
        """End the session, if it is our own, and forget the copy."""
        if self._own:
            self._session.stop()
        self._folder.cleanup()

    def _view(self, name: str, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        # A new file each time: Spark remembers what stood under a name.
        self._files += 1
        path = Path(self._folder.name) / f"{name}-{self._files}.parquet"
        pq.write_table(table, path)
        self._session.read.parquet(path.as_uri()).createOrReplaceTempView(name)


def _local(threads: int) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError("there is no Spark", mend="install tailorbird[spark]") from None
    builder: Any = SparkSession.builder
    builder = builder.master(f"local[{threads}]").appName("tailorbird")
    for name, value in _LOCAL.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
