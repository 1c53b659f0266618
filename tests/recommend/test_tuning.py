"""What a window keeps between trials."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tailorbird.recommend.interactions import encode
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.tuning import Window, window
from tailorbird.schema import DAY, Instant

ALS = Parameters(neighbours="als", factors=4)


def _window(people: int, items: int, now: Instant) -> Window:
    """Return a window in which everybody buys again what she had bought, or its neighbour."""
    buyer, time = np.tile(np.arange(people), 2), np.repeat([40, 10], people)
    item = (buyer + (time == 10) * (buyer % 2)) % items
    rare = np.arange(items)  # so that every item is known
    rows = pa.table(
        {
            "person": np.concatenate([buyer + 1, np.ones(items, np.int64)]),
            "item": [f"item-{each}" for each in (*item.tolist(), *rare.tolist())],
            "at": now - np.concatenate([time, np.full(items, 50)]) * DAY,
            "quantity": np.ones(2 * people + items, np.int64),
            "kind": ["purchase"] * (2 * people + items),
        }
    )
    return window(encode(rows), now - 30 * DAY, now, people, np.random.default_rng(0))


def _scores(found: Window) -> int:
    """Return the bytes of all scores that a window keeps."""
    _, said = found.learnt.get(("said",), (None, {}))
    return sum(each.nbytes for each in said.values())


@pytest.mark.parametrize(("people", "items", "kept"), [(200, 50, True), (2_100, 4_000, False)])
def test_a_window_keeps_the_scores_of_few_people_and_items_only(
    people: int, items: int, now: Instant, kept: bool
) -> None:
    pytest.importorskip("implicit")
    found = _window(people, items, now)
    assert (len(found.people), found.items) == (people, items)
    rng = np.random.default_rng(0)
    first = found.ranking(ALS, rng, 5)
    assert _scores(found) == (people * items * 8 if kept else 0)
    again = found.ranking(ALS, rng, 5)
    assert (first.item == again.item).all()
