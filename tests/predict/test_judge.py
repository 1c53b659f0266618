"""A propensity serves only where it surely beats recency, and never sees the future."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.schema import DAY, Instant

Worlds = Callable[..., Any]


def _measure(card: ModelCard, name: str) -> Measure:
    return next(measure for measure in card.measures if measure.name == name)


def test_a_known_truth_is_found_and_calibrated(world: Worlds, now: Instant) -> None:
    known = world(people=4000)
    model, card = predict.judge(known.features, known.outcomes, now=now)
    assert card.serves
    assert model.rule in ("logistic", "lightgbm", "random_forest", "blend")
    scores = model.score(known.features(now))["probability"].to_numpy()
    truth = known.truth(now)
    # A tenth of the people hides its loyalty, so the truth itself is out of reach.
    assert np.corrcoef(scores, truth)[0, 1] > 0.9
    assert abs(scores.mean() - truth.mean()) < 0.02
    assert _measure(card, "calibration error").model < 0.05
    assert _measure(card, "brier").high < 0


def test_no_window_reaches_beyond_now(world: Worlds, now: Instant) -> None:
    known = world()
    predict.judge(known.features, known.outcomes, now=now, horizon_days=14)
    assert max(until for _, until in known.asked_outcomes) <= now
    assert max(known.asked_features) <= now - 14 * DAY
    assert {until - after for after, until in known.asked_outcomes} == {14 * DAY}
    assert {after for after, _ in known.asked_outcomes} == set(known.asked_features)


def test_the_test_window_never_trains_what_is_judged(world: Worlds, now: Instant) -> None:
    """Outcomes of the test window that nothing could foresee leave the model no better."""
    known = world(weights=(0.0, 0.0, 0.0), level=0.0)
    _, card = predict.judge(known.features, known.outcomes, now=now)
    assert abs(_measure(card, "auc").model - 0.5) < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_refused(world: Worlds, now: Instant, seed: int) -> None:
    known = world(weights=(0.0, 0.0, 0.0))
    model, card = predict.judge(known.features, known.outcomes, now=now + seed * DAY)
    assert not card.serves
    assert model.rule == "recency"
    assert "the rule 'recency' serves" in card.why


def test_where_only_recency_matters_recency_serves_as_frequencies(
    world: Worlds, now: Instant
) -> None:
    known = world(weights=(-1.0, 0.0, 0.0), people=4000)
    model, card = predict.judge(known.features, known.outcomes, now=now)
    assert not card.serves
    scores = model.score(known.features(now))["probability"].to_numpy()
    assert np.corrcoef(scores, known.truth(now))[0, 1] > 0.95


def test_without_a_recency_trait_one_rate_is_the_naive_rule(world: Worlds, now: Instant) -> None:
    known = world()
    model, card = predict.judge(known.features, known.outcomes, now=now, recency="absent")
    assert card.serves
    assert _measure(card, "auc").naive == 0.5
    noise = world(weights=(0.0, 0.0, 0.0))
    model, card = predict.judge(noise.features, noise.outcomes, now=now, recency="absent")
    assert (card.serves, model.rule) == (False, "base rate")
    assert len(set(model.score(noise.features(now))["probability"].to_pylist())) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": 90, "level": -2.0}, "are needed to train, validate and test"),
        ({"level": -99.0}, "Nobody had the outcome"),
        ({"level": 99.0}, "Everybody had the outcome"),
        ({"constant": True}, "Every trait is the same for everybody"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason(
    world: Worlds, now: Instant, changes: dict[str, Any], words: str
) -> None:
    known = world(**changes)
    model, card = predict.judge(known.features, known.outcomes, now=now)
    assert (card.serves, card.measures) == (False, ())
    assert words in card.why
    assert model.score(known.features(now)).num_rows == known.people


def test_nobody_at_all_is_refused_and_scored_as_nobody(now: Instant) -> None:
    nobody = pa.table(
        {"person": pa.array([], pa.int64()), "recency_days": pa.array([], pa.float64())}
    )
    model, card = predict.judge(lambda _: nobody, lambda *_: nobody.select(["person"]), now=now)
    assert not card.serves
    assert not card.scores
    assert card.why.endswith("so nobody is scored.")
    assert model.score(nobody).num_rows == 0


@pytest.mark.parametrize(("people", "scores"), [(20, False), (80, True)])
def test_a_rule_of_too_few_people_scores_nobody(
    world: Worlds, now: Instant, people: int, scores: bool
) -> None:
    known = world(people=people, level=-99.0)
    _, card = predict.judge(known.features, known.outcomes, now=now)
    assert (card.serves, card.scores) == (False, scores)
    assert ("nobody is scored" in card.why) is not scores


def test_the_same_seed_gives_the_same_model_and_card(world: Worlds, now: Instant) -> None:
    known = world()
    first = predict.judge(known.features, known.outcomes, now=now, seed=3)
    second = predict.judge(known.features, known.outcomes, now=now, seed=3)
    assert first == second


@pytest.mark.shared
def test_repeat_purchase_beats_recency_in_online_retail(online_retail: Any) -> None:
    now = 15_248 * DAY  # 2011-10-01
    _, card = predict.judge(online_retail.features, online_retail.outcomes, now=now)
    auc = _measure(card, "auc")
    assert card.serves, card.why
    assert auc.model > 0.72
    assert auc.low > 0.03
    assert _measure(card, "average precision").low > 0.1
    assert _measure(card, "calibration error").model < 0.05


@pytest.mark.shared
def test_repeat_purchase_beats_recency_in_cdnow(cdnow: Any) -> None:
    now = 10_408 * DAY  # 1998-07-01
    _, card = predict.judge(cdnow.features, cdnow.outcomes, now=now, horizon_days=90)
    auc = _measure(card, "auc")
    assert card.serves, card.why
    assert auc.model > 0.825
    assert auc.naive == pytest.approx(0.8247, abs=1e-3)
    assert _measure(card, "calibration error").high < 0
