"""A statement of somebody else's, run where it can reach nothing: a database of its own.

The columns that it reads are copied into a file beside the facts, which is deleted afterwards. That
database opens no other file and no network, its settings are locked, and it may take neither more
memory nor more time than it is given.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import duckdb

from tailorbird.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER: Final = "sql-segments"
SECONDS: Final = 60.0
MEMORY: Final = "1GB"
_ROWS: Final = 1_000_000
_LOCK: Final = (
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def ask(
    cursor: Callable[[], duckdb.DuckDBPyConnection],
    beside: Path | None,
    sql: str,
    columns: Mapping[str, Sequence[str]],
    seconds: float = SECONDS,
    memory: str = MEMORY,
) -> pa.Table:
    """Return the distinct whole numbers, as `person`, that a statement of one column gives.

    `columns` are those of each table of the facts that it reads.

    Raises:
        UsageError: it fails, or takes more time or memory than it may.
    """
    with _own(beside) as folder, _database(folder, memory) as apart:
        for name, wanted in columns.items():
            _copy(cursor, apart, name, wanted)
        for setting in _LOCK:
            apart.execute(setting)
        with _ending(apart, seconds) as ended:
            try:
                return apart.execute(_ASK.format(sql)).to_arrow_table()
            except duckdb.Error as error:
                raise _refused(error, bool(ended), seconds, memory) from error


_ASK: Final = (
    "SELECT DISTINCT CAST(#1 AS BIGINT) AS person FROM ({}\n) AS asked WHERE #1 IS NOT NULL"
)


def _refused(error: duckdb.Error, ended: bool, seconds: float, memory: str) -> UsageError:
    if ended:
        what, mend = f"it took more than {seconds:g} seconds", "read less: filter by time and event"
    elif isinstance(error, duckdb.OutOfMemoryException):
        what, mend = f"it took more than {memory} of memory", "group or sort fewer rows"
    else:
        what = str(error).partition("\n")[0].strip()
        mend = "mend the statement; it must give whole numbers of people"
    return UsageError(what, mend=mend)


@contextmanager
def _own(beside: Path | None) -> Iterator[Path]:
    """Give a folder that is there only now; what a kill left is swept away."""
    if beside is None:
        with TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = beside / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": memory,
        "max_temp_directory_size": "4GB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "python_scan_all_frames": False,
    }
    apart = duckdb.connect(str(folder / "asked.duckdb"), config=settings)
    try:
        yield apart
    finally:
        apart.close()


def _copy(
    cursor: Callable[[], duckdb.DuckDBPyConnection],
    apart: duckdb.DuckDBPyConnection,
    name: str,
    wanted: Sequence[str],
) -> None:
    """Copy some columns of one table of the facts, without holding it in memory."""
    source = cursor()
    try:
        rows = source.table(name).select(*(duckdb.ColumnExpression(each) for each in wanted))
        apart.register("came", rows.to_arrow_reader(_ROWS))
        apart.table("came").create(f'"{name}"')
        apart.unregister("came")
    finally:
        source.close()


@contextmanager
def _ending(apart: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[list[bool]]:
    """Interrupt what runs when its time is over; the list is then not empty."""
    ended: list[bool] = []

    def end() -> None:
        ended.append(True)
        apart.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()
