"""A query as a table: all of its rows, or those whose cursor is new; and the cursor after them."""

# ruff: noqa: S608 - the author's own query, and a column of letters and digits; values are bound.

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailorbird.collect.sources.databases import Database, Key
from tailorbird.collect.sources.definition import COLUMN, SqlSource, length
from tailorbird.collect.sources.rows import Chunk, Table, broken, texts
from tailorbird.errors import SourceError
from tailorbird.schema import SECOND, Instant

if TYPE_CHECKING:
    import pyarrow as pa

AHEAD: Final = timedelta(hours=14)
"""How far the clocks of the zones are apart: a time without a zone may be that far ahead."""


class Cursor(msgspec.Struct, frozen=True):
    """How far a query has been read: the greatest value of its cursor column, and its type."""

    kind: str
    value: str | int | float

    def key(self) -> Key:
        """Return the value as the database gave it."""
        match self.kind:
            case "instant" | "moment":
                return datetime.fromisoformat(str(self.value))
            case "date":
                return date.fromisoformat(str(self.value))
            case _:
                return self.value


def cursor_of(key: Key) -> Cursor:
    """Return a value of a cursor column as it is kept."""
    match key:
        case datetime():
            return Cursor("instant" if key.tzinfo else "moment", key.isoformat())
        case date():
            return Cursor("date", key.isoformat())
        case _:
            return Cursor("text" if isinstance(key, str) else "number", key)


def start_of(cursor: Cursor, overlap: str) -> Key:
    """Return where reading starts: as far behind the cursor as the overlap says.

    Of text nothing can be taken off: such a cursor must grow with every commit.
    """
    key = cursor.key()
    behind = length(overlap)
    if isinstance(key, datetime):
        return key - timedelta(microseconds=behind if behind is not None else int(overlap))
    if isinstance(key, date):
        return key - timedelta(microseconds=behind or 0) - timedelta(days=1)
    if isinstance(key, int | float):
        return key - (int(overlap) if overlap.isdecimal() else 0)
    return _text_before(key, behind or 0)


def _text_before(text: str, behind: int) -> str:
    """Return a time that is kept as text, some microseconds earlier; other text as it is."""
    try:
        at = datetime.fromisoformat(text) - timedelta(microseconds=behind)
    except (ValueError, OverflowError):
        return text
    return at.replace(tzinfo=None, microsecond=0).isoformat(text[10:11] or "T")


class Reading:
    """One reading of a query: the table of its rows, and the cursor after them."""

    def __init__(self, source: SqlSource, database: Database, after: Cursor | None) -> None:
        self._source = source
        self._database = database
        self._after = after
        self.cursor = after
        self.without_cursor = 0
        """Rows whose cursor is empty: once a cursor is known, they are not seen again."""

    def table(self) -> Table:
        """Return the rows as a table. The query runs twice: for its columns, then for its rows."""
        sql, bound = self._sql()
        with self._database.batches(f"SELECT * FROM ({sql}) AS shape LIMIT 0", bound) as batches:
            columns = list(next(batches).schema.names)
        if self._source.cursor and self._source.cursor not in columns:
            what = f"the query gives no column {self._source.cursor}"
            mend = f"it gives {', '.join(columns)}"
            raise SourceError(what, where=self._source.source, mend=mend)
        return Table(Path(self._source.source), "sql", columns, self._chunks)

    def capped(self, now: Instant) -> Cursor | None:
        """Return the cursor, but no later than now: a date in the future must not end the sync."""
        if self.cursor is None or self.cursor.kind not in ("instant", "moment", "date"):
            return self.cursor
        key = self.cursor.key()
        present = datetime.fromtimestamp(now / SECOND, UTC)
        if isinstance(key, datetime):
            latest = present if key.tzinfo else present.replace(tzinfo=None) + AHEAD
            return cursor_of(min(key, latest))
        assert isinstance(key, date)  # noqa: S101 - the kind says so
        return cursor_of(min(key, present.date() + timedelta(days=1)))

    def _sql(self) -> tuple[str, tuple[Key, ...]]:
        query = self._source.query.strip().rstrip(";").strip()
        column, after = self._source.cursor, self._after
        if not column or after is None:
            return f"SELECT * FROM ({query}\n) AS source", ()
        if not COLUMN.fullmatch(column):
            raise broken(self._source.source, "the cursor is no plain name", "rename the column")
        place = self._database.placeholder
        text = f'SELECT * FROM ({query}\n) AS source WHERE "{column}" >= {place}'
        return text, (start_of(after, self._source.overlap),)

    def _chunks(self) -> Iterator[Chunk]:
        sql, bound = self._sql()
        line = 1
        with self._database.batches(sql, bound) as batches:
            for batch in batches:
                self._note(batch)
                lines = list(range(line, line + batch.num_rows))
                line += batch.num_rows
                yield Chunk(lines, [texts(column) for column in batch.columns], [], 0.5)

    def _note(self, batch: pa.RecordBatch) -> None:
        import pyarrow.compute as pc

        if not self._source.cursor or not batch.num_rows:
            return
        column = _comparable(batch.column(self._source.cursor), self._source)
        self.without_cursor += column.null_count
        greatest: Key | None = pc.max(column).as_py()
        if greatest is not None and _is_later(greatest, self.cursor):
            self.cursor = cursor_of(greatest)


def _is_later(key: Any, cursor: Cursor | None) -> bool:
    try:
        return cursor is None or bool(key > cursor.key())
    except TypeError:
        # The column has another type than last time: what it says now counts.
        return True


def _comparable(column: pa.Array, source: SqlSource) -> pa.Array:
    """Return a cursor column whose values only grow.

    Raises:
        SourceError: it is of a type that has no order, or another order here than there.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_date,
            pa.types.is_string,
        )
    ):
        return column
    what = f"the cursor {source.cursor} is of type {kind}"
    mend = "cast it in the query to a time, a date, a whole number or text that only grows"
    raise SourceError(what, where=source.source, mend=mend)
