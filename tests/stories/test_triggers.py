"""What sets people off, once each, from when a journey was put in force."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tailorbird import flow, journeys, triggering
from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body, Instant
from tailorbird.segments.happened import happening
from tailorbird.views import moment
from tailorbird.world import World

START = 1_790_000_000 * SECOND
STEPS = "steps:\n  - wait: 1h\n"


class Shop:
    """A folder whose clock we move, and who was set off in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START
        self.told: list[tuple[str, int, Triggered]] = []
        self.tb = self.opened()

    def opened(self) -> Tailorbird:
        return Tailorbird.open(self.folder, clock=lambda: self.now, environment={})

    def reopen(self) -> None:
        self.tb.close()
        self.tb = self.opened()

    def put(self, trigger: str, name: str = "cart", more: str = "") -> None:
        text = f"name: {name}\ntrigger: {trigger}\n{more}{STEPS}"
        put = self.tb.world.definitions.put
        put("journey", name, text, author="", reason="", now=self.now)

    def says(self, source: str = "import", **said: Any) -> None:
        at = said.pop("at", self.now)
        message = {"type": "track", "timestamp": moment(at).isoformat(), **said}
        self.tb.world.log.append([Body(source, self.now, json.dumps(message).encode())])

    def does(self, user: str, event: str, at: int | None = None, **properties: Any) -> None:
        when = self.now if at is None else at
        self.says(userId=user, event=event, at=when, properties=properties)

    def states(self, user: str, **traits: Any) -> None:
        self.says(type="identify", userId=user, traits=traits)

    def stocks(self, item: str, **said: Any) -> None:
        self.says(event="product_updated", properties={"product_id": item, **said})

    def enter(
        self,
        world: World,
        journey: journeys.Journey,
        version: int,
        triggered: Sequence[Triggered],
        now: Instant,
    ) -> None:
        self.told += [(journey.name, version, each) for each in triggered]

    def tick(self, later: int = SECOND) -> list[Triggered]:
        """Let time pass and return who is set off then, by whatever came meanwhile."""
        flow.ingest(self.tb.world)
        flow.refresh(self.tb.world, self.now + later)
        return self.wait(later)

    def wait(self, later: int) -> list[Triggered]:
        """Let time pass in which nothing comes, and return who is set off then."""
        self.now += later
        before = len(self.told)
        triggering.enter_triggered(self.tb.world, self.now, self.enter)
        return [each for _, _, each in self.told[before:]]

    def who(self, triggered: Sequence[Triggered]) -> list[str]:
        """Return the user ids of these people."""
        names = ("ada", "bob", "cyd", "dan", "eve")
        known = {self.tb.world.people.find(name): name for name in names}
        return [known[each.person] for each in triggered]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    yield made
    made.tb.close()


# -- events -------------------------------------------------------------------------------------


def test_who_does_it_is_set_off_once_at_the_instant_at_which_it_happened(shop: Shop) -> None:
    shop.put("{event: add_to_cart}")
    shop.now += SECOND
    shop.does("ada", "Product Added", product_id="mug")
    happened = shop.now
    (ada,) = shop.tick()
    assert (shop.who([ada]), ada.at, ada.cause) == (["ada"], happened, (1 << 20))
    assert shop.tick() == []
    shop.reopen()
    assert shop.tick() == []


def test_only_what_passes_the_filter_sets_off(shop: Shop) -> None:
    shop.put("{event: add_to_cart, where: {category: garden, value_minor: {at_least: 2000}}}")
    for user, category, price in (("ada", "garden", 30), ("bob", "garden", 3), ("cyd", "toys", 30)):
        shop.does(
            user, "Product Added", product_id="x", category=category, price=price, value=price
        )
    shop.put("{event: rated, where: {stars: {at_least: 4}}}", "rated")
    for user, stars in (("dan", 5), ("eve", 3)):
        shop.does(user, "rated", stars=stars)
    assert shop.who(shop.tick()) == ["ada", "dan"]


def test_a_journey_begins_with_what_happens_after_it_was_put_in_force(shop: Shop) -> None:
    shop.does("ada", "signed_up")
    shop.now += SECOND
    shop.put("{event: signed_up}")
    shop.now += SECOND
    shop.does("bob", "signed_up")
    shop.does("cyd", "signed_up", at=shop.now - 10 * SECOND)  # history that comes later
    assert shop.who(shop.tick()) == ["bob"]


@pytest.mark.parametrize(("late", "who"), [("", ["bob"]), (", late: 1d", ["ada", "bob"])])
def test_what_comes_too_late_sets_nobody_off(shop: Shop, late: str, who: list[str]) -> None:
    shop.put(f"{{event: add_to_cart{late}}}")
    shop.tick(6 * HOUR)
    shop.does("ada", "Product Added", at=shop.now - 2 * HOUR, product_id="mug")
    shop.does("bob", "Product Added", at=shop.now - 30 * MINUTE, product_id="mug")
    assert shop.who(shop.tick()) == who


def test_what_happens_while_a_journey_is_paused_sets_nobody_off_then_or_later(shop: Shop) -> None:
    shop.put("{event: signed_up}")
    shop.does("ada", "signed_up")
    assert shop.who(shop.tick()) == ["ada"]
    shop.put("{event: signed_up}", more="mode: paused\n")
    shop.does("bob", "signed_up")
    assert shop.tick() == []
    shop.does("cyd", "signed_up")  # no tick between this and the end of the pause
    shop.now += SECOND
    shop.put("{event: signed_up}")
    shop.does("dan", "signed_up")
    assert shop.who(shop.tick()) == ["dan"]


def test_an_edit_neither_loses_nor_repeats_anybody(shop: Shop) -> None:
    shop.put("{event: signed_up}")
    shop.does("ada", "signed_up")
    shop.tick()
    shop.does("bob", "signed_up")
    shop.put("{event: signed_up}", more="description: better\n")
    shop.does("cyd", "signed_up")
    assert shop.who(shop.tick()) == ["bob", "cyd"]
    assert [version for _, version, _ in shop.told] == [1, 2, 2]


def test_another_trigger_begins_with_what_happens_after_it(shop: Shop) -> None:
    shop.put("{event: signed_up}")
    shop.tick()
    shop.does("ada", "logged_in")
    shop.now += SECOND
    shop.put("{event: logged_in}")
    shop.does("bob", "logged_in")
    assert shop.who(shop.tick()) == ["bob"]


def test_a_journey_that_was_taken_out_of_force_begins_anew(shop: Shop) -> None:
    shop.put("{event: signed_up}")
    shop.tick()
    shop.tb.world.definitions.remove("journey", "cart", author="", reason="", now=shop.now)
    shop.does("ada", "signed_up")
    shop.now += SECOND
    shop.put("{event: signed_up}")
    shop.does("bob", "signed_up")
    assert shop.who(shop.tick()) == ["bob"]


def test_what_the_author_names_tells_entries_apart(shop: Shop) -> None:
    shop.put("{event: add_to_cart}", more="per: item\nseveral: true\n")
    shop.does("ada", "Product Added", product_id="mug")
    shop.does("ada", "Product Added", product_id="cup")
    assert [each.key for each in shop.tick()] == ["mug", "cup"]


def test_a_rebuild_sets_nobody_off_again(shop: Shop) -> None:
    shop.put("{event: signed_up}")
    shop.does("ada", "signed_up")
    assert shop.who(shop.tick()) == ["ada"]
    flow.rebuild(shop.tb.world, shop.now)
    shop.does("bob", "signed_up")
    assert shop.who(shop.tick()) == ["bob"]


def test_an_event_that_follows_from_others_is_no_trigger(shop: Shop) -> None:
    text = "name: visit\ntrigger: {event: session_started}\nsteps:\n  - {set: {seen: true}}\n"
    with pytest.raises(DefinitionError, match=r"visit.yaml:2: .*follows from other events"):
        shop.tb.put("journey", "visit", text)
    with pytest.raises(DefinitionError, match="follows from other events"):
        happening("session_started", {}, "journeys/x.yaml")


# -- segments -----------------------------------------------------------------------------------

RECENT = "name: recent\nwhere:\n  did: purchase\n  within: 1h\n"


def test_who_enters_a_segment_is_set_off_and_who_leaves_it_by_time_alone(shop: Shop) -> None:
    shop.does("ada", "Order Completed", order_id="1", total=5)
    shop.tb.put("segment", "recent", RECENT)
    shop.tick()
    shop.now += SECOND
    shop.put("{segment: recent}")
    shop.put("{segment: recent, on: exit}", "gone")
    assert shop.tick() == []  # ada was in it already
    shop.now += SECOND
    shop.does("bob", "Order Completed", order_id="2", total=5)
    bought = shop.now
    (bob,) = shop.tick()
    assert (shop.who([bob]), bob.at) == (["bob"], bought)
    gone = shop.tick(2 * HOUR)
    assert shop.who(gone) == ["ada", "bob"]
    assert gone[1].at == bought + HOUR


def test_another_definition_of_a_segment_sets_nobody_off(shop: Shop) -> None:
    shop.does("ada", "Order Completed", order_id="1", total=5)
    shop.tb.put("segment", "recent", RECENT)
    shop.tick()
    shop.put("{segment: recent}")
    shop.tick(2 * HOUR)
    shop.tb.put("segment", "recent", RECENT.replace("1h", "1d"))
    assert shop.tick() == []


# -- dates --------------------------------------------------------------------------------------


def at(text: str, zone: str = "UTC") -> Instant:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(local.astimezone(UTC).timestamp()) * SECOND


def test_a_birthday_comes_in_the_time_zone_of_the_person(shop: Shop) -> None:
    shop.now = at("2027-03-01T00:00")
    shop.put('{date: birthday, at: "09:00", yearly: true}')
    shop.states("ada", birthday="1990-03-04", timezone="Pacific/Auckland")
    shop.states("bob", birthday="1985-03-04", timezone="America/Los_Angeles")
    shop.states("cyd", birthday="1985-03-05")
    shop.states("dan", birthday="2001-03-04", timezone="no zone")
    shop.tick()
    due: dict[str, Instant] = {}
    shop.now = at("2027-03-03T19:00")
    for _ in range(40):
        for each in shop.wait(HOUR):
            (name,) = shop.who([each])
            due[name] = shop.now
            assert each.at == shop.now
    assert due == {
        "ada": at("2027-03-04T09:00", "Pacific/Auckland"),
        "dan": at("2027-03-04T09:00"),
        "bob": at("2027-03-04T09:00", "America/Los_Angeles"),
        "cyd": at("2027-03-05T09:00"),
    }


@pytest.mark.parametrize(("year", "day"), [(2027, "2027-02-28"), (2028, "2028-02-29")])
def test_who_was_born_on_29_february_has_a_day_in_every_year(
    shop: Shop, year: int, day: str
) -> None:
    shop.now = at(f"{year}-02-27T12:00")
    shop.put('{date: birthday, at: "08:30", yearly: true}')
    shop.states("ada", birthday="1996-02-29")
    shop.tick()
    days = [each.at for _ in range(4) for each in shop.wait(12 * HOUR)]
    assert [moment(each).isoformat() for each in days] == [f"{day}T08:30:00+00:00"]


def test_a_renewal_is_announced_days_before_it(shop: Shop) -> None:
    shop.now = at("2027-06-01T00:00")
    shop.put('{date: renews_on, days: -3, at: "10:00"}')
    shop.states("ada", renews_on="2027-06-10")
    shop.states("bob", renews_on="2026-06-10")
    shop.tick()
    found = [each for _ in range(20) for each in shop.wait(12 * HOUR)]
    assert [(shop.who([each]), each.at) for each in found] == [(["ada"], at("2027-06-07T10:00"))]


def test_a_time_that_the_clocks_leap_over_comes_all_the_same_and_one_that_is_twice_once(
    shop: Shop,
) -> None:
    shop.now = at("2027-03-27T12:00")
    shop.put('{date: renews_on, at: "02:30"}')
    shop.states("ada", renews_on="2027-03-28", timezone="Europe/Berlin")
    shop.states("bob", renews_on="2027-10-31", timezone="Europe/Berlin")
    shop.tick()
    spring = [each.at for _ in range(40) for each in shop.wait(HOUR)]
    assert spring == [at("2027-03-28T01:30")]
    shop.now = at("2027-10-30T12:00")
    autumn = [each.at for _ in range(40) for each in shop.wait(HOUR)]
    assert autumn == [at("2027-10-31T00:30")]


def test_a_date_that_nobody_looked_at_is_made_up_for_within_a_day(shop: Shop) -> None:
    shop.now = at("2027-06-01T00:00")
    shop.put('{date: renews_on, at: "10:00"}')
    shop.states("ada", renews_on="2027-06-05")
    shop.states("bob", renews_on="2027-06-08")
    shop.tick()
    shop.now = at("2027-06-08T22:00")  # the server was off for a week
    (bob,) = shop.tick()
    assert (shop.who([bob]), bob.at) == (["bob"], at("2027-06-08T10:00"))


def test_a_computed_instant_is_a_date_where_the_person_is(shop: Shop) -> None:
    shop.now = at("2027-06-01T00:00")
    shop.put('{date: last_order_at, days: 2, at: "10:00"}')
    shop.states("ada", timezone="Asia/Seoul")
    shop.tick()
    shop.now = at("2027-06-03T20:00")  # the 4th in Seoul
    for user in ("ada", "bob"):
        shop.does(user, "Order Completed", order_id=user, total=5)
    shop.tick()
    found = [each for _ in range(9) for each in shop.wait(12 * HOUR)]
    assert [(shop.who([each]), each.at) for each in found] == [
        (["bob"], at("2027-06-05T10:00")),
        (["ada"], at("2027-06-06T10:00", "Asia/Seoul")),
    ]


def test_the_worker_is_told_when_the_next_date_comes(shop: Shop) -> None:
    assert triggering.next_due(shop.tb.world, shop.now) is None
    shop.put('{date: renews_on, at: "10:00"}')
    due = triggering.next_due(shop.tb.world, at("2027-06-01T09:59"))
    assert due == at("2027-06-01T10:00")


# -- products -----------------------------------------------------------------------------------


def looked(shop: Shop, user: str, item: str, event: str = "Product Viewed") -> None:
    shop.does(user, event, product_id=item)


def test_a_lower_price_sets_off_who_looked_at_the_product_and_has_not_bought_it(
    shop: Shop,
) -> None:
    shop.stocks("mug", price=20, currency="EUR")
    shop.stocks("cup", price=20, currency="EUR")
    shop.put("{price_drop: product_viewed, within: 30d, least_percent: 10}")
    for user, item in (("ada", "mug"), ("bob", "cup"), ("cyd", "mug")):
        looked(shop, user, item)
    shop.tick(HOUR)
    shop.does("cyd", "Order Completed", order_id="1", products=[{"product_id": "mug", "price": 20}])
    shop.tick(HOUR)
    shop.stocks("mug", price=18.5, currency="EUR")  # too little of a drop
    assert shop.tick() == []
    shop.stocks("mug", price=15, currency="EUR")
    dropped = shop.now
    (ada,) = shop.tick()
    assert (shop.who([ada]), ada.at) == (["ada"], dropped)
    shop.tick(40 * DAY)
    shop.stocks("mug", price=5, currency="EUR")
    assert shop.tick() == []  # nobody looked of late


def test_a_stock_that_flaps_sets_off_once_a_day(shop: Shop) -> None:
    shop.now = at("2027-06-01T08:00")
    shop.stocks("mug", price=20, stock=3)
    shop.put("{back_in_stock: true}")
    looked(shop, "ada", "mug")
    shop.tick()
    entered = []
    for _ in range(6):
        shop.stocks("mug", stock=0)
        shop.tick(HOUR)
        shop.stocks("mug", stock=2)
        entered += [shop.now for _ in shop.tick()]
    assert len(entered) == 1
    shop.tick(DAY)
    shop.stocks("mug", stock=0)
    shop.tick()
    shop.stocks("mug", stock="uncounted")
    assert len(shop.tick()) == 1


def test_news_that_was_taken_back_before_it_was_told_is_none(shop: Shop) -> None:
    shop.stocks("mug", price=20, stock=0)
    shop.put("{back_in_stock: true}")
    shop.put("{price_drop: true}", "drop")
    looked(shop, "ada", "mug")
    shop.tick()
    shop.stocks("mug", price=10, stock=4)
    shop.now += SECOND
    shop.stocks("mug", price=20, stock=0)
    assert shop.tick() == []


def test_few_pieces_set_off_who_has_it_in_the_cart(shop: Shop) -> None:
    shop.stocks("mug", price=20, stock=30)
    shop.put("{low_stock: add_to_cart, at_most: 3}")
    looked(shop, "ada", "mug", "Product Added")
    looked(shop, "bob", "mug", "Product Added")
    shop.now += SECOND
    looked(shop, "bob", "mug", "Product Removed")
    shop.tick()
    shop.stocks("mug", stock=4)
    assert shop.tick() == []
    shop.stocks("mug", stock=2)
    assert shop.who(shop.tick()) == ["ada"]
    shop.stocks("mug", stock=1)
    assert shop.tick() == []  # it was few already


def test_a_catalogue_that_comes_for_the_first_time_is_no_news(shop: Shop) -> None:
    shop.put("{price_drop: true}")
    shop.put("{low_stock: true}", "low")
    looked(shop, "ada", "mug")
    shop.tick()
    shop.stocks("mug", price=20, stock=1)
    assert shop.tick() == []
