"""When a carrier fails, the next takes over; nothing that may have left goes twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from tests.delivery.conftest import MemoryJournal

from tailorbird.delivery.breaker import FAILURES, Breaker, choose, failed, succeeded
from tailorbird.delivery.failover import CarriersInTurn
from tailorbird.delivery.pace import Plan
from tailorbird.delivery.pacing import Pacing
from tailorbird.delivery.protocol import UnknownPolicy, deliver
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Decision, Instant, Outgoing, Reply
from tailorbird.stores.memory.lanes import MemoryLanes
from tailorbird.stores.memory.ledger import MemoryLedger

NOW = 1_700_000_000 * SECOND


def decided(numbers: Iterable[int]) -> list[Decision]:
    return [Decision(n.to_bytes(16, "big"), "c", 1, "1", n, NOW, "send") for n in numbers]


@dataclass
class Post:
    """A carrier that takes mail until it is told to fail."""

    name: str
    taken: list[bytes] = field(default_factory=list)
    fails: bool = False
    fails_after: int = 1 << 30
    untaken: bool = False
    loses: bool = False
    """Takes each mail, and never says so."""
    tells: bool = False

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        if self.fails:
            raise CarrierError(f"{self.name} cannot be reached")
        for message in messages:
            if len(self.taken) >= self.fails_after:
                raise CarrierError(f"{self.name} hung up")
            if self.untaken:
                yield Reply(message.send_id, "untaken", 0, "your account is closed")
                continue
            journal.dot(message.send_id)
            self.taken.append(message.send_id)
            if self.loses:
                yield Reply(message.send_id, "unknown")
                continue
            reply = Reply(message.send_id, "accepted", 250)
            journal.reply(reply)
            yield reply

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        return {each: each in self.taken for each in send_ids} if self.tells else None


@dataclass
class Office:
    """An outbox with two carriers."""

    people: int = 30
    now: Instant = NOW

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger()
        self.ledger.record(
            [
                Decision(n.to_bytes(16, "big"), "c", 1, "1", n, NOW, "send")
                for n in range(self.people)
            ]
        )
        self.one, self.two = Post("one"), Post("two")
        self.pacing = Pacing(MemoryLanes(self.ledger), Plan())
        self.carrier = CarriersInTurn([self.one, self.two], self.pacing, lambda: self.now)
        self.journal = MemoryJournal()

    def send(self, policy: UnknownPolicy = "assume_sent") -> None:
        deliver(
            self.ledger, self.carrier, self.journal,
            lambda claim: Outgoing(claim.send_id, "a@b", "c@d", b""),
            worker="w", now=self.now, batch=10, policy=policy,
        )  # fmt: skip

    def by(self) -> dict[str, int]:
        """Return how many mails the ledger says that each carrier took."""
        found: dict[str, int] = {}
        for _, _, ended in self.ledger.settlements(0, 1000):
            if ended.state == "sent":
                found[ended.carrier] = found.get(ended.carrier, 0) + 1
        return found


def test_while_all_is_well_the_first_carrier_sends_everything() -> None:
    office = Office()
    office.send()
    assert office.by() == {"one": 30}


def test_a_carrier_that_cannot_be_reached_is_stood_in_for_at_once() -> None:
    office = Office()
    office.one.fails = True
    office.send()
    assert office.by() == {"two": 30}
    assert office.pacing.breakers(office.now)["one"].state(office.now) == "open"


def test_what_a_failing_carrier_had_in_hand_is_sent_once() -> None:
    office = Office()
    office.one.fails_after = 5
    for _ in range(4):
        office.send()
    assert sorted([*office.one.taken, *office.two.taken]) == [
        n.to_bytes(16, "big") for n in range(30)
    ]
    assert office.ledger.states() == {"sent": 30}


def test_an_account_that_is_refused_is_stood_in_for() -> None:
    office = Office()
    office.one.untaken = True
    for _ in range(4):
        office.send()
    assert office.by() == {"two": 30}


def test_a_mail_in_doubt_never_fails_over() -> None:
    office = Office(people=3)
    office.one.loses = True
    office.send()
    assert office.ledger.states() == {"unknown": 3}
    office.one.fails = True
    office.now += DAY
    office.send()
    assert office.two.taken == []


def test_a_mail_in_doubt_may_go_again_where_the_policy_says_so() -> None:
    office = Office(people=3)
    office.one.loses = True
    office.send("retry")
    office.one.fails = True
    office.now += HOUR
    office.send("retry")
    assert office.by() == {"two": 3}


def test_sending_comes_home_with_a_few_and_then_with_all() -> None:
    office = Office(people=60)
    office.one.fails = True
    office.send()
    office.one.fails = False
    office.ledger.record(decided(range(100, 160)))
    office.now += 2 * HOUR
    office.send()
    assert len(office.one.taken) == 60
    assert office.pacing.breakers(office.now)["one"] == Breaker()


def test_when_all_fail_everything_waits_and_the_error_says_why() -> None:
    office = Office()
    office.one.fails = office.two.fails = True
    for _ in range(FAILURES):
        with pytest.raises(CarrierError, match="cannot be reached"):
            office.send()
    with pytest.raises(CarrierError, match="every carrier failed"):
        office.send()
    assert office.ledger.states() == {"pending": 30}
    office.one.fails = False
    office.now += MINUTE
    office.send()
    assert office.by() == {"one": 30}


def test_only_what_all_carriers_deny_is_denied() -> None:
    office = Office(people=2)
    office.send()
    ids = [n.to_bytes(16, "big") for n in range(3)]
    assert office.carrier.found(ids) is None
    office.two.tells = True
    assert office.carrier.found(ids) == {}
    office.one.tells = True
    assert office.carrier.found(ids) == {ids[0]: True, ids[1]: True, ids[2]: False}


def test_a_breaker_opens_after_failures_in_a_row_and_rests_longer_each_time() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker = failed(breaker, "x", NOW)
        assert breaker.state(NOW) == "closed"
    rests, now = [], NOW
    for _ in range(8):
        breaker = failed(breaker, "x", now)
        assert breaker.state(now) == "open"
        rests.append((breaker.until - now) // MINUTE)
        now = breaker.until
        assert breaker.state(now) == "half_open"
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]
    assert succeeded(breaker) == Breaker()


def test_a_failure_between_successes_opens_nothing() -> None:
    breaker = Breaker()
    for _ in range(10):
        breaker = succeeded(failed(breaker, "x", NOW))
    assert breaker.state(NOW) == "closed"
    assert choose(["one", "two"], {"one": breaker}, NOW) == "one"
