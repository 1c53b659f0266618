"""The model and the stock are read once, until there is a newer version or something came in."""

from __future__ import annotations

import pytest
from tests.letters.conftest import NOON, instant

from tailorbird import learning, recommend, recommending
from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, Body


@pytest.fixture
def trained(shop: Tailorbird) -> Tailorbird:
    """Return the shop with a model of what its people bought."""
    train(shop, instant(NOON))
    return shop


def train(shop: Tailorbird, now: int) -> None:
    people = [number for who in ("ada", "ben", "cyd") if (number := shop.person(who))]
    past = learning.history(shop.world, sorted(people), now)
    model = recommend.fit(past, now=now)
    shop.world.models.put(learning.RECOMMENDER, model.files(), b"{}")


def test_a_model_is_read_once_a_version(trained: Tailorbird) -> None:
    first = learning.recommender(trained.world)
    assert first is not None
    assert learning.recommender(trained.world) is first
    train(trained, instant(NOON) - 30 * DAY)
    second = learning.recommender(trained.world)
    assert second is not None
    assert (first[0], second[0]) == (1, 2)
    assert second[1] is not first[1]


def test_no_model_is_asked_for_again_and_again(shop: Tailorbird) -> None:
    assert learning.recommender(shop.world) is None
    train(shop, instant(NOON))
    assert learning.recommender(shop.world) is not None


def test_the_stock_is_read_again_when_something_came_in(trained: Tailorbird) -> None:
    row = "INSERT INTO products VALUES (?, ?, 'tea', 950, 'EUR', NULL, NULL, 1, 0)"
    trained.world.facts.write([(row, ("green", "Green tea"))])
    stock = recommending.shop(trained.world).stock
    assert (stock.items, stock.categories) == (("green",), ("tea",))
    assert recommending.shop(trained.world).stock is stock
    trained.world.facts.write([(row, ("black", "Black tea"))])
    trained.world.log.append([Body("server", trained.clock(), b'{"batch": []}')])
    trained.ingest()
    assert recommending.shop(trained.world).stock.items == ("black", "green")


def test_two_stamps_take_turns_and_neither_is_lost(trained: Tailorbird) -> None:
    latest, stamps = trained.world.latest, iter((1, 2, 1))
    asked = [latest.of("x", stamp, lambda: next(stamps)) for stamp in (1, 1, 2, 1)]
    assert asked == [1, 1, 2, 1]
    assert list(stamps) == []
