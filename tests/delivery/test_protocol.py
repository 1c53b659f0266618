"""Deliver and recover settle every claim by the best word there is on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.delivery import DeliveryReport, Recovery, deliver, recover
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.protocol import LEASE_SECONDS, MAX_ATTEMPTS, UnknownPolicy, retry_wait
from tailorbird.errors import CarrierError, StoreError, UsageError
from tailorbird.lanes import Lane
from tailorbird.outbox import Admission, Order
from tailorbird.ports import Journal
from tailorbird.schema import (
    DAY,
    HOUR,
    MINUTE,
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
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND


def send_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def ledger_of(people: int) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.record([Decision(send_id(n), "c", 1, "1", n, NOW, "send") for n in range(people)])
    return ledger


def write(claim: Claim) -> Outgoing | Settlement:
    return Outgoing(claim.send_id, "a@b", f"p{claim.person}@c", b"")


class ScriptedCarrier:
    """Answers by person; raises where it is told to."""

    name = "scripted"

    def __init__(
        self, answer: Callable[[int], ReplyKind | Exception], found: set[int] | None = None
    ) -> None:
        self.answer = answer
        self.known = found
        self.sent: list[int] = []

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            number = int.from_bytes(message.send_id, "big")
            journal.dot(message.send_id)
            self.sent.append(number)
            answer = self.answer(number)
            if isinstance(answer, Exception):
                raise answer
            reply = Reply(message.send_id, answer, 250 if answer == "accepted" else 0, "text")
            if answer != "unknown":
                journal.reply(reply)
            yield reply

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        if self.known is None:
            return None
        return {each: int.from_bytes(each, "big") in self.known for each in send_ids}


def run(
    ledger: MemoryLedger, carrier: ScriptedCarrier, journal: Any, now: Instant = NOW, **more: Any
) -> DeliveryReport:
    return deliver(ledger, carrier, journal, write, worker="w", now=now, **more)


def mend(
    ledger: MemoryLedger,
    carrier: ScriptedCarrier,
    journal: Any,
    policy: UnknownPolicy = "assume_sent",
    now: Instant = NOW,
) -> Recovery:
    return recover(ledger, carrier, journal, worker="w", policy=policy, now=now)


def test_each_answer_has_its_settlement(journal: Any) -> None:
    ledger = ledger_of(4)
    answers: list[ReplyKind] = ["accepted", "deferred", "rejected", "unknown"]
    report = run(ledger, ScriptedCarrier(lambda n: answers[n]), journal)
    assert report == DeliveryReport(sent=1, deferred=1, failed=1, unknown=1)
    assert ledger.states() == {"sent": 1, "pending": 1, "failed": 1, "unknown": 1}
    sent = ledger.settlement(send_id(0))
    assert sent is not None
    assert (sent.carrier, sent.reply) == ("scripted", "250 text")
    assert journal.last() == {}


def test_batches_follow_each_other_until_nothing_is_due(journal: Any) -> None:
    ledger = ledger_of(25)
    carrier = ScriptedCarrier(lambda n: "accepted")
    assert run(ledger, carrier, journal, batch=10).sent == 25
    assert sorted(carrier.sent) == list(range(25))
    assert run(ledger, carrier, journal) == DeliveryReport()


def test_each_batch_is_told_before_its_first_message_is_made(journal: Any) -> None:
    ledger, told = ledger_of(5), list[Any]()

    def render(claim: Claim) -> Outgoing | Settlement:
        told.append(claim.person)
        return write(claim)

    carrier = ScriptedCarrier(lambda n: "accepted")
    deliver(
        ledger, carrier, journal, render, worker="w", now=NOW, batch=3,
        expect=lambda claims: told.append([claim.person for claim in claims]),
    )  # fmt: skip
    assert told == [[0, 1, 2], 0, 1, 2, [3, 4], 3, 4]


def test_what_cannot_be_read_ahead_frees_the_batch(journal: Any) -> None:
    ledger = ledger_of(2)

    def unreadable(claims: Sequence[Claim]) -> None:
        raise StoreError("the disk is broken")

    with pytest.raises(StoreError):
        run(ledger, ScriptedCarrier(lambda n: "accepted"), journal, expect=unreadable)
    assert ledger.states() == {"pending": 2}


def test_no_more_are_sent_than_asked_for(journal: Any) -> None:
    ledger = ledger_of(25)
    carrier = ScriptedCarrier(lambda n: "accepted")
    assert run(ledger, carrier, journal, batch=10, limit=12).sent == 12
    assert ledger.states() == {"sent": 12, "pending": 13}
    assert run(ledger, carrier, journal, limit=0).sent == 0


def test_who_must_not_be_written_to_any_more_is_settled_and_not_sent(journal: Any) -> None:
    ledger = ledger_of(3)
    carrier = ScriptedCarrier(lambda n: "accepted")

    def render(claim: Claim) -> Outgoing | Settlement:
        if claim.person == 1:
            return Settlement(claim.send_id, "cancelled", "", "consent withdrawn")
        return write(claim)

    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert report == DeliveryReport(sent=2, refused=1)
    assert carrier.sent == [0, 2]
    ended = ledger.settlement(send_id(1))
    assert ended is not None
    assert (ended.state, ended.reply) == ("cancelled", "consent withdrawn")


def test_a_deferred_send_is_tried_ever_more_rarely_and_then_given_up(journal: Any) -> None:
    ledger = ledger_of(1)
    carrier = ScriptedCarrier(lambda n: "deferred")
    waits = []
    now = NOW
    while run(ledger, carrier, journal, now).deferred:
        (_, _, settlement), *_ = reversed(ledger.settlements(0, 100))
        waits.append(settlement.retry_at - now)
        assert run(ledger, carrier, journal, settlement.retry_at - 1) == DeliveryReport()
        now = settlement.retry_at
    assert waits == [MINUTE, 4 * MINUTE, 16 * MINUTE, 64 * MINUTE, 256 * MINUTE, 6 * HOUR, 6 * HOUR]
    assert len(carrier.sent) == MAX_ATTEMPTS
    ended = ledger.settlement(send_id(0))
    assert ended is not None
    assert ended.state == "failed"
    assert ended.reply == "given up after 8 attempts: text"
    assert retry_wait(1000) == 6 * HOUR


def test_a_carrier_that_breaks_down_loses_nothing(journal: Any) -> None:
    ledger = ledger_of(5)
    broken = CarrierError("the mail server cannot be reached")
    carrier = ScriptedCarrier(lambda n: broken if n == 2 else "accepted")
    with pytest.raises(CarrierError, match="cannot be reached"):
        run(ledger, carrier, journal)
    # 2 had left its dot when the carrier broke down; 3 and 4 had not been tried.
    assert ledger.states() == {"sent": 2, "unknown": 1, "pending": 2}
    assert journal.last() == {}
    assert run(ledger, ScriptedCarrier(lambda n: "accepted"), journal).sent == 2
    assert {claim.attempts for claim in ledger.claim("w", 9, NOW, 1)} == set()


def test_an_outage_does_not_use_up_the_attempts(journal: Any) -> None:
    ledger = ledger_of(1)

    class Unreachable(ScriptedCarrier):
        def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
            for _ in messages:
                raise CarrierError("unreachable")
            yield from ()

    for _ in range(MAX_ATTEMPTS + 5):
        with pytest.raises(CarrierError):
            run(ledger, Unreachable(lambda n: "accepted"), journal)
    (claim,) = ledger.claim("w", 1, NOW, 60)
    assert claim.attempts == 1


def test_a_template_that_breaks_stops_the_batch_and_frees_it(journal: Any) -> None:
    ledger = ledger_of(3)

    def render(claim: Claim) -> Outgoing | Settlement:
        if claim.person == 1:
            raise ZeroDivisionError
        return write(claim)

    with pytest.raises(ZeroDivisionError):
        deliver(ledger, ScriptedCarrier(lambda n: "accepted"), journal, render, worker="w", now=NOW)
    assert ledger.states() == {"sent": 1, "pending": 2}


def test_a_renderer_that_mixes_people_up_is_stopped(journal: Any) -> None:
    ledger = ledger_of(2)
    carrier = ScriptedCarrier(lambda n: "accepted")
    with pytest.raises(UsageError, match="another send"):
        deliver(
            ledger,
            carrier,
            journal,
            lambda claim: Outgoing(send_id(77), "a@b", "c@d", b""),
            worker="w",
            now=NOW,
        )
    assert carrier.sent == []
    assert ledger.states() == {"pending": 2}


def test_in_doubt_marketing_counts_as_sent_and_the_rest_may_try_again(journal: Any) -> None:
    for policy, state in (("assume_sent", "unknown"), ("retry", "pending")):
        ledger = ledger_of(1)
        run(ledger, ScriptedCarrier(lambda n: "unknown"), journal, policy=policy)
        assert ledger.states() == {state: 1}


def test_in_doubt_a_carrier_that_can_tell_is_asked(journal: Any) -> None:
    ledger = ledger_of(2)
    report = run(ledger, ScriptedCarrier(lambda n: "unknown", found={1}), journal, limit=2)
    assert report.unknown == 0
    assert ledger.states() == {"sent": 1, "pending": 1}


def test_recovery_tells_what_became_of_each_claim(journal: Any) -> None:
    ledger = ledger_of(6)
    ledger.claim("w", 5, NOW, 60)
    journal.dot(send_id(0))
    journal.reply(Reply(send_id(0), "accepted", 250, "ok"))
    journal.dot(send_id(1))
    journal.reply(Reply(send_id(1), "deferred", 451, "later"))
    journal.dot(send_id(2))
    journal.dot(send_id(3))
    journal.reply(Reply(send_id(3), "rejected", 550, "no"))
    recovery = mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal)
    assert recovery == Recovery(sent=1, failed=1, deferred=1, returned=1, unknown=(send_id(2),))
    assert journal.last() == {}
    assert mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal) == Recovery()
    assert {claim.person for claim in ledger.claim("w", 9, NOW, 60)} == {4, 5}


def test_claims_of_a_living_worker_are_left_alone(journal: Any) -> None:
    ledger = ledger_of(2)
    ledger.claim("other", 1, NOW, 600)
    assert mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal) == Recovery()
    assert len(ledger.claimed("other")) == 1


def test_claims_of_a_worker_that_vanished_are_in_doubt(journal: Any) -> None:
    ledger = ledger_of(1)
    ledger.claim("other", 1, NOW, 60)
    later = NOW + DAY
    assert mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal, now=later).unknown == (
        send_id(0),
    )
    assert ledger.states() == {"unknown": 1}
    ledger = ledger_of(1)
    ledger.claim("other", 1, NOW, 60)
    carrier = ScriptedCarrier(lambda n: "accepted", found=set())
    assert mend(ledger, carrier, journal, now=later).returned == 1


def test_recovery_waits_for_a_living_sender(tmp_path: Path) -> None:
    """Its claims would look like those of a dead one, and be sent a second time."""
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    ledger.record([Decision(send_id(n), "c", 1, "1", n, NOW, "send") for n in range(20)])
    journal = FileJournal(tmp_path / "journal")
    claimed, recovering = threading.Event(), threading.Event()
    sent: list[int] = []

    class Slow(ScriptedCarrier):
        def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
            for message in messages:
                claimed.set()
                assert recovering.wait(20)
                sent.append(int.from_bytes(message.send_id, "big"))
                journal.dot(message.send_id)
                yield Reply(message.send_id, "accepted", 250)

    carrier = Slow(lambda n: "accepted")

    def second() -> None:
        assert claimed.wait(20)
        recovering.set()
        recover(ledger, carrier, journal, worker="w", policy="assume_sent", now=NOW)
        deliver(ledger, carrier, journal, write, worker="w", now=NOW)

    other = threading.Thread(target=second)
    other.start()
    deliver(ledger, carrier, journal, write, worker="w", now=NOW)
    other.join()
    assert sorted(sent) == list(range(20))
    assert ledger.states() == {"sent": 20}
    journal.close()
    database.close()


class FullLedger(MemoryLedger):
    """A ledger whose disk is full for a while."""

    full = False

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        if self.full:
            raise StoreError("database or disk is full")
        super().settle(settlements, now, worker)


def test_a_disk_that_is_full_after_the_sending_sends_nothing_twice(journal: Any) -> None:
    ledger = FullLedger()
    ledger.record([Decision(send_id(n), "c", 1, "1", n, NOW, "send") for n in range(4)])
    ledger.full = True
    carrier = ScriptedCarrier(lambda n: "accepted")
    with pytest.raises(StoreError, match="full"):
        run(ledger, carrier, journal)
    assert ledger.states() == {"claimed": 4}
    assert len(journal.last()) == 4
    ledger.full = False
    assert mend(ledger, carrier, journal).sent == 4
    assert run(ledger, carrier, journal) == DeliveryReport()
    assert carrier.sent == [0, 1, 2, 3]


def test_a_disk_that_is_full_before_the_dot_sends_nothing(journal: Any) -> None:
    ledger = ledger_of(3)

    class FullJournal:
        def __getattr__(self, name: str) -> Any:
            return getattr(journal, name)

        def dot(self, *send_ids: bytes) -> None:
            raise StoreError("the disk is full")

    carrier = ScriptedCarrier(lambda n: "accepted")
    with pytest.raises(StoreError, match="full"):
        run(ledger, carrier, FullJournal())
    assert (carrier.sent, ledger.states()) == ([], {"pending": 3})
    (first, *_) = ledger.claim("w", 9, NOW, 60)
    assert first.attempts == 1


class Doorkeeper:
    """Turns one away for good and one for a minute, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], Instant]] = []

    def rank(self, campaign: str) -> int | None:
        return 0

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        self.asked.append(([claim.person for claim in claims], now))
        ends = {
            0: Settlement(send_id(0), "cancelled", "", "withdrawn"),
            1: Settlement(send_id(1), "cancelled", "", "withdrawn"),
            2: Settlement(send_id(2), "pending", "", "at night", now + MINUTE),
        }
        return Admission(tuple(ends[c.person] for c in claims if c.person in ends))


def test_whom_the_gate_turns_away_counts_as_refused(journal: Any) -> None:
    ledger = ledger_of(4)
    gate = Doorkeeper()
    carrier = ScriptedCarrier(lambda n: "accepted")
    report = run(ledger, carrier, journal, gate=gate)
    assert report == DeliveryReport(sent=1, refused=2)
    assert gate.asked == [([0, 1, 2, 3], NOW)]
    assert ledger.states() == {"sent": 1, "cancelled": 2, "pending": 1}


def test_the_clock_is_asked_for_claims_leases_and_settlements(journal: Any) -> None:
    ledger = ledger_of(4)
    times = iter(range(NOW, NOW + 10**6))
    run(ledger, ScriptedCarrier(lambda n: "accepted"), journal, batch=2, clock=lambda: next(times))
    at = [when for _, when, _ in ledger.settlements(0, 99)]
    assert at == [NOW + 3, NOW + 3, NOW + 7, NOW + 7]


@pytest.mark.parametrize("by", [-1, 45 * SECOND])
def test_out_of_the_lease_nothing_leaves_and_nothing_is_lost(journal: Any, by: int) -> None:
    ledger = ledger_of(3)
    now = [NOW]

    def answer(number: int) -> ReplyKind:
        now[0] += by
        return "accepted"

    carrier = ScriptedCarrier(answer)
    report = run(ledger, carrier, journal, lease_seconds=60, clock=lambda: now[0])
    assert (report, carrier.sent) == (DeliveryReport(sent=1), [0])
    assert ledger.states() == {"sent": 1, "pending": 2}


def test_up_to_its_last_moment_a_lease_is_used(journal: Any) -> None:
    ledger = ledger_of(3)
    now = [NOW]

    def answer(number: int) -> ReplyKind:
        now[0] = NOW + 45 * SECOND - 1
        return "accepted"

    report = run(ledger, ScriptedCarrier(answer), journal, lease_seconds=60, clock=lambda: now[0])
    assert report.sent == 3


def test_what_is_given_back_by_the_carrier_ends_the_work(journal: Any) -> None:
    ledger = ledger_of(6)
    carrier = ScriptedCarrier(lambda n: "untaken")
    assert run(ledger, carrier, journal, batch=2) == DeliveryReport()
    assert carrier.sent == [0, 1]
    assert ledger.states() == {"pending": 6}
    assert [ended.reply for _, _, ended in ledger.settlements(0, 9)] == ["given back: text"] * 2


def test_what_the_renderer_gives_back_does_not_end_the_work(journal: Any) -> None:
    ledger = ledger_of(4)

    def render(claim: Claim) -> Outgoing | Settlement:
        if claim.person < 2:
            ledger.order(Order("pause", NOW, "c"))
            ledger.record([Decision(send_id(9), "other", 1, "1", 9, NOW, "send")])
            return Settlement(claim.send_id, "pending", "", "paused")
        return write(claim)

    carrier = ScriptedCarrier(lambda n: "accepted")
    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW, batch=2)
    assert (report, carrier.sent) == (DeliveryReport(sent=1), [9])


def test_what_the_renderer_puts_off_counts_as_deferred(journal: Any) -> None:
    ledger = ledger_of(2)

    def render(claim: Claim) -> Outgoing | Settlement:
        if claim.person == 0:
            return Settlement(claim.send_id, "pending", "", "later", NOW + 1)
        return write(claim)

    carrier = ScriptedCarrier(lambda n: "accepted")
    report = deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    assert report == DeliveryReport(sent=1, deferred=1)


def test_each_claim_has_its_own_policy(journal: Any) -> None:
    ledger = ledger_of(2)
    policies: dict[int, UnknownPolicy] = {0: "assume_sent", 1: "retry"}
    run(
        ledger, ScriptedCarrier(lambda n: "unknown"), journal,
        policy=lambda claim: policies[claim.person],
    )  # fmt: skip
    assert ledger.settlement(send_id(0)) is not None
    assert ledger.states() == {"unknown": 1, "pending": 1}


def test_where_the_journal_is_lost_only_ended_leases_are_in_doubt() -> None:
    ledger = ledger_of(2)
    ledger.claim("gone", 1, NOW, 60)
    ledger.claim("other", 1, NOW, 1)
    carrier = ScriptedCarrier(lambda n: "accepted")

    def lost(now: Instant) -> Recovery:
        return recover(
            ledger, carrier, None, worker="gone", policy="assume_sent", now=now, others=False
        )

    assert lost(NOW + 59 * SECOND) == Recovery()
    assert lost(NOW + 60 * SECOND) == Recovery(unknown=(send_id(0),))
    assert ledger.workers() == ["other"]


def test_with_journals_beside_its_own_recovery_leaves_others_alone(journal: Any) -> None:
    ledger = ledger_of(1)
    ledger.claim("other", 1, NOW, 60)
    carrier = ScriptedCarrier(lambda n: "accepted")
    recovery = recover(
        ledger, carrier, journal, worker="w", policy="assume_sent", now=NOW + DAY, others=False
    )
    assert (recovery, ledger.workers()) == (Recovery(), ["other"])


def test_the_digest_of_what_left_is_kept_for_certain_or_in_doubt(journal: Any) -> None:
    ledger = ledger_of(3)
    answers: list[ReplyKind] = ["accepted", "unknown", "rejected"]

    def render(claim: Claim) -> Outgoing | Settlement:
        return Outgoing(claim.send_id, "a@b", "c@d", b"", bytes([claim.person + 1]))

    carrier = ScriptedCarrier(lambda n: answers[n])
    deliver(ledger, carrier, journal, render, worker="w", now=NOW)
    ended = [ledger.settlement(send_id(n)) for n in range(3)]
    assert [each and each.digest for each in ended] == [b"\x01", b"\x02", b""]


def test_a_carrier_that_asks_for_more_patience_gets_it(journal: Any) -> None:
    ledger = ledger_of(2)

    class Patient(ScriptedCarrier):
        def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
            for message in messages:
                number = int.from_bytes(message.send_id, "big")
                yield Reply(message.send_id, "deferred", 451, "later", (3, 90)[number])

    run(ledger, Patient(lambda n: "accepted"), journal)
    waits = [ended.retry_at - NOW for _, _, ended in ledger.settlements(0, 9)]
    assert waits == [MINUTE, 90 * SECOND]


def test_a_report_is_empty_where_nothing_was_to_be_done(journal: Any) -> None:
    assert run(ledger_of(0), ScriptedCarrier(lambda n: "accepted"), journal) == DeliveryReport()
    assert DeliveryReport() == DeliveryReport(0, 0, 0, 0, 0)
    assert Recovery() == Recovery(0, 0, 0, 0, ())


def test_what_is_known_of_a_dot_without_an_answer_is_kept(journal: Any) -> None:
    ledger = ledger_of(3)
    ledger.claim("w", 3, NOW, 900)
    for number in range(3):
        journal.dot(send_id(number))
    mend(ledger, ScriptedCarrier(lambda n: "accepted", found={1}), journal)
    assert ledger.states() == {"sent": 1, "pending": 2}, "the carrier denies the others"
    assert ledger.settlement(send_id(1)) == Settlement(
        send_id(1), "sent", "scripted", "the carrier has it"
    )
    ledger.claim("w", 3, NOW, 900)
    for number in (0, 2):
        journal.dot(send_id(number))
    mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal)
    for number in (0, 2):
        assert ledger.settlement(send_id(number)) == Settlement(
            send_id(number), "unknown", "scripted", "the final dot left, no answer came back"
        )


class Noting(MemoryLedger):
    """A ledger that notes whose claims are settled."""

    def __init__(self) -> None:
        super().__init__()
        self.settled_for: list[str] = []

    def settle(self, settlements: Sequence[Settlement], now: Instant, worker: str = "") -> None:
        self.settled_for.append(worker)
        super().settle(settlements, now, worker)


class Learning:
    """A pace that lets everything leave, and notes what it is told."""

    def __init__(self) -> None:
        self.asked = 0
        self.learnt: list[str] = []

    def allowance(self, under_way: Mapping[str, int], now: Instant) -> Any:
        self.asked += 1
        return self

    def take(self, lane: Lane) -> bool:
        return True

    def spend(self, left: Mapping[tuple[str, str], int]) -> None:
        pass

    def settled(self, settlements: Sequence[Settlement], now: Instant) -> None:
        self.learnt += [ended.state for ended in settlements]


def test_a_worker_settles_its_own_claims_alone(journal: Any) -> None:
    ledger = Noting()
    ledger.record([Decision(send_id(n), "c", 1, "1", n, NOW, "send") for n in range(3)])
    ledger.claim("w", 1, NOW, 60)
    ledger.claim("other", 1, NOW, 60)
    carrier = ScriptedCarrier(lambda n: "accepted")
    recovery = mend(ledger, carrier, journal, now=NOW + HOUR)
    assert (recovery.returned, recovery.unknown) == (1, (send_id(1),))
    assert ledger.settled_for == ["w", ""], "those of the dead are anybody's"
    assert [at for _, at, _ in ledger.settlements(0, 9)] == [NOW + HOUR] * 2
    run(ledger, carrier, journal, now=NOW + HOUR)
    assert ledger.settled_for == ["w", "", "w"]


def test_the_pace_is_told_how_every_claim_ended(journal: Any) -> None:
    pace = Learning()
    ledger = MemoryLedger()
    ledger.record([Decision(send_id(n), "c", 1, "1", n, NOW, "send") for n in range(3)])
    for send in ledger.outbox():
        send.stream = "shop.example/gmail"
    answers: list[ReplyKind] = ["accepted", "deferred", "unknown"]
    run(ledger, ScriptedCarrier(lambda n: answers[n]), journal, pace=pace)
    assert pace.asked >= 1
    assert sorted(pace.learnt) == ["pending", "sent", "unknown"]
    ledger.claim("w", 1, NOW + DAY, 60)
    carrier = ScriptedCarrier(lambda n: "accepted")
    recover(ledger, carrier, journal, worker="w", policy="retry", now=NOW + DAY, pace=pace)
    assert pace.learnt[3:] == ["pending"]


def test_of_one_that_is_asked_for_one_is_sent(journal: Any) -> None:
    ledger, carrier = ledger_of(3), ScriptedCarrier(lambda n: "accepted")
    assert run(ledger, carrier, journal, limit=1).sent == 1
    assert carrier.sent == [0]


def test_who_is_turned_away_counts_in_every_batch(journal: Any) -> None:
    ledger = ledger_of(6)

    class Refusing:
        def rank(self, campaign: str) -> int | None:
            return 0

        def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
            odd = [claim for claim in claims if claim.person % 2]
            return Admission(tuple(Settlement(c.send_id, "cancelled", "", "odd") for c in odd))

    carrier = ScriptedCarrier(lambda n: "accepted")
    report = run(ledger, carrier, journal, batch=2, gate=Refusing())
    assert report == DeliveryReport(sent=3, refused=3)


def test_what_comes_back_to_the_outbox_says_by_whom_and_why(journal: Any) -> None:
    ledger = ledger_of(3)
    answers: list[ReplyKind] = ["deferred", "untaken", "deferred"]
    run(ledger, ScriptedCarrier(lambda n: answers[n]), journal, max_attempts=2)
    said = {ended.send_id: ended for _, _, ended in ledger.settlements(0, 9)}
    minute = NOW + MINUTE
    assert said == {
        send_id(0): Settlement(send_id(0), "pending", "scripted", "text", minute),
        send_id(1): Settlement(send_id(1), "pending", "scripted", "given back: text"),
        send_id(2): Settlement(send_id(2), "pending", "scripted", "text", minute),
    }
    run(ledger, ScriptedCarrier(lambda n: "deferred"), journal, now=minute, max_attempts=2)
    given_up = "given up after 2 attempts: text"
    assert ledger.settlement(send_id(0)) == Settlement(send_id(0), "failed", "scripted", given_up)


def test_a_claim_without_a_dot_is_given_back(journal: Any) -> None:
    ledger = ledger_of(1)
    ledger.claim("w", 1, NOW, 60)
    mend(ledger, ScriptedCarrier(lambda n: "accepted"), journal)
    (_, _, ended), *_ = ledger.settlements(0, 9)
    assert ended == Settlement(send_id(0), "pending", "scripted", "given back: it never left")


def test_a_renderer_that_mixes_up_its_sends_is_named(journal: Any) -> None:
    def mixed(claim: Claim) -> Outgoing:
        return Outgoing(send_id(99), "a@b", "c@d", b"")

    carrier = ScriptedCarrier(lambda n: "accepted")
    with pytest.raises(UsageError, match=r"^c: the renderer answered for another send$"):
        deliver(ledger_of(1), carrier, journal, mixed, worker="w", now=NOW)


def test_what_is_in_doubt_is_repeated_while_the_provider_knows_it_again(journal: Any) -> None:
    ledger = ledger_of(1)
    silent = ScriptedCarrier(lambda n: "unknown")
    promise: dict[str, Any] = {"policy": "retry", "repeatable": lambda claim: 900}
    assert run(ledger, silent, journal, **promise).deferred == 1
    (_, _, ended) = ledger.settlements(0, 9)[0]
    assert ended.doubted_at == NOW
    taking = ScriptedCarrier(lambda n: "accepted")
    assert run(ledger, taking, journal, ended.retry_at, **promise).sent == 1


def test_what_is_in_doubt_for_too_long_is_not_repeated(journal: Any) -> None:
    ledger = ledger_of(1)
    promise: dict[str, Any] = {"policy": "retry", "repeatable": lambda claim: 900}
    run(ledger, ScriptedCarrier(lambda n: "unknown"), journal, **promise)
    carrier = ScriptedCarrier(lambda n: "accepted")
    late = NOW + 700 * SECOND
    assert run(ledger, carrier, journal, late, **promise) == DeliveryReport(unknown=1)
    assert carrier.sent == []
    ended = ledger.settlement(send_id(0))
    assert ended is not None
    assert "too long ago" in ended.reply


def test_a_wait_that_outlasts_the_promise_is_not_begun(journal: Any) -> None:
    ledger = ledger_of(1)
    promise: dict[str, Any] = {"policy": "retry", "repeatable": lambda claim: 60}
    assert run(ledger, ScriptedCarrier(lambda n: "unknown"), journal, **promise).unknown == 1


@pytest.mark.parametrize(("hours", "state"), [(1, "pending"), (20, "unknown")])
def test_a_crash_long_ago_leaves_what_is_unknown(journal: Any, hours: int, state: str) -> None:
    ledger = ledger_of(1)
    (claim,) = ledger.claim("w", 1, NOW, LEASE_SECONDS)
    journal.dot(claim.send_id)
    recover(
        ledger, ScriptedCarrier(lambda n: "unknown"), journal, worker="w", policy="retry",
        now=NOW + hours * HOUR, repeatable=lambda claim: 86_400,
    )  # fmt: skip
    assert ledger.states() == {state: 1}
