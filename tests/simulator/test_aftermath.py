"""After a campaign: both outcomes of everybody, and the one that happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from tailorbird.collect.decode import decode
from tailorbird.errors import UsageError
from tailorbird.schema import DAY, Body, LogRecord, Product
from tailorbird.simulator import START, Effects, Prospect, Shop, Window, aftermath, outcomes

Parse = Callable[[Iterable[bytes]], list[Any]]
WINDOW = Window(START + 400 * DAY, START + 414 * DAY)
PRODUCTS = [Product(f"SKU{n}", f'Plate "{n}"', "Tableware", 250 + n, "GBP") for n in range(50)]
PROSPECTS = [
    Prospect(
        key=str(12_346 + number),
        orders=1 + number % 9,
        first_at=WINDOW.start - 300 * DAY,
        last_at=WINDOW.start - (1 + number % 250) * DAY,
        items=("SKU7", "gone"),
    )
    for number in range(30_000)
]


def buyers(records: list[Any]) -> set[str]:
    return {r["userId"] for r in records if r["event"] == "Order Completed"}


@pytest.fixture(scope="module")
def large() -> Shop:
    return Shop(seed=2, people=40_000, days=200)


@pytest.fixture(scope="module")
def window(large: Shop) -> Window:
    return Window(large.end, large.end + 14 * DAY)


@pytest.fixture(scope="module")
def keys(large: Shop) -> list[str]:
    return [f"u{number:07d}" for number in range(large.people)]


def gap_is(lift: float, gains: Any) -> bool:
    """Return whether the mean gain lies within four standard errors of the lift."""
    error = gains.std() / np.sqrt(gains.size)
    return bool(abs(gains.mean() - lift) < 4 * error)


def test_the_average_effect_is_the_documented_lift(
    large: Shop, window: Window, keys: list[str]
) -> None:
    for lift in (0.01, 0.03, 0.08):
        truth = large.outcomes(keys, {}, window, Effects(lift=lift))
        assert gap_is(lift, truth.y1.astype(int) - truth.y0)


def test_a_real_file_gets_the_same_lift() -> None:
    truth = outcomes(PROSPECTS, {}, WINDOW, seed=1, effects=Effects(lift=0.05))
    assert gap_is(0.05, truth.y1.astype(int) - truth.y0)


def test_without_a_lift_a_mail_changes_nobody(large: Shop, window: Window, keys: list[str]) -> None:
    truth = large.outcomes(keys, {}, window, Effects(lift=0))
    assert (truth.y0 == truth.y1).all()


def test_a_few_are_put_off_by_a_mail(large: Shop, window: Window, keys: list[str]) -> None:
    truth = large.outcomes(keys, {}, window, Effects(sleeping_dogs=0.05))
    put_off = (truth.y0 & ~truth.y1).sum() / truth.y0.sum()
    assert put_off == pytest.approx(0.05, abs=0.012)


def test_the_lift_holds_however_many_are_put_off(
    large: Shop, window: Window, keys: list[str]
) -> None:
    truth = large.outcomes(keys, {}, window, Effects(lift=0.02, sleeping_dogs=0.3))
    assert gap_is(0.02, truth.y1.astype(int) - truth.y0)


def test_a_better_variant_lifts_more(large: Shop, window: Window, keys: list[str]) -> None:
    everybody_b = dict.fromkeys(keys, "B")
    effects = Effects(lift=0.03, variants={"B": 2.0})
    truth = large.outcomes(keys, everybody_b, window, effects)
    assert gap_is(0.06, truth.y1.astype(int) - truth.y0)


def test_who_is_gone_buys_neither_way(large: Shop, window: Window, keys: list[str]) -> None:
    truth = large.outcomes(keys, {}, window)
    gone = large.churned >= 0
    assert gone.sum() > 5000
    assert not truth.y0[gone].any()
    assert not truth.y1[gone].any()


def test_chances_without_a_mail_come_true(large: Shop, window: Window, keys: list[str]) -> None:
    truth = large.outcomes(keys, {}, window)
    order = np.argsort(truth.chance)
    for part in np.array_split(order, 5):
        error = 4 * np.sqrt(truth.chance[part].mean() / part.size) + 1e-9
        assert abs(truth.y0[part].mean() - truth.chance[part].mean()) < error


def test_who_was_written_to_lives_y1_and_all_others_y0(
    large: Shop, window: Window, keys: list[str], parse: Parse
) -> None:
    some = keys[:6000]
    treated = {key: number % 3 != 0 for number, key in enumerate(some) if number % 3 < 2}
    truth = large.outcomes(some, {}, window)
    bought = buyers(parse(large.aftermath(some, treated, {}, window)))
    for place, key in enumerate(some):
        mailed = treated.get(key, False) and truth.reachable[place]
        assert (key in bought) == (truth.y1[place] if mailed else truth.y0[place])


def test_a_dead_mailbox_leaves_everything_as_it_was(
    large: Shop, window: Window, keys: list[str], parse: Parse
) -> None:
    truth = large.outcomes(keys, {}, window, Effects(lift=0.2))
    dead = [keys[place] for place in np.flatnonzero(~truth.reachable)]
    assert len(dead) / len(keys) == pytest.approx(0.01, abs=0.003)
    mailed = dict.fromkeys(dead, True)
    with_mail = list(large.aftermath(dead, mailed, {}, window, Effects(lift=0.2)))
    assert with_mail == list(large.aftermath(dead, {}, {}, window, Effects(lift=0.2)))


def test_purchases_depend_on_the_person_and_not_on_the_others(
    large: Shop, window: Window, keys: list[str], parse: Parse
) -> None:
    mailed = dict.fromkeys(keys, True)
    whole = parse(large.aftermath(keys[:2000], mailed, {}, window, batch=11))
    part = parse(large.aftermath(keys[1990:900:-1], mailed, {}, window))
    mine = set(keys[901:1991])
    assert part == [record for record in whole if record["userId"] in mine]


def test_another_window_is_another_draw(large: Shop, window: Window, keys: list[str]) -> None:
    later = Window(window.end, window.end + 14 * DAY)
    one, two = large.outcomes(keys, {}, window), large.outcomes(keys, {}, later)
    assert (one.y0 != two.y0).mean() > 0.03


def test_orders_fall_into_the_window_in_order(large: Shop, window: Window, keys: list[str]) -> None:
    contents = list(large.aftermath(keys[:3000], dict.fromkeys(keys, True), {}, window))
    bodies = [Body("simulator", window.end, content) for content in contents]
    decoded = decode([LogRecord(place, body) for place, body in enumerate(bodies, 1)])
    assert not decoded.refused
    at = [event.at for event in decoded.events if event.order_id]
    assert at == sorted(at)
    assert window.start <= min(event.at for event in decoded.events)
    assert at[-1] < window.end
    for event in decoded.events:
        if event.order_id:
            total = sum(line.quantity * line.price_minor for line in event.lines)
            assert event.value_minor == total


def test_real_histories_decide_who_would_buy_anyway() -> None:
    truth = outcomes(PROSPECTS, {}, WINDOW, seed=1, effects=Effects())
    orders = np.array([person.orders for person in PROSPECTS])
    silent = np.array([(WINDOW.start - person.last_at) // DAY for person in PROSPECTS])
    lively = truth.y0[(orders > 6) & (silent < 30)].mean()
    asleep = truth.y0[(orders > 6) & (silent > 220)].mean()
    once = truth.y0[(orders == 1) & (silent < 30)].mean()
    assert lively > 2 * once
    assert lively > 5 * asleep


def test_real_people_buy_their_own_products_in_their_own_currency(parse: Parse) -> None:
    mailed = {person.key: True for person in PROSPECTS}
    records = parse(aftermath(PROSPECTS, mailed, {}, WINDOW, seed=1, products=PRODUCTS))
    orders = [r["properties"] for r in records if r["event"] == "Order Completed"]
    own = sum(order["products"][0]["product_id"] == "SKU7" for order in orders)
    assert 0.45 < own / len(orders) < 0.6
    assert {order["currency"] for order in orders} == {"GBP"}
    assert len({order["products"][0]["product_id"] for order in orders}) > 30
    for order in orders:
        line = order["products"][0]
        assert order["revenue"] == pytest.approx(line["price"] * line["quantity"])


@pytest.mark.parametrize("lift", [-0.1, 0.5])
def test_an_effect_that_cannot_be_is_refused(lift: float) -> None:
    with pytest.raises(UsageError, match="no such effect"):
        outcomes(PROSPECTS[:1], {}, WINDOW, seed=1, effects=Effects(lift=lift))


def test_windows_that_make_no_sense_are_refused(large: Shop) -> None:
    with pytest.raises(UsageError, match="empty"):
        large.outcomes([], {}, Window(large.end, large.end))
    with pytest.raises(UsageError, match="overlaps"):
        large.outcomes([], {}, Window(large.end - DAY, large.end))


def test_strangers_and_empty_shelves_are_refused(large: Shop, window: Window) -> None:
    with pytest.raises(UsageError, match="not of this shop"):
        large.outcomes(["somebody"], {}, window)
    with pytest.raises(UsageError, match="nothing to buy"):
        list(aftermath(PROSPECTS, {}, {}, WINDOW, seed=1, products=[]))
