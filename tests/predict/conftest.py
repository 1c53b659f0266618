"""A world whose truth is known, and shops from the shared data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from tailorbird.schema import DAY, Instant

NOW = 20_000 * DAY


@dataclass
class World:
    """People whose chance to buy in any window follows a known rule; remembers what was asked.

    `weights` are the log-odds a unit of recency (days / 30), loyalty (normal) and the country.
    """

    weights: tuple[float, float, float] = (-0.5, 1.5, 1.0)
    people: int = 1500
    level: float = -0.5
    constant: bool = False
    asked_features: list[Instant] = field(default_factory=list)
    asked_outcomes: list[tuple[Instant, Instant]] = field(default_factory=list)

    def truth(self, at: Instant) -> npt.NDArray[np.float64]:
        """Return the probability of everybody's purchase in the window after an instant."""
        recency, loyalty, country = self._traits(at)
        a, b, c = self.weights
        logit = self.level + a * (recency / 30 - 1) + b * loyalty + c * (country == "GB")
        return np.asarray(1 / (1 + np.exp(-logit)))

    def features(self, at: Instant) -> pa.Table:
        """Return the traits as of an instant."""
        self.asked_features.append(at)
        recency, loyalty, country = self._traits(at)
        if self.constant:
            recency, loyalty, country = recency * 0, loyalty * 0, np.full(len(country), "GB")
        known = (np.arange(self.people) % 10 > 0) | self.constant
        return pa.table(
            {
                "person": np.arange(1, self.people + 1),
                "recency_days": recency,
                "loyalty": pa.array(loyalty, mask=~known),
                "country": country.tolist(),
                "member": (loyalty > 2).tolist(),
                "updated": pa.array([at] * self.people, pa.timestamp("us")),
            }
        )

    def outcomes(self, after: Instant, until: Instant) -> pa.Table:
        """Return who bought in (after, until]."""
        self.asked_outcomes.append((after, until))
        drawn = np.random.default_rng(after // DAY).random(self.people)
        return pa.table({"person": np.flatnonzero(drawn < self.truth(after)) + 1})

    def _traits(
        self, at: Instant
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.str_]]:
        rng = np.random.default_rng([7, at // DAY])
        recency = np.floor(rng.exponential(30, self.people))
        loyalty = np.random.default_rng(8).normal(size=self.people)
        country = np.random.default_rng(9).choice(["GB", "FR", "DE"], self.people)
        return recency, loyalty, country


_TRAITS = """
    WITH past AS (SELECT *, ts - lag(ts) OVER (PARTITION BY person ORDER BY ts) AS gap
                  FROM orders WHERE ts <= $at)
    SELECT person, ($at - max(ts)) / 86400e6 AS recency_days, count(*) AS orders,
           sum(value) AS revenue, avg(value) AS mean_order, avg(gap) / 86400e6 AS gap_days,
           ($at - max(ts)) / nullif(avg(gap), 0) AS overdue,
           count(*) FILTER (ts > $at - 90 * 86400000000) AS orders_90_days
    FROM past GROUP BY person ORDER BY person"""
_RETAIL = """
    CREATE TABLE orders AS
    SELECT CAST(customer_id AS BIGINT) AS person, epoch_us(invoice_date) AS ts,
           sum(quantity * unit_price) AS value
    FROM read_parquet($file)
    WHERE customer_id IS NOT NULL AND quantity > 0 AND unit_price > 0
      AND NOT starts_with(invoice_no, 'C') AND regexp_matches(stock_code, '^[0-9]{5}')
    GROUP BY ALL"""
_CDNOW = """
    CREATE TABLE orders AS
    SELECT CAST(customer_id AS BIGINT) AS person, epoch_us(CAST(date AS TIMESTAMP)) AS ts,
           sum(spend) AS value FROM read_parquet($file) GROUP BY ALL"""


@dataclass(frozen=True)
class Shop:
    """Traits and buyers computed from a shop's real orders."""

    connection: duckdb.DuckDBPyConnection

    def features(self, at: Instant) -> pa.Table:
        """Return the traits of everybody who had ordered by then."""
        return self.connection.sql(_TRAITS, params={"at": at}).to_arrow_table()

    def outcomes(self, after: Instant, until: Instant) -> pa.Table:
        """Return who ordered in (after, until]."""
        return self.connection.sql(
            "SELECT DISTINCT person FROM orders WHERE ts > ? AND ts <= ?", params=[after, until]
        ).to_arrow_table()


@pytest.fixture
def world() -> Callable[..., World]:
    """Return a maker of worlds."""
    return World


@pytest.fixture
def now() -> Instant:
    """Return the instant at which models are judged."""
    return NOW


@pytest.fixture
def online_retail(shared_data: Path) -> Shop:
    """Return the Online Retail shop, cleaned."""
    return _shop(_RETAIL, shared_data / "commerce" / "online_retail.parquet")


@pytest.fixture
def cdnow(shared_data: Path) -> Shop:
    """Return the CDNOW cohort."""
    return _shop(_CDNOW, shared_data / "commerce" / "cdnow_master.parquet")


def _shop(statement: str, file: Path) -> Shop:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(statement, {"file": str(file)})
    return Shop(connection)
