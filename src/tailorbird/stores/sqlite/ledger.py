"""The ledger in SQLite: decisions that are only added, and the outbox of sends they caused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tailorbird.schema import SECOND, Claim, Decision, Instant, PersonId, Settlement
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("ledger")


class SqliteLedger:
    """`ports.Ledger` over one database.

    A send moves pending -> claimed -> sent, failed, unknown, cancelled, or back to pending; what is
    unknown may still be settled when the truth is learnt. Every other move is ignored, so that a
    settlement may arrive twice. A claim that is settled as pending with `retry_at` 0 was never
    tried: it does not count as an attempt.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, decisions: Sequence[Decision]) -> int:
        """Record durably those not recorded before, with an outbox row for each `send`.

        Returns how many were new. A send's id is its decision's id.
        """
        with self._database.write() as connection:
            (last,) = connection.execute(SQL["last_decision"]).fetchone()
            cursor = connection.executemany(SQL["record"], map(_row, decisions))
            connection.execute(SQL["enqueue"], (last,))
            return cursor.rowcount if decisions else 0

    def decisions(
        self,
        *,
        campaign: str | None = None,
        person: PersonId | None = None,
        after: bytes = b"",
        limit: int = 1000,
    ) -> list[Decision]:
        """Return decisions in order of id."""
        name = "decisions_of_campaign" if campaign is not None else "decisions"
        if person is not None:
            name = "decisions_of_person"
        bound = {"campaign": campaign, "person": person, "after": after, "limit": limit}
        return [Decision(*row) for row in self._database.current().execute(SQL[name], bound)]

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision."""
        row = self._database.current().execute(SQL["decision"], (decision_id,)).fetchone()
        return Decision(*row) if row else None

    def shown(
        self, people: Sequence[PersonId], blocks: Sequence[str], after: Instant, until: Instant
    ) -> dict[tuple[PersonId, str], int]:
        """Return how often each of these blocks was in a mail decided for each of these people.

        Mails that failed or were cancelled do not count; who was never shown a block is absent.
        """
        asked = [msgspec.json.encode(list(each)).decode() for each in (people, blocks)]
        rows = self._database.current().execute(SQL["shown"], (*asked, after, until))
        return {(person, block): times for person, block, times in rows}

    def tally(self, campaign: str, kept: str) -> list[tuple[str, str, int]]:
        """Return (name, value, people) of what a campaign's sends keep under a key of `inputs`."""
        return self._database.current().execute(SQL["tally"], (f"$.{kept}", campaign)).fetchall()

    def verdicts(self, campaign: str) -> list[tuple[str, str, str, int]]:
        """Return (verdict, reason, variant, people) counts of a campaign."""
        return self._database.current().execute(SQL["verdicts"], (campaign,)).fetchall()

    def claim(self, worker: str, limit: int, now: Instant, lease_seconds: int) -> list[Claim]:
        """Claim due sends durably; nobody else gets them until the lease ends.

        An expired lease does not free a claim by itself, because its mail may have left: only
        recovery does.
        """
        bound = {
            "worker": worker,
            "limit": limit,
            "now": now,
            "until": now + lease_seconds * SECOND,
        }
        with self._database.write() as connection:
            sequences = [row[0] for row in connection.execute(SQL["claim"], bound)]
            chosen = msgspec.json.encode(sequences).decode()
            return _claims(connection.execute(SQL["claims_from"], (chosen,)))

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        """Return claims that have not been settled, for recovery."""
        bound = {"worker": worker, "expired_at": expired_at}
        return _claims(self._database.current().execute(SQL["claims"], bound))

    def settle(self, settlements: Sequence[Settlement], now: Instant) -> None:
        """Record durably how claims ended."""
        if not settlements:
            return
        with self._database.write() as connection:
            for settlement in settlements:
                bound = msgspec.structs.asdict(settlement) | {"at": now}
                if connection.execute(SQL["settle"], bound).rowcount:
                    connection.execute(SQL["note"], bound)

    def cancel(self, campaign: str, reason: str, now: Instant) -> int:
        """Cancel a campaign's pending sends; return how many."""
        bound = {"campaign": campaign, "reason": reason, "at": now}
        with self._database.write() as connection:
            connection.execute(SQL["note_cancelled"], bound)
            return connection.execute(SQL["cancel"], (campaign,)).rowcount

    def states(self, campaign: str | None = None) -> dict[str, int]:
        """Return the number of sends in each state."""
        name, bound = ("states", ()) if campaign is None else ("states_of_campaign", (campaign,))
        return dict(self._database.current().execute(SQL[name], bound).fetchall())

    def settlements(self, after: int, limit: int) -> list[tuple[int, Instant, Settlement]]:
        """Return (sequence, at, settlement) above `after`, in the order in which they happened."""
        rows = self._database.current().execute(SQL["settlements"], (after, limit))
        return [(sequence, at, Settlement(*rest)) for sequence, at, *rest in rows]

    def settlement(self, send_id: bytes) -> Settlement | None:
        """Return how a send ended, or None while it is pending."""
        row = self._database.current().execute(SQL["settlement"], (send_id,)).fetchone()
        return Settlement(*row) if row else None

    def sent_at(self, send_id: bytes) -> Instant | None:
        """Return when the carrier took a send, or None where it has not."""
        row = self._database.current().execute(SQL["sent_at"], (send_id,)).fetchone()
        return int(row[0]) if row and row[0] is not None else None


def _row(decision: Decision) -> tuple[Any, ...]:
    return (
        decision.id,
        decision.campaign,
        decision.campaign_version,
        decision.occurrence,
        decision.person,
        decision.at,
        decision.verdict,
        decision.reason,
        decision.variant,
        decision.probability,
        decision.receipt,
        decision.inputs,
    )


def _claims(rows: Iterable[tuple[Any, ...]]) -> list[Claim]:
    return [Claim(*row) for row in rows]
