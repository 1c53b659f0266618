"""Claim, dot, reply: how each send leaves once, and how a crash is mended.

1. A claim is on the disk before anything is rendered.
2. The journal has the dot before the final dot leaves, and the reply as soon as it comes.
3. The ledger has the settlement before the journal forgets.

After a crash the last word of the journal wins. A dot without a reply is *unknown*: at most one
for each open connection.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.errors import UsageError
from tailorbird.lanes import Pace
from tailorbird.outbox import Admission, Gate
from tailorbird.ports import Carrier, Journal, Ledger
from tailorbird.schema import (
    HOUR,
    MINUTE,
    SECOND,
    Claim,
    Instant,
    Outgoing,
    Reply,
    ReplyKind,
    SendState,
    Settlement,
)

UnknownPolicy: TypeAlias = Literal["assume_sent", "retry"]
Policy: TypeAlias = UnknownPolicy | Callable[[Claim], UnknownPolicy]
"""What becomes of sends in doubt: the same for all, or by the claim."""
Repeatable: TypeAlias = Callable[[Claim], int]
"""For how many seconds the provider takes a send once; 0: it promises nothing."""
Clock: TypeAlias = Callable[[], Instant]
Render: TypeAlias = Callable[[Claim], Outgoing | Settlement]
Expect: TypeAlias = Callable[[Sequence[Claim]], None]
"""Is told of each batch before its first message is asked for."""
Words: TypeAlias = Mapping[bytes, Reply | None]
"""What is known of sends: a reply, None where only the dot left, absent where nothing left."""
LEASE_SECONDS: Final = 900
LEASE_USED: Final = 0.75
"""The part of a lease in which mails may leave; the rest is for clocks that differ."""
WINDOW_USED: Final = 0.75
"""The part of a provider's promise in which a send in doubt is repeated."""
DOUBT: Final = "the final dot left, no answer came back"
TOO_LATE: Final = f"{DOUBT}; too long ago for the provider to take it as the same"
MAX_ATTEMPTS: Final = 8
LONGEST_WAIT: Final = 6 * HOUR
ENDS: Final[dict[ReplyKind, SendState]] = {
    "accepted": "sent",
    "rejected": "failed",
    "unknown": "unknown",
}


def promises_nothing(claim: Claim) -> int:
    """Return that a provider does not know a send again."""
    del claim
    return 0


class DeliveryReport(msgspec.Struct, frozen=True):
    """How many sends ended in which way.

    `refused`: the gate or the renderer said no; `deferred`: later.
    """

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    refused: int = 0
    deferred: int = 0


class Recovery(msgspec.Struct, frozen=True):
    """What became of the claims that a crash left behind."""

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    returned: int = 0
    """Back to pending, because their dot never left."""
    unknown: tuple[bytes, ...] = ()
    """Sends whose dot left and whose reply nobody knows, for the operator's list."""


@dataclass(slots=True, frozen=True)
class _Rules:
    """What turns words into settlements."""

    carrier: Carrier
    clock: Clock
    policy: Policy
    max_attempts: int
    pace: Pace | None = None
    expect: Expect | None = None
    repeatable: Repeatable = promises_nothing

    def settle(
        self, ledger: Ledger, settlements: Sequence[Settlement], now: Instant, worker: str = ""
    ) -> None:
        """Record how claims ended, and tell the pace."""
        ledger.settle(settlements, now, worker)
        if self.pace is not None:
            self.pace.settled(settlements, now)

    def surmised(self, claim: Claim, since: Instant | None) -> Settlement:
        """Return what becomes of a dot that nobody answered, and that left since an instant.

        None: since it was claimed, which was a lease before its lease ends.
        """
        policy = self.policy(claim) if callable(self.policy) else self.policy
        if policy != "retry":
            return _settlement(claim, Reply(claim.send_id, "unknown", 0, DOUBT), self)
        if since is None:
            since = claim.leased_until - LEASE_SECONDS * SECOND
        since = claim.doubted_at or since
        claim = msgspec.structs.replace(claim, doubted_at=since)
        if self.is_too_late(claim, self.clock() + retry_wait(claim.attempts)):
            return _settlement(claim, Reply(claim.send_id, "unknown", 0, TOO_LATE), self)
        again = _settlement(claim, Reply(claim.send_id, "deferred", 0, DOUBT), self)
        return msgspec.structs.replace(again, doubted_at=since)

    def is_too_late(self, claim: Claim, at: Instant) -> bool:
        """Return whether a provider may, by an instant, have forgotten a send that is in doubt."""
        window = int(self.repeatable(claim) * WINDOW_USED * SECOND)
        return bool(claim.doubted_at and window) and not at < claim.doubted_at + window


@dataclass(slots=True)
class _Counted:
    """A gate, and how many it has sent away for good."""

    gate: Gate
    refused: int = 0

    def rank(self, campaign: str) -> int | None:
        return self.gate.rank(campaign)

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        admission = self.gate.admit(claims, now)
        self.refused += sum(ended.state != "pending" for ended in admission.ended)
        return admission


@dataclass(slots=True)
class _Batch:
    """Claims under way, who was refused, and what was answered."""

    claims: Sequence[Claim]
    since: Instant
    until: Instant
    """While the clock is between these, nobody else can hold the claims."""
    refused: dict[bytes, Settlement] = field(default_factory=dict)
    replies: dict[bytes, Reply] = field(default_factory=dict)
    digests: dict[bytes, bytes] = field(default_factory=dict)

    def outgoing(self, render: Render, rules: _Rules) -> Iterator[Outgoing]:
        """Yield the messages of those that are still to be written to, while the lease lasts."""
        for claim in self.claims:
            at = rules.clock()
            if not self.since <= at < self.until:
                return
            if rules.is_too_late(claim, at):
                self.refused[claim.send_id] = Settlement(
                    claim.send_id, "unknown", rules.carrier.name, TOO_LATE
                )
                continue
            made = render(claim)
            if made.send_id != claim.send_id:
                raise UsageError("the renderer answered for another send", where=claim.campaign)
            if isinstance(made, Settlement):
                self.refused[claim.send_id] = made
            else:
                self.digests[claim.send_id] = made.digest
                yield made

    def settlements(self, journal: Journal, rules: _Rules) -> list[Settlement]:
        """Return how every claim ended; the journal is only asked for those without an answer."""
        tried = [claim for claim in self.claims if claim.send_id not in self.refused]
        words: Words = self.replies
        if len(self.replies) < len(tried):
            words = journal.last() | self.replies
        ended = _settlements(tried, words, rules, self.since)
        return [*self.refused.values(), *(self._with_digest(each) for each in ended)]

    def _with_digest(self, ended: Settlement) -> Settlement:
        if ended.state not in ("sent", "unknown"):
            return ended
        return msgspec.structs.replace(ended, digest=self.digests.get(ended.send_id, b""))


def deliver(
    ledger: Ledger,
    carrier: Carrier,
    journal: Journal,
    render: Render,
    *,
    worker: str,
    now: Instant,
    batch: int = 500,
    limit: int | None = None,
    lease_seconds: int = LEASE_SECONDS,
    max_attempts: int = MAX_ATTEMPTS,
    policy: Policy = "assume_sent",
    gate: Gate | None = None,
    pace: Pace | None = None,
    clock: Clock | None = None,
    expect: Expect | None = None,
    repeatable: Repeatable = promises_nothing,
) -> DeliveryReport:
    """Send what is due at `now`, at most `limit` messages, and return how they ended.

    `render` makes each message, or settles the claim when the person must not be written to any
    more, or gives it back as pending, because of an order by which nobody can claim it again;
    `expect` is told of each batch before. `gate` and `pace` are asked inside each transaction, the
    pace also told how it ended. What is in doubt for longer than it is `repeatable` is unknown.
    What the carrier gives back ends it; when anything raises, what left is settled, the rest free.
    """
    rules = _Rules(carrier, clock or (lambda: now), policy, max_attempts, pace, expect, repeatable)
    left, counts = sys.maxsize if limit is None else limit, Counter[str]()
    counted = _Counted(gate) if gate else None
    while left > 0 and not counts["returned"]:
        with journal.held():
            at, size = rules.clock(), min(batch, left)
            if not (claims := ledger.claim(worker, size, at, lease_seconds, counted, pace)):
                break
            under_way = _Batch(claims, at, at + int(lease_seconds * LEASE_USED * SECOND))
            counts += _sent(ledger, journal, render, under_way, rules, worker)
        left -= len(claims)
    del counts["returned"], counts["stood_still"]
    return DeliveryReport(**counts + Counter(refused=counted.refused if counted else 0))


def recover(
    ledger: Ledger,
    carrier: Carrier,
    journal: Journal | None,
    *,
    worker: str,
    policy: Policy,
    now: Instant,
    max_attempts: int = MAX_ATTEMPTS,
    others: bool = True,
    pace: Pace | None = None,
    repeatable: Repeatable = promises_nothing,
) -> Recovery:
    """Settle what this worker's last life left behind, and return what became of it.

    To be called before the first `deliver`, and safe at any time: while another thread delivers
    with this journal, it waits. A claim with a reply is settled by it; the others are asked of the
    carrier. Where it cannot tell, one without a dot is free again, and one with a dot is unknown,
    or under the policy `retry` deferred while it is `repeatable`. Where the journal is lost (None),
    claims count as dotted whose lease has ended; so do those of `others`, whose journals are gone.
    """
    rules = _Rules(carrier, lambda: now, policy, max_attempts, pace, repeatable=repeatable)
    with journal.held() if journal else nullcontext():
        own = {c.send_id: c for c in ledger.claimed(worker, None if journal else now)}
        expired = {c.send_id: c for c in ledger.claimed(expired_at=now)} if others else {}
        strange = {send_id: c for send_id, c in expired.items() if send_id not in own}
        words: Words = journal.last() if journal else dict.fromkeys(own)
        settlements = _settlements(own.values(), words, rules)
        rules.settle(ledger, settlements, now, worker)
        if strange:
            surmised = _settlements(strange.values(), {**dict.fromkeys(strange), **words}, rules)
            rules.settle(ledger, surmised, now)
            settlements += surmised
        if journal:
            journal.clear()
    counts = Counter(_outcome(ended) for ended in settlements)
    unknown = tuple(ended.send_id for ended in settlements if ended.state == "unknown")
    return Recovery(
        counts["sent"], counts["failed"], counts["deferred"], counts["returned"], unknown
    )


def _sent(
    ledger: Ledger,
    journal: Journal,
    render: Render,
    under_way: _Batch,
    rules: _Rules,
    worker: str,
) -> Counter[str]:
    """Send one batch and return how it ended; also when it breaks off, every claim is settled."""
    try:
        if rules.expect is not None:
            rules.expect(under_way.claims)
        for reply in rules.carrier.send(under_way.outgoing(render, rules), journal):
            under_way.replies[reply.send_id] = reply
    finally:
        settlements = under_way.settlements(journal, rules)
        rules.settle(ledger, settlements, rules.clock(), worker)
        journal.clear()
    outcomes = Counter(_outcome(ended) for ended in settlements[len(under_way.refused) :])
    return outcomes + Counter(_refusal(ended) for ended in under_way.refused.values())


def retry_wait(attempts: int) -> Instant:
    """Return how long to wait after the n-th deferral: 1, 4, 16 ... minutes, 6 hours at most."""
    return min(MINUTE << 2 * min(attempts - 1, 10), LONGEST_WAIT)


def _settlements(
    claims: Iterable[Claim], words: Words, rules: _Rules, since: Instant | None = None
) -> list[Settlement]:
    """Return how each claim ended, asking the carrier about those that nobody answered."""
    answers = {send_id: reply for send_id, reply in words.items() if _definite(reply)}
    unanswered = [claim.send_id for claim in claims if claim.send_id not in answers]
    known = (rules.carrier.found(unanswered) if unanswered else None) or {}
    settlements = []
    for claim in claims:
        reply = answers.get(claim.send_id)
        if reply is None and claim.send_id in known:
            reply = _told(claim.send_id, there=known[claim.send_id])
        elif reply is None and claim.send_id in words:
            settlements.append(rules.surmised(claim, since))
            continue
        settlements.append(_settlement(claim, reply, rules))
    return settlements


def _definite(reply: Reply | None) -> bool:
    return reply is not None and reply.kind != "unknown"


def _told(send_id: bytes, *, there: bool) -> Reply | None:
    return Reply(send_id, "accepted", 0, "the carrier has it") if there else None


def _settlement(claim: Claim, reply: Reply | None, rules: _Rules) -> Settlement:
    send_id, carrier = claim.send_id, rules.carrier.name
    if reply is None:
        return Settlement(send_id, "pending", carrier, "given back: it never left")
    carrier = reply.carrier or carrier
    if reply.kind == "untaken":
        return Settlement(send_id, "pending", carrier, f"given back: {reply.text}")
    text = f"{reply.code} {reply.text}" if reply.code else reply.text
    if reply.kind != "deferred":
        return Settlement(send_id, ENDS[reply.kind], carrier, text)
    if claim.attempts >= rules.max_attempts:
        given_up = f"given up after {claim.attempts} attempts: {text}"
        return Settlement(send_id, "failed", carrier, given_up)
    wait = max(retry_wait(claim.attempts), reply.retry_seconds * SECOND)
    return Settlement(send_id, "pending", carrier, text, rules.clock() + wait)


def _outcome(settlement: Settlement) -> str:
    if settlement.state == "pending":
        return "deferred" if settlement.retry_at else "returned"
    return settlement.state


def _refusal(settlement: Settlement) -> str:
    if settlement.state == "unknown":
        return "unknown"
    if settlement.state != "pending":
        return "refused"
    return "deferred" if settlement.retry_at else "stood_still"
