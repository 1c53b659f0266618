"""What is foretold of real shops, on their last window, beside the naive rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import measures
from tailorbird.predict.algorithms import Algorithm, Task
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.buyer import Buyers, histories, patience_days
from tailorbird.predict.buying import bg_nbd
from tailorbird.predict.linear import Logistic
from tailorbird.predict.propensity import numbers
from tailorbird.schema import DAY, Instant

pytestmark = [pytest.mark.shared, pytest.mark.slow]

Floats = npt.NDArray[np.float64]
_TRAITS = """
WITH past AS (SELECT * FROM orders WHERE ts <= $at)
SELECT person, ($at - MAX(ts)) // 86400000000 AS recency_days,
    ($at - MIN(ts)) // 86400000000 AS tenure_days, COUNT(*) AS orders,
    CAST(SUM(value) AS BIGINT) AS revenue_minor, CAST(AVG(value) AS BIGINT) AS average_order_minor,
    COUNT(*) FILTER (ts > $at - 90 * 86400000000) AS lately,
    ($at - MAX(ts)) * (COUNT(*) - 1.0) / NULLIF(MAX(ts) - MIN(ts), 0) AS silence,
    SUM(POW(0.5, ($at - ts) / 86400e6 / 60)) AS decayed
FROM past GROUP BY person ORDER BY person
"""
_ORDERS = {
    "cdnow_master": "customer_id AS person, date AS day, spend AS value FROM read_parquet($file)",
    "cdnow_sample": "master_id AS person, date AS day, spend AS value FROM read_parquet($file)",
    "online_retail": (
        "customer_id AS person, invoice_date AS day, quantity * unit_price AS value "
        "FROM read_parquet($file) "
        "WHERE customer_id IS NOT NULL AND quantity > 0 AND unit_price > 0"
    ),
    "journey/transactions_sample": (
        "household_id AS person, transaction_timestamp AS day, sales_value AS value "
        "FROM read_parquet($file)"
    ),
}
NOW = {
    "cdnow_master": 10_408 * DAY,
    "cdnow_sample": 10_407 * DAY,
    "online_retail": 15_248 * DAY,
    "journey/transactions_sample": 17_531 * DAY,
}
DAYS = {
    "cdnow_master": 90,
    "cdnow_sample": 90,
    "online_retail": 30,
    "journey/transactions_sample": 30,
}


@dataclass
class Shop:
    """A shop's orders, one a person and day, asked as of any instant."""

    connection: duckdb.DuckDBPyConnection
    now: Instant
    days: int

    def features(self, at: Instant) -> pa.Table:
        return self.connection.sql(_TRAITS, params={"at": at}).to_arrow_table()

    def buyers(self, after: Instant, until: Instant) -> pa.Table:
        return self.firsts(after, until).select(["person"])

    def values(self, after: Instant, until: Instant) -> pa.Table:
        return self._between("CAST(SUM(value) AS DOUBLE) AS value", after, until)

    def firsts(self, after: Instant, until: Instant) -> pa.Table:
        return self._between(f"(MIN(ts) - {after}) / 86400e6 AS days", after, until)

    def silent(self, after: Instant, until: Instant) -> pa.Table:
        table = self.features(after)
        patience = patience_days(table, (until - after) / DAY)
        came = self.firsts(after, until)
        days = dict(zip(came["person"].to_pylist(), came["days"].to_pylist(), strict=True))
        waits = np.array([days.get(each, np.inf) for each in table["person"].to_pylist()])
        return table.select(["person"]).filter(pa.array(waits > patience))

    def _between(self, what: str, after: Instant, until: Instant) -> pa.Table:
        sql = f"SELECT person, {what} FROM orders WHERE ts > ? AND ts <= ? GROUP BY person"
        return self.connection.sql(sql, params=[after, until]).to_arrow_table()

    def judge(self, outcomes: Callable[..., pa.Table], asks: predict.Asks) -> ModelCard:
        task: Task = "regression" if asks == "is worth" else "classification"
        also = (Buyers(self.days, asks), Buyers(self.days, asks, scaled=True))
        return predict.judge(
            self.features, outcomes, now=self.now, horizon_days=self.days, task=task, also=also
        )[1]  # fmt: skip


@pytest.fixture
def shop(request: pytest.FixtureRequest, shared_data: Path) -> Shop:
    name = request.param
    connection = duckdb.connect(config={"threads": 1})
    chosen = f"SELECT person, day, value FROM (SELECT {_ORDERS[name]})"
    connection.execute(
        "CREATE TABLE orders AS SELECT CAST(person AS BIGINT) AS person, "
        "EPOCH_US(DATE_TRUNC('day', CAST(day AS TIMESTAMP))) AS ts, "
        f"SUM(value) * 100 AS value FROM ({chosen}) GROUP BY ALL",
        {"file": str(shared_data / "commerce" / f"{name}.parquet")},
    )
    return Shop(connection, NOW[name], DAYS[name])


def figure(card: ModelCard, name: str) -> Measure:
    """Return a measure beside the rule that came nearest."""
    found = [each for each in card.measures if each.name == name and each.naive_rule != "chance"]
    return min(found, key=lambda each: each.low)


def auc(score: Floats, outcome: Floats) -> float:
    return measures.ranked(score, outcome).auc(np.ones(len(outcome)))


# Measured: model, nearest rule, and the 95 % interval of what the model gains.
@pytest.mark.parametrize(
    ("shop", "least", "gain"),
    [
        ("cdnow_master", 0.831, 0.0),  # .8349, .8247, +.0059 to +.0139
        ("online_retail", 0.73, 0.0),  # .7396, .7273, +.0057 to +.0194
        ("journey/transactions_sample", 0.80, 0.0),  # .8125, .7941, +.0104 to +.0268
    ],
    indirect=["shop"],
)
def test_who_buys_again_is_foretold_better_than_by_any_rule(
    shop: Shop, least: float, gain: float
) -> None:
    found = figure(shop.judge(shop.buyers, "buys"), "auc")
    assert found.model > least
    assert found.low > gain


@pytest.mark.parametrize(
    ("shop", "least"),
    [
        ("cdnow_master", 0.825),  # .8295, .8210, +.0041 to +.0121
        ("online_retail", 0.73),  # .7390, .7268, +.0055 to +.0193
        ("journey/transactions_sample", 0.77),  # .7849, .7632, +.0132 to +.0306
    ],
    indirect=["shop"],
)
def test_who_falls_silent_is_foretold_better_than_by_any_rule(shop: Shop, least: float) -> None:
    card = shop.judge(shop.silent, "is silent")
    assert card.serves, card.why
    assert figure(card, "auc").model > least


@pytest.mark.parametrize(
    ("shop", "least"),
    [
        ("cdnow_master", 0.45),  # BG/NBD .560 against .099; error 1,070 against 1,416
        ("online_retail", 0.3),  # LightGBM .484 against .025; error 20,262 against 28,843
        ("journey/transactions_sample", 0.3),  # mean .355 against .264; error 682 against 757
    ],
    indirect=["shop"],
)
def test_what_people_are_worth_is_foretold_better_than_by_any_rule(
    shop: Shop, least: float
) -> None:
    card = shop.judge(shop.values, "is worth")
    assert card.serves, card.why
    assert figure(card, "variance explained").model > least
    assert figure(card, "mean absolute error").high < 0
    assert {each.algorithm for each in card.tried} >= {"logistic", "lightgbm", "bg_nbd", "blend"}


@pytest.mark.parametrize(
    ("shop", "serves"),
    [
        ("cdnow_master", False),  # 46.8 days off against 47.4, -1.3 to +.1
        ("online_retail", True),  # 16.8 days off against 18.4, -2.3 to -.9
        ("journey/transactions_sample", True),  # 11.2 days off against 12.3, -1.6 to -.7
    ],
    indirect=["shop"],
)
def test_ones_own_rhythm_says_when_the_next_order_comes_where_it_surely_does(
    shop: Shop, serves: bool
) -> None:
    _, card = predict.judge_next(
        shop.features, shop.firsts, now=shop.now, horizon_days=2 * shop.days, seed=1, name="next"
    )
    assert card.serves == serves, card.why
    assert figure(card, "days off").high < 0.5


@pytest.mark.parametrize("shop", ["cdnow_master"], indirect=True)
def test_each_way_to_foretell_who_of_cdnow_buys_again(shop: Shop) -> None:
    """Three quarters teach, the next is foretold: recency, BG/NBD, logistic, trees, their mean."""
    quarters = [shop.now - back * 91 * DAY for back in range(5)]
    windows = [
        (shop.features(after), shop.buyers(after, after + 91 * DAY)) for after in quarters[1:]
    ]
    known = [
        (table, np.isin(table["person"], came["person"]).astype(float)) for table, came in windows
    ]
    (table, bought), earlier = known[0], known[1:]
    past = pa.concat_tables([each for each, _ in earlier], promote_options="permissive")
    before = np.concatenate([outcome for _, outcome in earlier])
    traits = {name: numbers(table, name) for name in ("orders", "recency_days", "tenure_days")}
    model, _ = bg_nbd(histories(traits))
    said = []
    for algorithm in (Logistic(30.0), Boosted(60, 4, 60)):
        rng = np.random.default_rng(1)
        fitted = algorithm.fit(past, before, task="classification", rng=rng)
        said.append(fitted.estimates(table))
    everything = [-traits["recency_days"], 1 - model.none(histories(traits), 91.0), *said]
    found = [auc(each, bought) for each in (*everything, (said[0] + said[1]) / 2)]
    assert found == pytest.approx([0.8245, 0.8268, 0.8326, 0.8332, 0.8337], abs=0.002)


# Planned: recency .828, BG/NBD .8335, logistic .840, trees .839, forest .835, their mean .8403.
# Of windows of 28 to 182 days that end with the data, of these people or of all that are here, this
# one alone gives the first two. Between its algorithms lies less than 2,357 people can tell.
@pytest.mark.parametrize("shop", ["cdnow_sample"], indirect=True)
@pytest.mark.parametrize(
    ("algorithm", "least"),
    [
        (Buyers(90), 0.828),  # .8322; .8338 where it is fitted on the test's own histories
        ("logistic", 0.831),  # .8357, -.003 to +.019 beside recency
        ("lightgbm", 0.831),  # .8352, -.005 to +.019
        ("random_forest", 0.828),  # .8327, -.007 to +.017
        ("blend", 0.831),  # .8351, -.003 to +.016
    ],
    ids=["bg_nbd", "logistic", "lightgbm", "random_forest", "blend"],
)
def test_of_a_tenth_of_cdnow_no_gain_is_sure_and_the_card_says_so(
    shop: Shop, algorithm: str | Algorithm, least: float
) -> None:
    _, card = predict.judge(
        shop.features,
        shop.buyers,
        now=shop.now,
        horizon_days=shop.days,
        algorithm=algorithm,
        also=(Buyers(90), Buyers(90, scaled=True)) if algorithm == "blend" else (),
    )
    (found,) = (m for m in card.measures if (m.name, m.naive_rule) == ("auc", "recency"))
    assert found.naive == pytest.approx(0.8286, abs=0.0005)
    assert found.model > least
    assert found.low < 0 < found.high
    assert not card.serves, card.why


@pytest.mark.parametrize("shop", ["cdnow_master"], indirect=True)
@pytest.mark.parametrize("people", [50, 100, 1000])
def test_few_people_of_cdnow_teach_nearly_what_all_do(shop: Shop, people: int) -> None:
    """Measured: AUC .828 by 50, .825 by 100, .828 by 1,000, .827 by all 16,506."""
    cut = shop.now - 91 * DAY
    table = shop.features(cut)
    bought = np.isin(table["person"], shop.buyers(cut, shop.now)["person"]).astype(float)
    of = histories(
        {name: numbers(table, name) for name in ("orders", "recency_days", "tenure_days")}
    )
    some = np.random.default_rng(people).choice(len(of), people, replace=False)
    few, _ = bg_nbd(of.take(some))
    everybody, _ = bg_nbd(of)
    ranked, best = (auc(1 - each.none(of, 91.0), bought) for each in (few, everybody))
    assert ranked > best - 0.01


@pytest.mark.parametrize("people", [50, 100, 200])
@pytest.mark.parametrize(
    ("shop", "days"),
    [("cdnow_master", 273), ("online_retail", 90)],  # the 39 weeks of the papers, a quarter
    indirect=["shop"],
)
def test_what_few_people_teach_of_value_holds_for_all(shop: Shop, days: int, people: int) -> None:
    """Who buys is ranked as by all, and nearly all values lie where they are said to, at 95 %.

    Measured, means of eight draws of 50, 100, 200, and by all: CDNOW ranks .750, .745, .749, .745
    and holds .947, .947, .952, .941; Online Retail .740, .745, .745, .746; .960, .962, .965, .968.
    """
    cut = shop.now - days * DAY
    table, came = shop.features(cut), shop.values(cut, shop.now)
    worth = dict(zip(came["person"].to_pylist(), came["value"].to_pylist(), strict=True))
    value = np.array([worth.get(each, 0.0) for each in table["person"].to_pylist()])
    few = np.random.default_rng(people).choice(len(value), people, replace=False)

    def told(rows: pa.Table) -> tuple[Floats, Floats, Floats]:
        algorithm, none = Buyers(days, "is worth"), np.zeros(rows.num_rows)
        fitted = algorithm.fit(rows, none, task="regression", rng=np.random.default_rng(1))
        return predict.ahead(rows, days, days).stretched(fitted.estimates(table), table)

    said, low, high = told(table.take(np.sort(few)))
    best, _, _ = told(table)
    bought = (value > 0).astype(float)
    assert auc(said, bought) > auc(best, bought) - 0.015
    assert ((low <= value) & (value <= high)).mean() > 0.92


def folded(table: pa.Table, outcome: Floats, algorithm: Algorithm) -> float:
    """Return the AUC over five stratified folds: these tables have no time."""
    rng, fold, said = np.random.default_rng(0), np.empty(len(outcome), int), np.empty(len(outcome))
    for value in (0, 1):
        rows = np.flatnonzero(outcome == value)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % 5
    for number in range(5):
        known, asked = pa.array(fold != number), pa.array(fold == number)
        fitted = algorithm.fit(
            table.filter(known), outcome[fold != number], task="classification",
            rng=np.random.default_rng(1),
        )  # fmt: skip
        said[fold == number] = fitted.estimates(table.filter(asked))
    return auc(said, outcome)


def test_who_answers_a_campaign(shared_data: Path) -> None:
    """Measured: .8994; the best known is .898."""
    file = str(shared_data / "commerce" / "campaign_responses.csv")
    table = duckdb.sql(
        f"SELECT ID AS person, * EXCLUDE (ID, Z_CostContact, Z_Revenue, Dt_Customer), "
        f"DATE_DIFF('day', STRPTIME(Dt_Customer, '%d-%m-%Y'), DATE '2014-12-31') AS tenure "
        f"FROM read_csv('{file}', delim='\t', header=true, types={{'Dt_Customer': 'VARCHAR'}})"
    ).to_arrow_table()
    answered = numbers(table, "Response")
    assert folded(table.drop_columns(["Response"]), answered, Boosted(120, 7, 40)) > 0.885


def test_which_visits_end_in_an_order(shared_data: Path) -> None:
    """Measured: .9286 on the two thirds that are here; .932 was reached elsewhere."""
    file = str(shared_data / "commerce" / "shopping_sessions.parquet")
    table = duckdb.sql(
        f"SELECT ROW_NUMBER() OVER () AS person, * FROM read_parquet('{file}')"
    ).to_arrow_table()
    bought = numbers(table, "Revenue")
    assert folded(table.drop_columns(["Revenue"]), bought, Boosted(120, 7, 40)) > 0.92
