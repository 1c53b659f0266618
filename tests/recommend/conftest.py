"""Shops whose truth is known, and the Online Retail shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tailorbird.schema import DAY, Instant

NOW = 20_000 * DAY
Row: TypeAlias = tuple[int, str, float]
"""Person, item, days before now."""


def table(rows: Iterable[Row], kind: str = "purchase", quantity: int = 1) -> pa.Table:
    """Return interactions as the door takes them."""
    people, items, ages = zip(*rows, strict=True)
    return pa.table(
        {
            "person": pa.array(people, pa.int64()),
            "item": pa.array(items, pa.string()),
            "at": pa.array([NOW - int(age * DAY) for age in ages], pa.int64()),
            "quantity": pa.array([quantity] * len(people), pa.int64()),
            "kind": pa.array([kind] * len(people), pa.string()),
        }
    )


@pytest.fixture
def now() -> Instant:
    """Return the instant at which models are fit and judged."""
    return NOW


@pytest.fixture
def interactions() -> Callable[..., pa.Table]:
    """Return the maker of interactions from (person, item, days before now)."""
    return table


@pytest.fixture
def followers() -> pa.Table:
    """Return a shop where, 31 days after a first item, everybody buys the one that follows it."""
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for person in range(1, 1201):
        pair, age = rng.integers(0, 40), rng.uniform(1, 180)
        rows.append((person, f"first-{pair:02}", age))
        if age > 31:
            rows.append((person, f"then-{pair:02}", age - 31))
    return table(rows)


@pytest.fixture
def noise() -> pa.Table:
    """Return a shop where nothing tells what anybody buys next."""
    rng = np.random.default_rng(2)
    size = 12_000
    return table(
        zip(
            rng.integers(1, 801, size).tolist(),
            [f"item-{number:03}" for number in rng.integers(0, 300, size)],
            rng.uniform(0, 200, size).tolist(),
            strict=True,
        )
    )


@pytest.fixture(scope="session")
def online_retail(shared_data: Path) -> pa.Table:
    """Return the purchases of known customers, real products only."""
    lines = pq.read_table(shared_data / "commerce" / "online_retail.parquet")
    kept = pc.and_(pc.is_valid(lines["customer_id"]), pc.greater(lines["quantity"], 0))
    kept = pc.and_(kept, pc.greater(lines["unit_price"], 0))
    kept = pc.and_(kept, pc.invert(pc.starts_with(lines["invoice_no"], "C")))
    kept = pc.and_(kept, pc.match_substring_regex(lines["stock_code"], "^[0-9]{5}"))
    lines = lines.filter(kept)
    return pa.table(
        {
            "person": lines["customer_id"].cast(pa.int64()),
            "item": lines["stock_code"],
            "at": lines["invoice_date"].cast(pa.timestamp("us")).cast(pa.int64()),
            "quantity": lines["quantity"].cast(pa.int64()),
            "kind": pa.array(["purchase"] * len(lines), pa.string()),
        }
    )
