"""A file laid out in DuckDB, in memory: typed, judged row by row, read back in order.

Memory is bounded: beyond its limit DuckDB spills to a scratch folder. Names in the SQL are made of
numbers only (`r3`: the file's fourth column as text, `c1`: the mapping's second column, typed);
what authors wrote is bound.
"""

# ruff: noqa: S608 - see above: no name comes from outside.

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

import duckdb

from tailorbird.collect.conversion import reader_of
from tailorbird.collect.mapping_schema import Column, Conditions, Mapping, Type
from tailorbird.collect.sources import mapped_sql
from tailorbird.collect.sources.mapped_sql import DUPLICATE, FAULT, MISFIT, SqlValue
from tailorbird.collect.sources.rows import Chunk
from tailorbird.errors import DefinitionError, StoreError
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

RefusedRow: TypeAlias = tuple[int, int, str | None, int | None, list[str]]
"""Line, rule, what is wrong with a cell, the line that it repeats, its cells."""

SQL_TYPES: Final[dict[Type, str]] = {
    "text": "VARCHAR", "id": "VARCHAR", "integer": "BIGINT", "decimal": "BIGINT",
    "time": "BIGINT", "date": "VARCHAR", "boolean": "BOOLEAN",
}  # fmt: skip
SPELLINGS_AT_ONCE: Final = 50_000


class Staging:
    """One file under one mapping."""

    def __init__(
        self,
        mapping: Mapping,
        places: dict[str, int],
        width: int,
        *,
        scratch: Path,
        memory_limit: str = "1GB",
        part_bits: int = 0,
    ) -> None:
        self.mapping = mapping
        self.part = f"(line >> {part_bits})" if part_bits else "0"
        """The SQL of the part to which a row belongs."""
        self.notes: list[str] = []
        self.lines = 0
        self.taken = 0
        self._places = places
        self._width = width
        self._scratch = scratch
        self._connection = duckdb.connect(
            config={
                "threads": 2,
                "memory_limit": memory_limit,
                "temp_directory": str(scratch),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        raw = ", ".join(f"r{i} VARCHAR NOT NULL" for i in range(width))
        self._connection.execute(f"CREATE TABLE raw (line BIGINT NOT NULL, {raw})")
        self._connection.execute("CREATE TABLE misfits (line BIGINT NOT NULL, cells VARCHAR[])")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the memory and of what was spilled; say what a full machine means."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
            raise StoreError(
                f"no room to lay the file out: {str(error).splitlines()[0]}",
                where=str(self._scratch.parent),
                mend="free some disk space, or import the file in parts",
            ) from error

    def add(self, chunk: Chunk) -> None:
        """Lay out some rows as they are."""
        import pyarrow as pa

        self.lines += len(chunk.lines) + len(chunk.misfits)
        if chunk.misfits:
            lines, cells = zip(*chunk.misfits, strict=True)
            self._insert("misfits", pa.array(lines, pa.int64()), pa.array(cells))
        self._insert("raw", pa.array(chunk.lines, pa.int64()), *chunk.cells)

    def judge(self, earliest: Instant, latest: Instant) -> None:
        """Convert every cell, and say of every row whether it is taken."""
        joins, typed, faults = [], [], []
        for index, column in enumerate(self.mapping.columns):
            self._convert(index, column)
            place = self._places.get(column.name)
            on = "TRUE" if place is None else f"v{index}.spelling = raw.r{place}"
            typed.append(f"v{index}.value AS c{index}")
            faults.append(f"v{index}.fault")
            joins.append(f"JOIN v{index} ON {on}")
        self._connection.execute(
            f"CREATE TABLE typed AS SELECT line, {', '.join(typed)},"
            f" coalesce({', '.join(faults)}) AS fault FROM raw {' '.join(joins)}"
        )
        self._find_repeats()
        try:
            self._refuse(earliest, latest)
        except duckdb.InvalidInputException as error:
            what = f"a condition cannot be tested: {error}"
            mend = "write a regular expression without look-around"
            raise DefinitionError(what, where=self.mapping.name, mend=mend) from None
        self.taken = next(self.rows("SELECT count(*) FROM taken"))[0]

    def _convert(self, index: int, column: Column) -> None:
        """Make the table of what each distinct spelling of a column means."""
        import pyarrow as pa

        place = self._places.get(column.name)
        missing = frozenset(self.mapping.missing)

        def spellings() -> Iterable[str]:
            if place is None:
                return [""]
            return (row[0] for row in self.rows(f"SELECT DISTINCT r{place} FROM raw"))

        kind = SQL_TYPES[column.type]
        self._connection.execute(
            f"CREATE TABLE v{index} (spelling VARCHAR, value {kind}, fault VARCHAR)"
        )
        reader = reader_of(column, missing, spellings)
        self.notes += [reader.note] if reader.note else []
        for batch in batched(spellings(), SPELLINGS_AT_ONCE):
            values, faults = zip(*map(reader.converted, batch), strict=True)
            self._insert(
                f"v{index}",
                pa.array(batch, pa.string()),
                pa.array(values, _arrow_type(column.type)),
                pa.array(faults, pa.string()),
            )

    def _insert(self, table: str, *columns: pa.Array) -> None:
        import pyarrow as pa

        names = [str(index) for index in range(len(columns))]
        self._connection.register("rows", pa.Table.from_arrays(list(columns), names=names))
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM rows")
        self._connection.unregister("rows")

    def _find_repeats(self) -> None:
        cells = ", ".join(f"r{i}" for i in range(self._width))
        self._connection.execute(
            "CREATE TABLE repeated AS SELECT unnest(lines[2:]) AS line, lines[1] AS first FROM"
            f" (SELECT list(line ORDER BY line) AS lines FROM raw GROUP BY {cells}"
            " HAVING count(*) > 1)"
        )
        if self.mapping.keep_duplicates:
            self._connection.execute("DELETE FROM repeated")

    def _refuse(self, earliest: Instant, latest: Instant) -> None:
        cases, parameters = mapped_sql.refusals(self.mapping, earliest, latest)
        self._connection.execute(
            "CREATE TABLE judged AS SELECT typed.*, repeated.first, CASE"
            f" WHEN repeated.line IS NOT NULL THEN {DUPLICATE}"
            f" WHEN fault IS NOT NULL THEN {FAULT} {cases} END AS rule"
            " FROM typed LEFT JOIN repeated USING (line)",
            parameters,
        )
        self._connection.execute("DROP TABLE typed")
        self._connection.execute("CREATE VIEW taken AS SELECT * FROM judged WHERE rule IS NULL")

    def sql(self, conditions: Conditions) -> tuple[str, list[SqlValue]]:
        """Return conditions as one SQL expression that is true or false, and what it binds."""
        return mapped_sql.all_of(self.mapping, conditions)

    def name(self, column: str) -> str:
        """Return a column's name in the SQL, `NULL` for ''."""
        return mapped_sql.name_of(self.mapping, column)

    def refused(self) -> Iterator[RefusedRow]:
        """Yield every refused row, in order."""
        cells = ", ".join(f"r{i}" for i in range(self._width))
        return self.rows(
            f"SELECT line, rule, fault, first, [{cells}] FROM judged JOIN raw USING (line)"
            f" WHERE rule IS NOT NULL UNION ALL SELECT line, {MISFIT}, NULL, NULL, cells"
            " FROM misfits ORDER BY line"
        )

    def rows(self, query: str, parameters: Sequence[SqlValue] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, never holding more than some thousand."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(query, list(parameters))
            while rows := cursor.fetchmany(10_000):
                yield from rows
        finally:
            cursor.close()


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` values."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def _arrow_type(kind: Type) -> pa.DataType:
    import pyarrow as pa

    return {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}[SQL_TYPES[kind]]
