"""The ledger in PostgreSQL, by which several machines share an outbox."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from tailorbird.lanes import Allowance, Pace
from tailorbird.outbox import LONGEST_WAIT, SAME_ADDRESS, Gate, Order, Trail, Written, place_of
from tailorbird.schema import SECOND, Claim, Decision, Instant, PersonId, Reply, Settlement
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.lanes import alone, leaving, paced, under_way
from tailorbird.stores.postgres.versions import brought
from tailorbird.stores.statements import load

SQL = load("ledger_postgres")
SCHEMA = load("ledger_postgres_schema")
VERSION: Final = 4
"""Of the tables; whoever changes them adds one."""
UNDER_WAY: Final = "claimed unknown"
ORDERS_SECONDS: Final = 0.25
"""For how long what was ordered is remembered: asking the server for every mail costs 0.1 ms."""


class PostgresLedger:
    """`ports.Ledger` on a server. Workers pass over what another one is claiming.

    `seconds` is a clock that only goes forwards. Settlements are committed one transaction after
    the other, so that their sequences are read without gaps that fill later.
    """

    def __init__(self, server: Server, seconds: Callable[[], float]) -> None:
        self._server = server
        self._seconds = seconds
        self._orders: dict[str, Order] = {}
        self._orders_until = float("-inf")
        with server.transaction():
            server.run(SQL["alone"])
            brought(server, "the ledger", VERSION, SCHEMA, SQL)

    # -- decisions ------------------------------------------------------------------------------

    def record(
        self, decisions: Sequence[Decision], due: Mapping[bytes, Instant] | None = None
    ) -> int:
        """Record durably those not recorded before, with an outbox row for each `send`."""
        given = [
            msgspec.structs.asdict(made)
            | {"id": made.id.hex(), "inputs": made.inputs.hex(), "due": (due or {}).get(made.id)}
            for made in decisions
        ]
        return int(self._server.rows(SQL["record"], (_json(given),))[0][0])

    def decisions(
        self,
        *,
        campaign: str | None = None,
        person: PersonId | None = None,
        after: bytes = b"",
        limit: int = 1000,
    ) -> list[Decision]:
        """Return decisions in order of id."""
        bound = (after, campaign, person or 0, limit)
        return [Decision(*row) for row in self._server.rows(SQL["decisions"], bound)]

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision."""
        rows = self._server.rows(SQL["decision"], (decision_id,))
        return Decision(*rows[0]) if rows else None

    def found(self, decision_ids: Sequence[bytes]) -> dict[bytes, Decision]:
        """Return those of these decisions that there are, by id."""
        rows = self._server.rows(SQL["found"], (_json([each.hex() for each in decision_ids]),))
        return {row[0]: Decision(*row) for row in rows}

    def enrolled(self, people: Sequence[PersonId], names: Sequence[str]) -> dict[PersonId, str]:
        """Return by which of these campaigns and journeys each was sent to or held out first."""
        bound = (_json(list(people)), _json(list(names)))
        return dict(self._server.rows(SQL["enrolled"], bound))

    def shown(
        self, people: Sequence[PersonId], blocks: Sequence[str], after: Instant, until: Instant
    ) -> dict[tuple[PersonId, str], int]:
        """Return how often each of these blocks was in a mail decided for each of these people."""
        bound = (_json(list(people)), _json(list(blocks)), after, until)
        rows = self._server.rows(SQL["shown"], bound)
        return {(person, block): times for person, block, times in rows}

    def tally(self, campaign: str, kept: str) -> list[tuple[str, str, int]]:
        """Return (name, value, people) of what a campaign's sends keep under a key of `inputs`."""
        return [(*row,) for row in self._server.rows(SQL["tally"], (kept, campaign))]

    def verdicts(self, campaign: str) -> list[tuple[str, str, str, int]]:
        """Return (verdict, reason, variant, people) counts of a campaign."""
        return [(*row,) for row in self._server.rows(SQL["verdicts"], (campaign,))]

    # -- claims ---------------------------------------------------------------------------------

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

        With a pace, machines claim one after the other: they share what may leave.
        """
        until = now + lease_seconds * SECOND
        while True:
            with self._server.transaction():
                self._server.run(SQL["beside"])
                allowance = self._allowance(pace, now) if pace else None
                claims = self._due(limit, now, gate, allowance)
                admitted = self._admitted(claims, now, gate) if gate and claims else claims
                chosen = _json(list(admitted.values()))
                self._server.run(SQL["claim"], (worker, until, chosen))
                if allowance is not None:
                    allowance.spend(leaving(self._server, chosen))
            if admitted or not claims:
                return list(admitted)

    def _allowance(self, pace: Pace, now: Instant) -> Allowance:
        alone(self._server)
        return pace.allowance(under_way(self._server), now)

    def _due(
        self, limit: int, now: Instant, gate: Gate | None, allowance: Allowance | None
    ) -> dict[Claim, int]:
        """Return what is to be claimed, lane by lane in the order of rank, each by due time."""
        standing = self._standing()
        for order in standing.values():
            if order.act == "cancel":
                self._cancel(order.campaign, _why(order), now)
        lanes: dict[int, list[str]] = {}
        for (campaign,) in self._server.rows(SQL["lanes"]) if "" not in standing else ():
            rank = gate.rank(campaign) if gate else 0
            if rank is not None and campaign not in standing:
                lanes.setdefault(rank, []).append(campaign)
        chosen: list[int] = []
        for rank in sorted(lanes):
            left = limit - len(chosen)
            if allowance is not None:
                chosen += islice(paced(self._server, lanes[rank], now, allowance), left)
                continue
            ready = (self._server.rows(SQL["due"], (each, now, left)) for each in lanes[rank])
            chosen += [sequence for _, sequence in islice(heapq.merge(*ready), left)]
        rows = self._server.rows(SQL["candidates"], (_json(chosen),))
        return {Claim(*row): sequence for *row, sequence in rows}

    def _admitted(self, claims: dict[Claim, int], now: Instant, gate: Gate) -> dict[Claim, int]:
        """Return the claims that may go; settle the others."""
        admission = gate.admit(list(claims), now)
        ended = {each.send_id: each for each in admission.ended}
        for claim, sequence in claims.items():
            key = admission.addresses.get(claim.send_id)
            if key and claim.send_id not in ended:
                shared = self._shared(claim, sequence, place_of(claim, key))
                if shared is not None:
                    ended[claim.send_id] = shared
        self._settle(ended.values(), now, "pending", "")
        return {claim: at for claim, at in claims.items() if claim.send_id not in ended}

    def _shared(self, claim: Claim, sequence: int, place: bytes) -> Settlement | None:
        """Return the end of a claim whose address has had this mail, or is about to."""
        if self._server.rows(SQL["address"], (place, sequence)):
            return None
        ((holder, state, send_id),) = self._server.rows(SQL["addressed"], (place,))
        if holder == sequence:
            return None
        if state in ("failed", "cancelled"):
            self._server.run(SQL["readdress"], (sequence, place))
            return None
        return Settlement(claim.send_id, "cancelled", "", f"{SAME_ADDRESS} {send_id.hex()}")

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        """Return claims that have not been settled, for recovery."""
        rows = self._server.rows(SQL["claims"], (worker, expired_at or 0))
        return [Claim(*row) for row in rows]

    def waits(self) -> bool:
        """Return whether anything is pending or claimed, due or not; cheap."""
        return bool(self._server.rows(SQL["waits"])[0][0])

    def workers(self) -> list[str]:
        """Return the workers whose claims have not been settled, by name."""
        return [name for (name,) in self._server.rows(SQL["workers"])]

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        """Record durably how claims ended; a worker's own, where one is named, or unknown ones."""
        with self._server.transaction():
            self._settle(settlements, now, UNDER_WAY, worker)

    def _settle(
        self, settlements: Iterable[Settlement], now: Instant, states: str, worker: str
    ) -> None:
        latest = {each.send_id: each for each in settlements}
        if latest:
            self._server.run(SQL["alone"])
            bound = (_json([_plain(each) for each in latest.values()]), states, worker, now)
            self._server.run(SQL["settle"], bound)

    # -- dots that several machines see ---------------------------------------------------------

    def dot(
        self, worker: str, send_ids: Sequence[bytes], answers: Sequence[Reply], looked: int
    ) -> Literal["", "handed_over", "changed"]:
        """Record durably that final dots are about to leave, or return why none of them may.

        `answers` have come since the last dots: whoever her claims are handed over to has them.
        Nobody's consents or address have changed since `looked`, a change of the address book.
        """
        asked = _json([each.hex() for each in send_ids])
        told = _json([_answer(each) for each in answers])
        ((mine, changed),) = self._server.rows(SQL["dot"], (worker, asked, told, looked))
        if mine < len(send_ids):
            return "handed_over"
        return "changed" if changed else ""

    def hand_over(self, worker: str, heir: str) -> dict[bytes, Reply | None]:
        """Make a worker's claims another's, durably; return those whose dots may have left.

        With each is its answer, where it came in time. From then on the worker can record no dot
        on them.
        """
        rows = self._server.rows(SQL["hand_over"], (worker, heir))
        return {
            send_id: Reply(send_id, *msgspec.json.decode(answer)) if answer else None
            for send_id, dotted, answer in rows
            if dotted
        }

    # -- pause, resume, cancel ------------------------------------------------------------------

    def order(self, order: Order) -> int:
        """Record durably what was ordered of sending; return how many sends it cancelled."""
        with self._server.transaction():
            self._server.run(SQL["before_claims"])
            self._server.run(SQL["order"], msgspec.structs.astuple(order))
            self._orders_until = float("-inf")
            if order.act != "cancel":
                return 0
            return self._cancel(order.campaign, _why(order), order.at)

    def orders(self, campaign: str | None = None, limit: int = 100) -> list[Order]:
        """Return what was ordered, the newest first."""
        return [Order(*row) for row in self._server.rows(SQL["orders"], (campaign, limit))]

    def standing(self) -> Mapping[str, Order]:
        """Return the orders by which campaigns, or with '' all sending, stand still.

        Orders of other machines are known within a quarter of a second.
        """
        if self._seconds() >= self._orders_until:
            self._orders = self._standing()
            self._orders_until = self._seconds() + ORDERS_SECONDS
        return self._orders

    def _standing(self) -> dict[str, Order]:
        return {row[2]: Order(*row) for row in self._server.rows(SQL["standing"])}

    def cancel(self, campaign: str, reason: str, now: Instant) -> int:
        """Cancel a campaign's pending sends; return how many."""
        with self._server.transaction():
            self._server.run(SQL["before_claims"])
            return self._cancel(campaign, reason, now)

    def _cancel(self, campaign: str, reason: str, now: Instant) -> int:
        self._server.run(SQL["alone"])
        return int(self._server.rows(SQL["cancel"], (campaign, reason, now))[0][0])

    # -- readings -------------------------------------------------------------------------------

    def written(self, people: Sequence[PersonId], after: Instant, apart: str) -> list[Written]:
        """Return the mails that left to these people after an instant, or are to leave."""
        bound = (_json(list(people)), after, after - LONGEST_WAIT, apart)
        return [Written(*row) for row in self._server.rows(SQL["written"], bound)]

    def states(self, campaign: str | None = None) -> dict[str, int]:
        """Return the number of sends in each state."""
        return dict(self._server.rows(SQL["states"], (campaign,)))

    def campaigns(self) -> dict[str, dict[str, int]]:
        """Return the number of sends in each state of each campaign."""
        found: dict[str, dict[str, int]] = {}
        for campaign, state, sends in self._server.rows(SQL["campaigns"]):
            found.setdefault(campaign, {})[state] = sends
        return found

    def settlements(self, after: int, limit: int) -> list[tuple[int, Instant, Settlement]]:
        """Return (sequence, at, settlement) above `after`, in the order in which they happened."""
        rows = self._server.rows(SQL["settled"], (after, limit))
        return [(sequence, at, Settlement(*rest)) for sequence, at, *rest in rows]

    def settlement(self, send_id: bytes) -> Settlement | None:
        """Return how a send ended, or None while it is pending."""
        rows = self._server.rows(SQL["settlement"], (send_id,))
        return Settlement(*rows[0]) if rows else None

    def sent_at(self, send_id: bytes) -> Instant | None:
        """Return when the carrier took a send, or None where it has not."""
        at = self._server.rows(SQL["sent_at"], (send_id,))[0][0]
        return None if at is None else int(at)

    def trail(self, send_id: bytes) -> Trail | None:
        """Return what has become of a send, None where nothing was decided to be sent."""
        rows = self._server.rows(SQL["trail"], (send_id,))
        if not rows:
            return None
        ends = self._server.rows(SQL["ends"], (send_id,))
        told = tuple((at, Settlement(*rest)) for at, *rest in ends)
        state, due_at, attempts, stream, zone = rows[0]
        return Trail(state, due_at, attempts, stream, zone, told)

    def last_decided(self, campaign: str, until: Instant) -> Instant | None:
        """Return when a campaign was last decided up to an instant, None where it never was."""
        at = self._server.rows(SQL["last_decided"], (campaign, until))[0][0]
        return None if at is None else int(at)


def _why(order: Order) -> str:
    return f"cancelled: {order.reason}" if order.reason else "cancelled"


def _answer(reply: Reply) -> tuple[str, str]:
    said = (
        reply.kind, reply.code, reply.text.replace("\x00", ""), reply.retry_seconds, reply.carrier,
    )  # fmt: skip
    return reply.send_id.hex(), msgspec.json.encode(said).decode()


def _plain(settlement: Settlement) -> dict[str, Any]:
    # A text of PostgreSQL holds no NUL, and a mail server may say anything.
    return msgspec.structs.asdict(settlement) | {
        "send_id": settlement.send_id.hex(),
        "digest": settlement.digest.hex(),
        "reply": settlement.reply.replace("\x00", ""),
    }


def _json(values: Sequence[Any]) -> str:
    return msgspec.json.encode(values).decode()
