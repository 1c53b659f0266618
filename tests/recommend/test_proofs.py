"""On real shops the item model beats the naive rules, and what implicit makes of the same split.

The test window is only ever judged on; both sides are tuned on the window before it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tailorbird import recommend
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.recommend import evaluate, measures, second_trial
from tailorbird.recommend.interactions import encode
from tailorbird.recommend.tuning import Window
from tailorbird.schema import DAY, Instant

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Method expects CSR"),  # implicit's own matrix
]
RETAIL_END = 15_248 * DAY  # 2011-10-01
JOURNEY_END = 17_532 * DAY  # 2018-01-01


@pytest.fixture
def journey(shared_data: Path) -> pa.Table:
    """Return the purchases of the sampled grocery year."""
    lines = pq.read_table(shared_data / "commerce" / "journey" / "transactions_sample.parquet")
    return pa.table(
        {
            "person": lines["household_id"].cast(pa.int64()),
            "item": lines["product_id"].cast(pa.string()),
            "at": lines["transaction_timestamp"].cast(pa.timestamp("us")).cast(pa.int64()),
            "quantity": pc.max_element_wise(lines["quantity"].cast(pa.int64(), safe=False), 1),
            "kind": pa.array(["purchase"] * len(lines), pa.string()),
        }
    )


def _ndcg(card: ModelCard, rule: str) -> Measure:
    found = (m for m in card.measures if (m.name, m.naive_rule) == ("ndcg@10", rule))
    return next(found)


def _bm25(window: Window) -> float:
    """Return the NDCG@10 of implicit's BM25 neighbours, with the recency that suits them best.

    K, B and the half-life are the best of 24 on the validation window, ALS and cosine below them.
    """
    from implicit.nearest_neighbours import BM25Recommender
    from scipy.sparse import csr_array, csr_matrix

    past = window.past
    owner = np.repeat(np.arange(len(past.people)), np.diff(past.start))
    shape = (len(past.people), window.items)

    def matrix(weights: np.ndarray[tuple[int], np.dtype[np.float32]]) -> csr_matrix:
        return csr_matrix(csr_array((weights, (owner, past.item)), shape=shape))

    model = BM25Recommender(K=400, B=0.25, num_threads=1)
    model.fit(matrix(np.ones(len(owner), np.float32)), show_progress=False)
    recent = matrix(np.exp2(-(window.today - past.day) / 60).astype(np.float32))
    found, _ = model.recommend(
        window.people, recent[window.people], N=20, filter_already_liked_items=False
    )
    hit = measures.hits(found.astype(np.int64), window.people, window.targets, window.items)
    return float(measures.ndcg(hit, window.wanted, 10).mean())


def _test_window(interactions: pa.Table, now: Instant) -> Window:
    rng = np.random.default_rng(0)
    return evaluate.split(encode(interactions), now=now, horizon=30 * DAY, rng=rng)[1]


def test_online_retail_is_above_its_rules_and_above_implicit(online_retail: pa.Table) -> None:
    _, card = recommend.judge(online_retail, now=RETAIL_END)
    own, popular = (_ndcg(card, rule) for rule in ("own repeat", "popularity"))
    # Measured: .372, 95 % interval of the difference +.008 to +.023.
    assert own.model >= 0.356
    assert (card.serves, own.low > 0, popular.low > 0.2) == (True, True, True)
    pytest.importorskip("implicit")
    theirs = _bm25(_test_window(online_retail, RETAIL_END))
    assert theirs == pytest.approx(0.331, abs=0.005)
    assert own.model > theirs + 0.03


def test_complete_journey_is_above_its_rules_and_above_implicit(journey: pa.Table) -> None:
    _, card = recommend.judge(journey, now=JOURNEY_END)
    own, popular = (_ndcg(card, rule) for rule in ("own repeat", "popularity"))
    # Measured: .047 against .042 and .031: the sample holds single lines of the year's baskets.
    assert own.model > max(own.naive, popular.naive)
    assert popular.low > 0
    pytest.importorskip("implicit")
    assert own.model > _bm25(_test_window(journey, JOURNEY_END)) + 0.01  # measured: .026


def test_a_second_stage_surely_wins_in_neither_shop(
    online_retail: pa.Table, journey: pa.Table
) -> None:
    pytest.importorskip("lightgbm")
    for shop, now in ((online_retail, RETAIL_END), (journey, JOURNEY_END)):
        model, card = recommend.judge(shop, now=now, second_stage=True)
        (found,) = [each for each in card.measures if each.name == second_trial.MEASURE]
        # Measured: .3752 against .3724, difference -.0005 to +.0061; .0471 against .0472, -.0044
        # to +.0037. The first has been .4067 against .4044 (-.001 to +.006) the month before.
        assert found.low <= 0 < found.high
        assert (model.second, card.parameters["second_stage"]) == (None, False)
        assert "The second stage does not serve: on the last window it is not clearly" in card.why
