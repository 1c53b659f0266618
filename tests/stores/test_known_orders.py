"""Orders that the state may know: what was added is found, and rows are searched no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tailorbird.schema import DAY, Event, Names, ResolvedEvent
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.duckdb.orders import KnownOrders

NOW = 20_000 * DAY


def bought(position: int, order_id: str) -> ResolvedEvent:
    event = Event(
        message_id="", name=Names.PURCHASE, at=NOW, received_at=NOW, position=position << 20,
        source="test", order_id=order_id,
    )  # fmt: skip
    return ResolvedEvent(event, 1)


def alone(facts: DuckFacts) -> list[str]:
    rows = facts.read("SELECT order_id FROM deeds WHERE alone ORDER BY order_id")
    found: list[str] = rows["order_id"].to_pylist()
    return found


def numbers(seed: int, many: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(seed).integers(0, 2**63 - 1, many, np.int64)


def test_what_was_added_is_known_and_hardly_anything_else() -> None:
    known, orders, others = KnownOrders(), numbers(1, 50_000), numbers(2, 50_000)
    assert not known.has_room_for(1)
    known.fill(orders[:20_000], 1)
    known.add(orders[20_000:])
    assert known.may_know(orders).all()
    assert known.may_know(others).mean() < 0.001
    assert not known.has_room_for(100_000)
    known.fill(orders, 100_000)
    assert known.has_room_for(100_000)


def test_orders_of_before_a_restart_are_still_known(tmp_path: Path) -> None:
    for opened in range(3):
        facts = DuckFacts(tmp_path / "facts.duckdb")
        facts.append(
            [bought(2 * opened + 1, "a"), bought(2 * opened + 2, f"b{opened}")], [], opened
        )
        assert alone(facts) == (["a"] if not opened else []) + [f"b{n}" for n in range(opened + 1)]
        facts.close()


def test_rows_are_searched_for_orders_that_may_be_there_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = DuckFacts(None)
    facts.append([bought(1, "a"), bought(2, "b")], [], 1)
    with monkeypatch.context() as patched:
        patched.setitem(state.SQL, "find_shared", "SELECT error('the rows are searched')")
        facts.append([bought(3, "c"), bought(4, "")], [], 2)
    facts.append([bought(5, "b"), bought(6, "d"), bought(7, "d")], [], 3)
    assert alone(facts) == ["a", "c", None]
    facts.close()
