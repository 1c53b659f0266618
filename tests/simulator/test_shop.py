"""The stream: the same bytes always, of the promised shape, with the promised dirt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import pytest

from tailorbird.collect.decode import decode
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, HOUR, SECOND, LogRecord, Names
from tailorbird.simulator import START, Shop
from tailorbird.simulator.catalogue import PERIOD_DAYS

Parse = Callable[[Iterable[bytes]], list[Any]]


def moment(record: Any) -> int:
    return int(datetime.fromisoformat(record["timestamp"]).timestamp()) * SECOND


def test_same_seed_same_bytes() -> None:
    one, two = (list(Shop(seed=3, people=60, days=90).events()) for _ in range(2))
    assert one == two


def test_another_seed_other_people() -> None:
    one, two = (list(Shop(seed=seed, people=60, days=90).events()) for seed in (3, 4))
    assert not set(one) & set(two)


@pytest.mark.parametrize("batch", [1, 7, 1000, 10**6])
def test_records_do_not_depend_on_the_batch_size(batch: int, parse: Parse) -> None:
    shop = Shop(seed=3, people=40, days=60)
    assert parse(shop.events(batch)) == parse(shop.events())


@pytest.mark.parametrize("after", [0, 1, 13, 57, 10**6])
def test_a_restart_continues_with_the_very_same_bodies(after: int) -> None:
    whole = list(Shop(seed=3, people=80, days=120).events(batch=40))
    assert list(Shop(seed=3, people=80, days=120).bodies_after(after, batch=40)) == whole[after:]


def test_every_place_of_a_day_can_be_restarted_at() -> None:
    shop = Shop(seed=3, people=30, days=5)
    whole = list(shop.events(batch=1))
    for after in range(0, len(whole), 11):
        assert next(shop.bodies_after(after, batch=1)) == whole[after]


def test_a_restart_keeps_the_instants_of_arrival() -> None:
    shop = Shop(seed=3, people=80, days=120)
    assert list(shop.bodies(50, after=9)) == list(shop.bodies(50))[9:]


def test_the_totals_are_known_beforehand(shop: Shop, parse: Parse) -> None:
    bodies = list(shop.bodies(batch=300))
    assert len(bodies) == shop.total_bodies(batch=300)
    assert shop.total_events == len(parse(body.content for body in bodies))


def test_other_people_change_nobody(parse: Parse) -> None:
    def of_somebody(people: int) -> list[Any]:
        found = parse(Shop(seed=4, people=people, days=200).events())
        return [record for record in found if "d0000007" in str(record)]

    few = of_somebody(10)
    assert len(few) > 3
    assert few == of_somebody(300)


def test_blocks_of_people_do_not_show(monkeypatch: pytest.MonkeyPatch, parse: Parse) -> None:
    def messages() -> Counter[str]:
        return Counter(map(str, parse(Shop(seed=3, people=50, days=40).events())))

    whole = messages()
    monkeypatch.setattr("tailorbird.simulator.visits.BLOCK", 16)
    assert messages() == whole


def test_twice_the_people_give_twice_the_events() -> None:
    sizes = [Shop(seed=5, people=people).visits.sizes.sum() / people for people in (2000, 8000)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_bodies_come_in_order_of_arrival(shop: Shop) -> None:
    arrivals = [body.received_at for body in shop.bodies(batch=50)]
    assert arrivals == sorted(arrivals)
    assert shop.start <= arrivals[0]
    assert arrivals[-1] < shop.end + HOUR


def test_about_one_in_a_hundred_visits_comes_late(shop: Shop) -> None:
    late = 0
    seen = 0
    for body in shop.bodies(batch=1):
        event = decode([LogRecord(1, body)]).events
        if event and event[0].name != Names.PRODUCT_UPDATED:
            seen += 1
            late += body.received_at - event[0].at > HOUR
            assert body.received_at - event[0].at < 3.1 * DAY
    assert late / seen == pytest.approx(0.01, abs=0.004)


def test_the_catalogue_comes_first_and_every_thirty_days(good: list[Any], shop: Shop) -> None:
    assert [record["event"] for record in good[:300]] == [Names.PRODUCT_UPDATED] * 300
    days = {(moment(r) - START) // DAY for r in good if r.get("event") == Names.PRODUCT_UPDATED}
    assert days == set(range(0, shop.days, PERIOD_DAYS))


def test_a_product_is_announced_before_anybody_sees_it(good: list[Any]) -> None:
    announced: set[str] = set()
    for record in good:
        properties = record.get("properties", {})
        if record.get("event") == Names.PRODUCT_UPDATED:
            announced.add(properties["product_id"])
        elif "product_id" in properties:
            assert properties["product_id"] in announced


def test_collect_takes_every_good_record_and_refuses_every_bad_one(shop: Shop) -> None:
    refused = 0
    for body in shop.bodies():
        decoded = decode([LogRecord(1, body)])
        assert all(b"-bad" in one.raw for one in decoded.refused)
        assert not [event for event in decoded.events if event.message_id.endswith("-bad")]
        refused += len(decoded.refused)
    assert refused / shop.total_events == pytest.approx(0.0011, abs=0.0005)


def test_about_one_record_in_a_hundred_is_sent_twice_unchanged(records: list[Any]) -> None:
    copies: dict[str, list[Any]] = {}
    for record in records:
        copies.setdefault(record["messageId"], []).append(record)
    twice = [found for found in copies.values() if len(found) > 1]
    assert len(twice) / len(copies) == pytest.approx(0.01, abs=0.003)
    assert all(found[0] == found[1] and len(found) == 2 for found in twice)


def test_contacts_have_the_promised_shares(good: list[Any], shop: Shop) -> None:
    said = [
        r for r in good if r["type"] == "identify" and "consent" in r["context"] and r["traits"]
    ]
    assert len(said) == pytest.approx(shop.people, rel=0.01)
    named = sum("first_name" in record["traits"] for record in said)
    asked = Counter(str(r["context"]["consent"].get("email_marketing")) for r in said)
    assert named / len(said) == pytest.approx(0.88, abs=0.03)
    assert asked["True"] / len(said) == pytest.approx(0.95, abs=0.02)
    assert asked["False"] > 0
    assert asked["None"] > 0
    withdrawn = sum(r["type"] == "identify" and not r["traits"] for r in good)
    assert withdrawn / len(said) == pytest.approx(0.03, abs=0.015)


def test_no_address_lies_outside_the_reserved_domain(shop: Shop) -> None:
    domains = set(re.findall(rb"@([A-Za-z0-9.-]+)", b"".join(shop.events())))
    assert {domain.lower() for domain in domains} == {b"people.example"}


def test_every_url_is_the_shops(shop: Shop) -> None:
    hosts = set(re.findall(rb"https?://([^/\"]+)", b"".join(shop.events())))
    assert hosts == {b"shop.example"}


def test_revenue_is_the_sum_of_the_lines(good: list[Any]) -> None:
    orders = [r["properties"] for r in good if r.get("event") == "Order Completed"]
    assert len({order["order_id"] for order in orders}) == len(orders) > 1000
    for order in orders:
        total = sum(line["price"] * line["quantity"] for line in order["products"])
        assert order["revenue"] == pytest.approx(total)
        assert len({line["product_id"] for line in order["products"]}) == len(order["products"])


def test_a_return_gives_back_a_line_of_an_earlier_order(good: list[Any]) -> None:
    orders = {r["properties"]["order_id"]: r for r in good if r.get("event") == "Order Completed"}
    returns = [r for r in good if r.get("event") == "Order Refunded"]
    assert len(returns) / len(orders) == pytest.approx(0.05, abs=0.02)
    for one in returns:
        order = orders[one["properties"]["order_id"]]
        assert one["properties"]["products"][0] in order["properties"]["products"]
        assert moment(one) > moment(order)
        assert one["userId"][:8] == f"u{order['anonymousId'][1:8]}"


def test_a_visit_runs_from_page_to_order(good: list[Any]) -> None:
    visits: dict[str, list[Any]] = {}
    for record in good:
        if record.get("event") != Names.PRODUCT_UPDATED:
            visits.setdefault(record["messageId"].rpartition("-")[0], []).append(record)
    for steps in visits.values():
        kinds = [step.get("event", step["type"]) for step in steps]
        times = [step["timestamp"] for step in steps]
        assert times == sorted(times)
        if "Order Completed" in kinds:
            assert kinds[-1] == "Order Completed"
            assert "Product Added" in kinds
            assert "page" in kinds


def test_many_begin_as_strangers_and_say_later_who_they_are(good: list[Any]) -> None:
    known = {r["anonymousId"] for r in good if r["type"] == "identify" and "anonymousId" in r}
    first: dict[str, Any] = {}
    for record in good:
        if "anonymousId" in record:
            first.setdefault(record["anonymousId"], record)
    strangers = [device for device, record in first.items() if "userId" not in record]
    assert len(strangers) / len(first) == pytest.approx(0.40, abs=0.05)
    assert len(set(strangers) - known) / len(first) < 0.02


def test_december_is_busier_than_july_and_nights_are_quiet(shop: Shop) -> None:
    clock = shop.visits.clock
    hours = np.diff(clock.hours, axis=1).mean(axis=0)
    of_day = hours.reshape(-1, 24).mean(axis=0)
    month = shop.visits.month.repeat(24)
    assert hours[month == 11].mean() > 1.3 * hours[month == 6].mean()
    assert of_day[2:6].max() < 0.25 * of_day.max()
    assert hours.mean() == pytest.approx(1, abs=0.03)


def test_products_are_believable(shop: Shop) -> None:
    products = shop.products()
    assert len({product.name for product in products}) == len(products)
    assert len({product.category for product in products}) == 15
    assert all(product.price_minor > 0 and product.currency == "EUR" for product in products)
    assert 0.01 < sum(product.stock == 0 for product in products) / len(products) < 0.1
    assert len(shop.products(shop.start)) < len(products)


@pytest.mark.parametrize("wrong", [{"people": 0}, {"days": 0}, {"items": 3}, {"start": START + 1}])
def test_a_shop_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Shop(**{"seed": 1, "people": 10, **wrong})


def test_an_empty_body_is_refused(shop: Shop) -> None:
    with pytest.raises(UsageError):
        next(shop.events(batch=0))


def test_days_without_visits_pass(parse: Parse) -> None:
    lonely = Shop(seed=1, people=1, days=400)
    found = parse(chain(lonely.events()))
    assert sum(record.get("event") != Names.PRODUCT_UPDATED for record in found) > 0
