"""New items are recommendable at once, by what they say of themselves; groups have their tastes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import recommend
from tailorbird.errors import ModelError
from tailorbird.recommend import Parameters, Recommender, content_based
from tailorbird.schema import Instant

Maker = Callable[..., pa.Table]
TEAS = ("sencha", "assam", "oolong", "pu erh")
TOOLS = ("saw", "hammer", "drill", "plane")


def _catalogue(*extra: Mapping[str, object]) -> pa.Table:
    teas = [{"item": tea, "name": f"{tea} tea", "category": "teas", "price": 9} for tea in TEAS]
    tools = [{"item": each, "name": each, "category": "tools", "price": 70} for each in TOOLS]
    return pa.Table.from_pylist([*teas, *tools, *extra])


NEW_TEA = {"item": "matcha", "name": "matcha tea", "category": "teas", "price": 11}
MUTE = {"item": "mute", "name": None, "category": None, "price": None}


@pytest.fixture
def rows() -> list[tuple[int, str, float]]:
    """Return what tea drinkers and joiners bought: three of four things each."""
    rng = np.random.default_rng(5)
    found: list[tuple[int, str, float]] = []
    for person in range(1, 121):
        shelf = TEAS if person <= 60 else TOOLS
        chosen = rng.permutation(4)[:3]
        found += [(person, shelf[item], float(rng.uniform(1, 90))) for item in chosen]
    return found


@pytest.fixture
def shop(interactions: Maker, rows: list[tuple[int, str, float]], now: Instant) -> Recommender:
    return recommend.fit(
        interactions(rows), _catalogue(), now=now, parameters=Parameters(penalty=5.0)
    )


def _items(model: Recommender, person: int, k: int, now: Instant, slots: int = 0) -> list[str]:
    return list(model.top([person], k, now=now, new_slots=slots)["item"].to_pylist())


def test_an_item_that_nobody_had_is_led_to_by_its_likes(
    interactions: Maker, rows: list[tuple[int, str, float]], now: Instant
) -> None:
    model = recommend.fit(
        interactions(rows), _catalogue(NEW_TEA, MUTE), now=now, parameters=Parameters(penalty=5.0)
    )
    assert "matcha" in _items(model, 1, 5, now)
    assert "matcha" not in _items(model, 100, 5, now)
    row = next(r for r in model.top([1], 5, now=now).to_pylist() if r["item"] == "matcha")
    assert row["reason_code"] == "related"
    assert row["because"] in TEAS


def test_an_item_without_attributes_waits_for_buyers(
    interactions: Maker, rows: list[tuple[int, str, float]], now: Instant
) -> None:
    model = recommend.fit(interactions(rows), _catalogue(MUTE), now=now)
    assert "mute" not in _items(model, 1, 9, now)
    assert "mute" not in _items(model, 5000, 9, now)


def test_an_item_that_arrives_needs_no_new_fit(shop: Recommender, now: Instant) -> None:
    fresh = shop.with_items(_catalogue(NEW_TEA, MUTE))
    assert "matcha" in _items(fresh, 1, 5, now)
    assert "matcha" not in _items(fresh, 100, 5, now)
    old = [item for item in _items(fresh, 1, 9, now) if item != "matcha"]
    assert old == _items(shop, 1, 9, now)
    again = recommend.load(fresh.files())
    assert _items(again, 1, 9, now) == _items(fresh, 1, 9, now)


def test_places_are_kept_for_new_items(shop: Recommender, now: Instant) -> None:
    fresh = shop.with_items(_catalogue(NEW_TEA))
    for person in range(1, 61):
        assert _items(fresh, person, 2, now, slots=1)[-1] == "matcha"
        assert _items(fresh, person, 2, now, slots=1)[0] == _items(fresh, person, 2, now)[0]
    assert "matcha" not in _items(fresh, 100, 2, now, slots=1)
    ranks = fresh.top([1, 100], 3, now=now, new_slots=1)
    assert ranks["rank"].to_pylist() == [1, 2, 3] * 2


def test_what_items_say_is_values_words_and_steps_of_numbers() -> None:
    told = content_based.tokens(
        pa.table({"item": ["a"], "name": ["Green Tea"], "price": [100], "tags": [["new", "tin"]]})
    )[0]
    assert {"name=green tea", "green", "tea", "price~13", "tags=new", "tags=tin"} <= set(told)
    near, far = (
        content_based.tokens(pa.table({"item": ["b"], "price": [price]}))[0] for price in (104, 300)
    )
    assert set(near) & set(told) == {"price~13"}
    assert not set(far) & set(told)


def test_strangers_of_a_group_get_what_their_group_buys(
    interactions: Maker, rows: list[tuple[int, str, float]], now: Instant
) -> None:
    people = list(range(1, 121))
    groups = pa.table({"person": people, "group": ["north"] * 60 + ["south"] * 60})
    model = recommend.fit(interactions(rows * 3), now=now, groups=groups)
    asked = {5001: "north", 5002: "south", 5003: "nowhere"}
    for made in (model, recommend.load(model.files())):
        top = made.top([*asked, 5004], 4, now=now, groups=asked)
        found = [top["item"].to_pylist()[at : at + 4] for at in range(0, 16, 4)]
        assert set(found[0]) == set(TEAS)
        assert set(found[1]) == set(TOOLS)
        assert found[2] == found[3]


def test_a_new_person_gets_what_sells_inside_a_category(shop: Recommender, now: Instant) -> None:
    top = shop.top([5001], 9, now=now, within=set(TOOLS))
    assert set(top["item"].to_pylist()) == set(TOOLS)
    assert set(top["reason_code"].to_pylist()) == {"popular"}


def test_a_catalogue_may_repeat_itself_and_hold_gaps(
    interactions: Maker, rows: list[tuple[int, str, float]], now: Instant
) -> None:
    twice = pa.concat_tables([_catalogue(NEW_TEA), _catalogue(NEW_TEA), _catalogue({"name": "?"})])
    model = recommend.fit(interactions(rows), twice, now=now)
    once = recommend.fit(interactions(rows), _catalogue(NEW_TEA), now=now)
    assert model.files() == once.files()
    with pytest.raises(ModelError, match="item"):
        recommend.fit(interactions(rows), twice.drop_columns(["item"]), now=now)


def test_ids_that_are_numbers_are_read_as_words(
    interactions: Maker, rows: list[tuple[int, str, float]], now: Instant
) -> None:
    numbered = pa.table({"item": pa.array([1, 2], pa.int64()), "name": ["one", "two"]})
    model = recommend.fit(interactions(rows), numbered, now=now)
    assert {"1", "2"} < {*model.items}
    assert model.top([1], 5, now=now).num_rows == 0
