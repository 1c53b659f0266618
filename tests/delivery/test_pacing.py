"""What leaves when, on a clock that the tests turn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.pace import PROMPT, Plan, release_at
from tailorbird.delivery.pacing import Bad, Outlook, Pacing
from tailorbird.delivery.protocol import deliver
from tailorbird.delivery.quiet_hours import local_day, opens_at, quiet_hours
from tailorbird.delivery.rates import Rate
from tailorbird.delivery.thresholds import Thresholds
from tailorbird.lanes import Lanes, Sorted
from tailorbird.outbox import Ledger
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
    Settlement,
)
from tailorbird.stores.memory.lanes import MemoryLanes
from tailorbird.stores.memory.ledger import MemoryLedger
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.lanes import SqliteLanes
from tailorbird.stores.sqlite.ledger import SqliteLedger

START = 1_699_920_000 * SECOND
"""2023-11-14T00:00:00Z."""
DOMAIN = "shop.example"


@dataclass
class Provider:
    """A carrier that writes down when each mail left, and defers when told to."""

    clock: Clock
    streams: dict[bytes, str]
    name: str = "provider"
    departures: list[tuple[Instant, str]] = field(default_factory=list)
    defers: str = ""
    """The stream that is deferred with a 421."""
    reply: str = "4.7.0 unusual rate of mail"

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            stream = self.streams[message.send_id]
            if stream == self.defers:
                yield Reply(message.send_id, "deferred", 421, self.reply)
                continue
            self.departures.append((self.clock.now, stream))
            yield Reply(message.send_id, "accepted", 250, "ok")

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        return None


@dataclass
class Clock:
    now: Instant = START


@dataclass
class Shop:
    """An outbox, its pace and its provider."""

    ledger: Ledger
    lanes: Lanes
    journal: FileJournal
    plan: Plan
    clock: Clock = field(default_factory=Clock)
    streams: dict[bytes, str] = field(default_factory=dict)
    sequence: int = 0

    def __post_init__(self) -> None:
        self.provider = Provider(self.clock, self.streams)

    @property
    def pacing(self) -> Pacing:
        """Return the pace as a process has it that has just started."""
        return Pacing(self.lanes, self.plan)

    def decide(self, people: Mapping[str, int], campaign: str = "c", zone: str = "") -> list[bytes]:
        """Decide for so many people of each provider, in turns."""
        left = dict(people)
        made, places = [], []
        while left:
            for provider in list(left):
                self.sequence += 1
                send_id = (self.sequence * 2654435761 % 2**32).to_bytes(4, "big") * 4
                stream = f"{DOMAIN}/{provider}"
                self.streams[send_id] = stream
                at = self.clock.now
                made.append(Decision(send_id, campaign, 1, "1", self.sequence, at, "send"))
                due = release_at(self.plan, campaign, send_id, at)
                places.append(Sorted(self.sequence, stream, zone, due))
                left[provider] -= 1
                if not left[provider]:
                    del left[provider]
        self.ledger.record(made)
        self.lanes.sort(places)
        return [decision.id for decision in made]

    def send(self, batch: int = 500) -> int:
        """Send what may leave now; return how many left."""
        before = len(self.provider.departures)
        deliver(
            self.ledger,
            self.provider,
            self.journal,
            lambda claim: Outgoing(claim.send_id, "a@b", "c@d", b""),
            worker="w",
            now=self.clock.now,
            batch=batch,
            pace=self.pacing,
        )
        return len(self.provider.departures) - before

    def run(self, step: Instant, until: Instant, batch: int = 500) -> None:
        """Send whenever something may leave, but not more often than every `step`."""
        while self.clock.now < until and self.ledger.waits():
            self.send(batch)
            next_at = self.pacing.next_at(self.clock.now)
            if next_at is None:
                return
            self.clock.now = max(self.clock.now + step, next_at)

    def outlook(self) -> list[Outlook]:
        return self.pacing.outlook(self.lanes.waiting(), self.clock.now)

    def by_day(self, zone: str = "UTC") -> dict[int, int]:
        first = local_day(zone, START)
        return dict(Counter(local_day(zone, at) - first for at, _ in self.provider.departures))


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    yield from _shop(tmp_path, durable=request.param == "sqlite")


@pytest.fixture
def large_shop(tmp_path: Path) -> Iterator[Shop]:
    yield from _shop(tmp_path, durable=True)


def _shop(folder: Path, *, durable: bool) -> Iterator[Shop]:
    journal = FileJournal(folder / "journal", sync=False)
    if durable:
        database = Database(folder / "tailorbird.sqlite")
        yield Shop(SqliteLedger(database), SqliteLanes(database), journal, Plan())
        database.close()
    else:
        ledger = MemoryLedger()
        yield Shop(ledger, MemoryLanes(ledger), journal, Plan())
    journal.close()


def within(departures: Sequence[tuple[Instant, str]], stream: str, window: Instant) -> int:
    """Return the most that left in any window of this length."""
    times = sorted(at for at, each in departures if each == stream)
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_without_limits_everything_leaves_at_once(shop: Shop) -> None:
    shop.decide({"gmail": 30, "yahoo": 20})
    assert shop.send() == 50


def test_no_provider_gets_more_in_any_second_than_its_rate(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(7, 1),), "any": (Rate(3, 1),)})
    shop.decide({"gmail": 60, "yahoo": 40, "gmx": 10})
    shop.run(100_000, START + HOUR)
    assert len(shop.provider.departures) == 110
    assert within(shop.provider.departures, f"{DOMAIN}/gmail", SECOND) == 7
    assert within(shop.provider.departures, f"{DOMAIN}/yahoo", SECOND) == 3
    # ... and none waits longer than its rate demands.
    last = {stream: at for at, stream in shop.provider.departures}
    assert last[f"{DOMAIN}/gmail"] == START + 60 // 7 * SECOND
    assert last[f"{DOMAIN}/yahoo"] == START + (40 - 1) // 3 * SECOND


def test_a_sending_domain_has_a_rate_over_all_providers(shop: Shop) -> None:
    shop.plan = Plan(rates={"total": (Rate(10, 1),)})
    shop.decide({"gmail": 30, "yahoo": 30})
    shop.run(50_000, START + HOUR)
    seconds = Counter((at - START) // SECOND for at, _ in shop.provider.departures)
    assert set(seconds.values()) == {10}
    # Nobody starves: both go on together.
    assert {stream for at, stream in shop.provider.departures if at < START + SECOND} == {
        f"{DOMAIN}/gmail",
        f"{DOMAIN}/yahoo",
    }


def test_a_slow_provider_holds_up_no_other_campaign_and_no_other_provider(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(1, 60),)})
    shop.decide({"gmail": 50}, "first")
    shop.decide({"yahoo": 5}, "second")
    assert shop.send() == 6


def test_a_restart_forgets_nothing_of_what_left(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(5, 60),)})
    shop.decide({"gmail": 20})
    assert [shop.send() for _ in range(3)] == [5, 0, 0]
    shop.clock.now += MINUTE
    assert shop.send() == 5


def test_a_plan_lets_each_day_have_its_volume(shop: Shop) -> None:
    shop.plan = Plan(warm_up={"gmail": (5, 10, 20)}, warm_up_hours=4)
    shop.decide({"gmail": 50})
    shop.run(10 * MINUTE, START + 9 * DAY)
    assert shop.by_day() == {0: 5, 1: 10, 2: 20, 3: 15}


def test_a_day_without_mail_does_not_count_as_warming_up(shop: Shop) -> None:
    shop.plan = Plan(warm_up={"gmail": (5, 10)}, warm_up_hours=0)
    shop.decide({"gmail": 5})
    shop.send()
    shop.clock.now += 20 * DAY
    shop.decide({"gmail": 30})
    shop.run(HOUR, shop.clock.now + 3 * DAY)
    assert shop.by_day() == {0: 5, 20: 10, 21: 20}


def test_a_days_volume_is_spread_over_its_hours(shop: Shop) -> None:
    shop.plan = Plan(warm_up={"gmail": (80,)}, warm_up_hours=8)
    shop.decide({"gmail": 80})
    shop.run(MINUTE, START + 8 * HOUR)
    hours = Counter((at - START) // HOUR for at, _ in shop.provider.departures)
    assert set(hours.values()) <= {9, 10, 11}
    assert len(shop.provider.departures) == 80


def test_what_the_renderer_refused_leaves_its_place_to_others(shop: Shop) -> None:
    shop.plan = Plan(warm_up={"gmail": (10,)}, warm_up_hours=0)
    refused = set(shop.decide({"gmail": 20})[:8])

    def render(claim: Claim) -> Outgoing | Settlement:
        if claim.send_id in refused:
            return Settlement(claim.send_id, "cancelled", "", "withdrawn")
        return Outgoing(claim.send_id, "a@b", "c@d", b"")

    for _ in range(3):
        deliver(
            shop.ledger, shop.provider, shop.journal, render,
            worker="w", now=shop.clock.now, pace=shop.pacing,
        )  # fmt: skip
    assert len(shop.provider.departures) == 10


def test_the_days_are_those_of_the_shop(shop: Shop) -> None:
    shop.plan = Plan(zone="Asia/Tokyo", warm_up={"any": (10, 10)}, warm_up_hours=0)
    shop.decide({"gmail": 20})
    shop.clock.now = START + 14 * HOUR
    assert shop.send() == 10
    shop.clock.now = START + 15 * HOUR - 1
    assert shop.send() == 0
    shop.clock.now += 1
    assert shop.send() == 10


def test_whoever_sleeps_is_not_written_to(shop: Shop) -> None:
    shop.plan = Plan(quiet=quiet_hours("21:00", "8:00"))
    for zone in ("Asia/Tokyo", "Europe/Berlin", "Atlantic/Azores"):
        shop.decide({"gmail": 3}, zone=zone)
    shop.decide({"gmail": 1}, zone=PROMPT)
    shop.run(MINUTE, START + 2 * DAY)
    left = defaultdict(set)
    for (at, _), zone in zip(
        sorted(shop.provider.departures),
        [*["now"] * 4, *["Europe/Berlin"] * 3, *["Atlantic/Azores"] * 3],
        strict=True,
    ):
        left[zone].add(at)
    assert left["now"] == {START}  # nine in the morning in Tokyo
    for zone in ("Europe/Berlin", "Atlantic/Azores"):
        assert left[zone] == {opens_at(shop.plan.quiet, zone, START)}


def test_a_gradual_release_spreads_a_campaign_over_its_hours(shop: Shop) -> None:
    shop.plan = Plan(release_hours={"c": 6.0})
    shop.decide({"gmail": 600})
    shop.decide({"gmail": 4}, "other")
    assert 4 <= shop.send() < 12
    shop.run(MINUTE, START + DAY)
    hours = Counter((at - START) // HOUR for at, _ in shop.provider.departures)
    assert len(shop.provider.departures) == 604
    assert all(80 <= hours[hour] <= 120 for hour in range(6))
    assert hours[6] <= 4  # those of the last minute


def test_a_provider_that_defers_gets_half_after_a_rest_and_all_again_later(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(8, 1),)})
    shop.decide({"gmail": 400, "yahoo": 4})
    shop.provider.defers = f"{DOMAIN}/gmail"
    assert shop.send() == 4  # Yahoo's, as if nothing were
    assert [each.why for each in shop.outlook() if each.lane.stream.endswith("gmail")] == [
        "resting"
    ]
    shop.provider.defers = ""
    shop.clock.now += MINUTE - 1
    assert shop.send() == 0
    shop.clock.now += 1
    assert shop.send() == 4
    shop.clock.now += 10 * MINUTE
    assert shop.send() == 8


def test_each_further_deferral_halves_again_and_rests_longer(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(8, 1),)})
    shop.decide({"gmail": 400})
    shop.provider.defers = f"{DOMAIN}/gmail"
    rests = []
    for _ in range(3):
        shop.send()
        (one,) = shop.outlook()
        rests.append((one.next_at - shop.clock.now) // MINUTE)
        shop.clock.now = one.next_at
    assert rests == [1, 2, 4]
    shop.provider.defers = ""
    assert shop.send() == 1


def test_one_full_mailbox_slows_nobody(shop: Shop) -> None:
    shop.decide({"gmail": 2})
    shop.provider.defers, shop.provider.reply = f"{DOMAIN}/gmail", "4.2.2 mailbox full"
    shop.send()
    shop.decide({"gmail": 3})
    shop.provider.defers = ""
    assert shop.send() == 3


def test_only_so_many_are_under_way_at_once(shop: Shop) -> None:
    shop.plan = Plan(under_way={"gmail": 6})
    shop.decide({"gmail": 20})
    one = shop.ledger.claim("one", 4, START, 60, pace=shop.pacing)
    two = shop.ledger.claim("two", 4, START, 60, pace=shop.pacing)
    assert (len(one), len(two)) == (4, 2)
    assert [each.why for each in shop.outlook()] == ["under_way"]


def test_two_workers_share_a_rate(shop: Shop) -> None:
    shop.plan = Plan(rates={"gmail": (Rate(6, 1),)})
    shop.decide({"gmail": 20})
    claimed = [len(shop.ledger.claim(w, 4, START, 60, pace=shop.pacing)) for w in ("a", "b", "c")]
    assert claimed == [4, 2, 0]


Kind = Literal["hard_bounces", "complaints"]
THRESHOLDS = Thresholds(least_sent=100)


def bad(sends: Sequence[bytes], kind: Kind) -> Bad:
    return [(kind, each, START) for each in sends]


def test_too_many_complaints_hold_the_stream_until_somebody_resumes_it(shop: Shop) -> None:
    ids = shop.decide({"gmail": 400, "yahoo": 400})
    shop.send()
    gmail = [each for each in ids if shop.streams[each].endswith("gmail")]
    held = shop.pacing.watch(bad(gmail[:8], "complaints"), THRESHOLDS, START + HOUR)
    # 8 of the 800 mails of the domain are too many as well.
    assert sorted(each.meter for each in held) == [DOMAIN, f"{DOMAIN}/gmail"]
    said = "8 complaints of 400 mails in 24 hours: 2.00%, above 0.30%"
    assert said in [each.reason for each in held]
    shop.clock.now += 2 * HOUR
    shop.decide({"gmail": 5})
    assert shop.send() == 0
    assert {each.why for each in shop.outlook()} == {"held"}
    for each in shop.pacing.held(shop.clock.now):
        assert shop.pacing.resume(each.meter, shop.clock.now)
    assert shop.send() == 5
    # What happened before counts no more.
    assert shop.pacing.watch(bad(gmail[:8], "complaints"), THRESHOLDS, shop.clock.now) == []


def test_one_of_three_stops_nothing_and_neither_does_a_share_within_chance(shop: Shop) -> None:
    ids = shop.decide({"gmail": 3})
    shop.send()
    assert shop.pacing.watch(bad(ids[:1], "complaints"), THRESHOLDS, START) == []
    ids = shop.decide({"gmail": 300})
    shop.send()
    assert shop.pacing.watch(bad(ids[:2], "complaints"), THRESHOLDS, START) == []
    assert shop.pacing.watch(bad(ids[:18], "hard_bounces"), THRESHOLDS, START) == []
    assert shop.pacing.watch(bad(ids[:40], "hard_bounces"), THRESHOLDS, START) != []


def test_mails_that_somebody_waits_for_pass_a_held_stream_and_a_warm_up(shop: Shop) -> None:
    shop.plan = Plan(warm_up={"gmail": (1,)}, warm_up_hours=0)
    shop.decide({"gmail": 5})
    shop.send()
    shop.pacing.hold(f"{DOMAIN}/gmail", "complaints", START)
    shop.decide({"gmail": 2}, "confirm", zone=PROMPT)
    assert shop.send() == 2


def test_ten_thousand_mails_leave_exactly_as_the_plan_says(large_shop: Shop) -> None:
    shop = large_shop
    volumes = (5, 10, 50, 100, 500, 1000, 2000, 4000)
    shop.plan = Plan(
        zone="Europe/Berlin", warm_up={"gmail": volumes}, rates={"any": (Rate(90, 1),)}
    )
    shop.clock.now = START + 5 * HOUR
    shop.decide({"gmail": 9_000, "yahoo": 1_000})
    shop.run(20 * MINUTE, START + 30 * DAY, batch=2_000)
    gmail = [(at, stream) for at, stream in shop.provider.departures if stream.endswith("gmail")]
    first = local_day("Europe/Berlin", START)
    days = Counter(local_day("Europe/Berlin", at) - first for at, _ in gmail)
    assert [days[day] for day in range(9)] == [*volumes, 9_000 - sum(volumes)]
    assert len(shop.provider.departures) == 10_000
    assert within(shop.provider.departures, f"{DOMAIN}/yahoo", SECOND) == 90
