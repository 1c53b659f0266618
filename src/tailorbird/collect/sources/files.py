"""Imports a file: what it says has happened goes into the log, once, however often it is tried."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tailorbird.collect.columns import ROWS
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources import columns
from tailorbird.collect.sources.landing import (
    SOURCE,
    CountedLanding,
    ImportReport,
    Nowhere,
    Progress,
    Terms,
    take,
)
from tailorbird.collect.sources.tables import content_hash, open_table
from tailorbird.errors import UsageError
from tailorbird.ports import EventLog
from tailorbird.schema import Instant

__all__ = ["ImportReport", "Progress", "import_file"]

FORMAT: Final = b"1"
"""Changes when the same file and mapping would make other bodies than before."""


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
    source: str = SOURCE,
    occasion: Instant | None = None,
) -> ImportReport:
    """Put what a file says has happened into the log, and return what was found.

    `errors_to` is the CSV file of refused rows; `chunk` the events of one body. Killed at any
    moment, the same call goes on where the log ends. A dry run writes nothing. With `occasion`,
    what has no time in the file was so at that instant.

    Raises:
        SourceError: the file cannot be read, or holds no row.
        DefinitionError: the mapping names a column that the file lacks.
        UsageError: `errors_to` is the file itself.
    """
    if errors_to.resolve() == path.resolve():
        mend = "give another place for the refused rows"
        raise UsageError("they would replace the file itself", where=str(path), mend=mend)
    spellings = [s for column in mapping.columns for s in column.spellings]
    table = open_table(path, spellings, mapping.layout)

    terms = Terms(now, errors_to, dry_run, on_progress, chunk, memory_limit, timer)
    if source == SOURCE and occasion is None and columns.fits(table, mapping):
        return columns.take(table, mapping, log, terms, lambda: _reader(path, mapping, ROWS))

    def reader() -> str:
        return _reader(path, mapping, chunk, occasion)

    return take(table, mapping, terms, lambda: _landing(log, terms, source, reader, occasion))


def _landing(
    log: EventLog,
    terms: Terms,
    source: str,
    reader: Callable[[], str],
    occasion: Instant | None,
) -> CountedLanding | Nowhere:
    if terms.dry_run:
        return Nowhere()
    return CountedLanding(log, reader(), terms.now, source=source, occasion=occasion)


def _reader(path: Path, mapping: Mapping, chunk: int, occasion: Instant | None = None) -> str:
    """Return the name under which the log keeps how far this import has come."""
    parts = [FORMAT, content_hash(path), mapping.text.encode(), str(chunk).encode()]
    if occasion is not None:
        parts.append(str(occasion).encode())
    return f"import:{hashlib.blake2b(b'|'.join(parts), digest_size=16).hexdigest()}"
