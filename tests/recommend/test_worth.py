"""What a recommender is worth: its report, the probabilities of its scores, who gets to be seen."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tailorbird.errors import ModelError
from tailorbird.model_cards import ModelCard
from tailorbird.recommend import calibration, report
from tailorbird.recommend.calibration import Shown
from tailorbird.recommend.evaluate import judged
from tailorbird.recommend.exposure import audited
from tailorbird.recommend.proof import ERROR, prove
from tailorbird.recommend.recommender import fit
from tailorbird.recommend.rules import Exposure, Rules, catalogue, compiled
from tailorbird.schema import Instant, Product


def shown(rng: np.random.Generator, size: int) -> tuple[Shown, np.ndarray]:
    """Return what was shown where a doubled score doubles the odds, and whether it was bought."""
    score = np.exp(rng.normal(0, 1, size))
    often = rng.integers(0, 10, size).astype(float)
    odds = 0.05 * score * (1 + often)
    rows = Shown(
        person=rng.integers(0, size // 4, size),
        rank=rng.integers(1, 7, size),
        score=score,
        code=["repeat"] * size,
        purchase_days=often,
        recency_days=rng.uniform(0, 90, size),
    )
    return rows, rng.random(size) < odds / (1 + odds)


def test_probabilities_recover_a_known_truth() -> None:
    rng = np.random.default_rng(3)
    found = calibration.fit(*shown(rng, 8_000), 30)
    assert found is not None
    test = shown(rng, 8_000)
    judged = calibration.judged(found, *test)
    assert judged.helps
    # Measured: 0.010 against 0.018 of one rate for all; log loss 0.40 against 0.47.
    assert judged.error < 0.03
    assert judged.log_loss < 0.95 * judged.log_loss_of_rate
    again = calibration.load(msgspec.json.encode(judged))
    assert again.probability(test[0].features()).tolist() == (
        judged.probability(test[0].features()).tolist()
    )


def test_too_little_that_was_bought_gives_no_probability() -> None:
    rows, _ = shown(np.random.default_rng(4), 1_000)
    assert calibration.fit(rows, np.zeros(1_000, bool), 30) is None


def test_damaged_files_are_told(now: Instant) -> None:
    with pytest.raises(ModelError, match="train the recommender again"):
        calibration.load(b"{")
    with pytest.raises(ModelError, match="train the recommender again"):
        report.load(b"[]")


def test_the_report_says_who_gains_and_by_how_much(followers: pa.Table, now: Instant) -> None:
    model = fit(followers, now=now)
    proof = prove(model, followers, now=now, horizon_days=30)
    everybody = proof.report.sections[0]
    figures = {each.name: each for each in everybody.figures}
    assert {"recall@10", "ndcg@10", "mrr@20", "coverage@10", "novelty@10 (bits)"} == {*figures}
    recall = figures["recall@10"]
    assert [each.rule for each in recall.beside] == ["own repeat", "popularity"]
    assert recall.value > 0.8  # who bought the first buys what follows it: 0.97 was measured
    assert all(each.low > 0 for each in recall.beside)
    assert {each.by for each in proof.report.sections} >= {
        "everybody", "purchases before", "age of what was bought",
    }  # fmt: skip
    assert {*proof.files()} >= {"report.json"}
    assert report.load(proof.files()["report.json"]) == proof.report


def test_a_card_tells_the_calibration_error(followers: pa.Table, now: Instant) -> None:
    proof = prove(fit(followers, now=now), followers, now=now, horizon_days=30)
    assert proof.calibration is not None
    card = ModelCard("recommender", "recommender", 1, now, (0, now), (0, now), 1, (), {}, (),
                     serves=True, why="")  # fmt: skip
    (measure,) = proof.noted(card).measures
    assert (measure.name, measure.model) == (ERROR, proof.calibration.error)


def test_too_few_people_give_a_reason_instead_of_figures(followers: pa.Table, now: Instant) -> None:
    few = followers.slice(0, 20)
    proof = prove(fit(few, now=now), few, now=now, horizon_days=30)
    assert proof.report.sections == ()
    assert "are needed" in proof.report.why
    assert proof.calibration is None


def test_a_proof_says_the_same_with_what_judging_has_learnt(
    followers: pa.Table, now: Instant
) -> None:
    items = pa.table(
        {"item": [f"{which}-{n:02}" for which in ("first", "then") for n in range(40)]}
    )
    found = judged(followers, items, now=now)
    anew = prove(found.model, followers, items, now=now)
    handed = prove(found.model, followers, items, now=now, windows=(found.validation, found.test))
    assert found.card.serves
    assert anew.report.sections
    assert handed.files() == anew.files()


def test_who_gets_less_than_the_target_is_named(now: Instant) -> None:
    stock = catalogue(
        [Product(f"{maker}-{n}", category=maker) for maker in ("own", "other") for n in range(2)],
        {}, {},
    )  # fmt: skip
    rules = Rules(exposure=(Exposure("category", {"own": 0.5}),))
    chosen = pa.table(
        {
            "person": np.repeat(np.arange(1, 51), 2),
            "rank": np.tile([1, 2], 50),
            "score": np.ones(100),
            "item": ["other-0", "other-1"] * 48 + ["own-0", "other-1"] * 2,
        }
    )
    found = audited(chosen, compiled(rules, stock, now), stock, now, np.random.default_rng(0))
    shares = {each.value: each for each in found.audits[0].shares}
    assert (found.people, found.products, found.shown) == (50, 4, 3)
    assert shares["own"].too_little
    assert not shares["other"].too_little
    # One of the two places, the first, of 2 of 50 people: 2 / (50 * (1 + 1 / log2(3))).
    assert shares["own"].share == pytest.approx(2 / (50 * (1 + 1 / np.log2(3))))
    assert shares["own"].low <= shares["own"].share <= shares["own"].high
