"""What a model does to groups is told as it is; weighing rows brings groups together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tailorbird.errors import ModelError
from tailorbird.predict import fairness, train
from tailorbird.predict.propensity import Floats


def _people(rng: np.random.Generator, people: int = 6000) -> tuple[pa.Table, list[str], Floats]:
    group = np.where(rng.random(people) < 0.5, "A", "B")
    orders = rng.poisson(2, people) + (group == "A")
    chance = 1 / (1 + np.exp(2 - 0.6 * orders - 1.0 * (group == "A")))
    outcome = (rng.random(people) < chance) * 1.0
    table = pa.table({"person": np.arange(people), "orders": orders, "group": group.tolist()})
    return table, group.tolist(), outcome


def test_figures_of_each_group_are_those_of_its_people() -> None:
    group = ["A"] * 100 + ["B"] * 100
    probability = np.array([0.9] * 50 + [0.1] * 50 + [0.9] * 20 + [0.1] * 80)
    outcome = np.array([1.0] * 40 + [0.0] * 60 + [1.0] * 10 + [0.0] * 80 + [1.0] * 10)
    found = fairness.audit("group", group, probability, outcome, 0.5)
    first, second = found.groups
    assert (first.group, first.people, first.selection_rate, first.found) == ("A", 100, 0.5, 1.0)
    assert (second.selection_rate, second.found) == (0.2, 0.5)
    assert second.mean_probability == pytest.approx(0.26)
    assert found.selection_ratio == pytest.approx(0.4)
    assert found.odds_gap == pytest.approx(0.5)
    assert found.calibration_gap == pytest.approx(0.1)
    assert "not chosen alike: B 20.0%, A 50.0%" in found.why


def test_small_groups_are_told_together_and_unknown_ones_by_that_name() -> None:
    group = ["A"] * 50 + ["tiny"] * 5 + ["rare"] * 29 + [None] * 40
    found = fairness.grouped(group)
    assert sorted(set(found.tolist())) == ["A", fairness.OTHERS, fairness.UNKNOWN]
    assert (found == fairness.OTHERS).sum() == 34


def test_one_group_alone_is_no_comparison() -> None:
    with pytest.raises(ModelError, match="everybody is in one group of 'country'"):
        fairness.audit("country", ["NO"] * 90, np.full(90, 0.5), np.zeros(90), 0.5)


def test_a_group_without_the_outcome_is_told_without_a_crash() -> None:
    outcome = np.array([1.0] * 20 + [0.0] * 80)
    found = fairness.audit("g", ["A"] * 50 + ["B"] * 50, np.full(100, 0.2), outcome, 0.1)
    assert {each.group: each.found for each in found.groups} == {"A": 1.0, "B": None}


def test_weighing_rows_brings_the_groups_together() -> None:
    rng = np.random.default_rng(1)
    table, group, outcome = _people(rng)
    ratios = []
    for weights in (None, fairness.reweighed(group, outcome)):
        columns = [one for one in train.columns(table) if one.name == "orders" or weights is None]
        model = train.logistic(tuple(columns), table, outcome, penalty=10, weights=weights)
        score = model.probabilities(table)
        threshold = float(np.quantile(score, 0.7))
        ratios.append(fairness.audit("group", group, score, outcome, threshold).selection_ratio)
    assert ratios[1] > ratios[0] + 0.1, ratios  # measured: .16 and .51


def test_weights_make_group_and_outcome_independent() -> None:
    _, group, outcome = _people(np.random.default_rng(2))
    weights = fairness.reweighed(group, outcome)
    first = np.array(group) == "A"
    rates = [float(np.average(outcome[rows], weights=weights[rows])) for rows in (first, ~first)]
    assert rates[0] == pytest.approx(rates[1])
    assert weights.mean() == pytest.approx(1.0)
