"""The rows of a Parquet file in the order of time, in chunks of one size."""

# ruff: noqa: S608 - columns are named by their place.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from tailorbird.collect.sources.rows import broken

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

READ_ROWS: Final = 122_880
BUFFER: Final = 1 << 20
"""Bytes of a column that are read at once: many writers make one row group of the whole file."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows with their types, and the lines on which they stand."""

    lines: npt.NDArray[np.int64]
    cells: list[pa.Array]


def schema_of(path: Path) -> pa.Schema:
    """Return the columns of a file and their types."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.schema_arrow


def rows_of(path: Path) -> int:
    """Return how many rows a file has."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def in_order(path: Path, time: int, size: int, spill: duckdb.DuckDBPyConnection) -> Iterator[Rows]:
    """Yield all rows by the column of place `time`, then by line, `size` at a time.

    A file that is in order is read as it is; another one is sorted on the connection `spill`.

    Raises:
        SourceError: the file is cut off or damaged.
    """
    import pyarrow as pa

    try:
        ordered = _is_ordered(path, time)
        batches = _as_it_is(path) if ordered else _sorted(path, time, spill)
        yield from _evenly(batches, size)
    except (pa.ArrowException, OSError) as error:
        what = f"its rows cannot be read: {error}"
        raise broken(path, what, "write or copy it again") from None


def _is_ordered(path: Path, time: int) -> bool:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    latest = None
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER) as file:
        for batch in file.iter_batches(READ_ROWS, columns=[file.schema_arrow.names[time]]):
            instants = batch.column(0).drop_null()
            if not len(instants):
                continue
            later = pc.all(pc.less_equal(instants[:-1], instants[1:]), min_count=0).as_py()
            if not later or (latest is not None and instants[0].value < latest):
                return False
            latest = instants[-1].value
    return True


def _as_it_is(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows, the last column their lines."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = 1
    words = [field.name for field in schema_of(path) if pa.types.is_string(field.type)]
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER, read_dictionary=words) as file:
        for batch in file.iter_batches(READ_ROWS):
            lines = pa.array(np.arange(line, line + batch.num_rows))
            line += batch.num_rows
            yield _unnamed([*batch.columns, lines])


def _sorted(path: Path, time: int, spill: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    import pyarrow.compute as pc

    types = schema_of(path).types
    cursor = spill.cursor()
    try:
        cursor.execute(
            "SELECT * FROM read_parquet(?, file_row_number => TRUE)"
            f" ORDER BY {time + 1}, {len(types) + 1}",
            [str(path)],
        )
        for batch in cursor.to_arrow_reader(READ_ROWS):
            *cells, numbers = batch.columns
            told = [_as_written(*each) for each in zip(cells, types, strict=True)]
            yield _unnamed([*told, pc.add(numbers, 1)])
    finally:
        cursor.close()


def _as_written(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return instants with the unit and the zone of the file: DuckDB has its own."""
    import pyarrow as pa

    return cells.cast(kind) if pa.types.is_timestamp(kind) else cells


def _unnamed(columns: list[pa.Array]) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays(columns, names=list(map(str, range(len(columns)))))


def _evenly(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[Rows]:
    """Yield the rows of batches of any size, `size` at a time: the same file, the same chunks."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += batch.num_rows
        while held >= size:
            whole = pa.Table.from_batches(waiting)
            yield _rows(whole.slice(0, size))
            waiting = whole.slice(size).to_batches()
            held -= size
    if held:
        yield _rows(pa.Table.from_batches(waiting))


def _rows(table: pa.Table) -> Rows:
    *cells, lines = (column.combine_chunks() for column in table.columns)
    return Rows(lines.to_numpy(), cells)
