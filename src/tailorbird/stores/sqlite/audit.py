"""What does not add up in the ledger of one SQLite file, and what is in doubt there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tailorbird.outbox import Departure, Fault, FaultKind, InDoubt
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("audit")
KINDS: Final[tuple[FaultKind, ...]] = ("no_outbox", "no_decision", "other_end", "sent_twice")


class SqliteAudit:
    """`outbox.Audit` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unknowns(self, after: bytes = b"", limit: int = 1000) -> list[InDoubt]:
        """Return sends whose last line left and whose answer nobody knows, in order of id."""
        rows = self._database.current().execute(SQL["unknowns"], (after, limit))
        return [InDoubt(*row) for row in rows]

    def faults(self) -> Iterator[Fault]:
        """Yield where decisions, outbox and settlements do not say the same."""
        for kind in KINDS:
            for send_id, detail in self._database.current().execute(SQL[kind]):
                yield Fault(kind, send_id, detail)

    def overdue(self, now: Instant) -> list[tuple[bytes, str]]:
        """Return (send, worker) of claims whose lease has ended."""
        return self._database.current().execute(SQL["claimed"], (now,)).fetchall()

    def departures(self, send_ids: Sequence[bytes]) -> dict[bytes, Departure]:
        """Return of each send that there is in which state it is, and whether it ever left."""
        connection = self._database.current()
        asked = (connection.execute(SQL["left"], (each,)).fetchone() for each in send_ids)
        return {row[0]: Departure(row[1], bool(row[2])) for row in asked if row}
