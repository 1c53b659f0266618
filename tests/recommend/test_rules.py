"""What authors' rules let pass, put first and mix, over a catalogue whose truth is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tailorbird.errors import DefinitionError
from tailorbird.recommend import consumables, rules
from tailorbird.recommend.diversity import Likeness, choose
from tailorbird.recommend.recommender import fit
from tailorbird.recommend.rules import Catalogue, Rules, catalogue, compiled, parse
from tailorbird.schema import DAY, Product

NOW = 20_000 * DAY


@pytest.fixture
def stock() -> Catalogue:
    """Return ten products: teas, cups, and one that is sold out."""
    products = [
        Product(f"tea-{n}", f"Green tea {n}", "tea", price_minor=500 + 100 * n) for n in range(5)
    ] + [Product(f"cup-{n}", f"Blue cup {n}", "cups", price_minor=1_500) for n in range(4)]
    products.append(Product("gone", "Gone tea", "tea", stock=0))
    arrived = {"cup-0": NOW - 5 * DAY, "tea-0": NOW - 400 * DAY}
    margins = {f"tea-{n}": str(n) for n in range(5)}
    return catalogue(products, arrived, {"margin": margins, "brand": {"cup-1": "own"}})


def names(stock: Catalogue, flags: np.ndarray) -> set[str]:
    return {stock.items[row] for row in np.flatnonzero(flags)}


def test_what_is_out_of_stock_is_not_shown_unless_the_author_says_so(stock: Catalogue) -> None:
    assert "gone" not in names(stock, compiled(Rules(), stock, NOW).allowed)
    assert "gone" in names(stock, compiled(Rules(in_stock=False), stock, NOW).allowed)


def test_exclusions_bounds_and_only_narrow_what_passes(stock: Catalogue) -> None:
    text = """
name: narrow
exclude: {items: [tea-4], attributes: {brand: own}}
only: {categories: [tea, cups]}
price_minor: {at_least: 600, at_most: 1500}
"""
    passed = compiled(parse(text, "recommendations/narrow.yaml"), stock, NOW).allowed
    assert names(stock, passed) == {"tea-1", "tea-2", "tea-3", "cup-0", "cup-2", "cup-3"}


def test_boosts_multiply_and_a_margin_counts_by_its_place(stock: Catalogue) -> None:
    text = """
name: keen
boosts:
  - {of: {newer_than_days: 30}, by: 2}
  - {attribute: margin, by: 3}
"""
    factor = compiled(parse(text, "recommendations/keen.yaml"), stock, NOW).factor
    by_name = dict(zip(stock.items, factor.tolist(), strict=True))
    assert by_name["cup-0"] == 2
    assert (by_name["tea-0"], by_name["tea-2"], by_name["tea-4"]) == (1, 2, 3)
    assert by_name["cup-3"] == 1


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("description: no name", "no name", ""),
        ("name: a\nboosts:\n  - {by: 2}", "a boost is of some products", ":3"),
        ("name: a\nonly: {}", "nothing could be shown", ":2"),
        ("name: a\nprice_minor: {at_least: 5, at_most: 4}", "no price lies", ":2"),
        ("name: a\npairs:\n  - {bought: {}, show: [x]}", "no product is named", ":3"),
        ("name: a\nexposure:\n  - {by: brand, shares: {a: .7, b: .7}}", "more than 1", ":3"),
        ("name: a\nshuffle: true", "unknown field", ":2"),
        ("name: a\ndiversity: -1", "'diversity' is -1, but it must be at least 0; write", ":2"),
        ("name: a\ncaps:\n  brand: 0", "'caps.brand' is 0, but it must be at least 1", ":3"),
        ("name: a\nboosts:\n  - {by: much}", "'boosts[0].by' is 'much', but it must be", ":3"),
        ("name: a\nnew_products: 3", "it must be true or false or a mapping; write", ":2"),
        ("name: a\nnew_products: {places: 0}", "'new_products.places' is 0, but", ":2"),
        ("name: a\nexposure:\n  - {by: brand, steer: 2}", "must be true or false", ":3"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, what: str, line: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "recommendations/a.yaml")
    assert what in caught.value.sentence()
    assert f"recommendations/a.yaml{line}" in caught.value.sentence()
    assert "Expected" not in caught.value.sentence()  # a checker's own words
    assert "$." not in caught.value.sentence()


def test_the_attributes_that_rules_name_are_found_with_their_places() -> None:
    text = """
name: a
exclude: {attributes: {adult: "true"}}
boosts: [{attribute: margin, by: 2}]
caps: {category: 1, brand: 2}
exposure: [{by: item_age}, {by: maker}]
"""
    found = dict(rules.attributes_of(parse(text, "a.yaml")))
    assert {*found.values()} == {"adult", "margin", "brand", "maker"}


def test_caps_hold_for_everybody_and_the_best_go_first(stock: Catalogue) -> None:
    rows = np.array([[0, 1, 2, 5, 6], [5, 6, 7, 0, -1]])
    scores = np.array([[9.0, 8, 7, 6, 5], [9.0, 8, 7, 1, -np.inf]])
    caps = ((rules.codes(stock.categories), 1),)
    assert choose(rows, scores, 3, caps=caps).tolist() == [[0, 3, -1], [0, 3, -1]]
    assert choose(rows, scores, 2).tolist() == [[0, 1], [0, 1]]


def test_diversity_prefers_what_is_unlike_the_chosen(stock: Catalogue) -> None:
    rows, scores = np.array([[0, 1, 5]]), np.array([[1.0, 0.95, 0.6]])
    like = Likeness(stock)
    assert choose(rows, scores, 3, diversity=0.5, likeness=like).tolist() == [[0, 2, 1]]
    assert choose(rows, scores, 3, diversity=0.0, likeness=like).tolist() == [[0, 1, 2]]


def test_nobody_and_nothing_to_choose_from_is_no_error() -> None:
    assert choose(np.zeros((0, 0), np.int64), np.zeros((0, 0)), 3).shape == (0, 3)
    assert choose(np.zeros((2, 0), np.int64), np.zeros((2, 0)), 3).tolist() == [[-1] * 3] * 2


def test_what_many_buy_again_is_a_consumable_and_what_few_do_is_not() -> None:
    rows = []
    for person in range(40):
        rows += [(person, "coffee", 90 - 30 * n) for n in range(3)]
        rows.append((person, "mug", 50))
        rows += [(person, "spoon", 60), *([(person, "spoon", 20)] if person < 3 else [])]
    people, items, ages = zip(*rows, strict=True)
    table = pa.table(
        {
            "person": pa.array(people, pa.int64()),
            "item": list(items),
            "at": pa.array([NOW - age * DAY for age in ages], pa.int64()),
            "quantity": pa.array([1] * len(people), pa.int64()),
            "kind": ["purchase"] * len(people),
        }
    )
    model = fit(table, now=NOW)
    assert consumables.learnt(model.history, model.items) == {"coffee": 30.0}
