"""Whatever workers, operators and people do, the ledgers agree, and nobody gets two mails."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tailorbird.outbox import Admission, Order, OrderAct
from tailorbird.schema import SECOND, Claim, Decision, Instant, SendState, Settlement
from tailorbird.stores.memory.ledger import MemoryLedger
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

START = 1_700_000_000 * SECOND
WORKERS = ("one", "two")
CAMPAIGNS = ("spring", "autumn", "form:join")
ENDS: tuple[SendState, ...] = ("sent", "failed", "unknown", "pending", "cancelled")
people_of = st.lists(st.integers(0, 7), min_size=1, max_size=5)
campaigns = st.sampled_from(CAMPAIGNS)


class Door:
    """Lets nobody in who has left; two people share each address."""

    def __init__(self, gone: set[int], ranks: dict[str, int | None]) -> None:
        self.gone, self.ranks = gone, ranks

    def rank(self, campaign: str) -> int | None:
        return self.ranks.get(campaign, 1)

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        ended = [
            Settlement(each.send_id, "cancelled", "", "gone")
            for each in claims
            if each.person in self.gone
        ]
        left = [each for each in claims if each.person not in self.gone]
        return Admission(tuple(ended), {c.send_id: bytes([c.person // 2 + 1]) * 16 for c in left})


class Outboxes(RuleBasedStateMachine):
    """The same life in memory and in SQLite."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "tailorbird.sqlite")
        self.memory, self.sqlite = MemoryLedger(), SqliteLedger(self.database)
        self.now = START
        self.gone: set[int] = set()
        self.held: dict[bytes, str] = {}
        self.left: Counter[tuple[str, str, int]] = Counter()
        """How often a mail of an occurrence left for an address."""
        self.claims: dict[bytes, Claim] = {}

    def both(self, name: str, *arguments: Any) -> Any:
        one, two = (getattr(each, name)(*arguments) for each in (self.memory, self.sqlite))
        assert one == two, name
        return one

    @rule(people=people_of, campaign=campaigns, occurrence=st.sampled_from("12"))
    def decide(self, people: list[int], campaign: str, occurrence: str) -> None:
        self.both(
            "record",
            [
                Decision(
                    f"{campaign[:6]:>10}{occurrence}{person:05}".encode(),
                    campaign, 1, occurrence, person, self.now, "send",
                )
                for person in people
            ],
        )  # fmt: skip

    @rule(
        worker=st.sampled_from(WORKERS),
        limit=st.integers(1, 4),
        urgent=st.sampled_from([*CAMPAIGNS, ""]),
        shut=st.sampled_from([*CAMPAIGNS, ""]),
    )
    def claim(self, worker: str, limit: int, urgent: str, shut: str) -> None:
        door = Door(self.gone, {urgent: 0, shut: None})
        for claim in self.both("claim", worker, limit, self.now, 60, door):
            assert claim.send_id not in self.held, "two workers have it"
            assert claim.person not in self.gone
            assert claim.campaign != shut
            self.held[claim.send_id] = worker
            self.claims[claim.send_id] = claim

    @rule(worker=st.sampled_from(WORKERS), end=st.sampled_from(ENDS), wait=st.integers(0, 2))
    def settle(self, worker: str, end: SendState, wait: int) -> None:
        own = sorted(send_id for send_id, holder in self.held.items() if holder == worker)[:2]
        retry_at = self.now + wait * SECOND if end == "pending" and wait else 0
        ended = [Settlement(each, end, "c", "text", retry_at) for each in own]
        self.both("settle", ended, self.now, worker)
        for send_id in own:
            claim = self.claims[send_id]
            self.left[claim.campaign, claim.occurrence, claim.person // 2] += end in (
                "sent",
                "unknown",
            )
            del self.held[send_id]

    @rule(worker=st.sampled_from(WORKERS), end=st.sampled_from(ENDS))
    def meddle(self, worker: str, end: SendState) -> None:
        """A worker that comes late settles what another one holds: nothing comes of it."""
        others = [send_id for send_id, holder in self.held.items() if holder != worker]
        before = self.both("states")
        self.both("settle", [Settlement(each, end, "c") for each in others], self.now, worker)
        assert self.both("states") == before

    @rule(
        act=st.sampled_from(["pause", "resume", "resume", "cancel"]),
        campaign=st.sampled_from([*CAMPAIGNS, ""]),
    )
    def order(self, act: OrderAct, campaign: str) -> None:
        self.both("order", Order(act, self.now, campaign, "bo", "because"))

    @rule(person=st.integers(0, 7))
    def leave(self, person: int) -> None:
        self.gone.add(person)

    @rule(seconds=st.integers(-2, 5))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @invariant()
    def they_agree(self) -> None:
        for campaign in (None, *CAMPAIGNS):
            self.both("states", campaign)
        for name in ("campaigns", "workers", "waits", "standing", "orders"):
            self.both(name)
        self.both("claimed", "one")
        mails = [each.written(range(8), START, "form:") for each in (self.memory, self.sqlite)]
        assert sorted(mails[0], key=repr) == sorted(mails[1], key=repr)
        rows = [each.settlements(0, 9999) for each in (self.memory, self.sqlite)]
        told = [[(at, ended) for _, at, ended in each] for each in rows]
        assert sorted(told[0], key=repr) == sorted(told[1], key=repr)

    @invariant()
    def an_address_gets_one_mail_of_an_occurrence(self) -> None:
        assert max(self.left.values(), default=0) <= 1

    @invariant()
    def what_stands_still_is_held_by_nobody_new(self) -> None:
        standing = self.memory.standing()
        if "" in standing:
            door = Door(set(), {})
            assert self.both("claim", "one", 1, self.now, 60, door) == []

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


Outboxes.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestOutboxes = Outboxes.TestCase
