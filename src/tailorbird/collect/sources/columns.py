"""Imports a Parquet file whose rows are events, column by column.

What is taken, refused and told is what `landing` would take, refuse and tell row by row, with this
difference: people are told before the events of the same chunk, not before all events.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

import duckdb
import msgspec

from tailorbird.collect import columns
from tailorbird.collect.columns import ROWS, Columns, Message, Property
from tailorbird.collect.mapping import located_columns, missing_column
from tailorbird.collect.mapping_schema import Events, Mapping
from tailorbird.collect.messages import EARLIEST
from tailorbird.collect.sources.history import message_of
from tailorbird.collect.sources.judge import TAKEN, Judge, Judged
from tailorbird.collect.sources.landing import PARTS, SOURCE, ImportReport, Terms, body_of
from tailorbird.collect.sources.mapped_sql import DUPLICATE
from tailorbird.collect.sources.parquet import Rows, in_order, rows_of, schema_of
from tailorbird.collect.sources.refusals import REPEATED, Refusals
from tailorbird.collect.sources.repeats import Repeats, cells_of
from tailorbird.collect.sources.rows import Table
from tailorbird.collect.sources.staging import RefusedRow, batched
from tailorbird.collect.sources.typed import is_instant
from tailorbird.errors import SourceError, StoreError
from tailorbird.ports import EventLog
from tailorbird.schema import DAY, Body

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

AHEAD: Final = 2
"""Chunks that are read and judged while one is written."""
PEOPLE_PER_BODY: Final = 300
LINE_NUMBERS: Final = "file_row_number"
"""The column in which DuckDB tells lines."""


def fits(table: Table, mapping: Mapping) -> bool:
    """Return whether a file under a mapping can be taken in column by column."""
    events, customers = mapping.events, mapping.customers
    if table.kind != "parquet" or events is None or mapping.orders or mapping.products:
        return False
    if customers and (customers.traits or customers.consents or customers.withdrawn):
        return False
    if customers and customers.time not in ("", events.time):
        return False
    if any(column.formats or column.type == "date" for column in mapping.columns):
        return False
    if LINE_NUMBERS in table.columns:
        return False
    places = located_columns(mapping, table.columns)
    if places is None or len({*table.columns}) < len(table.columns):
        return False
    kind = schema_of(table.path).field(places[events.time]).type
    return is_instant(kind, mapping.column(events.time))


def take(
    table: Table, mapping: Mapping, log: EventLog, terms: Terms, reader: Callable[[], str]
) -> ImportReport:
    """Put what a file says has happened into the log, and return what was found.

    `reader` returns the name under which the log keeps how far this import has come.

    Raises:
        SourceError: it cannot be read, or holds no row.
        DefinitionError: the mapping names a column that the table lacks.
    """
    started = terms.timer()
    places = located_columns(mapping, table.columns)
    if places is None or mapping.events is None:
        raise missing_column(mapping, table.columns)
    with _spilling(terms) as spill:
        latest = terms.now + DAY
        judge = Judge(mapping, places, spill, earliest=EARLIEST, latest=latest)
        time = places[mapping.events.time]
        chunks = _ahead(judge.judge, in_order(table.path, time, ROWS, spill))
        importing = _Importing(mapping, mapping.events, spill, log, terms, reader)
        importing.run(chunks, rows_of(table.path))
        refusals = Refusals(importing, table)
        errors_file = "" if terms.dry_run else refusals.write(terms.errors_to)
    if not importing.lines and terms.empty_is_wrong:
        mend = "export it again, with its rows"
        raise SourceError("the file has a header and no row", where=str(table.path), mend=mend)
    terms.on_progress(PARTS, PARTS)
    found = importing.report(table, refusals.by_reason)
    return msgspec.structs.replace(found, errors_file=errors_file, seconds=terms.timer() - started)


def _ahead(judge: Callable[[Rows], Judged], chunks: Iterator[Rows]) -> Iterator[Judged]:
    """Yield judged chunks in order; some are judged while the one before is written."""
    with ThreadPoolExecutor(AHEAD) as pool:
        waiting = [pool.submit(judge, rows) for rows in islice(chunks, AHEAD)]
        while waiting:
            judged = waiting.pop(0).result()
            waiting += [pool.submit(judge, rows) for rows in islice(chunks, 1)]
            yield judged


@contextmanager
def _spilling(terms: Terms) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend a DuckDB in memory; beyond its limit it spills beside the refused rows."""
    scratch = terms.errors_to.parent / f".{terms.errors_to.stem}.scratch"
    connection = duckdb.connect(
        config={
            "threads": 2,
            "memory_limit": terms.memory_limit,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        yield connection
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise StoreError(
            f"no room to lay the file out: {str(error).splitlines()[0]}",
            where=str(scratch.parent),
            mend="free some disk space, or import the file in parts",
        ) from error
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


class _Importing:
    """One import: what it has seen, and what goes into the log."""

    def __init__(
        self,
        mapping: Mapping,
        events: Events,
        spill: duckdb.DuckDBPyConnection,
        log: EventLog,
        terms: Terms,
        reader: Callable[[], str],
    ) -> None:
        self.mapping = mapping
        self.lines = 0
        self._events = events
        self._spill = spill
        self._log = log
        self._terms = terms
        self._reader = "" if terms.dry_run else reader()
        self._written = int(log.progress(self._reader) or 0) if self._reader else 0
        self._repeats = Repeats(events.time, keep=mapping.keep_duplicates)
        self._customers: set[str] = set()
        self._taken = self._appended = 0
        spill.execute(
            "CREATE TABLE refused (line BIGINT, rule BIGINT, fault VARCHAR, first BIGINT,"
            " cells VARCHAR[])"
        )

    def run(self, chunks: Iterator[Judged], rows: int) -> None:
        """Take in every chunk."""
        for judged in chunks:
            self.lines += len(judged.rows.lines)
            repeated = self._repeats.found(judged)
            self._refuse(judged, repeated)
            taken = judged.rules == TAKEN
            if repeated:
                taken[list(repeated)] = False
            self._tell(judged, taken)
            self._terms.on_progress(self.lines * PARTS // max(rows, 1), PARTS)

    def refused(self) -> Iterator[RefusedRow]:
        """Yield every refused row, in order."""
        cursor = self._spill.cursor()
        try:
            cursor.execute("SELECT * FROM refused ORDER BY line")
            while rows := cursor.fetchmany(10_000):
                yield from rows
        finally:
            cursor.close()

    def report(self, table: Table, by_reason: Counter[str]) -> ImportReport:
        """Return what was found and done."""
        return ImportReport(
            file=str(table.path),
            mapping=self.mapping.name,
            lines=self.lines,
            taken=self._taken,
            events=self._taken + len(self._customers),
            orders=0,
            guest_orders=0,
            returns=0,
            customers=len(self._customers),
            products=0,
            duplicates=by_reason[REPEATED],
            refused={reason: n for reason, n in by_reason.most_common() if reason != REPEATED},
            notes=(),
            appended=self._appended,
        )

    def _refuse(self, judged: Judged, repeated: dict[int, int]) -> None:
        import numpy as np
        import pyarrow as pa

        refused = sorted({*np.flatnonzero(judged.rules != TAKEN).tolist(), *repeated})
        if not refused:
            return
        faults = None if judged.faults is None else judged.faults.take(pa.array(refused))
        rows = pa.table(
            {
                "line": pa.array(judged.rows.lines[refused]),
                "rule": pa.array(
                    [DUPLICATE if row in repeated else int(judged.rules[row]) for row in refused],
                    pa.int64(),
                ),
                "fault": pa.nulls(len(refused), pa.string()) if faults is None else faults,
                "first": pa.array([repeated.get(row) for row in refused], pa.int64()),
                "cells": pa.array(cells_of(judged.rows, refused), pa.list_(pa.string())),
            }
        )
        self._spill.register("more", rows)
        self._spill.execute("INSERT INTO refused SELECT * FROM more")
        self._spill.unregister("more")

    def _tell(self, judged: Judged, taken: npt.NDArray[np.bool_]) -> None:
        """Append what a chunk says, unless an earlier run has."""
        import pyarrow as pa

        mask = pa.array(taken)
        users = judged.users.filter(mask)
        at = judged.values[self._events.time].filter(mask)
        people = self._people(users, at)
        self._taken += len(users)
        if not self._reader or self.lines <= self._written:
            return
        said = Columns(
            at, self._names(judged, mask), users, pa.array(judged.keys).filter(mask),
            tuple(
                Property(name, self.mapping.column(column).type, judged.values[column].filter(mask))
                for name, column in self._events.properties.items()
            ),
        )  # fmt: skip
        contents = [
            body_of([msgspec.json.encode(told) for told in some])
            for some in batched(people, PEOPLE_PER_BODY)
        ]
        contents += [columns.write(said)] if len(said) else []
        bodies = [Body(SOURCE, self._terms.now, content) for content in contents]
        self._log.append_from(self._reader, bodies, str(self.lines))
        self._appended += len(people) + len(said)

    def _people(self, users: pa.Array, at: pa.Array) -> list[Message]:
        """Return what is told of the people that the file names for the first time here."""
        import numpy as np
        import pyarrow as pa

        customers = self.mapping.customers
        if customers is None:
            return []
        rows = np.flatnonzero(users.is_valid().to_numpy(zero_copy_only=False))
        codes = users.indices.drop_null().to_numpy()
        first = np.full(len(users.dictionary), -1)
        # The last one written stays: the first of each.
        first[codes[::-1]] = rows[::-1]
        places = np.sort(first[first >= 0])
        names = users.take(pa.array(places)).to_pylist()
        instants = at.take(pa.array(places)).to_pylist()
        told = []
        for name, instant in zip(names, instants, strict=True):
            if name not in self._customers:
                self._customers.add(name)
                when = instant if customers.time else None
                told.append(message_of("identify", when, name, traits={}))
        return told

    def _names(self, judged: Judged, mask: pa.Array) -> pa.Array:
        """Return what the events are called."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._events.name_column
        if column:
            names = judged.values[column].filter(mask)
            return pc.fill_null(names.cast(pa.string()), "").dictionary_encode()
        codes = pa.array(np.zeros(pc.sum(mask, min_count=0).as_py(), np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array([self._events.name]))
