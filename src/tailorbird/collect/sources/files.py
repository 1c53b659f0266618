"""Imports a file: what it says has happened goes into the log, once, however often it is tried."""

from __future__ import annotations

import csv
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tailorbird.collect.mapping import located_columns, missing_column
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.messages import EARLIEST
from tailorbird.collect.sources.history import History
from tailorbird.collect.sources.staging import (
    DUPLICATE,
    FAULT,
    IMPLAUSIBLE,
    MISFIT,
    RefusedRow,
    Staging,
    batched,
)
from tailorbird.collect.sources.tables import Table, content_hash, open_table
from tailorbird.errors import SourceError, StoreError, UsageError
from tailorbird.ports import EventLog
from tailorbird.schema import DAY, Body, Instant

SOURCE: Final = "import"
FORMAT: Final = b"1"
"""Changes when the same file and mapping would make other bodies than before."""
BODY_BYTES: Final = 256 * 1024
BODIES_AT_ONCE: Final = 8
PARTS: Final = 1000
"""Progress is told in thousandths: reading is the first third, writing the rest."""
READ_PARTS: Final = 350

REPEATED: Final = "duplicate"

Progress = Callable[[int, int], None]


class ImportReport(msgspec.Struct, frozen=True):
    """What an import found and did. `lines = taken + duplicates + the sum of refused`."""

    file: str
    mapping: str
    lines: int
    taken: int
    events: int
    """Messages that the file makes: products, people, orders, returns and others together."""
    orders: int
    guest_orders: int
    returns: int
    customers: int
    products: int
    refused: dict[str, int]
    """reason -> lines."""
    duplicates: int
    notes: tuple[str, ...]
    """What the author of the mapping should look at."""
    appended: int = 0
    """Events that this run put into the log; the others were there from an earlier run."""
    errors_file: str = ""
    """Where the refused lines are, '' when there are none or it was a dry run."""
    seconds: float = 0.0


def import_file(
    path: Path,
    mapping: Mapping,
    log: EventLog,
    *,
    now: Instant,
    errors_to: Path,
    dry_run: bool = False,
    on_progress: Progress = lambda _done, _total: None,
    chunk: int = 300,
    memory_limit: str = "1GB",
    timer: Callable[[], float] = time.perf_counter,
) -> ImportReport:
    """Put what a file says has happened into the log, and return what was found.

    `errors_to` is the CSV file of refused rows; `chunk` the events of one body. Killed at any
    moment, the same call goes on where the log ends. A dry run writes nothing.

    Raises:
        SourceError: the file cannot be read, or holds no row.
        DefinitionError: the mapping names a column that the file lacks.
        UsageError: `errors_to` is the file itself.
    """
    started = timer()
    if errors_to.resolve() == path.resolve():
        mend = "give another place for the refused rows"
        raise UsageError("they would replace the file itself", where=str(path), mend=mend)
    spellings = [s for column in mapping.columns for s in column.spellings]
    table = open_table(path, spellings, mapping.layout)
    with _staging(table, mapping, _scratch(errors_to), memory_limit) as staging:
        _stage(table, staging, now, on_progress)
        refused = _Refused(staging, table)
        errors_file = "" if dry_run else refused.write(errors_to)
        history = History(staging)
        writer = _Writer(log, "" if dry_run else _reader(path, mapping, chunk), now)
        writer.write(history, chunk, on_progress)
    on_progress(PARTS, PARTS)
    found = _report(table, staging, history, refused)
    return msgspec.structs.replace(
        found, appended=writer.appended, errors_file=errors_file, seconds=timer() - started
    )


def _report(table: Table, staging: Staging, history: History, refused: _Refused) -> ImportReport:
    tally, by_reason = history.tally, refused.by_reason
    return ImportReport(
        file=str(table.path),
        mapping=staging.mapping.name,
        lines=staging.lines,
        taken=staging.taken,
        events=tally.events,
        orders=tally.orders,
        guest_orders=tally.guest_orders,
        returns=tally.returns,
        customers=len(tally.customers),
        products=tally.products,
        duplicates=by_reason[REPEATED],
        refused={reason: n for reason, n in by_reason.most_common() if reason != REPEATED},
        notes=tuple(staging.notes),
    )


def _staging(table: Table, mapping: Mapping, scratch: Path, memory_limit: str) -> Staging:
    places = located_columns(mapping, table.columns)
    if places is None:
        raise missing_column(mapping, table.columns)
    width = len(table.columns)
    return Staging(mapping, places, width, scratch=scratch, memory_limit=memory_limit)


def _scratch(errors_to: Path) -> Path:
    """Return where DuckDB may spill: in the data folder, as the file may hold personal data."""
    return errors_to.parent / f".{errors_to.stem}.scratch"


def _reader(path: Path, mapping: Mapping, chunk: int) -> str:
    """Return the name under which the log keeps how far this import has come."""
    parts = (FORMAT, content_hash(path), mapping.text.encode(), str(chunk).encode())
    return f"import:{hashlib.blake2b(b'|'.join(parts), digest_size=16).hexdigest()}"


def _stage(table: Table, staging: Staging, now: Instant, on_progress: Progress) -> None:
    for rows in table.chunks():
        staging.add(rows)
        on_progress(int(rows.read * READ_PARTS), PARTS)
    staging.judge(EARLIEST, now + DAY)
    if staging.lines == 0:
        mend = "export it again, with its rows"
        raise SourceError("the file has a header and no row", where=str(table.path), mend=mend)


# -- refused rows -------------------------------------------------------------------------------


class _Refused:
    """The rows that are refused: counted by reason, and written with it."""

    def __init__(self, staging: Staging, table: Table) -> None:
        self._staging = staging
        self._columns = table.columns
        self._place = table.place
        self.by_reason = Counter(self._why(row)[0] for row in staging.refused())

    def write(self, errors_to: Path) -> str:
        """Write the rows to a CSV file, whole or not at all; return its path, '' without rows."""
        try:
            return self._write(errors_to)
        except OSError as error:
            what = f"the refused rows cannot be written: {error.strerror}"
            mend = "free some space there, or give another place; nothing was imported"
            raise StoreError(what, where=str(errors_to), mend=mend) from error

    def _write(self, errors_to: Path) -> str:
        if not self.by_reason:
            errors_to.unlink(missing_ok=True)
            return ""
        errors_to.parent.mkdir(parents=True, exist_ok=True)
        part = errors_to.with_name(errors_to.name + ".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["line", "reason", "mend", *self._columns])
            for row in self._staging.refused():
                _, reason, mend = self._why(row)
                rows.writerow([self._place(row[0]), reason, mend, *row[-1]])
        part.replace(errors_to)
        return str(errors_to)

    def _why(self, row: RefusedRow) -> tuple[str, str, str]:
        """Return (the reason as it is counted, the reason as it is written, the mend)."""
        _, rule, fault, first, cells = row
        if rule == DUPLICATE:
            mend = "leave it out, or say `duplicates: keep`"
            return REPEATED, f"duplicate of line {self._place(first or 0)}", mend
        if rule == FAULT:
            reason = str(fault)
            return reason, reason, "mend the cell, or the column's type in the mapping"
        if rule == IMPLAUSIBLE:
            reason = "a time before 1990 or in the future"
            return reason, reason, "mend the cell, or the formats in the mapping"
        if rule == MISFIT:
            reason = f"{len(cells)} cells where the header has {len(self._columns)}"
            mend = "look for a separator inside a cell without quotes"
            return "another number of cells than the header", reason, mend
        refusal = self._staging.mapping.refuse[rule]
        return refusal.reason, refusal.reason, refusal.mend


# -- into the log -------------------------------------------------------------------------------


class _Writer:
    """Puts messages into the log in bodies; the same messages always make the same bodies."""

    def __init__(self, log: EventLog, reader: str, now: Instant) -> None:
        self._log = log
        self._reader = reader
        self._now = now
        self._written = int(log.progress(reader) or 0) if reader else 0
        self._made = 0
        self.appended = 0

    def write(self, history: History, chunk: int, on_progress: Progress) -> None:
        """Write what the log does not have yet. Without a reader (a dry run) nothing is written."""
        for bodies in batched(_bodies(history, chunk), BODIES_AT_ONCE):
            self._made += len(bodies)
            fresh = bodies[len(bodies) - max(0, self._made - self._written) :]
            if fresh and self._reader:
                contents = [Body(SOURCE, self._now, content) for content, _ in fresh]
                self._log.append_from(self._reader, contents, str(self._made))
                self._written = self._made
                self.appended += sum(messages for _, messages in fresh)
            on_progress(READ_PARTS + int((PARTS - READ_PARTS) * history.done), PARTS)


def _bodies(history: History, chunk: int) -> Iterator[tuple[bytes, int]]:
    """Yield (body, messages in it), each of at most `chunk` messages and about `BODY_BYTES`."""
    encoder = msgspec.json.Encoder()
    waiting: list[bytes] = []
    size = 0
    for message in history.messages():
        waiting.append(encoder.encode(message))
        size += len(waiting[-1])
        if len(waiting) == chunk or size >= BODY_BYTES:
            yield _body(waiting), len(waiting)
            waiting, size = [], 0
    if waiting:
        yield _body(waiting), len(waiting)


def _body(messages: Sequence[bytes]) -> bytes:
    return b'{"batch":[' + b",".join(messages) + b"]}"
