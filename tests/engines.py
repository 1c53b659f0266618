"""The engines beside DuckDB, started for the tests: in this process or on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TypeAlias

import pyarrow as pa
import pytest
from tests.postgres import running

from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.stores.engines import Engine, schema
from tailorbird.stores.engines.clickhouse import ClickHouse
from tailorbird.stores.engines.postgres import Postgres
from tailorbird.stores.engines.spark import Spark

Rows: TypeAlias = list[tuple[object, ...]]
# Of a JVM that is asked for a minute, the best compiler takes more than it gives: 87 CPU seconds
# of a start and twelve questions, with the first compiler 42.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


PARTS = [
    "postgres",
    pytest.param("clickhouse", marks=[pytest.mark.slow]),
    pytest.param("spark", marks=[pytest.mark.slow]),
]
"""The last two take half a gigabyte each: `python3 dev.py engines` installs them."""
QUIET = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
"""PySpark looks at the pandas that is here; we ask it for none."""


@contextmanager
def started(name: str) -> Iterator[Engine]:
    """Start an engine, and end it after."""
    try:
        match name:
            case "clickhouse":
                with closing(ClickHouse()) as engine:
                    yield engine
            case "postgres":
                with running() as server, closing(Postgres(server.owner)) as copy:
                    yield copy
            case _:
                with closing(Spark()) as local:
                    yield local
    except UsageError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(error.sentence())


def load(engine: Engine, facts: Facts) -> None:
    """Let the engine hold what the facts hold."""
    engine.load(schema.copied(facts))


def rows(table: pa.Table) -> Rows:
    """Return the rows in order; a number of 64 bits, a truth and a text are of their own types."""
    found = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(found, key=lambda row: [(value is not None, value) for value in row])
