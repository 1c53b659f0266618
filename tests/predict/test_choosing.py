"""What is chosen on the window before: settings, a calibration, folds that are only shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.predict import calibrate, choose, cross_validation, figures, tune
from tailorbird.predict.algorithms import Algorithm
from tailorbird.predict.blend import Blend
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.buyer import Buyers
from tailorbird.predict.effects import sigmoid
from tailorbird.predict.forest import Forest
from tailorbird.predict.linear import Logistic
from tailorbird.predict.propensity import Floats
from tailorbird.predict.rules import Average
from tailorbird.predict.windows import Judging, Snapshot
from tailorbird.schema import Instant

Worlds = Callable[..., Any]
JUDGING = Judging(0, 30, 3)


def window(seed: int, slope: float, level: float, rows: int = 4000) -> calibrate.Window:
    """Return what a model says that is too sure of itself by `slope`, and what happens."""
    rng = np.random.default_rng(seed)
    said = rng.normal(-1, 1.5, rows)
    came = rng.random(rows) < sigmoid(said / slope + level)
    return sigmoid(said), came.astype(np.float64)


def log_loss(said: Floats, came: Floats) -> float:
    return float(-(came * np.log(said) + (1 - came) * np.log1p(-said)).mean())


def test_a_shape_that_was_wrong_twice_is_mended() -> None:
    found, why = calibrate.chosen([window(seed, 2.0, 0.0) for seed in (1, 2, 3)])
    assert found is not None
    assert why.startswith(f"{found.kind}: gain in log loss")
    said, came = window(4, 2.0, 0.0)
    assert log_loss(found.mend(said), came) < log_loss(said, came) - 0.01
    assert (np.diff(found.mend(np.sort(said))) >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_what_needs_no_mending_is_left_alone(seed: int) -> None:
    found, why = calibrate.chosen([window(10 * seed + n, 1.0, 0.0) for n in (1, 2, 3)])
    assert found is None
    assert why.startswith("none: ")


def test_a_season_is_no_bias() -> None:
    """A level that was missed in one window is not carried into the next."""
    assert (
        calibrate.chosen([window(n, 1.0, level) for n, level in ((1, 1), (2, 0), (3, -1))])[0]
        is None
    )
    curve = calibrate.learn("sigmoid", *window(1, 1.0, 1.0))
    said, _ = window(1, 1.0, 1.0)
    assert curve.mend(said).mean() == pytest.approx(said.mean(), abs=1e-6)


def test_halving_tries_many_on_few_rows_and_the_better_half_on_all() -> None:
    rng = np.random.default_rng(1)
    trait = rng.normal(size=6000)
    table = pa.table({"person": np.arange(6000), "trait": trait})
    outcome = (rng.random(6000) < sigmoid(trait)).astype(np.float64)
    asked: list[tuple[float, int]] = []

    def fit(algorithm: Any, one_in: int) -> Any:
        asked.append((algorithm.penalty, one_in))
        rows = np.arange(0, 6000, one_in)
        rng = np.random.default_rng(0)
        return algorithm.fit(table.take(rows), outcome[rows], task="classification", rng=rng)

    purse = tune.Purse(10.0)
    grid = [Logistic(penalty) for penalty in (1e6, 1e5, 100.0, 10.0)]
    figure = {1e6: 0.1, 1e5: 0.2, 100.0: 0.7, 10.0: 0.7005}
    best = tune.halved(
        grid,
        fit,
        lambda fitted: figure[asked[-1][0]] if len(asked) < 5 else 0.7,
        rows=6000,
        purse=purse,
        margin=0.001,
    )
    assert [one_in for _, one_in in asked] == [4, 4, 4, 4, 1, 1]
    assert {penalty for penalty, one_in in asked if one_in == 1} == {100.0, 10.0}
    assert best.algorithm is grid[2]  # of about equals the simplest
    assert purse.left == 10.0 - 1 - 2


def best_of(*found: tuple[Algorithm, float]) -> choose.Choice:
    """Return what is chosen of algorithms that rank the window so well; their mean ranks at .5."""
    table, outcome = pa.table({"person": np.arange(100)}), (np.arange(100) % 2).astype(np.float64)
    rows = Snapshot(table, outcome)
    trial = choose.Trial(rows, rows, JUDGING, tune.Purse())
    one = trial.fit(Average(), 1)
    return choose._best([tune.Candidate(each, one, figure) for each, figure in found], [], trial)


def test_the_mean_of_unlike_models_serves_unless_something_outranks_it() -> None:
    line, trees, forest, buyers = Logistic(), Boosted(), Forest(), Buyers(30)
    scaled = Buyers(30, scaled=True)
    near = ((line, 0.49), (trees, 0.48), (forest, 0.5025), (buyers, 0.47), (scaled, 0.46))
    assert best_of(*near).algorithm == Blend((line, trees, buyers))
    assert best_of(*near[:2], (forest, 0.51), *near[3:]).algorithm == forest
    assert best_of((line, 0.51), (trees, 0.5)).algorithm == line
    assert best_of((line, 0.49)).algorithm == line


@pytest.mark.parametrize("figure", [0.49, 0.495])
def test_a_mean_is_tried_and_told_once(figure: float) -> None:
    tried = best_of((Logistic(), 0.492), (Buyers(30), figure)).tried
    assert [each.algorithm for each in tried] == ["logistic", "bg_nbd", "blend"]


def test_seconds_buy_fewer_fits_of_many_rows() -> None:
    few, many = tune.Purse(seconds=10), tune.Purse(seconds=10)
    few.counted(1_000)
    many.counted(100_000)
    assert few.left > 50 > 6 > many.left > 1


def test_folds_hold_outcomes_evenly_and_people_whole() -> None:
    outcome = (np.arange(1000) % 10 == 0).astype(np.float64)
    fold = cross_validation.strata(outcome, JUDGING, 4)
    assert np.bincount(fold, outcome).tolist() == [25.0] * 4
    assert np.bincount(fold).tolist() == [250] * 4
    person = np.repeat(np.arange(250), 4)
    rows = Snapshot(pa.table({"person": person}), outcome)
    fold = cross_validation.of_people(rows, JUDGING, 4)
    assert all(len(set(fold[person == each])) == 1 for each in range(250))


def test_tenths_go_from_what_was_said_and_what_was_ranked() -> None:
    said = np.linspace(0.05, 0.95, 100)
    outcome = (np.arange(100) >= 50).astype(np.float64)
    low, *_, high = figures.reliability(said, outcome)
    assert (low.happened, high.happened, low.people) == (0.0, 1.0, 10)
    first, *_, last = figures.lift(said, outcome)
    assert (first.tenth, first.rate, first.lift, first.captured) == (1, 1.0, 2.0, 0.2)
    assert (last.lift, last.captured) == (0.0, 1.0)


def test_a_value_is_judged_by_what_of_it_is_explained(world: Worlds, now: Instant) -> None:
    known = world(people=2500)

    def values(after: Instant, until: Instant) -> pa.Table:
        people = known.outcomes(after, until)["person"]
        worth = np.exp(np.random.default_rng(until % 97).normal(3, 0.4, len(people)))
        return pa.table({"person": people, "value": worth})

    model, card = predict.judge(known.features, values, now=now, task="regression")
    again, same = predict.judge(known.features, values, now=now, task="regression")
    assert (card, model.files()) == (same, again.files())
    assert card.serves, card.why
    assert "variance explained" in card.why
    assert card.threshold is None
    names = {measure.name for measure in card.measures}
    assert {"variance explained", "mean absolute error", "total error"} <= names
    scored = model.score(known.features(now))
    assert scored.column_names == ["person", "value", "top_reason"]
    assert np.corrcoef(scored["value"].to_numpy(), known.truth(now))[0, 1] > 0.8


def test_a_card_says_with_what_and_beside_what_it_was_judged(world: Worlds, now: Instant) -> None:
    known = world()
    _, card = predict.judge(known.features, known.outcomes, now=now, seed=11)
    assert card.seed == 11
    assert card.outcomes > 50
    assert {"tailorbird", "lightgbm", "numpy"} <= card.libraries.keys()
    assert sum(each.chosen for each in card.tried) == 1
    assert [each.kind for each in card.validations] == [
        "time",
        "window before",
        "stratified folds",
        "folds of people",
    ]
    assert sum(each.share for each in card.importances) == pytest.approx(1)
    assert card.importances[0].feature == "loyalty"
    ruled, none = predict.judge(known.features, known.outcomes, now=now, algorithm="rule")
    assert (ruled.rule, none.serves) == ("recency", False)
    assert "asked for" in none.why
