"""What is learnt between trainings serves only where it surely wins, and nobody carries it away."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tailorbird.errors import ModelError
from tailorbird.predict import online, train
from tailorbird.predict.propensity import Floats, Propensity


def _batch(
    rng: np.random.Generator, first: int, people: int, level: float
) -> tuple[pa.Table, Floats]:
    orders = rng.poisson(2, people)
    chance = 1 / (1 + np.exp(-level - 0.5 * orders))
    table = pa.table({"person": np.arange(first, first + people), "orders": orders})
    return table, (rng.random(people) < chance) * 1.0


def _model(rng: np.random.Generator) -> Propensity:
    table, outcome = _batch(rng, 0, 4000, -2.0)
    return train.logistic(train.columns(table), table, outcome, penalty=10)


def test_where_the_world_has_moved_learning_on_surely_wins() -> None:
    rng = np.random.default_rng(1)
    moved = [_batch(rng, 200 * each, 200, 0.5) for each in range(15)]
    _, measure = online.judge_online(_model(rng), moved, rng)
    assert measure.high < 0
    assert measure.name == "log loss"


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_has_moved_it_does_not_serve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    same = [_batch(rng, 200 * each, 200, -2.0) for each in range(15)]
    _, measure = online.judge_online(_model(rng), same, rng)
    assert measure.high > 0


def test_a_burst_by_one_person_counts_once() -> None:
    rng = np.random.default_rng(2)
    begun = online.begin(_model(rng))
    burst = pa.table({"person": [9] * 5000, "orders": [2] * 5000})
    after = begun.learn(burst, np.ones(5000))
    assert after.learnt == 1
    one = pa.table({"person": [1], "orders": [2]})
    before, now = begun.model.probabilities(one)[0], after.model.probabilities(one)[0]
    assert abs(now - before) < 0.02


def test_it_comes_back_from_its_file_and_goes_on_the_same() -> None:
    rng = np.random.default_rng(3)
    begun = online.begin(_model(rng)).learn(*_batch(rng, 0, 50, 0.0))
    read = online.load_online(begun.files())
    assert read == begun
    batch = _batch(rng, 100, 50, 0.0)
    assert begun.learn(*batch) == read.learn(*batch)
    assert online.load_online({}) is None
    with pytest.raises(ModelError, match="cannot be read"):
        online.load_online({online.FILE: b"["})


def test_a_rule_learns_nothing_and_no_outcomes_judge_nothing() -> None:
    with pytest.raises(ModelError, match="no weights that outcomes could move"):
        online.begin(Propensity("recency", 30, 0, 0.0))
    with pytest.raises(ModelError, match="no outcome has become known"):
        online.judge_online(_model(np.random.default_rng(4)), [], np.random.default_rng(4))


def test_who_looks_often_has_to_win_by_more() -> None:
    rng = np.random.default_rng(3)
    model = _model(rng)
    batches = [_batch(rng, 0, 400, -1.0), _batch(rng, 400, 400, -1.0)]
    once, often = (
        online.judge_online(model, batches, np.random.default_rng(5), looks=looks)[1]
        for looks in (1, 60)
    )
    assert often.low < once.low < once.high < often.high
    # .025 / 60 leaves 3.34 standard errors where .025 leaves 1.96.
    assert (often.high - often.low) / (once.high - once.low) == pytest.approx(1.705, abs=0.01)
