"""Traits with parameters mean what their names spell out, and nothing that comes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tailorbird.profiles.traits import table, trait
from tailorbird.schema import DAY, Event, Instant, Line, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts

NOW = 20_000 * DAY
Happen: TypeAlias = Callable[..., None]


@pytest.fixture
def happen(facts: DuckFacts) -> Happen:
    def append(event: str, days_ago: int, **fields: Any) -> None:
        offset = facts.offset() + 1
        at: Instant = NOW - days_ago * DAY
        happened = Event("", event, at, at, offset << 20, "test", **fields)
        facts.append([ResolvedEvent(happened, 1)], [], offset)

    return append


def of_one(facts: DuckFacts, name: str, as_of: Instant = NOW) -> Any:
    return table(facts, [name], as_of=as_of, people=[1])[name][0].as_py()


def test_counts_keep_to_their_window(facts: DuckFacts, happen: Happen) -> None:
    for days_ago in (1, 10, 29, 30, 400):
        happen("product_viewed", days_ago)
    assert of_one(facts, "count(product_viewed, 30d)") == 3
    assert of_one(facts, "count(product_viewed, 2w)") == 2
    assert of_one(facts, "since(product_viewed)") == 1


def test_an_order_of_several_events_counts_once(facts: DuckFacts, happen: Happen) -> None:
    for _ in range(3):
        happen("purchase", 5, order_id="a", value_minor=100)
    assert of_one(facts, "count(purchase, 30d)") == 1
    assert of_one(facts, "sum(purchase, value_minor, 30d)") == 300


def test_machines_open_nothing(facts: DuckFacts, happen: Happen) -> None:
    happen("email_opened", 2, machine=True)
    happen("email_opened", 4)
    assert of_one(facts, "count(email_opened, 30d)") == 1
    assert of_one(facts, "since(email_opened)") == 4


def test_what_decays_halves(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", 0)
    happen("purchase", 60)
    assert of_one(facts, "decayed(purchase, 30d)") == 1_250_000


def test_a_trend_is_the_recent_share(facts: DuckFacts, happen: Happen) -> None:
    happen("product_viewed", 400)
    assert of_one(facts, "trend(product_viewed, 7d)") is None
    for days_ago in (1, 2, 3, 10):
        happen("product_viewed", days_ago)
    assert of_one(facts, "trend(product_viewed, 7d)") == 750_000


def test_rhythm_and_silence_are_a_persons_own(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", 90, order_id="a")
    assert of_one(facts, "rhythm(purchase)") is None
    assert of_one(facts, "silence(purchase)") is None
    happen("purchase", 70, order_id="b")
    happen("purchase", 50, order_id="c")
    assert of_one(facts, "rhythm(purchase)") == 20
    assert of_one(facts, "silence(purchase)") == 2_500_000


def test_an_affinity_is_the_share_of_a_category(facts: DuckFacts, happen: Happen) -> None:
    happen("purchase", 9, order_id="a", lines=(Line("rake", category="garden"),))
    happen("purchase", 8, order_id="b", lines=(Line("cup", category="kitchen"),))
    assert of_one(facts, "share(purchase, garden, 365d)") == 500_000


def test_what_spells_nothing_is_a_declared_trait(facts: DuckFacts) -> None:
    names = (
        "count(purchase)", "count(purchase, soon)", "sum(purchase, secrets, 30d)", "count()",
        "decayed(purchase, 12h)", "since(a, b)", "eval(x)", "count(purchase, 9999999d)",
        "decayed(session_started, 30d)",
    )  # fmt: skip
    for name in names:
        assert trait(name).needs == (f"trait:{name}",), name
