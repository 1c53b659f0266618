"""On real shops the item model beats the naive rules, and what implicit makes of the same split.

The test window is only ever judged on; both sides are tuned on the window before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tailorbird import recommend
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.recommend import Recommender, evaluate, measures, second_trial
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


@dataclass(frozen=True)
class Judged:
    """A shop, and what is made of it when a second stage is asked for, too."""

    interactions: pa.Table
    now: Instant
    model: Recommender
    card: ModelCard

    @classmethod
    def of(cls, interactions: pa.Table, now: Instant) -> Judged:
        return cls(interactions, now, *recommend.judge(interactions, now=now, second_stage=True))


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def online_retail_judged(online_retail: pa.Table) -> Judged:
    return Judged.of(online_retail, RETAIL_END)


@pytest.fixture(scope="session")
def journey_judged(journey: pa.Table) -> Judged:
    return Judged.of(journey, JOURNEY_END)


def _measure(card: ModelCard, name: str, rule: str) -> Measure:
    return next(m for m in card.measures if (m.name, m.naive_rule) == (name, rule))


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


def _test_window(shop: Judged) -> Window:
    rng = np.random.default_rng(0)
    coded = encode(shop.interactions)
    return evaluate.split(coded, now=shop.now, horizon=30 * DAY, rng=rng)[1]


def test_online_retail_is_above_its_rules_and_above_implicit(
    online_retail_judged: Judged,
) -> None:
    shop, card = online_retail_judged, online_retail_judged.card
    own, popular = (_measure(card, "ndcg@10", rule) for rule in ("own repeat", "popularity"))
    # Measured: .372, 95 % interval of the difference +.008 to +.023.
    assert own.model > 0.36
    assert own.naive == pytest.approx(0.357, abs=0.005)
    assert (card.serves, own.low > 0, popular.low > 0.2) == (True, True, True), card.why
    assert _measure(card, "recall@20", "own repeat").low > 0
    people = shop.model.history.people[:50].tolist()
    assert shop.model.top(people, 20, now=RETAIL_END).num_rows == 1000
    pytest.importorskip("implicit")
    theirs = _bm25(_test_window(shop))
    assert theirs == pytest.approx(0.331, abs=0.005)
    assert own.model > theirs + 0.03


def test_complete_journey_is_above_its_rules_and_above_implicit(journey_judged: Judged) -> None:
    rules = ("own repeat", "popularity")
    own, popular = (_measure(journey_judged.card, "ndcg@10", rule) for rule in rules)
    # Measured: .047 against .042 and .031: the sample holds single lines of the year's baskets.
    assert own.model > max(own.naive, popular.naive)
    assert popular.low > 0
    pytest.importorskip("implicit")
    assert own.model > _bm25(_test_window(journey_judged)) + 0.01  # measured: .026


def test_a_second_stage_surely_wins_in_neither_shop(
    online_retail_judged: Judged, journey_judged: Judged
) -> None:
    pytest.importorskip("lightgbm")
    for shop in (online_retail_judged, journey_judged):
        found = _measure(shop.card, second_trial.MEASURE, second_trial.FIRST)
        # Measured: .3752 against .3724, difference -.0005 to +.0061; .0471 against .0472, -.0044
        # to +.0037. The first has been .4067 against .4044 (-.001 to +.006) the month before.
        assert found.low <= 0 < found.high
        assert (shop.model.second, shop.card.parameters["second_stage"]) == (None, False)
        why = "The second stage does not serve: on the last window it is not clearly"
        assert why in shop.card.why
