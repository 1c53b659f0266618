"""Never twice, never lost: the protocol under crashes at every step, against a model of the world.

A machine lives until it crashes, anywhere; ledger and journal keep what was on the disk, and what
the mail server took stays taken. The next life recovers and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count, product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tailorbird.delivery.protocol import UnknownPolicy, deliver, recover
from tailorbird.lanes import Pace
from tailorbird.outbox import Gate
from tailorbird.ports import Journal
from tailorbird.schema import (
    DAY,
    SECOND,
    Claim,
    Decision,
    Instant,
    Outgoing,
    Reply,
    ReplyKind,
    Settlement,
)
from tailorbird.stores.memory.ledger import MemoryLedger

ANSWERS = ("take", "defer", "reject", "lose_before_dot", "lose_after_taking", "lose_untaken")
KINDS: dict[str, ReplyKind] = {"take": "accepted", "defer": "deferred", "reject": "rejected"}
START = 1_700_000_000 * SECOND
WORKER = "w"


class Crash(BaseException):
    """The machine stops here; nothing that runs afterwards has any effect."""


@dataclass(slots=True)
class Machine:
    """Counts steps, and crashes at one of them."""

    crash_at: int = 0
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.crash_at and self.steps >= self.crash_at:
            raise Crash


@dataclass(slots=True)
class Earth:
    """What survives every crash."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    records: list[tuple[bytes, Reply | None]] = field(default_factory=list)
    taken: Counter[bytes] = field(default_factory=Counter)
    taken_at: dict[bytes, Instant] = field(default_factory=dict)
    answers: dict[bytes, list[str]] = field(default_factory=dict)
    rejected: set[bytes] = field(default_factory=set)
    refused: set[bytes] = field(default_factory=set)
    doubts: int = 0
    """How often a connection broke between dot and reply."""

    def decide(self, number: int, answers: Sequence[str]) -> None:
        send_id = number.to_bytes(16, "big")
        self.answers[send_id] = list(answers)
        self.ledger.record([Decision(send_id, "c", 1, "1", number, START, "send")])


class CrashingLedger(MemoryLedger):
    """The ledger of one life: each transaction is whole or not at all."""

    def __init__(self, ledger: MemoryLedger, machine: Machine) -> None:
        self.ledger = ledger
        self.machine = machine

    def claim(
        self,
        worker: str,
        limit: int,
        now: Instant,
        lease_seconds: int,
        gate: Gate | None = None,
        pace: Pace | None = None,
    ) -> list[Claim]:
        self.machine.step()
        claims = self.ledger.claim(worker, limit, now, lease_seconds, gate, pace)
        self.machine.step()
        return claims

    def claimed(self, worker: str | None = None, expired_at: Instant | None = None) -> list[Claim]:
        self.machine.step()
        return self.ledger.claimed(worker, expired_at)

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        self.machine.step()
        self.ledger.settle(settlements, now, worker)
        self.machine.step()


class CrashingJournal:
    """The journal of one life."""

    def __init__(self, earth: Earth, machine: Machine) -> None:
        self.earth = earth
        self.machine = machine

    def dot(self, *send_ids: bytes) -> None:
        self.machine.step()
        self.earth.records += [(send_id, None) for send_id in send_ids]
        self.machine.step()

    def reply(self, *replies: Reply) -> None:
        self.machine.step()
        self.earth.records += [(reply.send_id, reply) for reply in replies]
        self.machine.step()

    def last(self) -> dict[bytes, Reply | None]:
        self.machine.step()
        return dict(self.earth.records)

    def clear(self) -> None:
        self.machine.step()
        self.earth.records.clear()
        self.machine.step()

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()


class ForgetfulJournal(CrashingJournal):
    """Mark after send: what was sent is known only once the ledger has it."""

    def dot(self, *send_ids: bytes) -> None:
        self.machine.step()

    def reply(self, *replies: Reply) -> None:
        self.machine.step()


class LateJournal(CrashingJournal):
    """Writes the dot down only together with the answer."""

    def dot(self, *send_ids: bytes) -> None:
        self.machine.step()


class WorldCarrier:
    """A mail server that answers each attempt as it was told to, then takes everything."""

    name = "world"

    def __init__(self, earth: Earth, machine: Machine, design: Design, now: Instant) -> None:
        self.earth = earth
        self.machine = machine
        self.tells = design.tells
        self.knows_again = design.knows_again_seconds * SECOND
        self.now = now

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            self.machine.step()
            answers = self.earth.answers[message.send_id]
            answer = answers.pop(0) if answers else "take"
            yield self.one(message.send_id, answer, journal)

    def one(self, send_id: bytes, answer: str, journal: Journal) -> Reply:
        if answer == "lose_before_dot":
            return Reply(send_id, "deferred")
        journal.dot(send_id)
        if answer in {"take", "lose_after_taking"}:
            self.take(send_id)
        if answer == "reject":
            self.earth.rejected.add(send_id)
        self.machine.step()
        if answer.startswith("lose"):
            self.earth.doubts += 1
            return Reply(send_id, "unknown")
        reply = Reply(send_id, KINDS[answer])
        journal.reply(reply)
        return reply

    def take(self, send_id: bytes) -> None:
        """Deliver it, unless it is known to have come a short while ago."""
        taken_at = self.earth.taken_at.setdefault(send_id, self.now)
        if not self.earth.taken[send_id] or self.now >= taken_at + self.knows_again:
            self.earth.taken[send_id] += 1

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        self.machine.step()
        return {each: self.earth.taken[each] > 0 for each in send_ids} if self.tells else None


@dataclass(slots=True)
class Design:
    """Which protocol is on trial."""

    journal: type[CrashingJournal] = CrashingJournal
    policy: UnknownPolicy = "assume_sent"
    tells: bool = False
    batch: int = 2
    knows_again_seconds: int = 0
    """For how long the provider takes a send once."""
    believed_seconds: int | None = None
    """For how long the protocol believes that it does, where that is something else."""

    @property
    def may_repeat(self) -> bool:
        """Whether what is in doubt is sent again though it may have arrived."""
        return self.policy == "retry" and not self.knows_again_seconds

    def repeatable(self, claim: Claim) -> int:
        believed = self.believed_seconds
        return self.knows_again_seconds if believed is None else believed


def live(earth: Earth, design: Design, now: Instant, crash_at: int = 0) -> bool:
    """Live until all is sent that is due, or until the crash; return whether it crashed."""
    machine = Machine(crash_at)
    ledger = CrashingLedger(earth.ledger, machine)
    journal = design.journal(earth, machine)
    carrier = WorldCarrier(earth, machine, design, now)

    def render(claim: Claim) -> Outgoing | Settlement:
        machine.step()
        if claim.person % 5 == 4:
            earth.refused.add(claim.send_id)
            return Settlement(claim.send_id, "cancelled", "", "withdrawn")
        return Outgoing(claim.send_id, "a@b", "c@d", b"")

    try:
        recover(
            ledger, carrier, journal, worker=WORKER, policy=design.policy, now=now,
            repeatable=design.repeatable,
        )  # fmt: skip
        deliver(
            ledger,
            carrier,
            journal,
            render,
            worker=WORKER,
            now=now,
            batch=design.batch,
            policy=design.policy,
            repeatable=design.repeatable,
        )
    except Crash:
        return True
    return False


def finish(earth: Earth, design: Design, now: Instant) -> None:
    """Live on without crashes until nothing is left to do."""
    for day in count(1):
        live(earth, design, now + day * DAY)
        if not {"pending", "claimed"} & earth.ledger.states().keys():
            return
        assert day < 20, "sends that never end"


def faults(earth: Earth, crashes: int, design: Design) -> list[str]:
    """Return every way in which the end differs from what was promised."""
    found = []
    for send_id in earth.answers:
        settlement = earth.ledger.settlement(send_id)
        state = settlement.state if settlement else "pending"
        taken = earth.taken[send_id]
        if taken > 1 and not design.may_repeat:
            found.append(f"{taken} times: {send_id.hex()}")
        if state == "sent" and not taken:
            found.append(f"lost: {send_id.hex()}")
        if state == "failed" and (taken or send_id not in earth.rejected):
            found.append(f"failed without a rejection: {send_id.hex()}")
        if state in {"pending", "claimed"}:
            found.append(f"stuck: {send_id.hex()}")
        if (state == "cancelled") != (send_id in earth.refused) or (state == "cancelled" and taken):
            found.append(f"cancelled wrongly: {send_id.hex()}")
    unknown = earth.ledger.states().get("unknown", 0)
    most = 0 if design.tells or design.may_repeat else crashes + earth.doubts
    if unknown > most:
        found.append(f"{unknown} unknown after {crashes} crashes and {earth.doubts} doubts")
    return found


def steps_of(start: Callable[[], Earth], design: Design) -> int:
    """Return how many steps a life without a crash takes, with some to spare for recovery."""
    machine = Machine()
    earth = start()
    ledger = CrashingLedger(earth.ledger, machine)
    journal = design.journal(earth, machine)
    carrier = WorldCarrier(earth, machine, design, START)
    deliver(
        ledger,
        carrier,
        journal,
        lambda claim: Outgoing(claim.send_id, "a@b", "c@d", b""),
        worker=WORKER,
        now=START,
    )
    return machine.steps + 12


def trials(people: int, answers: Sequence[str], lives: int, design: Design) -> Iterator[list[str]]:
    """Yield the faults of every way to crash in each of the first `lives` lives."""

    def start() -> Earth:
        earth = Earth()
        for number in range(people):
            earth.decide(number, [answers[number % len(answers)]])
        return earth

    for crash_points in product(range(1, steps_of(start, design)), repeat=lives):
        earth = start()
        crashes = sum(
            live(earth, design, START + life, crash_at)
            for life, crash_at in enumerate(crash_points)
        )
        finish(earth, design, START)
        yield faults(earth, crashes, design)


DESIGNS = {
    "assume_sent": Design(),
    "retry": Design(policy="retry"),
    "a carrier that can tell": Design(tells=True),
    "one at a time": Design(batch=1),
    "retry, known again for long": Design(policy="retry", knows_again_seconds=30 * DAY // SECOND),
    "retry, known again for minutes": Design(policy="retry", knows_again_seconds=900),
}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("answers", [*product(ANSWERS, repeat=2)], ids="-".join)
def test_one_crash_anywhere_loses_nothing_and_sends_nothing_twice(
    name: str, answers: tuple[str, str]
) -> None:
    for found in trials(2, answers, 1, DESIGNS[name]):
        assert found == []


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_two_crashes_anywhere_lose_nothing_and_send_nothing_twice(name: str, answer: str) -> None:
    for found in trials(1, [answer], 2, DESIGNS[name]):
        assert found == []


def test_three_crashes_anywhere_lose_nothing_and_send_nothing_twice() -> None:
    for found in trials(1, ["take"], 3, Design()):
        assert found == []


@pytest.mark.parametrize("journal", [ForgetfulJournal, LateJournal])
def test_marking_after_the_send_fails_this_very_trial(journal: type[CrashingJournal]) -> None:
    found = [fault for each in trials(2, ["take"], 1, Design(journal=journal)) for fault in each]
    assert any("2 times" in fault for fault in found)


def test_repeating_for_longer_than_the_provider_promises_fails_this_very_trial() -> None:
    late = Design(policy="retry", knows_again_seconds=900, believed_seconds=30 * DAY // SECOND)
    found = [fault for each in trials(1, ["lose_after_taking"], 1, late) for fault in each]
    assert any("2 times" in fault for fault in found)


def test_marking_before_the_send_fails_this_very_trial() -> None:
    def early(earth: Earth, design: Design, now: Instant, crash_at: int) -> None:
        machine = Machine(crash_at)
        ledger = CrashingLedger(earth.ledger, machine)
        carrier = WorldCarrier(earth, machine, Design(), now)
        for claim in ledger.claim(WORKER, 10, now, 60):
            ledger.settle([Settlement(claim.send_id, "sent", "world")], now)
            carrier.one(claim.send_id, "take", CrashingJournal(earth, machine))

    found = []
    for crash_at in range(1, 12):
        earth = Earth()
        earth.decide(1, [])
        with suppress(Crash):
            early(earth, Design(), START, crash_at)
        finish(earth, Design(), START)
        found += faults(earth, 1, Design())
    assert any("lost" in fault for fault in found)


class Lives(RuleBasedStateMachine):
    """Random campaigns, answers, crashes and days, checked after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.earth = Earth()
        self.design = Design(batch=3)
        self.now = START
        self.crashes = 0
        self.cancelled = False

    @rule(answers=st.lists(st.lists(st.sampled_from(ANSWERS), max_size=3), min_size=1, max_size=4))
    def decide(self, answers: list[list[str]]) -> None:
        for each in answers:
            self.earth.decide(len(self.earth.answers), each)

    @precondition(lambda self: bool(self.earth.answers))
    @rule(crash_at=st.integers(1, 60))
    def crash(self, crash_at: int) -> None:
        self.crashes += live(self.earth, self.design, self.now, crash_at)

    @rule(days=st.integers(0, 2))
    def send(self, days: int) -> None:
        self.now += days * DAY
        assert not live(self.earth, self.design, self.now)

    @invariant()
    def never_twice(self) -> None:
        assert max(self.earth.taken.values(), default=0) <= 1

    @invariant()
    def what_is_called_sent_was_taken(self) -> None:
        for send_id in self.earth.answers:
            settlement = self.earth.ledger.settlement(send_id)
            if settlement is not None and settlement.state == "sent":
                assert self.earth.taken[send_id] == 1

    def teardown(self) -> None:
        finish(self.earth, self.design, self.now)
        assert faults(self.earth, self.crashes, self.design) == []


Lives.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLives = Lives.TestCase
