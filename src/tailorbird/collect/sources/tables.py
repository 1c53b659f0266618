"""Files as tables of text: CSV in any dialect, XLSX, Parquet. A cell that is empty is ''."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from tailorbird.collect.mapping import folded
from tailorbird.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS: Final = 20_000
BLOCK_BYTES: Final = 1 << 20
DELIMITERS: Final = ",;\t|"
UTF8, CP1252, UTF16 = "utf-8-sig", "cp1252", "utf-16"


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
    encoding: str = ""
    delimiter: str = ""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows in order."""
        match self.kind:
            case "csv":
                return _csv_chunks(self)
            case "xlsx":
                return _sheet_chunks(self)
            case _:
                return _parquet_chunks(self)


def open_table(path: Path, known: Iterable[str] = ()) -> Table:
    """Return a file as a table. `known` are column names that help to find a CSV's delimiter.

    Raises:
        SourceError: it is missing, empty, or of no kind that we read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if not head:
            raise _broken(path, "the file is empty", "export it again, with its header line")
        if head[:4] == b"PAR1":
            return _parquet(path)
        if head[:4] == b"PK\x03\x04" or head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            return _workbook(path)
        if head[:2] == b"\x1f\x8b":
            raise _broken(path, "the file is compressed with gzip", "unpack it with gunzip")
        return _csv(path, known)
    except IsADirectoryError:
        raise _broken(path, "it is a folder", "give the path of one file in it") from None
    except FileNotFoundError:
        raise _broken(path, "there is no such file", "check its path") from None
    except OSError as error:
        raise _broken(path, f"it cannot be read: {error.strerror}", "check its rights") from None


def _broken(path: Path, what: str, mend: str, line: int = 0) -> SourceError:
    return SourceError(what, where=f"{path}:{line}" if line else str(path), mend=mend)


# -- CSV ----------------------------------------------------------------------------------------


def _csv(path: Path, known: Iterable[str]) -> Table:
    encoding = _encoding(path)
    with _opened(path, encoding) as file:
        header = next((line for line in file if line.strip()), "")
    if not header:
        raise _broken(path, "the file holds blank lines only", "export it again")
    expected = set(map(folded, known))
    delimiter = max(
        DELIMITERS, key=lambda d: (_recognised(header, d, expected), len(_cells(header, d)))
    )
    columns = [name.strip() for name in _cells(header, delimiter)]
    return Table(path, "csv", _named(columns), encoding, delimiter)


def _encoding(path: Path) -> str:
    """Return UTF-8 when the whole file is that, else what Windows programs write."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        first = file.read(BLOCK_BYTES)
        if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return UTF16
        if b"\x00" in first:
            raise _broken(path, "it is no CSV, XLSX or Parquet file", "export it as CSV")
        try:
            decoder.decode(first)
            for block in iter(lambda: file.read(BLOCK_BYTES), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return CP1252
    return UTF8


def _opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, errors="replace", newline="")


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])


def _recognised(header: str, delimiter: str, expected: set[str]) -> int:
    return len(expected.intersection(map(folded, _cells(header, delimiter))))


def _named(columns: Sequence[str]) -> list[str]:
    return [name or f"column {number}" for number, name in enumerate(columns, 1)]


def _csv_chunks(table: Table) -> Iterator[Chunk]:
    size = max(table.path.stat().st_size, 1)
    with table.path.open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding=table.encoding, errors="replace", newline="")
        rows = _csv_rows(table, text)
        next(rows, None)
        while numbered := list(islice(rows, CHUNK_ROWS)):
            yield _chunk(numbered, len(table.columns), min(raw.tell() / size, 1.0))


def _csv_rows(table: Table, text: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the row starts, cells) of every row that is not blank."""
    reader = csv.reader(text, delimiter=table.delimiter)
    start = 1
    try:
        for row in reader:
            if any(row):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        what = f"the row that starts here cannot be read: {error}"
        raise _broken(
            table.path, what, 'look for a quote (") that is never closed', start
        ) from None


def _chunk(numbered: list[tuple[int, list[str]]], width: int, read: float) -> Chunk:
    import pyarrow as pa

    fitting = [(line, row) for line, row in numbered if len(row) == width]
    misfits = [(line, row) for line, row in numbered if len(row) != width]
    columns = list(zip(*(row for _, row in fitting), strict=True)) or [()] * width
    cells = [pa.array(column, pa.string()) for column in columns]
    return Chunk([line for line, _ in fitting], cells, misfits, read)


# -- XLSX ---------------------------------------------------------------------------------------


def _workbook(path: Path) -> Table:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if not any(name.startswith("xl/") for name in names):
            shown = ", ".join(names[:3])
            raise _broken(path, f"it is a ZIP archive with {shown}", "unpack it, import each file")
    header = next(_sheet_rows(path), None)
    if header is None:
        raise _broken(path, "its first sheet is empty", "put the table on the first sheet")
    columns = [_cell(value).strip() for value in header]
    while columns and not columns[-1]:
        columns.pop()
    return Table(path, "xlsx", _named(columns))


def _sheet_rows(path: Path) -> Iterator[Sequence[object]]:
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except python_calamine.CalamineError as error:
        what = f"it is no readable workbook: {error}"
        raise _broken(path, what, "save it again as XLSX, without a password") from None


def _sheet_chunks(table: Table) -> Iterator[Chunk]:
    width = len(table.columns)
    rows = enumerate(_sheet_rows(table.path), 1)
    next(rows, None)
    while taken := list(islice(rows, CHUNK_ROWS)):
        numbered = [(line, [_cell(value) for value in row[:width]]) for line, row in taken]
        yield _chunk([(line, row) for line, row in numbered if any(row)], width, 0.5)


def _cell(value: object) -> str:
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


# -- Parquet ------------------------------------------------------------------------------------


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = list(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        what = f"it is no readable Parquet file: {error}"
        raise _broken(path, what, "write or copy it again; it may be cut off") from None
    return Table(path, "parquet", columns)


def _parquet_chunks(table: Table) -> Iterator[Chunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = 1
    try:
        with pq.ParquetFile(table.path) as file:
            rows = max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(CHUNK_ROWS):
                lines = list(range(line, line + batch.num_rows))
                line += batch.num_rows
                cells = [_texts(column) for column in batch.columns]
                yield Chunk(lines, cells, [], (line - 1) / rows)
    except (pa.ArrowException, OSError) as error:
        what = f"its rows cannot be read: {error}"
        raise _broken(table.path, what, "write or copy it again", line) from None


def _texts(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.array([_cell(value) for value in column.to_pylist()], pa.string())
    return pc.fill_null(column.cast(pa.string()), "")


def columns_of(path: Path) -> list[str]:
    """Return a file's columns; raises as `open_table`."""
    return open_table(path).columns


def content_hash(path: Path) -> bytes:
    """Return the BLAKE2b hash of a file's bytes."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK_BYTES), b""):
            digest.update(block)
    return digest.digest()
