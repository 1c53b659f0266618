"""Missing traits are filled as an author says, by people known at the time, and are marked."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tailorbird.errors import DefinitionError
from tailorbird.traits.imputing import Policies, filled, parse, statistics

TEXT = """\
imputation: shop
at_least: 3
traits:
  orders: {fill: median}
  recency_days: {fill: mean}
  favourite_category: {fill: mode}
  country:
    fill: segment
    segments: {gold: IE, regulars: FR}
    otherwise: GB
  city: {fill: leave}
"""


@pytest.fixture
def policies() -> Policies:
    return parse(TEXT)


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "person": pa.array([1, 2, 3, 4, 5], pa.int64()),
            "orders": pa.array([1, 2, 9, 40, None], pa.int64()),
            "recency_days": pa.array([10, None, 20, 31, None], pa.int64()),
            "favourite_category": ["tea", "cups", "tea", None, "cups"],
            "country": [None, None, "DE", None, None],
            "city": [None, "Cork", None, None, None],
        }
    )


def test_statistics_are_those_of_the_known_values(policies: Policies, table: pa.Table) -> None:
    # Of two equally frequent words the first in order counts, so that a run can be repeated.
    assert statistics(policies, table) == {
        "orders": 2, "recency_days": 20, "favourite_category": "cups",
    }  # fmt: skip


def test_too_few_people_give_no_statistic(policies: Policies, table: pa.Table) -> None:
    assert statistics(policies, table.slice(0, 3)) == {"orders": 2, "favourite_category": "tea"}
    assert statistics(policies, table.slice(0, 0)) == {}
    for few in (0, -1):
        asked = parse(TEXT.replace("at_least: 3", f"at_least: {few}"))
        assert statistics(asked, table.slice(0, 0)) == {}


def test_gaps_are_filled_and_marked_and_what_is_known_stays(
    policies: Policies, table: pa.Table
) -> None:
    members = {"gold": frozenset({1, 2}), "regulars": frozenset({2, 4})}
    whole = filled(policies, table, statistics(policies, table), members)
    assert whole.table.schema == table.schema
    assert whole.table.to_pydict() == {
        "person": [1, 2, 3, 4, 5],
        "orders": [1, 2, 9, 40, 2],
        "recency_days": [10, 20, 20, 31, 20],
        "favourite_category": ["tea", "cups", "tea", "cups", "cups"],
        "country": ["IE", "IE", "DE", "FR", "GB"],
        "city": [None, "Cork", None, None, None],
    }
    assert whole.imputed == {
        1: ["country"],
        2: ["recency_days", "country"],
        4: ["favourite_category", "country"],
        5: ["orders", "recency_days", "country"],
    }


def test_without_a_value_a_gap_stays_a_gap(policies: Policies, table: pa.Table) -> None:
    whole = filled(policies, table.drop_columns(["country"]), {}, {})
    assert whole.imputed == {}
    assert whole.table == table.drop_columns(["country"])


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("orders: {fill: middle}", r":3: "),
        ("country: {fill: mean}", r":3: .*mode or segment"),
        ("last_order_at: {fill: median}", r":3: .*leave it"),
        ("orders: {fill: mean, otherwise: 3}", r":3: .*fill: segment"),
        ("orders: {fill: segment}", r":3: .*otherwise"),
        ("orders: {fill: segment, otherwise: many}", r":3: .*whole numbers"),
        ("country: {fill: segment, otherwise: 3}", r":3: .*texts"),
        ("orders: {fil: mean}", r":3: .*did you mean 'fill'"),
    ],
)
def test_a_wrong_policy_says_where_and_how_to_mend_it(rule: str, complaint: str) -> None:
    text: Any = f"imputation: t\ntraits:\n  {rule}\n"
    with pytest.raises(DefinitionError, match=r"imputation\.yaml" + complaint):
        parse(text)
