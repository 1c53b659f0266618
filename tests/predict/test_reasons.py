"""Every score has its reason in words, whatever algorithm it is of."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest

from tailorbird.predict import reasons, stored
from tailorbird.predict.algorithms import Algorithm, Task
from tailorbird.predict.blend import Blend, Stack
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.buyer import Asks, Buyers
from tailorbird.predict.forest import Forest
from tailorbird.predict.linear import Logistic
from tailorbird.predict.neural import Neural
from tailorbird.predict.propensity import Floats
from tailorbird.predict.rules import Average, Recency, Rfm
from tailorbird.predict.telling import ALIKE
from tailorbird.traits.parametrised import FORMS
from tailorbird.traits.registry import TRAITS, about, trait, words

QUICK: tuple[Algorithm, ...] = (Logistic(), Boosted(20, 4, 20), Forest(20, 16, 10), Neural(4))
EVERY: tuple[Algorithm, ...] = (
    Recency(), Rfm(), *QUICK, Blend((*QUICK[:2], Neural(4))), Stack(QUICK[:2]),
    Blend((Rfm(), QUICK[0])),
)  # fmt: skip
BUYING: tuple[tuple[Asks, Task], ...] = (
    ("buys", "classification"),
    ("is silent", "classification"),
    ("is worth", "regression"),
)
_RAW = re.compile(r"[a-z]_[a-z]|\d{6,}|\bnan\b|None")
"""What only a machine reads: underscores, millionths, missing numbers."""


def shop(rows: int = 600) -> pa.Table:
    """Return customers as features have them: counts, days, minor units, millionths."""
    rng = np.random.default_rng(4)
    tenure = rng.integers(40, 900, rows)
    orders = rng.geometric(0.3, rows)
    recency = (tenure * rng.beta(1, 2, rows)).astype(np.int64)
    spent = rng.integers(900, 9_000, rows)
    return pa.table(
        {
            "person": np.arange(rows),
            "recency_days": recency,
            "orders": orders,
            "tenure_days": tenure,
            "revenue_minor": spent * orders,
            "average_order_minor": spent,
            "silence(purchase)": pa.array(recency * 20_000, mask=orders < 2),
            "country": rng.choice(["GB", "FR"], rows).tolist(),
        }
    )


def _outcome(table: pa.Table, task: Task) -> Floats:
    rng = np.random.default_rng(2)
    chance = np.exp(-table["recency_days"].to_numpy() / 200)
    bought = (rng.random(table.num_rows) < chance).astype(np.float64)
    spent = table["average_order_minor"].to_numpy() if task == "regression" else 1.0
    return np.asarray(bought * spent, np.float64)


def _told(algorithm: Algorithm, task: Task, table: pa.Table) -> pa.Table:
    rng = np.random.default_rng(5)
    fitted = algorithm.fit(table, _outcome(table, task), task=task, rng=rng)
    served = stored.served(fitted, horizon_days=30, now=0, task=task)
    kept = stored.load(served.files())
    top = kept.score(table, currency="EUR")["top_reason"].to_pylist()
    found = reasons(kept, table, currency="EUR")
    assert [row["words"] for row in _first(found)] == top
    return found


def _first(found: pa.Table) -> list[dict[str, object]]:
    rows = {row["person"]: row for row in reversed(found.to_pylist())}
    return [rows[person] for person in sorted(rows)]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("algorithm", EVERY, ids=lambda each: each.name)
def test_every_algorithm_gives_everybody_a_reason_in_words(
    algorithm: Algorithm, task: Task
) -> None:
    table = shop()
    found = _told(algorithm, task, table)
    assert set(found["person"].to_pylist()) == set(range(600))
    told = found["words"].to_pylist()
    assert not [each for each in told if _RAW.search(each)]
    unit = r"\d points" if task == "classification" else r"\d\.\d\d EUR"
    assert all(re.search(rf"(s it by .*{unit}|: hardly moves it)$", each) for each in told)
    assert sum("hardly" in row["words"] for row in _first(found)) < 200  # type: ignore[operator]


@pytest.mark.parametrize("way", ["bg_nbd", "pareto_nbd"])
@pytest.mark.parametrize(("asks", "task"), BUYING)
def test_how_people_buy_gives_everybody_a_reason(asks: Asks, task: Task, way: str) -> None:
    table = shop(120)
    found = _told(Buyers(60, asks, "bg_nbd" if way == "bg_nbd" else "pareto_nbd"), task, table)
    told = found["words"].to_pylist()
    assert set(found["person"].to_pylist()) == set(range(120))
    assert any("since the last order: " in each for each in told)
    assert not [each for each in told if _RAW.search(each)]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_one_rate_for_everybody_says_that_no_trait_moves_it(task: Task) -> None:
    found = _told(Average(), task, shop(50))
    assert found["words"].to_pylist() == [ALIKE] * 50
    assert set(found["feature"].to_pylist()) == {""}


def test_values_told_for_longer_than_they_were_judged_have_longer_effects() -> None:
    table = shop(100)
    rng = np.random.default_rng(5)
    fitted = Logistic().fit(table, _outcome(table, "regression"), task="regression", rng=rng)
    served = stored.served(fitted, horizon_days=30, now=0, task="regression")
    once = reasons(served, table)["effect"].to_numpy()
    twice = reasons(served, table, scale=np.full(100, 2.0))["effect"].to_numpy()
    assert twice == pytest.approx(2 * once)


def test_the_machine_reads_the_trait_as_it_is_kept() -> None:
    row = _told(Logistic(), "classification", shop(200)).to_pylist()[0]
    assert row["feature"] in shop(1).column_names
    assert row["value"] == str(int(row["value"]))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("recency_days", 31, "31 days since the last order"),
        ("recency_days", 1, "1 day since the last order"),
        ("recency_days", None, "no orders yet"),
        ("orders", 12, "12 orders so far"),
        ("orders", 0, "no orders so far"),
        ("revenue_minor", 601_694, "6,016.94 EUR spent in all, returns taken off"),
        ("engagement", 4_230_000, "4.2 points of engagement with mails"),
        ("tier", "gold", "the tier is gold"),
        ("last_order_at", 1_728_000_000_000_000, "the last order was on 2024-10-04"),
        ("last_session_seconds", 724, "the last visit lasted 12.1 minutes"),
        ("usual_hour", 14, "visits mostly around 14:00"),
        ("usual_weekday", 1, "visits mostly on Monday"),
        ("purchase_score", 123_000, "12 % likely to order again"),
        ("count(purchase, 30d)", 1, "1 order in the last 30 days"),
        ("count(garden_visited, 1w)", 3, '3 events "garden visited" in the last week'),
        ("sum(purchase, value_minor, 90d)", 1_250, "orders worth 12.50 EUR in the last 90 days"),
        ("sum(purchase, quantity, 90d)", 7, "7 pieces in orders of the last 90 days"),
        (
            "decayed(product_viewed, 14d)",
            1_800_000,
            "1.8 looks at products of late (each counts half as much every 14 days)",
        ),
        (
            "trend(purchase, 7d)",
            750_000,
            "75 % of the orders of the last 14 days fall into the last 7 days",
        ),
        (
            "share(purchase, garden, 365d)",
            400_000,
            "40 % of the orders of the last 365 days are of garden",
        ),
        ("since(email_opened)", 9, "9 days since the last mail opened"),
        ("rhythm(purchase)", 30, "usually 30 days from one order to the next"),
        (
            "silence(purchase)",
            6_016_940,
            "the wait since the last order is 6.0 times the usual one",
        ),
        ("silence(purchase)", None, "fewer than two orders"),
        ("loyalty_level", "high", "loyalty level is high"),
        ("loyalty_level", None, "loyalty level is not known"),
        ("loyalty_level", math.inf, "loyalty level is not known"),
        ("engagement", 31, "no points of engagement with mails"),
        ("{odd}_size", "M", "{odd} size is M"),
    ],
)
def test_a_trait_is_said_in_words_with_its_unit(name: str, value: object, said: str) -> None:
    assert words(name, value, "EUR") == said


@pytest.mark.parametrize("name", [*TRAITS, *(f.replace("CATEGORY", "garden") for f in FORMS)])
def test_every_trait_has_words_for_its_value_and_for_none(name: str) -> None:
    name = name.replace("EVENT", "purchase")
    text = trait(name).type == "text"
    one, other = ("x", "y") if text else (3_141_592, 900_000_000_000_000)
    assert words(name, one, "EUR") != words(name, other, "EUR")
    assert "{" not in words(name, None)
    assert not re.search(r"[a-z]_[a-z]", words(name, one) + words(name, None) + about(name))
    assert "{" not in about(name)


def test_no_two_traits_are_called_alike() -> None:
    names = [*TRAITS, *(f.replace("EVENT", "product_viewed") for f in FORMS)]
    assert len({about(name) for name in names}) == len(names)
