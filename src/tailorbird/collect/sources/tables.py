"""Files as tables of text: delimited text in any dialect, JSON, XLSX, Parquet; also packed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from tailorbird.collect.mapping_schema import Layout
from tailorbird.collect.sources.archive import DAMAGED, gzipped, open_archive
from tailorbird.collect.sources.delimited import open_delimited
from tailorbird.collect.sources.jsonl import open_json
from tailorbird.collect.sources.rows import (
    BLOCK_BYTES,
    CHUNK_ROWS,
    Chunk,
    Origin,
    Table,
    broken,
    cell,
    chunk_of,
    named,
    texts,
)

__all__ = ["Chunk", "Table", "content_hash", "open_table"]

_PLAIN: Final = Layout()
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"


def open_table(path: Path, known: Iterable[str] = (), layout: Layout = _PLAIN) -> Table:
    """Return a file as a table. `known` are column names that help to find its header.

    Raises:
        SourceError: it is missing, empty, or of no kind that we read.
    """
    expected = list(known)
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if not head:
            raise broken(path, "the file is empty", "export it again, with its header line")
        if head[:4] == _PARQUET:
            return _parquet(path)
        if head == _OLD_EXCEL or (head[:4] == _ZIP and _is_workbook(path)):
            return _workbook(path)
        if head[:4] == _ZIP:
            return open_archive(path, lambda member: _text(member, expected, layout))
        if head[:2] == _GZIP:
            return _text(gzipped(path), expected, layout)
        size = path.stat().st_size
        return _text(Origin(path, str(path), lambda: path.open("rb"), size), expected, layout)
    except IsADirectoryError:
        raise broken(path, "it is a folder", "give the path of one file in it") from None
    except FileNotFoundError:
        raise broken(path, "there is no such file", "check its path") from None
    except OSError as error:
        raise broken(path, f"it cannot be read: {error.strerror}", "check its rights") from None


def _text(origin: Origin, known: Sequence[str], layout: Layout) -> Table:
    """Return text as a table: JSON where it begins as that, else delimited."""
    with origin.open() as file:
        head = file.read(4096)
    if not head:
        raise broken(origin.where, "the file is empty", "export it again, with its header line")
    if head[:4] in (_ZIP, _PARQUET) or head[:2] == _GZIP:
        raise broken(origin.where, "it is packed twice, or no text", "unpack it once")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return open_json(origin, layout.each)
    return open_delimited(origin, known, layout)


# -- XLSX ---------------------------------------------------------------------------------------


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except DAMAGED:
        # Whoever reads archives says what is wrong with it.
        return False


def _workbook(path: Path) -> Table:
    header = next(_sheet_rows(path), None)
    if header is None:
        raise broken(path, "its first sheet is empty", "put the table on the first sheet")
    columns = [cell(value).strip() for value in header]
    while columns and not columns[-1]:
        columns.pop()
    return Table(path, "xlsx", named(columns), lambda: _sheet_chunks(path, len(columns)))


def _sheet_rows(path: Path) -> Iterator[Sequence[object]]:
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except python_calamine.CalamineError as error:
        what = f"it is no readable workbook: {error}"
        raise broken(path, what, "save it again as XLSX, without a password") from None


def _sheet_chunks(path: Path, width: int) -> Iterator[Chunk]:
    rows = enumerate(_sheet_rows(path), 1)
    next(rows, None)
    while taken := list(islice(rows, CHUNK_ROWS)):
        numbered = [(line, [cell(value) for value in row[:width]]) for line, row in taken]
        yield chunk_of([(line, row) for line, row in numbered if any(row)], width, 0.5)


# -- Parquet ------------------------------------------------------------------------------------


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = list(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        what = f"it is no readable Parquet file: {error}"
        raise broken(path, what, "write or copy it again; it may be cut off") from None
    return Table(path, "parquet", columns, lambda: _parquet_chunks(path))


def _parquet_chunks(path: Path) -> Iterator[Chunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    line = 1
    try:
        with pq.ParquetFile(path) as file:
            rows = max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(CHUNK_ROWS):
                lines = list(range(line, line + batch.num_rows))
                line += batch.num_rows
                cells = [texts(column) for column in batch.columns]
                yield Chunk(lines, cells, [], (line - 1) / rows)
    except (pa.ArrowException, OSError) as error:
        what = f"its rows cannot be read: {error}"
        raise broken(path, what, "write or copy it again", line) from None


def content_hash(path: Path) -> bytes:
    """Return the BLAKE2b hash of a file's bytes."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK_BYTES), b""):
            digest.update(block)
    return digest.digest()
