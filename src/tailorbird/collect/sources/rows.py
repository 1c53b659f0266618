"""A table of text, wherever it comes from: its columns, and its rows in chunks.

A cell that is empty is ''.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tailorbird.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS: Final = 20_000
BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Bytes that can be read again: a file, or what is packed into one."""

    path: Path
    """The file on disk."""
    where: str
    """How people find it: a path, or `archive.zip/member.csv`."""
    open: Callable[[], IO[bytes]]
    size: int
    """Bytes on disk, which tell how far the reading is."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file: their line numbers, their cells column by column, how far we are."""

    lines: list[int]
    cells: list[pa.Array]
    misfits: list[tuple[int, list[str]]]
    """Rows with another number of cells than the header has."""
    read: float
    """Share of the file that has been read, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns, and its rows as often as they are asked for."""

    path: Path
    kind: str
    columns: list[str]
    rows: Callable[[], Iterator[Chunk]]
    encoding: str = ""
    delimiter: str = ""
    place: Callable[[int], str] = str
    """Says where the row with a line number is found."""
    part_bits: int = 0
    """Lines whose numbers are equal but for so many last bits are a part of their own: what one
    part says is no matter to the others. 0 where the file is one whole."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows in order."""
        return self.rows()


def broken(where: str | Path, what: str, mend: str, line: int = 0) -> SourceError:
    """Return the complaint about a file, at one of its lines if that is known."""
    return SourceError(what, where=f"{where}:{line}" if line else str(where), mend=mend)


def named(columns: Sequence[str]) -> list[str]:
    """Return column names, with one for each column that has none."""
    return [name or f"column {number}" for number, name in enumerate(columns, 1)]


def chunked(
    rows: Iterable[tuple[int, list[str]]], width: int, read: Callable[[], float]
) -> Iterator[Chunk]:
    """Yield (line, cells) rows as chunks; `read` tells how much of the file is behind us."""
    rest = iter(rows)
    while numbered := list(islice(rest, CHUNK_ROWS)):
        yield chunk_of(numbered, width, read())


def chunk_of(numbered: list[tuple[int, list[str]]], width: int, read: float) -> Chunk:
    """Return rows as a chunk, apart from those with another number of cells."""
    import pyarrow as pa

    fitting = [(line, row) for line, row in numbered if len(row) == width]
    misfits = [(line, row) for line, row in numbered if len(row) != width]
    columns = list(zip(*(row for _, row in fitting), strict=True)) or [()] * width
    cells = [pa.array(column, pa.string()) for column in columns]
    return Chunk([line for line, _ in fitting], cells, misfits, read)


def texts(column: pa.Array) -> pa.Array:
    """Return a typed column as a CSV would hold it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.array([cell(value) for value in column.to_pylist()], pa.string())
    return pc.fill_null(column.cast(pa.string()), "")


def cell(value: object) -> str:
    """Return a typed cell as a CSV would hold it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
