"""From nobody to a large list: something is always said, with how sure it is, and never a crash."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.errors import ModelError
from tailorbird.model_cards import Reliability
from tailorbird.predict.ahead import Ahead, ahead, fitting, load, sure
from tailorbird.predict.algorithms import Task
from tailorbird.predict.buyer import Asks, Buyers, histories
from tailorbird.predict.buyer import load as load_buyer
from tailorbird.predict.propensity import Floats
from tailorbird.predict.windows import Outcomes
from tailorbird.schema import DAY, Instant

NOW = 20_000 * DAY


class Drawn:
    """People whose rate of orders and worth of an order are their own; nobody leaves."""

    def __init__(self, people: int, seed: int = 1, days: int = 900) -> None:
        rng = np.random.default_rng(seed)
        start = NOW // DAY - days
        self.worth = rng.gamma(4.0, 900.0, people)
        self.days: list[Floats] = []
        for _ in range(people):
            begun = start + rng.uniform(0, days / 2)
            gaps = rng.exponential(1 / rng.gamma(2.0, 1 / 60.0), 400)
            self.days.append(np.floor(begun + np.concatenate([[0.0], np.cumsum(gaps)])))

    def features(self, at: Instant) -> pa.Table:
        day = at // DAY
        rows = [(n, each[each <= day]) for n, each in enumerate(self.days) if each[0] <= day]
        return pa.table(
            {
                "person": pa.array([n for n, _ in rows], pa.int64()),
                "orders": pa.array([len(each) for _, each in rows], pa.int64()),
                "recency_days": pa.array([int(day - each[-1]) for _, each in rows], pa.int64()),
                "tenure_days": pa.array([int(day - each[0]) for _, each in rows], pa.int64()),
                "average_order_minor": pa.array([int(self.worth[n]) for n, _ in rows], pa.int64()),
                "revenue_minor": pa.array(
                    [int(self.worth[n]) * len(each) for n, each in rows], pa.int64()
                ),
            }
        )

    def orders(self, after: Instant, until: Instant) -> Floats:
        return np.array(
            [((each > after // DAY) & (each <= until // DAY)).sum() for each in self.days], float
        )

    def values(self, after: Instant, until: Instant) -> pa.Table:
        bought = self.orders(after, until)
        who = np.flatnonzero(bought)
        return pa.table({"person": who, "value": (bought * self.worth)[who]})

    def buyers(self, after: Instant, until: Instant) -> pa.Table:
        return self.values(after, until).select(["person"])

    def firsts(self, after: Instant, until: Instant) -> pa.Table:
        found = [
            (n, float(next(d for d in each if d > after // DAY) - after // DAY))
            for n, each in enumerate(self.days)
            if ((each > after // DAY) & (each <= until // DAY)).any()
        ]
        people = pa.array([n for n, _ in found], pa.int64())
        return pa.table({"person": people, "days": pa.array([d for _, d in found], pa.float64())})


@pytest.mark.parametrize("people", [0, 1, 3, 50])
def test_few_people_get_a_rule_with_the_reason(people: int) -> None:
    shop = Drawn(people)
    asked: list[tuple[Outcomes, Task, Asks]] = [
        (shop.buyers, "classification", "buys"),
        (shop.values, "regression", "is worth"),
    ]
    for outcomes, task, asks in asked:
        model, card = predict.judge(
            shop.features, outcomes, now=NOW, task=task, also=(Buyers(30, asks),)
        )  # fmt: skip
        assert not card.serves
        assert card.scores is (people == 50)
        assert ("the naive rule serves" if card.scores else "nobody is scored") in card.why
        assert model.score(shop.features(NOW)).num_rows == people
    dates, card = predict.judge_next(
        shop.features, shop.firsts, now=NOW, horizon_days=60, seed=1, name="next"
    )
    assert not card.serves
    assert "serves" in card.why
    assert "Only 1 people" not in card.why
    assert dates.score(shop.features(NOW)).num_rows <= people


@pytest.mark.parametrize("people", [50, 400])
def test_the_value_of_a_year_lies_where_it_is_said_to(people: int) -> None:
    """Measured: 98 and 97.5 % of the people within the interval, at 95 %."""
    shop = Drawn(people, seed=3)
    then = NOW - 365 * DAY
    table = shop.features(then)
    fitted = Buyers(90, "is worth").fit(
        table, np.zeros(table.num_rows), task="regression", rng=np.random.default_rng(1)
    )
    further = ahead(table, 90, 365)
    value, low, high = further.stretched(fitted.estimates(table), table)
    came = (shop.orders(then, NOW) * shop.worth)[table["person"].to_numpy()]
    assert ((low <= came) & (came <= high)).mean() > 0.9
    assert value.sum() == pytest.approx(came.sum(), rel=0.15)
    assert load(further.files()) == further


def test_where_nobody_knows_how_people_buy_values_grow_with_the_days() -> None:
    value, low, high = Ahead(90, 360, None).stretched(np.array([10.0]), pa.table({}))
    assert (value[0], low[0]) == (40.0, 0.0)
    assert np.isnan(high[0])


def test_windows_are_as_long_as_what_is_known_allows() -> None:
    assert [fitting(365, days) for days in (5000, 900, 500, 300, 10)] == [365, 180, 90, 60, 14]
    assert fitting(7, 10) == 7


def test_more_people_are_surer() -> None:
    said = np.array([0.1, 0.5])
    few = sure(said, (), 50)
    many = sure(said, (), 5000)
    assert (few[0] < many[0]).all()
    assert (few[1] > many[1]).all()
    tenths = (Reliability(0.1, 0.12, 400), Reliability(0.5, 0.4, 400))
    low, high = sure(said, tenths, 4000)
    assert (low <= said).all()
    assert (said <= high).all()
    assert high[0] < 0.17
    assert low[1] == pytest.approx(0.353, abs=0.01)


def test_each_person_teaches_by_her_latest_row_alone() -> None:
    shop = Drawn(300)
    last = shop.features(NOW)
    both = pa.concat_tables([shop.features(NOW - 90 * DAY), last])
    one, two = (
        Buyers(30, "is worth").fit(
            rows, np.zeros(rows.num_rows), task="regression", rng=np.random.default_rng(1)
        )
        for rows in (last, both)
    )
    assert two.buying == one.buying
    assert two.spending == one.spending


def test_a_missing_trait_is_named() -> None:
    table = pa.table({"person": [1], "orders": [1]})
    with pytest.raises(ModelError, match="'recency_days' is missing"):
        Buyers(30).fit(table, np.ones(1), task="classification", rng=np.random.default_rng(1))


def test_who_never_bought_has_an_empty_history() -> None:
    of = histories({name: np.array([np.nan]) for name in ("orders", "recency_days", "tenure_days")})
    assert (of.repeats[0], of.last[0], of.seen[0]) == (0, 0, 0)


def test_how_people_buy_is_kept_and_explained() -> None:
    shop = Drawn(300)
    table, rng = shop.features(NOW), np.random.default_rng(1)
    bought = np.isin(table["person"], shop.buyers(NOW - 30 * DAY, NOW)["person"]).astype(float)
    for asks in get_args(Asks):
        task: Task = "regression" if asks == "is worth" else "classification"
        fitted = Buyers(30, asks, scaled=True).fit(table, bought, task=task, rng=rng)
        again = load_buyer(fitted.files())
        assert again == fitted
        assert again.estimates(table) == pytest.approx(fitted.estimates(table))
        effects = fitted.effects(table)
        assert effects.shift.shape == (table.num_rows, len(fitted.reads))
        assert np.isfinite(effects.shift).all()
    with pytest.raises(ModelError, match="train the model again"):
        load_buyer({"buyer.json": b"{"})


def test_how_people_buy_is_not_tried_where_it_cannot_be() -> None:
    shop = Drawn(600)

    def features(at: Instant) -> pa.Table:
        return shop.features(at).drop_columns(["tenure_days"])

    _, card = predict.judge(features, shop.buyers, now=NOW, also=(Buyers(30),))
    (tried,) = (each for each in card.tried if each.algorithm == "bg_nbd")
    assert tried.figure is None
    assert "'tenure_days' is missing" in tried.why


def test_where_nobody_ordered_twice_there_is_no_rhythm_to_tell() -> None:
    once = pa.table(
        {
            "person": [1, 2, 3],
            "orders": [1, 1, 1],
            "recency_days": [30.0, 60.0, 90.0],
            "tenure_days": [30.0, 60.0, 90.0],
            "average_order_minor": [100, 100, 100],
        }
    )
    never = pa.table({"person": pa.array([], pa.int64()), "days": pa.array([], pa.float64())})
    _, card = predict.judge_next(
        lambda _: once, lambda *_: never, now=400 * DAY, horizon_days=30, seed=1, name="next_order"
    )
    assert (card.serves, card.scores) == (False, False)
    assert card.why.endswith("Nobody ordered twice, so there is none: nobody is scored.")


@pytest.mark.parametrize(
    ("way", "typical", "usually"),
    [
        ("own rhythm", 9.0, "usually 1 day between two orders"),
        ("everybody's rhythm", 1.2, "usually 1 day between two orders of everybody"),
        ("everybody's rhythm", 41.4, "usually 41 days between two orders of everybody"),
    ],
)
def test_an_expected_order_says_the_wait_so_far_and_the_usual_one(
    way: Any, typical: float, usually: str
) -> None:
    often = {"orders": [401.0], "recency_days": [1.0], "tenure_days": [401.0]}
    said = predict.NextOrder(way, typical, None, NOW).words(pa.table({"person": [1], **often}))
    assert said == [f"1 day since the last order, and {usually}"]
