"""Sessions that are counted in bulk are those that are counted bit by bit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tailorbird.schema import MINUTE, Event, ResolvedEvent
from tailorbird.stores.duckdb import sessions_bulk
from tailorbird.stores.duckdb.facts import DuckFacts

START = 1_700_000_000_000_000
NAMES = ("page_viewed", "product_viewed", "purchase", "screen_viewed", "bird_seen", "add_to_cart")


def events(draw: random.Random, first: int, count: int, window: tuple[int, int]) -> list[Any]:
    return [
        ResolvedEvent(
            Event(
                message_id=str(position),
                name=draw.choice(NAMES),
                at=START + draw.randrange(*window) * MINUTE,
                received_at=START + 10_000 * MINUTE,
                position=position,
                source="import",
                machine=draw.random() < 0.1,
            ),
            draw.choice([None, *range(1, 9)]),
        )
        for position in range(first, first + count)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_in_bulk_and_bit_by_bit_are_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    batches = [
        events(draw, 1 + 1000 * number, draw.randrange(0, 60), window)
        for number, window in enumerate([(0, 900), (850, 2000), (400, 1200), (5000, 6000)])
    ]
    found = []
    for worth in (1, 10**9):
        monkeypatch.setattr(sessions_bulk, "WORTH", worth)
        facts = DuckFacts(None)
        for offset, batch in enumerate(batches, 1):
            facts.append(batch, [], offset)
        found.append(facts.read("SELECT * FROM sessions ORDER BY ALL").to_pylist())
    assert found[0] == found[1]
    assert found[0]
