"""What does not add up in the ledger of a server, and what is in doubt there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tailorbird.outbox import Departure, Fault, FaultKind, InDoubt
from tailorbird.schema import Instant
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.statements import load

SQL = load("audit_postgres")
KINDS: Final[tuple[FaultKind, ...]] = ("no_outbox", "no_decision", "other_end", "sent_twice")


class PostgresAudit:
    """`outbox.Audit` on a server, which a `PostgresLedger` has set up."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def unknowns(self, after: bytes = b"", limit: int = 1000) -> list[InDoubt]:
        """Return sends whose last line left and whose answer nobody knows, in order of id."""
        return [InDoubt(*row) for row in self._server.rows(SQL["unknowns"], (after, limit))]

    def faults(self) -> Iterator[Fault]:
        """Yield where decisions, outbox and settlements do not say the same."""
        for kind in KINDS:
            for send_id, detail in self._server.rows(SQL[kind]):
                yield Fault(kind, send_id, detail)

    def overdue(self, now: Instant) -> list[tuple[bytes, str]]:
        """Return (send, worker) of claims whose lease has ended."""
        return [(*row,) for row in self._server.rows(SQL["claimed"], (now,))]

    def departures(self, send_ids: Sequence[bytes]) -> dict[bytes, Departure]:
        """Return of each send that there is in which state it is, and whether it ever left."""
        asked = msgspec.json.encode([each.hex() for each in send_ids]).decode()
        rows = self._server.rows(SQL["left"], (asked,))
        return {send_id: Departure(state, bool(left)) for send_id, state, left in rows}
