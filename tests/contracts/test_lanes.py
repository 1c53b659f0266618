"""Every outbox keeps its lanes, what leaves at a pace and what is remembered; audits see faults."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.postgres import running

from tailorbird.delivery.pace import Plan
from tailorbird.delivery.pacing import Pacing
from tailorbird.delivery.rates import Rate
from tailorbird.lanes import Lane, Lanes, Sorted, Waiting
from tailorbird.outbox import Audit, Departure, Fault, Ledger
from tailorbird.schema import MINUTE, SECOND, Decision, Instant, SendState, Settlement
from tailorbird.stores.memory.lanes import MemoryLanes
from tailorbird.stores.memory.ledger import MemoryLedger
from tailorbird.stores.postgres.audit import PostgresAudit
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.lanes import PostgresLanes
from tailorbird.stores.postgres.ledger import PostgresLedger
from tailorbird.stores.sqlite.audit import SqliteAudit
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.lanes import SqliteLanes
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND
GMAIL, GMX = "shop.example/gmail", "shop.example/gmx"


@dataclass
class Outbox:
    """A ledger, its lanes, its audit, and what does to it what no code of ours does."""

    ledger: Ledger
    lanes: Lanes
    audit: Audit | None = None
    tamper: Callable[[str], object] = str

    def decide(self, *streams: str, campaign: str = "spring", zone: str = "") -> None:
        """Decide a mail for each of these streams, due one after the other, and sort them."""
        first = self.next
        self.ledger.record([made(first + n, campaign) for n in range(len(streams))])
        places = zip(self.lanes.unsorted(0, 999), streams, strict=True)
        self.lanes.sort([Sorted(each.sequence, stream, zone, 0) for each, stream in places])

    @property
    def next(self) -> int:
        return sum(self.ledger.states().values()) + 1


@dataclass
class Share:
    """Lets so many of each stream leave, and notes what left."""

    shares: dict[str, int]
    under_way: dict[str, int] = field(default_factory=dict)
    spent: dict[tuple[str, str], int] = field(default_factory=dict)

    def allowance(self, under_way: Mapping[str, int], now: Instant) -> Share:
        self.under_way = dict(under_way)
        return self

    def take(self, lane: Lane) -> bool:
        left = self.shares.get(lane.stream, 0)
        self.shares[lane.stream] = left - 1
        return left > 0

    def spend(self, left: Mapping[tuple[str, str], int]) -> None:
        self.spent = dict(left)

    def settled(self, settlements: Sequence[Settlement], now: Instant) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Return the address of a server of the tests' own."""
    with running() as server:
        yield server.owner


def fresh(address: str) -> Server:
    server = Server(address)
    server.run("DROP SCHEMA public CASCADE")
    server.run("CREATE SCHEMA public")
    return server


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Outbox]:
    with closing(Database(tmp_path / "tailorbird.sqlite")) as database:
        yield Outbox(SqliteLedger(database), SqliteLanes(database), SqliteAudit(database),
                     lambda sql: write(database, sql))  # fmt: skip


@pytest.fixture
def server(postgres: str) -> Iterator[Outbox]:
    with closing(fresh(postgres)) as opened:
        ledger = PostgresLedger(opened, seconds=lambda: 0.0)
        yield Outbox(ledger, PostgresLanes(opened), PostgresAudit(opened), opened.run)


@pytest.fixture
def memory() -> Outbox:
    ledger = MemoryLedger()
    return Outbox(ledger, MemoryLanes(ledger))


@pytest.fixture(params=["memory", "sqlite", "server"])
def outbox(request: pytest.FixtureRequest) -> Outbox:
    found: Outbox = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sqlite", "server"])
def audited(request: pytest.FixtureRequest) -> Outbox:
    found: Outbox = request.getfixturevalue(request.param)
    return found


def write(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.execute(statement)


def audit_of(outbox: Outbox) -> Audit:
    assert outbox.audit is not None
    return outbox.audit


def send_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def made(number: int, campaign: str) -> Decision:
    return Decision(send_id(number), campaign, 1, "1", number, NOW + number, "send", inputs=b"{}")


def claimed(outbox: Outbox, share: Share, limit: int = 99, now: int = NOW + MINUTE) -> list[int]:
    return [claim.person for claim in outbox.ledger.claim("w", limit, now, 60, pace=share)]


def test_what_waits_is_in_no_lane_until_it_is_sorted(outbox: Outbox) -> None:
    outbox.ledger.record([made(n, "spring") for n in (1, 2, 3)])
    first, second, third = outbox.lanes.unsorted(0, 9)
    assert (first.send_id, first.campaign, first.person, first.inputs) == (
        send_id(1), "spring", 1, b"{}",
    )  # fmt: skip
    assert outbox.lanes.unsorted(second.sequence, 9) == [third]
    assert outbox.lanes.unsorted(0, 2) == [first, second]
    assert claimed(outbox, Share({GMAIL: 9})) == []
    later = NOW + MINUTE
    outbox.lanes.sort([Sorted(first.sequence, GMAIL, "Europe/Berlin", later)])
    outbox.lanes.sort([Sorted(first.sequence, GMX, "", 0)])
    assert outbox.lanes.unsorted(0, 9) == [second, third], "once is for good"
    assert outbox.lanes.waiting() == [
        Waiting(Lane("spring", "", ""), 2, NOW + 2),
        Waiting(Lane("spring", GMAIL, "Europe/Berlin"), 1, later),
    ]
    assert outbox.lanes.streams([send_id(1), send_id(2), b"nobody"]) == {send_id(1): GMAIL}
    assert outbox.lanes.streams([]) == {}


def test_each_lane_gives_its_share_the_longest_due_first(outbox: Outbox) -> None:
    outbox.decide(GMX, GMAIL, GMAIL, GMX, GMAIL, GMX)
    share = Share({GMAIL: 2, GMX: 9})
    assert claimed(outbox, share, limit=4) == [1, 2, 3, 4]
    assert share.spent == {(GMAIL, ""): 2, (GMX, ""): 2}
    assert outbox.lanes.under_way() == {GMAIL: 2, GMX: 2}
    after = Share({GMX: 9})
    assert claimed(outbox, after) == [6]
    assert after.under_way == {GMAIL: 2, GMX: 2}
    assert claimed(outbox, Share({GMAIL: 9}), now=NOW + 4) == [], "not yet due"


def test_lanes_are_told_apart_by_campaign_stream_and_zone(outbox: Outbox) -> None:
    outbox.decide(GMAIL, GMX, zone="Asia/Tokyo")
    outbox.decide(GMAIL, GMAIL, zone="Europe/Berlin")
    outbox.decide(GMX, campaign="autumn")
    lanes = [
        (Lane("autumn", GMX, ""), 5),
        (Lane("spring", GMAIL, "Asia/Tokyo"), 1),
        (Lane("spring", GMAIL, "Europe/Berlin"), 3),
        (Lane("spring", GMX, "Asia/Tokyo"), 2),
    ]
    assert outbox.lanes.first_due() == [
        Waiting(lane, each.sends, NOW + due)
        for (lane, due), each in zip(lanes, outbox.lanes.first_due(), strict=True)
    ]
    assert claimed(outbox, Share({GMAIL: 9, GMX: 9}), limit=9) == [1, 2, 3, 4, 5]
    assert outbox.lanes.first_due() == []


def test_a_lane_may_be_long(outbox: Outbox) -> None:
    outbox.decide(*[GMAIL] * 250)
    assert claimed(outbox, Share({GMAIL: 230}), limit=500) == list(range(1, 231))


def test_what_is_remembered_is_replaced_by_name(outbox: Outbox) -> None:
    outbox.lanes.keep({})
    assert outbox.lanes.meters() == {}
    outbox.lanes.keep({"a": b"\x00\xff", "b": b"{}"})
    with outbox.lanes.transaction():
        outbox.lanes.keep({"a": b"later"})
    assert outbox.lanes.meters() == {"a": b"later", "b": b"{}"}


def test_a_trail_says_in_which_lane_a_mail_was(outbox: Outbox) -> None:
    outbox.decide(GMAIL, zone="Europe/Berlin")
    trail = outbox.ledger.trail(send_id(1))
    assert trail is not None
    assert (trail.state, trail.stream, trail.zone) == ("pending", GMAIL, "Europe/Berlin")


def test_machines_share_what_may_leave(postgres: str) -> None:
    with closing(fresh(postgres)) as server:
        outbox = Outbox(PostgresLedger(server, lambda: 0.0), PostgresLanes(server))
        outbox.decide(*[GMAIL] * 200)
    plan = Plan(rates={"gmail": (Rate(37, SECOND),)})
    left: list[int] = []

    def machine(name: str) -> None:
        with closing(Server(postgres)) as own:
            ledger, pace = PostgresLedger(own, lambda: 0.0), Pacing(PostgresLanes(own), plan)
            while claims := ledger.claim(name, 5, NOW + MINUTE, 60, pace=pace):
                left.extend(claim.person for claim in claims)

    threads = [threading.Thread(target=machine, args=(f"m{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(left) == list(range(1, 38)), "each once, and no more than the rate"


def ended(outbox: Outbox, *states: SendState) -> None:
    """Decide a mail for each of these ends, and have it end so."""
    outbox.decide(*[GMAIL] * len(states))
    claims = outbox.ledger.claim("w", len(states), NOW + MINUTE, 60)
    ends = [
        Settlement(claim.send_id, state, "smtp", f"said {state}")
        for claim, state in zip(claims, states, strict=True)
    ]
    outbox.ledger.settle(ends, NOW + MINUTE)


def test_what_is_in_doubt_is_listed_page_by_page(audited: Outbox) -> None:
    audit = audit_of(audited)
    ended(audited, "unknown", "sent", "unknown", "unknown")
    first, *rest = audit.unknowns(limit=2)
    assert (first.send_id, first.campaign, first.person, first.since, first.carrier, first.reply) \
        == (send_id(1), "spring", 1, NOW + MINUTE, "smtp", "said unknown")  # fmt: skip
    assert [each.send_id for each in rest] == [send_id(3)]
    assert [each.send_id for each in audit.unknowns(send_id(3))] == [send_id(4)]


def test_a_ledger_that_adds_up_has_no_fault(audited: Outbox) -> None:
    audit = audit_of(audited)
    ended(audited, "sent", "failed", "unknown", "cancelled", "pending")
    audited.decide(GMX)
    assert list(audit.faults()) == []
    known = audit.departures([*map(send_id, range(1, 7)), b"nobody"])
    left = {1: True, 2: False, 3: True, 4: False, 5: False, 6: False}
    states = ["sent", "failed", "unknown", "cancelled", "pending", "pending"]
    assert known == {
        send_id(n): Departure(state, left[n])  # type: ignore[arg-type] # they are states
        for n, state in enumerate(states, 1)
    }


def test_what_was_tampered_with_is_found(audited: Outbox) -> None:
    audit = audit_of(audited)
    ended(audited, "sent", "sent", "sent")
    audited.tamper("DELETE FROM sends WHERE sequence = 1")
    audited.tamper("UPDATE sends SET state = 'failed' WHERE sequence = 2")
    audited.tamper(
        "INSERT INTO settlements (send, at, state, carrier, reply, retry_at) "
        "SELECT send, at, state, carrier, reply, retry_at FROM settlements WHERE send = 3"
    )
    audited.tamper("INSERT INTO sends (sequence, campaign, due_at) VALUES (99, 'x', 0)")
    assert list(audit.faults()) == [
        Fault("no_outbox", send_id(1), ""),
        Fault("no_decision", b"", "outbox row 99"),
        Fault("other_end", send_id(2), "failed, but settled as sent"),
        Fault("sent_twice", send_id(3), "2 times"),
    ]


def test_claims_whose_lease_has_ended_are_overdue(audited: Outbox) -> None:
    audit = audit_of(audited)
    audited.decide(GMAIL, GMX)
    (claim,) = audited.ledger.claim("gone", 1, NOW + MINUTE, 60)
    assert audit.overdue(NOW + 2 * MINUTE - 1) == []
    assert audit.overdue(NOW + 2 * MINUTE) == [(claim.send_id, "gone")]
