"""On real people: what each algorithm reaches, what folds pretend, and that trying costs nothing.

Figures that were measured stand beside their thresholds. The shared data are two thirds of each
set, so published figures of whole sets are near, not the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import choose, measures
from tailorbird.predict.algorithms import Algorithm
from tailorbird.predict.blend import Blend
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.cross_validation import out_of_fold, strata
from tailorbird.predict.forest import Forest
from tailorbird.predict.linear import Logistic
from tailorbird.predict.neural import Neural
from tailorbird.predict.propensity import Floats
from tailorbird.predict.windows import Judging, Snapshot
from tailorbird.schema import DAY

pytestmark = [pytest.mark.shared, pytest.mark.slow]
JUDGING = Judging(0, 30, 7)
CDNOW_END = 10_408 * DAY  # 1998-07-01
SESSIONS = "SELECT * EXCLUDE (Revenue), Revenue AS y FROM read_parquet(?)"
RESPONSES = (
    "SELECT * EXCLUDE (ID, Response, Dt_Customer), "
    "DATE '2014-12-31' - strptime(CAST(Dt_Customer AS VARCHAR), ?)::DATE AS tenure_days, "
    "Response AS y FROM read_csv(?, delim='\t', all_varchar=false, auto_detect=true, "
    "types={'Dt_Customer': 'VARCHAR'})"
)
CONTACTS = (
    "SELECT * EXCLUDE (y, duration), CAST(y AS VARCHAR) IN ('yes', '1', 'true') AS y "
    "FROM read_parquet(?)"
)


def table(sql: str, *parameters: str) -> Snapshot:
    """Return the rows of a file in its own order, each a person of her own."""
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(sql, list(parameters)).to_arrow_table()
    outcome = found["y"].cast(pa.float64()).to_numpy()
    people = pa.array(np.arange(found.num_rows))
    return Snapshot(found.drop_columns(["y"]).append_column("person", people), outcome)


def folds(algorithm: Algorithm, rows: Snapshot) -> tuple[float, float]:
    """Return AUC and calibration error out of five folds."""
    said = out_of_fold(algorithm, rows, strata(rows.outcome, JUDGING, 5), JUDGING)
    error = measures.calibration_error(said, rows.outcome, np.ones(len(said)))
    return choose.figure(said, rows.outcome, "classification"), error


def ahead(algorithm: Algorithm, past: Snapshot, future: Snapshot) -> float:
    """Return the AUC on later rows of what was learnt from earlier ones."""
    rng = np.random.default_rng(1)
    fitted = algorithm.fit(past.features, past.outcome, task="classification", rng=rng)
    return choose.figure(fitted.estimates(future.features), future.outcome, "classification")


def measure(card: ModelCard, name: str) -> Measure:
    return next(each for each in card.measures if each.name == name)


def test_sessions_that_end_in_a_purchase(shared_data: Path) -> None:
    """Measured: LightGBM .9295 (ECE .007; 95 % interval .923 to .937), logistic .909, forest .927.

    .932 was planned, of the whole set; with two fifths, three and four of these rows it is .924,
    .927 and .929, so half as many again are worth about a thousandth. Folds flatter: the last
    quarter of the rows, in order of time, is foretold at .875 by those before.
    """
    rows = table(SESSIONS, str(shared_data / "commerce" / "shopping_sessions.parquet"))
    auc, error = folds(Boosted(120, 7, 40), rows)
    assert auc > 0.925
    assert error < 0.02
    assert folds(Logistic(10.0), rows)[0] > 0.90
    auc, error = folds(Forest(), rows)
    assert auc > 0.922
    assert error < 0.02
    cut = len(rows.outcome) * 3 // 4
    past, future = rows.take(np.arange(cut)), rows.take(np.arange(cut, len(rows.outcome)))
    assert ahead(Boosted(120, 7, 40), past, future) > 0.865


def test_who_answers_a_campaign(shared_data: Path) -> None:
    """Measured: LightGBM .896, net .901, both .905 (ECE .016)."""
    file = str(shared_data / "commerce" / "campaign_responses.csv")
    rows = table(RESPONSES, "%d-%m-%Y", file)
    boosted, net = Boosted(200, 15, 40), Neural(16, 0.1)
    auc, error = folds(Blend((boosted, net)), rows)
    assert auc > 0.895
    assert error < 0.04
    assert folds(boosted, rows)[0] > 0.885


def test_a_bank_whose_folds_promise_what_time_does_not_keep(shared_data: Path) -> None:
    """Contacts are in time order: folds mix the months, the future is another regime."""
    rows = table(CONTACTS, str(shared_data / "commerce" / "bank_marketing.parquet"))
    boosted = Boosted(120, 7, 40)
    mixed, _ = folds(boosted, rows)
    cut = len(rows.outcome) * 3 // 4
    past, future = rows.take(np.arange(cut)), rows.take(np.arange(cut, len(rows.outcome)))
    later = ahead(boosted, past, future)
    assert mixed > later + 0.05, (mixed, later)


def test_cdnow_is_foretold_better_than_by_recency_and_folds_say_less(cdnow: Any) -> None:
    """Measured on the true future: recency .825, logistic .833, LightGBM and nets .835.

    Folds of the earlier windows read .77: what is asked of young customers is harder.
    """
    reached: dict[str, Floats] = {}
    for algorithm in ("logistic", "lightgbm"):
        _, card = predict.judge(
            cdnow.features, cdnow.outcomes, now=CDNOW_END, horizon_days=90, algorithm=algorithm
        )
        auc = measure(card, "auc")
        assert card.serves, card.why
        assert auc.model > 0.828
        assert auc.low > 0.001
        assert measure(card, "calibration error").model < 0.04
        biased = {each.kind: each.bias for each in card.validations}
        assert biased["stratified folds"] < -0.04
        assert biased["folds of people"] < -0.04
        assert card.lift[0].lift > 3.5
        assert card.lift[-1].captured == pytest.approx(1.0)
        reached[algorithm] = np.array([auc.model])
    assert abs(reached["logistic"] - reached["lightgbm"]) < 0.01


def test_online_retail_is_calibrated_by_shape_where_it_helped_twice(online_retail: Any) -> None:
    """Measured: calibration error .036 with the shape mended, .065 where the level was too."""
    _, card = predict.judge(online_retail.features, online_retail.outcomes, now=15_248 * DAY)
    assert card.serves, card.why
    assert measure(card, "calibration error").model < 0.05
    assert len(card.reliability) == 10
    assert card.threshold is not None
    assert measure(card, "f1").low > 0.02
