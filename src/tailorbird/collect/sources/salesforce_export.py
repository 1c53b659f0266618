"""Exports of Salesforce: records, told as its webhook would tell them, with the same ids."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tailorbird.collect.names import canonical
from tailorbird.collect.sources.landing import (
    CountedLanding,
    ImportReport,
    Landing,
    Nowhere,
    Terms,
    land,
)
from tailorbird.collect.sources.rows import Table
from tailorbird.collect.sources.salesforce import SOURCE, Record, field_of, translate
from tailorbird.collect.sources.shop_messages import Message, Unreadable
from tailorbird.collect.sources.tables import content_hash, open_table
from tailorbird.ports import EventLog
from tailorbird.schema import Instant, Names

KIND: Final = "attributes.type"
"""Where exports in JSON say of which object a record is."""
FORMAT: Final = b"1"


def import_export(
    path: Path, log: EventLog, terms: Terms, *, kind: str = "", occasion: Instant
) -> ImportReport:
    """Put an export of one object, or of several, into the log, and return what was found.

    `kind` is the object, where the file does not say it. What has no time of its own was so at
    `occasion`.

    Raises:
        SourceError: the file cannot be read.
    """
    started = terms.timer()
    table = open_table(path)
    parts = (FORMAT, content_hash(path), kind.encode(), str(occasion).encode())
    reader = f"salesforce:{hashlib.blake2b(b'|'.join(parts), digest_size=16).hexdigest()}"
    landing: Landing = Nowhere()
    if not terms.dry_run:
        landing = CountedLanding(log, reader, terms.now, source=SOURCE, occasion=None)
    with ExitStack() as stack:
        records = _Records(table, kind, occasion)
        if not terms.dry_run:
            records.write_refused(terms.errors_to, stack)
        appended = land(records, landing, terms)
    errors_file = "" if terms.dry_run else _settled(terms.errors_to, records)
    return records.report(appended, errors_file, terms.timer() - started)


def _settled(errors_to: Path, records: _Records) -> str:
    part = _part(errors_to)
    if not records.refused:
        part.unlink()
        return ""
    part.replace(errors_to)
    return str(errors_to)


def _part(errors_to: Path) -> Path:
    return errors_to.with_name(errors_to.name + ".part")


class _Records:
    """The records of a file as messages; what cannot be told is refused, row by row."""

    def __init__(self, table: Table, kind: str, occasion: Instant) -> None:
        self._table = table
        self._kind = kind
        self._occasion = occasion
        self._fields = [field_of(column) for column in table.columns]
        self._writer: Any = None
        self._told: Counter[str] = Counter()
        self._people: set[str] = set()
        self._guests = 0
        self.done = 0.0
        self.lines = 0
        self.refused: Counter[str] = Counter()

    def write_refused(self, errors_to: Path, stack: ExitStack) -> None:
        """Write refused rows to a file beside its place, from now on."""
        errors_to.parent.mkdir(parents=True, exist_ok=True)
        file = stack.enter_context(_part(errors_to).open("w", encoding="utf-8", newline=""))
        self._writer = csv.writer(file)
        self._writer.writerow(["line", "reason", *self._table.columns])

    def messages(self) -> Iterator[Message]:
        """Yield what the records say, in the order of the file."""
        for chunk in self._table.chunks():
            columns = [column.to_pylist() for column in chunk.cells]
            for place, line in enumerate(chunk.lines):
                yield from self._told_by(line, [column[place] for column in columns])
            for line, cells in chunk.misfits:
                self._refuse(line, "it does not fit the header", cells)
            self.done = chunk.read

    def _told_by(self, line: int, cells: list[str]) -> list[Message]:
        record: Record = {f: cell for f, cell in zip(self._fields, cells, strict=True) if cell}
        kind = record.get(KIND) or self._kind
        try:
            said = translate(kind, record, self._occasion)
        except (Unreadable, ValueError, ArithmeticError) as error:
            self._refuse(line, str(error), cells)
            return []
        if said is None:
            reason = f"records of {kind} need a mapping" if kind else "it does not say its object"
            self._refuse(line, reason, cells)
            return []
        self.lines += 1
        for message in said:
            self._count(message)
        return said

    def _refuse(self, line: int, reason: str, cells: list[str]) -> None:
        self.lines += 1
        self.refused[reason] += 1
        if self._writer:
            self._writer.writerow([self._table.place(line), reason, *cells])

    def _count(self, message: Message) -> None:
        name = canonical(message["event"]) if message["type"] == "track" else Names.IDENTIFY
        self._told[name] += 1
        if name == Names.IDENTIFY:
            self._people.add(message.get("anonymousId") or message["traits"]["email"])
        self._guests += name == Names.PURCHASE and "anonymousId" not in message

    def report(self, appended: int, errors_file: str, seconds: float) -> ImportReport:
        """Return what was found."""
        return ImportReport(
            file=str(self._table.path),
            mapping=SOURCE,
            lines=self.lines,
            taken=self.lines - self.refused.total(),
            events=self._told.total(),
            orders=self._told[Names.PURCHASE],
            guest_orders=self._guests,
            returns=self._told[Names.RETURN],
            customers=len(self._people),
            products=self._told[Names.PRODUCT_UPDATED],
            refused=dict(self.refused.most_common()),
            duplicates=0,
            notes=(),
            appended=appended,
            errors_file=errors_file,
            seconds=seconds,
        )
