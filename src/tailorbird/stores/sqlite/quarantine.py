"""The quarantine in SQLite: a record and what became of it change in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tailorbird.schema import (
    Body,
    Instant,
    Position,
    Quarantined,
    QuarantineState,
    Refused,
)
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("quarantine")
LOG = load("log")


class SqliteQuarantine:
    """`ports.Quarantine` over the database that holds the log too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        after: Position,
        limit: int,
        *,
        state: QuarantineState | None = None,
        code: str = "",
        source: str = "",
    ) -> list[Quarantined]:
        """Return records above a position, in order; '' and None leave a choice open."""
        asked = (after, state or "", code, source, limit)
        return [_quarantined(row) for row in self._database.read().execute(SQL["page"], asked)]

    def one(self, position: Position) -> Quarantined | None:
        """Return the record that was refused at this position."""
        row = self._database.read().execute(SQL["one"], (position,)).fetchone()
        return _quarantined(row) if row else None

    def counts(self) -> list[tuple[QuarantineState, str, int]]:
        """Return (state, code, records), all states counted."""
        return self._database.read().execute(SQL["counts"]).fetchall()

    def keep_mended(self, mended: Sequence[tuple[Position, bytes, tuple[str, ...]]]) -> int:
        """Keep (position, new bytes, rules) durably where the record is held; return how many."""
        rows = [
            (position, content, msgspec.json.encode(rules).decode())
            for position, content, rules in mended
        ]
        with self._database.write() as connection:
            return int(connection.executemany(SQL["keep_mended"], rows).rowcount)

    def replay(self, bodies: Sequence[tuple[Position, Body]], now: Instant, why: str) -> list[int]:
        """Append each held record's body to the log and mark it, durably and together."""
        offsets: list[int] = []
        with self._database.write() as connection:
            for position, body in bodies:
                if connection.execute(SQL["held"], (position,)).fetchone() is None:
                    continue
                row = (body.received_at, body.source, body.content)
                offset = int(connection.execute(LOG["append"], row).lastrowid or 0)
                connection.execute(SQL["mark_replayed"], (position, now, why, offset))
                offsets.append(offset)
        return offsets

    def discard(self, positions: Sequence[Position], now: Instant, why: str) -> int:
        """Mark held records as discarded, durably; return how many."""
        rows = [(position, now, why) for position in positions]
        with self._database.write() as connection:
            return int(connection.executemany(SQL["discard"], rows).rowcount)


def _quarantined(row: Sequence[Any]) -> Quarantined:
    refused, (state, mended, rules, decided_at, why, offset) = row[:7], row[7:]
    names = msgspec.json.decode(rules, type=tuple[str, ...])
    return Quarantined(Refused(*refused), state, mended, names, decided_at, why, offset)
