"""Delimited text as spreadsheets, shops and ERPs write it: any separator, encoding and preamble.

What the file shows is found by looking; what it cannot show (names of columns that have no header)
is said in the mapping, under `file`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TextIO

from tailorbird.collect.mapping import folded
from tailorbird.collect.mapping_schema import Layout
from tailorbird.collect.sources.rows import (
    BLOCK_BYTES,
    Chunk,
    Origin,
    Table,
    broken,
    chunked,
    named,
)

DELIMITERS: Final = ",;\t|^~"
UTF8, CP1252, UTF16 = "utf-8-sig", "cp1252", "utf-16"
HEADER_LINES: Final = 50
"""Lines in which the header is looked for."""
RULER: Final = "---"
_RULER_SIGNS: Final = "-+=| "


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one file is written."""

    encoding: str
    delimiter: str
    skip: int
    """Lines before the header, or before the first row where there is no header."""
    quotes: bool
    header: bool


def open_delimited(origin: Origin, known: Iterable[str], layout: Layout) -> Table:
    """Return delimited text as a table. `known` are column names that help to find the header.

    Raises:
        SourceError: it holds no line, or is no text.
    """
    encoding = layout.encoding or _encoding(origin)
    expected = set(map(folded, known))
    with _opened(origin, encoding) as file:
        head = list(islice(file, layout.skip, layout.skip + HEADER_LINES))
        if not any(line.strip() for line in head):
            raise broken(origin.where, "the file holds blank lines only", "export it again")
    above, delimiter = _header(head, expected, layout)
    dialect = _Dialect(
        encoding, delimiter, layout.skip + above, layout.quotes, header=not layout.names
    )
    columns = list(layout.names) or _first_row(origin, dialect)
    return Table(
        origin.path, "csv", columns, lambda: _chunks(origin, dialect, len(columns)),
        encoding, delimiter,
    )  # fmt: skip


def _first_row(origin: Origin, dialect: _Dialect) -> list[str]:
    with _opened(origin, dialect.encoding) as text:
        _, header = next(_all_rows(origin, dialect, text), (0, []))
    return named([name.strip() for name in header])


def _header(head: list[str], expected: set[str], layout: Layout) -> tuple[int, str]:
    """Return the lines above the header, and the delimiter.

    The header is the line that holds most of the columns that the mapping names, else the first.
    """
    filled = [(number, line) for number, line in enumerate(head) if line.strip()]
    candidates = [layout.delimiter] if layout.delimiter else list(DELIMITERS)
    first, line = filled[0]
    if layout.names or layout.skip:
        return 0 if layout.names else first, _best(line, expected, candidates)
    if line.lower().startswith("sep=") and len(line.strip()) == 5:
        # Excel's own first line says which sign separates.
        return filled[1][0] if len(filled) > 1 else first, line.strip()[4]
    found = max(filled, key=lambda row: max(_recognised(row[1], d, expected) for d in candidates))
    if max(_recognised(found[1], d, expected) for d in candidates) < 2:
        found = filled[0]
    return found[0], _best(found[1], expected, candidates)


def _best(line: str, expected: set[str], candidates: list[str]) -> str:
    return max(candidates, key=lambda d: (_recognised(line, d, expected), len(_cells(line, d))))


def _cells(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return line.strip("\r\n").split(delimiter)
    return next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])


def _recognised(header: str, delimiter: str, expected: set[str]) -> int:
    try:
        return len(expected.intersection(map(folded, _cells(header, delimiter))))
    except csv.Error:
        return 0


def _encoding(origin: Origin) -> str:
    """Return UTF-8 when the whole file is that, else what Windows programs write."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with origin.open() as file:
        first = file.read(BLOCK_BYTES)
        if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return UTF16
        if b"\x00" in first:
            found = _utf16(first)
            if not found:
                raise broken(
                    origin.where, "it is no CSV, JSON, XLSX or Parquet file", "export it as CSV"
                )
            return found
        try:
            decoder.decode(first)
            for block in iter(lambda: file.read(BLOCK_BYTES), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return CP1252
    return UTF8


def _utf16(first: bytes) -> str:
    """Return the UTF-16 without a mark that these bytes are, '' when they are none.

    Western text has a NUL in every other byte, on one side only.
    """
    even, odd = first[::2].count(0), first[1::2].count(0)
    half = len(first) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.05 else ""


def _opened(origin: Origin, encoding: str) -> TextIO:
    return io.TextIOWrapper(origin.open(), encoding=encoding, errors="replace", newline="")


def _chunks(origin: Origin, dialect: _Dialect, width: int) -> Iterator[Chunk]:
    raw = origin.open()
    with io.TextIOWrapper(raw, encoding=dialect.encoding, errors="replace", newline="") as text:
        rows = _all_rows(origin, dialect, text)
        if dialect.header:
            next(rows, None)
        size = max(origin.size, 1)
        yield from chunked(rows, width, lambda: min(raw.tell() / size, 1.0))


def _all_rows(origin: Origin, dialect: _Dialect, text: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the row starts, cells) of every row that is not blank."""
    lines = islice(text, dialect.skip, None)
    if len(dialect.delimiter) > 1:
        yield from _split_rows(dialect, lines)
        return
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=dialect.delimiter, quoting=quoting)
    start = dialect.skip + 1
    try:
        for row in reader:
            if any(row) and not _is_ruler(row):
                yield start, row
            start = dialect.skip + reader.line_num + 1
    except csv.Error as error:
        what = f"the row that starts here cannot be read: {error}"
        mend = 'look for a quote (") that is never closed, or say `quotes: false` in the mapping'
        raise broken(origin.where, what, mend, start) from None


def _split_rows(dialect: _Dialect, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, dialect.skip + 1):
        row = _cells(line, dialect.delimiter)
        if any(row) and not _is_ruler(row):
            yield number, row


def _is_ruler(row: list[str]) -> bool:
    """Return whether a row only draws a line, as lists of ERPs do below the header."""
    return (
        row[-1][-1:] in ("", "-", "|", "=")
        and any(RULER in cell for cell in row)
        and not any(cell.strip(_RULER_SIGNS) for cell in row)
    )
