"""The ledger in SQLite: decisions that are only added, and the outbox of sends they caused."""

from __future__ import annotations

import heapq
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from tailorbird.lanes import Allowance, Pace
from tailorbird.outbox import LONGEST_WAIT, SAME_ADDRESS, Gate, Order, Trail, Written, place_of
from tailorbird.schema import (
    SECOND,
    Claim,
    Decision,
    Instant,
    PersonId,
    Settlement,
)
from tailorbird.stores.sqlite import decided
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.lanes import leaving, paced, under_way
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
        self._seen = threading.local()

    def record(
        self, decisions: Sequence[Decision], due: Mapping[bytes, Instant] | None = None
    ) -> int:
        """Record durably those not recorded before, with an outbox row for each `send`.

        Returns how many were new. A send's id is its decision's id.
        """
        with self._database.write() as connection:
            return decided.record(connection, decisions, due or {})

    def decisions(
        self,
        *,
        campaign: str | None = None,
        person: PersonId | None = None,
        after: bytes = b"",
        limit: int = 1000,
    ) -> list[Decision]:
        """Return decisions in the order in which they were recorded."""
        connection = self._database.current()
        place = decided.sequence_of(connection, after) if after else 0
        if campaign is not None and person is None:
            return list(islice(_of_campaign(connection, campaign, place), limit))
        name = "decisions" if person is None else "decisions_of_person"
        bound = {"campaign": campaign, "person": person, "after": place, "limit": limit}
        return [Decision(*row) for row in connection.execute(SQL[name], bound)]

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision."""
        row = self._database.current().execute(SQL["decision"], (decision_id,)).fetchone()
        return Decision(*row) if row else None

    def found(self, decision_ids: Sequence[bytes]) -> dict[bytes, Decision]:
        """Return those of these decisions that there are, by id."""
        connection = self._database.current()
        rows = (connection.execute(SQL["decision"], (each,)).fetchone() for each in decision_ids)
        return {row[0]: Decision(*row) for row in rows if row}

    def enrolled(self, people: Sequence[PersonId], names: Sequence[str]) -> dict[PersonId, str]:
        """Return by which of these campaigns and journeys each was sent to or held out first."""
        bound = {"people": _json(people), "names": msgspec.json.encode(list(names)).decode()}
        rows = self._database.current().execute(SQL["enrolled"], bound)
        return {person: name for person, name, _ in rows}

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

    def claim(
        self,
        worker: str,
        limit: int,
        now: Instant,
        lease_seconds: int,
        gate: Gate | None = None,
        pace: Pace | None = None,
    ) -> list[Claim]:
        """Claim due sends durably; nobody else gets them until the lease ends.

        An expired lease does not free a claim by itself, because its mail may have left: only
        recovery does. Whom the gate does not admit is settled, and others are claimed instead.
        """
        until = now + lease_seconds * SECOND
        while True:
            with self._database.write() as connection:
                allowance = pace.allowance(under_way(connection), now) if pace else None
                rows = self._due(connection, limit, now, gate, allowance)
                claims = {Claim(*row): sequence for *row, sequence in rows}
                admitted = claims
                if gate and claims:
                    admitted = self._admitted(connection, claims, now, gate)
                chosen = _json(admitted.values())
                bound = {"worker": worker, "until": until, "sequences": chosen}
                connection.execute(SQL["claim"], bound)
                if allowance is not None:
                    allowance.spend(leaving(connection, chosen))
            if admitted or not claims:
                return list(admitted)

    def _due(
        self,
        connection: sqlite3.Connection,
        limit: int,
        now: Instant,
        gate: Gate | None,
        allowance: Allowance | None,
    ) -> list[tuple[Any, ...]]:
        """Return what is to be claimed, lane by lane in the order of rank, each by due time."""
        standing = _standing(connection)
        if "" in standing:
            self._obey(connection, standing[""], now)
            return []
        lanes: dict[int, list[str]] = {}
        for (campaign,) in connection.execute(SQL["lanes"]).fetchall():
            rank = gate.rank(campaign) if gate else 0
            if campaign in standing:
                self._obey(connection, standing[campaign], now)
            elif rank is not None:
                lanes.setdefault(rank, []).append(campaign)
        chosen: list[int] = []
        for rank in sorted(lanes):
            left = limit - len(chosen)
            if allowance is None:
                ready = (connection.execute(SQL["due"], (each, now, left)) for each in lanes[rank])
                chosen += [sequence for _, sequence in islice(heapq.merge(*ready), left)]
            else:
                chosen += islice(paced(connection, lanes[rank], now, allowance), left)
        return connection.execute(SQL["candidates"], (_json(chosen),)).fetchall()

    def _obey(self, connection: sqlite3.Connection, order: Order, now: Instant) -> None:
        """Cancel what came to wait since a campaign was cancelled."""
        if order.act == "cancel":
            self._cancel(connection, order.campaign, _why(order), now)

    def _admitted(
        self, connection: sqlite3.Connection, claims: dict[Claim, int], now: Instant, gate: Gate
    ) -> dict[Claim, int]:
        """Return the claims that may go; settle the others."""
        admission = gate.admit(list(claims), now)
        ended = {each.send_id: each for each in admission.ended}
        left = {claim: at for claim, at in claims.items() if claim.send_id not in ended}
        named = [
            (place_of(claim, key), sequence, claim)
            for claim, sequence in left.items()
            if (key := admission.addresses.get(claim.send_id))
        ]
        before = connection.total_changes
        connection.executemany(SQL["address"], [each[:2] for each in named])
        if connection.total_changes - before < len(named):
            ended |= _sharing(connection, named)
        for settlement in ended.values():
            bound = msgspec.structs.asdict(settlement) | {"at": now}
            if connection.execute(SQL["refuse"], bound).rowcount:
                connection.execute(SQL["note"], bound)
        return {claim: at for claim, at in left.items() if claim.send_id not in ended}

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        """Return claims that have not been settled, for recovery."""
        bound = {"worker": worker, "expired_at": expired_at}
        return [Claim(*row) for row in self._database.current().execute(SQL["claims"], bound)]

    def waits(self) -> bool:
        """Return whether anything is pending or claimed, due or not; cheap."""
        return bool(self._database.current().execute(SQL["waits"]).fetchone()[0])

    def workers(self) -> list[str]:
        """Return the workers whose claims have not been settled, by name."""
        return [name for (name,) in self._database.current().execute(SQL["workers"])]

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        """Record durably how claims ended; a worker's own, where one is named, or unknown ones."""
        if not settlements:
            return
        with self._database.write() as connection:
            notes = []
            for ended in settlements:
                moved = (ended.state, ended.retry_at, ended.send_id, worker, ended.doubted_at)
                row = connection.execute(SQL["settle"], moved).fetchone()
                if row:
                    notes.append((row[0], now, *msgspec.structs.astuple(ended)[1:-1]))
            connection.executemany(SQL["note_settled"], notes)

    # -- pause, resume, cancel ------------------------------------------------------------------

    def order(self, order: Order) -> int:
        """Record durably what was ordered of sending; return how many sends it cancelled."""
        with self._database.write() as connection:
            connection.execute(SQL["order"], msgspec.structs.asdict(order))
            if order.act != "cancel":
                return 0
            return self._cancel(connection, order.campaign, _why(order), order.at)

    def orders(self, campaign: str | None = None, limit: int = 100) -> list[Order]:
        """Return what was ordered, the newest first."""
        bound = {"campaign": campaign, "limit": limit}
        return [Order(*row) for row in self._database.current().execute(SQL["orders"], bound)]

    def standing(self) -> Mapping[str, Order]:
        """Return the orders by which campaigns, or with '' all sending, stand still.

        Asked for every mail: it is read again only when somebody has written to the file.
        """
        connection = self._database.current()
        if connection.in_transaction:
            return _standing(connection)
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if getattr(self._seen, "version", None) != version:
            self._seen.orders = _standing(connection)
            self._seen.version = version
        found: dict[str, Order] = self._seen.orders
        return found

    def cancel(self, campaign: str, reason: str, now: Instant) -> int:
        """Cancel a campaign's pending sends; return how many."""
        with self._database.write() as connection:
            return self._cancel(connection, campaign, reason, now)

    def _cancel(
        self, connection: sqlite3.Connection, campaign: str, reason: str, now: Instant
    ) -> int:
        bound = {"campaign": campaign, "reason": reason, "at": now}
        connection.execute(SQL["note_cancelled"], bound)
        return connection.execute(SQL["cancel"], {"campaign": campaign}).rowcount

    # -- readings -------------------------------------------------------------------------------

    def written(self, people: Sequence[PersonId], after: Instant, apart: str) -> list[Written]:
        """Return the mails that left to these people after an instant, or are to leave."""
        bound = {
            "people": _json(people),
            "after": after,
            "decided": after - LONGEST_WAIT,
            "apart": apart,
        }
        return [Written(*row) for row in self._database.current().execute(SQL["written"], bound)]

    def campaigns(self) -> dict[str, dict[str, int]]:
        """Return the number of sends in each state of each campaign."""
        found: dict[str, dict[str, int]] = {}
        for campaign, state, sends in self._database.current().execute(SQL["campaigns"]):
            found.setdefault(campaign, {})[state] = sends
        return found

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

    def trail(self, send_id: bytes) -> Trail | None:
        """Return what has become of a send, None where nothing was decided to be sent."""
        connection = self._database.current()
        row = connection.execute(SQL["trail"], (send_id,)).fetchone()
        if row is None:
            return None
        state, due_at, attempts, stream, zone = row
        rows = connection.execute(SQL["ends"], (send_id,))
        ends = tuple((at, Settlement(*rest)) for at, *rest in rows)
        return Trail(state, due_at, attempts, stream, zone, ends)

    def last_decided(self, campaign: str, until: Instant) -> Instant | None:
        """Return when a campaign was last decided up to an instant, None where it never was."""
        (at,) = self._database.current().execute(SQL["last_decided"], (campaign, until)).fetchone()
        return None if at is None else int(at)


def _of_campaign(connection: sqlite3.Connection, campaign: str, after: int) -> Iterator[Decision]:
    """Yield a campaign's decisions that stand after a place, run by run."""
    for first, last in connection.execute(SQL["runs_of_campaign"], (campaign, after)).fetchall():
        for row in connection.execute(SQL["decisions_of_run"], (after, first, last)):
            yield Decision(*row)


def _standing(connection: sqlite3.Connection) -> dict[str, Order]:
    return {row[2]: Order(*row) for row in connection.execute(SQL["standing"])}


def _why(order: Order) -> str:
    return f"cancelled: {order.reason}" if order.reason else "cancelled"


def _sharing(
    connection: sqlite3.Connection, named: Iterable[tuple[bytes, int, Claim]]
) -> dict[bytes, Settlement]:
    """Return the ends of claims whose address has had this mail, or is about to."""
    ended = {}
    for key, sequence, claim in named:
        holder, state, send_id = connection.execute(SQL["addressed"], (key,)).fetchone()
        if holder == sequence:
            continue
        if state in ("failed", "cancelled"):
            connection.execute(SQL["readdress"], (sequence, key))
            continue
        why = f"{SAME_ADDRESS} {send_id.hex()}"
        ended[claim.send_id] = Settlement(claim.send_id, "cancelled", "", why)
    return ended


def _json(values: Iterable[int]) -> str:
    return msgspec.json.encode(list(values)).decode()
