"""The ledger in memory, with the same rules as the durable one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from tailorbird.lanes import Allowance, Lane, Pace
from tailorbird.outbox import LONGEST_WAIT, SAME_ADDRESS, Gate, Order, Trail, Written, place_of
from tailorbird.schema import (
    SECOND,
    Claim,
    Decision,
    Instant,
    PersonId,
    SendState,
    Settlement,
)


@dataclass(slots=True)
class _Send:
    """One row of the outbox."""

    decision: Decision
    due_at: Instant
    sequence: int
    state: SendState = "pending"
    attempts: int = 0
    worker: str = ""
    lease_until: Instant = 0
    settlement: Settlement | None = None
    stream: str = ""
    zone: str = ""
    doubted_at: Instant = 0

    def claim(self, leased_until: Instant = 0) -> Claim:
        """Return it as its worker sees it."""
        made = self.decision
        return Claim(
            made.id,
            made.campaign,
            made.campaign_version,
            made.person,
            made.variant,
            made.at,
            self.attempts,
            made.inputs,
            made.occurrence,
            self.doubted_at,
            leased_until,
        )


class MemoryLedger:
    """`ports.Ledger` without a disk."""

    def __init__(self) -> None:
        self._decisions: dict[bytes, Decision] = {}
        self._sends: dict[bytes, _Send] = {}
        self._settlements: list[tuple[int, Instant, Settlement]] = []
        self._orders: list[Order] = []
        self._addressed: dict[bytes, bytes] = {}

    def record(
        self, decisions: Sequence[Decision], due: Mapping[bytes, Instant] | None = None
    ) -> int:
        """Record those not recorded before, with an outbox row for each `send`."""
        before = len(self._decisions)
        for decision in decisions:
            if decision.id in self._decisions:
                continue
            self._decisions[decision.id] = decision
            if decision.verdict == "send":
                at = (due or {}).get(decision.id, decision.at)
                self._sends[decision.id] = _Send(decision, at, len(self._decisions))
        return len(self._decisions) - before

    def decisions(
        self,
        *,
        campaign: str | None = None,
        person: PersonId | None = None,
        after: bytes = b"",
        limit: int = 1000,
    ) -> list[Decision]:
        """Return decisions in order of id."""
        chosen = (
            decision
            for decision_id, decision in sorted(self._decisions.items())
            if decision_id > after
            and campaign in (None, decision.campaign)
            and person in (None, decision.person)
        )
        return [decision for decision, _ in zip(chosen, range(limit), strict=False)]

    def decision(self, decision_id: bytes) -> Decision | None:
        """Return one decision."""
        return self._decisions.get(decision_id)

    def found(self, decision_ids: Sequence[bytes]) -> dict[bytes, Decision]:
        """Return those of these decisions that there are, by id."""
        return {each: self._decisions[each] for each in decision_ids if each in self._decisions}

    def enrolled(self, people: Sequence[PersonId], names: Sequence[str]) -> dict[PersonId, str]:
        """Return by which of these campaigns and journeys each was sent to or held out first."""
        first: dict[PersonId, str] = {}
        for made in self._decisions.values():
            name = made.campaign.partition("/")[0]
            if made.person in people and name in names and made.verdict != "refused":
                first.setdefault(made.person, name)
        return first

    def shown(
        self, people: Sequence[PersonId], blocks: Sequence[str], after: Instant, until: Instant
    ) -> dict[tuple[PersonId, str], int]:
        """Return how often each of these blocks was in a mail decided for each of these people."""
        return dict(
            Counter(
                (send.decision.person, block)
                for send in self._sends.values()
                if send.decision.person in people
                and after < send.decision.at <= until
                and send.state not in {"failed", "cancelled"}
                for block in _kept(send.decision, "slots").values()
                if block in blocks
            )
        )

    def tally(self, campaign: str, kept: str) -> list[tuple[str, str, int]]:
        """Return (name, value, people) of what a campaign's sends keep under a key of `inputs`."""
        counts = Counter(
            (name, str(value))
            for send in self._sends.values()
            if send.decision.campaign == campaign
            for name, value in _kept(send.decision, kept).items()
        )
        return [(*key, people) for key, people in sorted(counts.items())]

    def verdicts(self, campaign: str) -> list[tuple[str, str, str, int]]:
        """Return (verdict, reason, variant, people) counts of a campaign."""
        counts = Counter(
            (made.verdict, made.reason, made.variant)
            for made in self._decisions.values()
            if made.campaign == campaign
        )
        return [(*key, count) for key, count in sorted(counts.items())]

    def claim(
        self,
        worker: str,
        limit: int,
        now: Instant,
        lease_seconds: int,
        gate: Gate | None = None,
        pace: Pace | None = None,
    ) -> list[Claim]:
        """Claim due sends; an expired lease does not free a claim, only recovery does."""
        while True:
            due = self._due(now, gate)
            allowance = pace.allowance(self.under_way(), now) if pace else None
            due = list(islice(_allowed(due, allowance), limit))
            admitted = self._admitted(due, now, gate) if gate and due else due
            for send in admitted:
                send.state, send.worker = "claimed", worker
                send.lease_until = now + lease_seconds * SECOND
                send.attempts += 1
            if allowance is not None:
                allowance.spend(Counter((send.stream, send.zone) for send in admitted))
            if admitted or not due:
                return [send.claim() for send in admitted]

    def _due(self, now: Instant, gate: Gate | None) -> list[_Send]:
        standing = self.standing()
        for campaign, order in standing.items():
            # While all stands still, what a campaign was told waits as well.
            if order.act == "cancel" and (not campaign or "" not in standing):
                self._cancel(campaign, _why(order), now)
        rows: list[tuple[int, Instant, int, _Send]] = []
        for send in self._sends.values():
            campaign = send.decision.campaign
            stands = self.standing().keys() & {"", campaign}
            if send.state == "pending" and send.due_at <= now and not stands:
                rank = gate.rank(campaign) if gate else 0
                if rank is not None:
                    rows.append((rank, send.due_at, send.sequence, send))
        return [row[-1] for row in sorted(rows, key=itemgetter(0, 1, 2))]

    def _admitted(self, due: list[_Send], now: Instant, gate: Gate) -> list[_Send]:
        offered = {send.decision.id: send for send in due}
        shown = [msgspec.structs.replace(s.claim(), attempts=s.attempts + 1) for s in due]
        admission = gate.admit(shown, now)
        ended = {each.send_id: each for each in admission.ended}
        for claim in shown:
            key = admission.addresses.get(claim.send_id)
            if not key or claim.send_id in ended:
                continue
            place = place_of(claim, key)
            holder = self._addressed.setdefault(place, claim.send_id)
            if holder != claim.send_id and self._sends[holder].state in {"failed", "cancelled"}:
                self._addressed[place] = claim.send_id
            elif holder != claim.send_id:
                why = f"{SAME_ADDRESS} {holder.hex()}"
                ended[claim.send_id] = Settlement(claim.send_id, "cancelled", "", why)
        for settlement in ended.values():
            send = offered[settlement.send_id]
            send.due_at = max(send.due_at, settlement.retry_at)
            self._note(send, settlement, now)
        return [send for send in due if send.decision.id not in ended]

    def outbox(self) -> list[_Send]:
        """Return every send there ever was."""
        return list(self._sends.values())

    def under_way(self) -> dict[str, int]:
        """Return how many sends of each stream are claimed and not settled."""
        claimed = [send for send in self._sends.values() if send.state == "claimed"]
        return dict(Counter(send.stream for send in claimed if send.stream))

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        """Return claims that have not been settled, for recovery."""
        return [
            send.claim(send.lease_until)
            for send in self._sends.values()
            if send.state == "claimed"
            and worker in (None, send.worker)
            and (expired_at is None or send.lease_until <= expired_at)
        ]

    def waits(self) -> bool:
        """Return whether anything is pending or claimed, due or not; cheap."""
        return any(send.state in {"pending", "claimed"} for send in self._sends.values())

    def workers(self) -> list[str]:
        """Return the workers whose claims have not been settled, by name."""
        return sorted({send.worker for send in self._sends.values() if send.state == "claimed"})

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        """Record how claims ended; a worker's own, where one is named, or unknown ones."""
        for settlement in settlements:
            send = self._sends.get(settlement.send_id)
            if send is None or send.state not in {"claimed", "unknown"}:
                continue
            if worker and send.state == "claimed" and send.worker != worker:
                continue
            if send.state != settlement.state:
                send.due_at = max(send.due_at, settlement.retry_at)
                send.attempts -= settlement.state == "pending" and settlement.retry_at == 0
                doubted_at = send.doubted_at or settlement.doubted_at
                send.doubted_at = 0 if send.state == "unknown" else doubted_at
                self._note(send, settlement, now)

    def order(self, order: Order) -> int:
        """Record what was ordered of sending; return how many sends it cancelled."""
        self._orders.append(order)
        if order.act != "cancel":
            return 0
        return self._cancel(order.campaign, _why(order), order.at)

    def orders(self, campaign: str | None = None, limit: int = 100) -> list[Order]:
        """Return what was ordered, the newest first."""
        found = [each for each in reversed(self._orders) if campaign in (None, each.campaign)]
        return found[:limit]

    def standing(self) -> dict[str, Order]:
        """Return the orders by which campaigns, or with '' all sending, stand still."""
        latest = {each.campaign: each for each in self._orders}
        return {name: order for name, order in latest.items() if order.act != "resume"}

    def cancel(self, campaign: str, reason: str, now: Instant) -> int:
        """Cancel a campaign's pending sends; return how many."""
        return self._cancel(campaign, reason, now)

    def _cancel(self, campaign: str, reason: str, now: Instant) -> int:
        waiting = [
            send
            for send in self._sends.values()
            if campaign in ("", send.decision.campaign) and send.state == "pending"
        ]
        for send in waiting:
            self._note(send, Settlement(send.decision.id, "cancelled", "", reason), now)
        return len(waiting)

    def written(self, people: Sequence[PersonId], after: Instant, apart: str) -> list[Written]:
        """Return the mails that left to these people after an instant, or are to leave."""
        found = []
        for send in self._sends.values():
            made, left = send.decision, send.state in {"sent", "unknown"}
            counts = made.person in people and not (apart and made.campaign.startswith(apart))
            if not counts or send.state in {"failed", "cancelled"}:
                continue
            at = self.sent_at(made.id) if left else send.due_at
            if made.at > after - LONGEST_WAIT and (not left or (at or 0) > after):
                said = (made.person, made.campaign, made.campaign_version, made.id)
                found.append(Written(*said, at or 0, send.state))
        return found

    def campaigns(self) -> dict[str, dict[str, int]]:
        """Return the number of sends in each state of each campaign."""
        names = {send.decision.campaign for send in self._sends.values()}
        return {name: self.states(name) for name in sorted(names)}

    def states(self, campaign: str | None = None) -> dict[str, int]:
        """Return the number of sends in each state."""
        return dict(
            Counter(
                send.state
                for send in self._sends.values()
                if campaign in (None, send.decision.campaign)
            )
        )

    def settlements(self, after: int, limit: int) -> list[tuple[int, Instant, Settlement]]:
        """Return (sequence, at, settlement) above `after`, in the order in which they happened."""
        return self._settlements[after : after + limit]

    def settlement(self, send_id: bytes) -> Settlement | None:
        """Return how a send ended, or None while it is pending."""
        send = self._sends.get(send_id)
        return None if send is None or send.state in {"pending", "claimed"} else send.settlement

    def sent_at(self, send_id: bytes) -> Instant | None:
        """Return when the carrier took a send, or None where it has not."""
        taken = [
            at
            for _, at, settlement in self._settlements
            if settlement.send_id == send_id and settlement.state in {"sent", "unknown"}
        ]
        return max(taken, default=None)

    def trail(self, send_id: bytes) -> Trail | None:
        """Return what has become of a send, None where nothing was decided to be sent."""
        send = self._sends.get(send_id)
        if send is None:
            return None
        ends = tuple((at, end) for _, at, end in self._settlements if end.send_id == send_id)
        place = (send.stream, send.zone)
        return Trail(send.state, send.due_at, send.attempts, *place, ends)

    def last_decided(self, campaign: str, until: Instant) -> Instant | None:
        """Return when a campaign was last decided up to an instant, None where it never was."""
        decided = (made.at for made in self._decisions.values() if made.campaign == campaign)
        return max((at for at in decided if at <= until), default=None)

    def _note(self, send: _Send, settlement: Settlement, now: Instant) -> None:
        send.state, send.settlement = settlement.state, settlement
        self._settlements.append((len(self._settlements) + 1, now, settlement))


def _allowed(due: Sequence[_Send], allowance: Allowance | None) -> Iterator[_Send]:
    for send in due:
        lane = Lane(send.decision.campaign, send.stream, send.zone)
        if allowance is None or (send.stream and allowance.take(lane)):
            yield send


def _why(order: Order) -> str:
    return f"cancelled: {order.reason}" if order.reason else "cancelled"


def _kept(decision: Decision, key: str) -> dict[str, Any]:
    inputs: dict[str, dict[str, Any]] = msgspec.json.decode(decision.inputs)
    return inputs.get(key, {})
