"""Every computed trait, by small examples on the store itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tailorbird.errors import UsageError
from tailorbird.profiles.traits import TRAITS, table, trait
from tailorbird.schema import DAY, Event, Instant, Line, PersonId, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts

NOW = 20_000 * DAY
Happen: TypeAlias = Callable[..., None]


@pytest.fixture
def happen(facts: DuckFacts) -> Happen:
    def append(event: str, at: Instant, person: PersonId = 1, **fields: Any) -> None:
        offset = facts.offset() + 1
        happened = Event("", event, at, at, offset << 20, "test", **fields)
        facts.append([ResolvedEvent(happened, person)], [], offset)

    return append


def of_one(facts: DuckFacts, name: str, as_of: Instant = NOW) -> Any:
    return table(facts, [name], as_of=as_of, people=[1])[name][0].as_py()


def test_orders_are_distinct_and_a_purchase_without_an_id_is_its_own(
    facts: DuckFacts, happen: Happen
) -> None:
    for order in ("a", "a", "b", "", ""):
        happen("purchase", NOW, order_id=order)
    happen("return", NOW, order_id="a")
    assert of_one(facts, "orders") == 4
    assert of_one(facts, "returns") == 1


def test_revenue_is_net_of_returns_whatever_their_sign(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", NOW, value_minor=1000, order_id="a")
    happen("purchase", NOW, value_minor=501, order_id="b")
    happen("return", NOW, value_minor=200)
    happen("return", NOW, value_minor=-100)
    assert of_one(facts, "revenue_minor") == 1201
    assert of_one(facts, "average_order_minor") == 750


def test_ages_turn_when_whole_days_have_passed(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", NOW - 9 * DAY)
    happen("purchase", NOW - 5 * DAY)
    assert of_one(facts, "tenure_days") == 9
    assert of_one(facts, "recency_days") == 5
    assert of_one(facts, "recency_days", NOW - 1) == 4
    assert of_one(facts, "first_order_at") == NOW - 9 * DAY
    assert of_one(facts, "last_order_at") == NOW - 5 * DAY


@pytest.mark.parametrize(
    ("orders", "tier"),
    [(0, "none"), (1, "bronze"), (4, "bronze"), (5, "silver"), (12, "silver"), (13, "gold")],
)
def test_the_tier_follows_the_orders_of_the_last_365_days(
    facts: DuckFacts, happen: Happen, orders: int, tier: str
) -> None:
    happen("purchase", NOW - 365 * DAY)
    for _ in range(orders):
        happen("purchase", NOW - 365 * DAY + 1)
    assert of_one(facts, "orders") == orders + 1
    assert of_one(facts, "orders_365d") == orders
    assert of_one(facts, "tier") == tier
    assert of_one(facts, "tier", NOW + 1) == "none"


def test_of_equal_favourites_the_latest_then_the_first_by_name_wins(
    facts: DuckFacts, happen: Happen
) -> None:
    def bought(at: Instant, *products: tuple[str, str]) -> None:
        happen("purchase", at, lines=tuple(Line(item, "", group) for item, group in products))

    bought(NOW - 3, ("i1", "garden"), ("i9", ""))
    assert of_one(facts, "favourite_item") == "i1"
    assert of_one(facts, "favourite_category") == "garden"
    bought(NOW - 2, ("i2", "kitchen"))
    assert of_one(facts, "favourite_category") == "kitchen"
    bought(NOW - 1, ("i1", "garden"), ("i1", "garden"))
    assert of_one(facts, "favourite_item") == "i1"


def test_engagement_halves_every_thirty_days_and_machines_do_not_count(
    facts: DuckFacts, happen: Happen
) -> None:
    happen("email_opened", NOW - 30 * DAY)
    happen("email_clicked", NOW - 60 * DAY)
    happen("email_clicked", NOW, machine=True)
    assert of_one(facts, "engagement") == 500_000 + 3 * 250_000
    assert of_one(facts, "engagement", NOW - 60 * DAY) == 3_000_000
    assert of_one(facts, "engagement", NOW + 900 * DAY) == 0


def test_a_declared_trait_has_its_latest_value(facts: DuckFacts, happen: Happen) -> None:
    happen("identify", NOW - 1, traits={"country": "DE", "size": 43})
    happen("identify", NOW - 2, traits={"country": "FR"})
    happen("identify", NOW - 1, traits={"country": "GB"})
    happen("identify", NOW + 1, traits={"country": "US"})
    assert of_one(facts, "country") == "GB"
    assert of_one(facts, "size") == "43"
    assert of_one(facts, "size", NOW - 2) is None


def test_the_latest_score_of_the_model_is_a_trait(facts: DuckFacts, happen: Happen) -> None:
    happen("product_viewed", NOW - DAY)
    insert = "INSERT INTO scores VALUES ($1, $2, 1, $3, $4)"
    for row in (
        ("repeat_purchase", 1, NOW - 2, 100_000),
        ("repeat_purchase", 2, NOW - 2, 200_000),
        ("other", 1, NOW, 900_000),
    ):
        facts.write([(insert, row)])
    assert of_one(facts, "purchase_score") == 200_000


def test_nothing_after_the_instant_counts(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", NOW, value_minor=500, order_id="a")
    happen("purchase", NOW + 1, value_minor=700, order_id="b")
    assert of_one(facts, "revenue_minor") == 500
    assert of_one(facts, "orders", NOW + 1) == 2


def test_a_table_has_one_row_a_person_in_order_and_one_column_a_trait(
    facts: DuckFacts, happen: Happen
) -> None:
    happen("purchase", NOW, person=5)
    happen("product_viewed", NOW, person=3)
    happen("purchase", NOW + DAY, person=4)
    everybody = table(facts, list(TRAITS), as_of=NOW)
    assert everybody.column_names == ["person", *TRAITS]
    assert everybody["person"].to_pylist() == [3, 5]
    assert everybody["orders"].to_pylist() == [0, 1]
    assert everybody["last_order_at"].to_pylist() == [None, NOW]
    some = table(facts, ["orders"], as_of=NOW, people=[5, 99, 4])
    assert some.to_pylist() == [{"person": 4, "orders": 0}, {"person": 5, "orders": 1}]
    assert table(facts, ["tier"], as_of=NOW, people=[]).num_rows == 0


def test_traits_have_the_types_that_they_declare(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", NOW, lines=(Line("i1"),))
    schema = table(facts, list(TRAITS), as_of=NOW).schema
    for name, each in TRAITS.items():
        expected = "string" if each.type == "text" else "int64"
        assert str(schema.field(name).type) == expected, name


def test_a_trait_is_asked_for_once(facts: DuckFacts) -> None:
    with pytest.raises(UsageError, match="twice"):
        table(facts, ["orders", "orders"], as_of=NOW)


def test_every_trait_says_what_it_needs() -> None:
    assert TRAITS["revenue_minor"].needs == ("purchase", "return")
    assert trait("shoe_size").needs == ("trait:shoe_size",)
    assert all(each.description and each.needs for each in TRAITS.values())
