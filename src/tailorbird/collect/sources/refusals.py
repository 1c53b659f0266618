"""The rows of a table that are refused: counted by reason, and written down with it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources.mapped_sql import DUPLICATE, FAULT, IMPLAUSIBLE, MISFIT
from tailorbird.collect.sources.rows import Table
from tailorbird.collect.sources.staging import RefusedRow
from tailorbird.errors import StoreError

REPEATED: Final = "duplicate"
NO_OBJECT: Final = "it is no JSON object"


class Judged(Protocol):
    """A table whose rows have been judged under a mapping."""

    mapping: Mapping

    def refused(self) -> Iterator[RefusedRow]:
        """Yield every refused row, in order."""
        ...


class Refusals:
    """The refused rows of one table."""

    def __init__(self, staging: Judged, table: Table) -> None:
        self._staging = staging
        self._columns = table.columns
        self._place = table.place
        self._objects = table.kind == "json"
        self.by_reason = Counter(self._why(row)[0] for row in staging.refused())

    def reasons(self) -> Iterator[tuple[int, str, str]]:
        """Yield (line, reason, mend) of every refused row, in order."""
        for row in self._staging.refused():
            _, reason, mend = self._why(row)
            yield row[0], reason, mend

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
        if rule == MISFIT and self._objects:
            return NO_OBJECT, NO_OBJECT, "write one JSON object a line"
        if rule == MISFIT:
            reason = f"{len(cells)} cells where the header has {len(self._columns)}"
            mend = "look for a separator inside a cell without quotes"
            return "another number of cells than the header", reason, mend
        refusal = self._staging.mapping.refuse[rule]
        return refusal.reason, refusal.reason, refusal.mend
