"""JSON as a table: one object a line, a list of objects, or a list inside an object.

What is nested becomes columns with dotted names (`address.city`). Where `each` names a list, every
element of it is a row of its own, beside what its object says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tailorbird.collect.sources.rows import Chunk, Origin, Table, broken, cell, chunked

LISTS: Final = ("records", "data", "items", "results", "value")
"""Keys under which exports keep their list of objects."""
DOCUMENT_BYTES: Final = 512 << 20
LINE_BYTES: Final = 16 << 20
COLUMN_LIMIT: Final = 2_000
DEPTH_LIMIT: Final = 8

_ANY: Final = msgspec.json.Decoder()
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_RAWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_BY_KEY: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def open_json(origin: Origin, each: str = "") -> Table:
    """Return a JSON file as a table.

    Raises:
        SourceError: no object is found in it, or it has too many columns.
    """
    by_line = _is_by_line(origin)
    reader = _Objects(origin, by_line, each)
    columns = reader.columns()
    if not columns:
        mend = "write one JSON object a line, or a list of them"
        raise broken(origin.where, "it holds no JSON object", mend)
    return Table(origin.path, "json", columns, lambda: reader.chunks(columns))


def _is_by_line(origin: Origin) -> bool:
    """Return whether the first line is an object, and not the whole file."""
    with origin.open() as file:
        first = b"\n"
        while first and not first.strip(b" \t\r\n\xef\xbb\xbf"):
            first = file.readline(LINE_BYTES)
        first = first.lstrip(b"\xef\xbb\xbf")
        if len(first) == LINE_BYTES:
            return False
        try:
            whole = _ANY.decode(first)
        except _ERRORS:
            # Either a document of several lines, or a first line that is broken.
            return first.strip()[:1] == b"{" and first.strip() != b"{" and b"}" in first
        if not isinstance(whole, dict):
            return False
        return not any(isinstance(whole.get(key), list) for key in LISTS) or bool(
            file.readline(LINE_BYTES).strip()
        )


class _Objects:
    """The objects of a file, as often as they are asked for."""

    def __init__(self, origin: Origin, by_line: bool, each: str) -> None:
        self._origin = origin
        self._by_line = by_line
        self._each = each
        self._read = 0.0

    def columns(self) -> list[str]:
        """Return every path that occurs, in the order in which they come."""
        found: dict[str, None] = {}
        for _, row in self._rows():
            found.update(dict.fromkeys(row or ()))
            if len(found) > COLUMN_LIMIT:
                mend = "export fewer fields, or write maps as lists of objects"
                what = f"it has more than {COLUMN_LIMIT:,} columns"
                raise broken(self._origin.where, what, mend)
        return list(found)

    def chunks(self, columns: list[str]) -> Iterator[Chunk]:
        """Yield the rows; what is no object fits none."""
        self._read = 0.0
        # A misfit has a cell more than there are columns: it is shown, never taken.
        misfit = [""] * len(columns)
        rows = (
            (
                line,
                [*misfit, "no JSON object"] if row is None else [row.get(c, "") for c in columns],
            )
            for line, row in self._rows()
        )
        return chunked(rows, len(columns), lambda: self._read)

    def _rows(self) -> Iterator[tuple[int, dict[str, str] | None]]:
        """Yield (line, path -> cell) of every row; None for what is no object."""
        number = 0
        for line, raw in self._lines() if self._by_line else self._elements():
            try:
                record = _OBJECT.decode(raw)
            except _ERRORS:
                number += 1
                yield number if self._each else line, None
                continue
            for row in rows_of(record, self._each):
                number += 1
                yield number if self._each else line, row

    def _lines(self) -> Iterator[tuple[int, bytes | msgspec.Raw]]:
        size = max(self._origin.size, 1)
        with self._origin.open() as file:
            number = 0
            while line := file.readline(LINE_BYTES):
                number += 1
                self._read = min(file.tell() / size, 1.0)
                if stripped := line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield number, stripped

    def _elements(self) -> Iterator[tuple[int, bytes | msgspec.Raw]]:
        with self._origin.open() as file:
            content = file.read(DOCUMENT_BYTES + 1)
        if len(content) > DOCUMENT_BYTES:
            what = f"it is one JSON document of more than {DOCUMENT_BYTES >> 20} MB"
            raise broken(self._origin.where, what, "write one object a line (JSONL)")
        yield from enumerate(self._list(content.lstrip(b"\xef\xbb\xbf \t\r\n")), 1)

    def _list(self, content: bytes) -> list[msgspec.Raw]:
        try:
            if content[:1] == b"[":
                return _RAWS.decode(content)
            fields = _BY_KEY.decode(content)
            inside = [f for key in LISTS if bytes(f := fields.get(key, msgspec.Raw()))[:1] == b"["]
            return _RAWS.decode(inside[0]) if inside else [msgspec.Raw(content)]
        except _ERRORS as error:
            what = f"it is no readable JSON: {error}"
            raise broken(self._origin.where, what, "export it again; it may be cut off") from None


def rows_of(record: dict[str, Any], each: str) -> Iterator[dict[str, str]]:
    """Yield an object's rows as path -> cell: itself, or one for each element of a list in it."""
    if not each:
        yield flattened(record)
        return
    elements = _taken(record, each.split("."))
    shared = flattened(record)
    if not isinstance(elements, list) or not elements:
        yield shared
        return
    for element in elements:
        inner = element if isinstance(element, dict) else {"value": element}
        yield shared | {f"{each}.{path}": text for path, text in flattened(inner).items()}


def _taken(record: dict[str, Any], path: list[str]) -> object:
    """Take what stands at a path out of an object, and return it."""
    inner: Any = record
    for key in path[:-1]:
        inner = inner.get(key)
        if not isinstance(inner, dict):
            return None
    return inner.pop(path[-1], None)


def flattened(record: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Return an object's values as text, by dotted path; lists stay JSON."""
    found: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < DEPTH_LIMIT:
            found |= flattened(value, f"{prefix}{key}.", depth + 1)
        elif isinstance(value, dict | list):
            found[prefix + key] = msgspec.json.encode(value).decode() if value else ""
        else:
            found[prefix + key] = cell(value)
    return found
