"""Measures agree with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from tailorbird.predict import measures


@pytest.mark.parametrize("ties", [False, True])
def test_measures_agree_with_scikit_learn(ties: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    outcome = (rng.random(500) < 0.3).astype(np.float64)
    score = np.clip(0.3 * outcome + 0.7 * rng.random(500), 0, 1)
    score = np.round(score, 1) if ties else score
    weight = rng.integers(0, 3, 500).astype(np.float64)
    found = measures.ranked(score, outcome)
    expected = metrics.roc_auc_score(outcome, score, sample_weight=weight)
    assert found.auc(weight) == pytest.approx(expected)
    expected = metrics.average_precision_score(outcome, score, sample_weight=weight)
    assert found.average_precision(weight) == pytest.approx(expected)
    expected = metrics.brier_score_loss(outcome, score, sample_weight=weight)
    assert measures.brier(score, outcome)(weight) == pytest.approx(expected)


def test_a_calibrated_score_has_little_calibration_error() -> None:
    rng = np.random.default_rng(2)
    probability = rng.random(20_000)
    outcome = (rng.random(20_000) < probability).astype(np.float64)
    once = np.ones(20_000)
    assert measures.calibration_error(probability, outcome, once) < 0.01
    assert measures.calibration_error(probability / 2, outcome, once) > 0.2


def test_one_who_was_thought_impossible_does_not_outweigh_hundreds() -> None:
    losses = measures.log_losses(np.array([0.0, 1.0, 0.5, 1e-9]), np.array([1.0, 0.0, 1.0, 1.0]))
    assert losses.tolist() == pytest.approx([13.8155, 13.8155, 0.6931, 13.8155], abs=1e-4)
