"""Never twice, never lost, nobody written to who is gone: whatever happens while a worker sends.

At every single step of one worker's life something happens: another worker lives its whole life,
the clock jumps, a person is erased or unsubscribes, the disk fills, somebody pauses or cancels.
After that the worker goes on, or crashes at any later step. It is all tried, and then at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.properties.test_delivery_model import (
    ANSWERS,
    START,
    Crash,
    CrashingJournal,
    CrashingLedger,
    Design,
    Earth,
    Machine,
    WorldCarrier,
)

from tailorbird.delivery.protocol import LEASE_SECONDS, deliver, recover
from tailorbird.errors import StoreError
from tailorbird.outbox import Admission, Order
from tailorbird.schema import DAY, HOUR, SECOND, Claim, Instant, Outgoing, Reply, Settlement

PEOPLE = 4
BATCH = 2


@dataclass(slots=True)
class Interrupted(Machine):
    """Has one thing happen at one step."""

    at: int = 0
    happens: Callable[[], None] = lambda: None

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.happens()
        if self.crash_at and self.steps >= self.crash_at:
            raise Crash


class Shelf(CrashingJournal):
    """One worker's journal, on a disk that may fill."""

    def __init__(self, scene: Scene, worker: str, machine: Machine) -> None:
        super().__init__(Earth(records=scene.shelves.setdefault(worker, [])), machine)
        self.scene = scene

    def dot(self, *send_ids: bytes) -> None:
        if self.scene.full:
            raise StoreError("the disk is full")
        super().dot(*send_ids)


@dataclass
class Scene:
    """What survives, the clock on the wall, and who is gone."""

    earth: Earth = field(default_factory=Earth)
    shelves: dict[str, list[tuple[bytes, Reply | None]]] = field(default_factory=dict)
    now: Instant = START
    full: bool = False
    gone: set[int] = field(default_factory=set)
    made: set[bytes] = field(default_factory=set)
    made_before: set[bytes] = field(default_factory=set)
    """Mails that had been made already when somebody went."""
    shelf: type[Shelf] = Shelf
    dead: set[str] = field(default_factory=set)

    def rank(self, _: str) -> int:
        return 0

    def admit(self, claims: Sequence[Claim], _: Instant) -> Admission:
        """Ask again inside the claim who may be written to."""
        return Admission(
            tuple(
                Settlement(claim.send_id, "cancelled", "", "gone")
                for claim in claims
                if claim.person in self.gone
            )
        )

    def render(self, claim: Claim) -> Outgoing | Settlement:
        order = self.earth.ledger.standing().get("c")
        if order is not None and order.act == "pause":
            return Settlement(claim.send_id, "pending", "", "given back")
        if order is not None or claim.person in self.gone:
            return Settlement(claim.send_id, "cancelled", "", "gone")
        self.made.add(claim.send_id)
        return Outgoing(claim.send_id, "a@b", "c@d", b"")

    def go(self, *people: int) -> None:
        """Have people unsubscribe, or be erased."""
        self.gone.update(people)
        self.made_before |= self.made

    def life(self, worker: str, machine: Machine, *, others: bool = False) -> bool:
        """Recover and send; return whether the worker lived to the end."""
        ledger, journal = (
            CrashingLedger(self.earth.ledger, machine),
            self.shelf(self, worker, machine),
        )
        carrier = WorldCarrier(self.earth, machine, Design(), START)
        self.dead.discard(worker)
        try:
            recover(
                ledger, carrier, journal,
                worker=worker, policy="assume_sent", now=self.now, others=others,
            )  # fmt: skip
            self.take_over(worker)
            deliver(
                ledger, carrier, journal, self.render, worker=worker, now=self.now, batch=BATCH,
                gate=self, clock=lambda: self.now,
            )  # fmt: skip
        except Crash:
            self.dead.add(worker)
            return False
        except StoreError:
            assert self.full
        return True

    def take_over(self, worker: str) -> None:
        """Settle what the dead left behind, by their own journals, as `sending` does."""
        for name in self.earth.ledger.workers():
            if name != worker and name in self.dead:
                recover(
                    self.earth.ledger,
                    WorldCarrier(self.earth, Machine(), Design(), START),
                    self.shelf(self, name, Machine()),
                    worker=name, policy="assume_sent", now=self.now, others=False,
                )  # fmt: skip

    def finish(self) -> None:
        """Live on without trouble until nothing is left to do."""
        self.full = False
        self.earth.ledger.order(Order("resume", self.now, "c"))
        for day in count(1):
            self.now = max(self.now, START) + day * DAY
            for worker in ("one", "two"):
                self.life(worker, Machine())
            if not {"pending", "claimed"} & self.earth.ledger.states().keys():
                return
            assert day < 20, "sends that never end"

    def faults(self) -> Iterator[str]:
        """Yield every way in which the end differs from what was promised."""
        for send_id in self.earth.answers:
            settlement = self.earth.ledger.settlement(send_id)
            state = settlement.state if settlement else "pending"
            taken = self.earth.taken[send_id]
            if taken > 1:
                yield f"{taken} times"
            if state == "sent" and not taken:
                yield "lost"
            if state in {"failed", "cancelled"} and taken:
                yield f"taken, and called {state}"
            if state == "failed" and send_id not in self.earth.rejected:
                yield "failed without a rejection"
            gone = int.from_bytes(send_id, "big") in self.gone
            if gone and taken and send_id not in self.made_before:
                yield "written to after she had gone"


def other_worker(scene: Scene) -> None:
    scene.life("two", Machine())


def other_worker_after_the_lease(scene: Scene) -> None:
    scene.now += (LEASE_SECONDS + 1) * SECOND
    scene.life("two", Machine(), others=True)


def clock_ahead(scene: Scene) -> None:
    scene.now += 400 * DAY
    scene.life("two", Machine())


def clock_back(scene: Scene) -> None:
    scene.now -= 400 * DAY
    scene.life("two", Machine())


def disk_full(scene: Scene) -> None:
    scene.full = True


def disk_full_for_a_while(scene: Scene) -> None:
    scene.full = True
    scene.life("two", Machine())
    scene.full = False


def somebody_goes(scene: Scene) -> None:
    scene.go(0, PEOPLE - 1)


def paused(scene: Scene) -> None:
    scene.earth.ledger.order(Order("pause", scene.now, "c"))


def paused_and_resumed(scene: Scene) -> None:
    paused(scene)
    scene.life("two", Machine())
    scene.earth.ledger.order(Order("resume", scene.now, "c"))


def cancelled(scene: Scene) -> None:
    scene.earth.ledger.order(Order("cancel", scene.now, "c"))


EVENTS = (
    other_worker, other_worker_after_the_lease, clock_ahead, clock_back, disk_full,
    disk_full_for_a_while, somebody_goes, paused, paused_and_resumed, cancelled,
)  # fmt: skip
ALONE = (disk_full, somebody_goes, paused, cancelled)
"""Of these, those in which worker two has no part."""
STEPS = 40
"""More than a life has."""


def played(
    event: Callable[[Scene], None],
    at: int,
    crash_at: int,
    answer: str,
    shelf: type[Shelf] = Shelf,
) -> Scene:
    """Return how it ends when this happens at one step, and a crash comes at another."""
    scene = Scene(shelf=shelf)
    for number in range(PEOPLE):
        scene.earth.decide(number, [answer] if number % 2 else [])
    machine = Interrupted(crash_at, at=at, happens=lambda: event(scene))
    scene.life("one", machine)
    scene.finish()
    return scene


@pytest.mark.parametrize("answer", ["take", "lose_after_taking", "lose_untaken", "defer"])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_whatever_happens_at_any_step_nothing_is_sent_twice_or_lost(
    event: Callable[[Scene], None], answer: str
) -> None:
    for at in range(1, STEPS):
        assert list(played(event, at, 0, answer).faults()) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_and_neither_when_the_worker_crashes_after_that(event: Callable[[Scene], None]) -> None:
    for at in range(1, STEPS):
        for crash_at in range(at, min(at + 12, STEPS)):
            scene = played(event, at, crash_at, "take")
            assert list(scene.faults()) == []
            if event is not other_worker_after_the_lease:
                assert scene.earth.ledger.states().get("unknown", 0) <= 1


class Forgetful(Shelf):
    """Mark after send."""

    def dot(self, *send_ids: bytes) -> None:
        self.machine.step()

    def reply(self, *replies: Reply) -> None:
        self.machine.step()


def test_marking_after_the_send_fails_these_very_trials() -> None:
    found = {
        fault
        for at in range(1, STEPS)
        for fault in played(other_worker, at, at + 1, "take", Forgetful).faults()
    }
    assert found == {"2 times"}


def test_an_eye_that_is_closed_at_the_claim_fails_these_very_trials() -> None:
    class Blind(Scene):
        def render(self, claim: Claim) -> Outgoing | Settlement:
            self.made.add(claim.send_id)
            return Outgoing(claim.send_id, "a@b", "c@d", b"")

    found: set[str] = set()
    for at in range(1, STEPS):
        scene = Blind()
        for number in range(PEOPLE):
            scene.earth.decide(number, [])
        scene.life("one", Interrupted(at=at, happens=partial(somebody_goes, scene)))
        scene.finish()
        found.update(scene.faults())
    assert found == {"written to after she had gone"}


class Days(RuleBasedStateMachine):
    """Random campaigns, workers, crashes, clocks and orders, checked after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()

    @rule(answers=st.lists(st.lists(st.sampled_from(ANSWERS), max_size=2), min_size=1, max_size=4))
    def decide(self, answers: list[list[str]]) -> None:
        for each in answers:
            self.scene.earth.decide(len(self.scene.earth.answers), each)

    @rule(
        worker=st.sampled_from(["one", "two"]),
        event=st.sampled_from(EVENTS),
        at=st.integers(1, 30),
        later=st.integers(0, 20),
    )
    def live(self, worker: str, event: Callable[[Scene], None], at: int, later: int) -> None:
        if worker == "two" and event not in ALONE:  # a worker's journal is locked: there is one
            return
        crash_at = at + later if later else 0
        machine = Interrupted(crash_at, at=at, happens=lambda: event(self.scene))
        self.scene.life(worker, machine)

    @rule(hours=st.integers(-48, 48))
    def put_the_clock(self, hours: int) -> None:
        self.scene.now = max(START, self.scene.now + hours * HOUR)

    @rule(person=st.integers(0, 12))
    def somebody_goes(self, person: int) -> None:
        self.scene.go(person)

    @rule()
    def resume(self) -> None:
        self.scene.full = False
        self.scene.earth.ledger.order(Order("resume", self.scene.now, "c"))

    @invariant()
    def never_twice(self) -> None:
        assert max(self.scene.earth.taken.values(), default=0) <= 1

    def teardown(self) -> None:
        self.scene.finish()
        assert list(self.scene.faults()) == []


Days.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDays = Days.TestCase
