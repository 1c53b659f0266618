"""A recommender serves only where it surely beats the naive rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tailorbird import recommend
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.recommend import evaluate, measures
from tailorbird.recommend.interactions import encode
from tailorbird.schema import DAY, Instant

Maker = Callable[..., pa.Table]


def _measure(card: ModelCard, name: str, rule: str) -> Measure:
    return next(one for one in card.measures if (one.name, one.naive_rule) == (name, rule))


def test_an_item_that_always_follows_another_is_found(followers: pa.Table, now: Instant) -> None:
    model, card = recommend.judge(followers, now=now)
    assert card.serves, card.why
    assert _measure(card, "ndcg@10", "own repeat").model > 0.95
    assert _measure(card, "ndcg@10", "popularity").naive < 0.4
    (last,) = followers.filter(pc.equal(followers["person"], 1200)).to_pylist()
    follower = last["item"].replace("first", "then")
    assert model.top([1200], 2, now=now)["item"].to_pylist()[0] == follower


def test_noise_is_refused_and_the_naive_rule_serves(noise: pa.Table, now: Instant) -> None:
    model, card = recommend.judge(noise, now=now)
    assert not card.serves
    assert "serves instead" in card.why
    assert model.parameters.neighbours == "none"
    assert card.parameters["neighbours"] == "none"


def test_where_repeats_are_everything_the_rule_of_repeats_serves(
    interactions: Maker, now: Instant
) -> None:
    rng = np.random.default_rng(3)
    rows = [
        (person, f"own-{person:03}", float(age))
        for person in range(1, 200)
        for age in np.arange(rng.uniform(0, 20), 180, 20)
    ]
    model, card = recommend.judge(interactions(rows), now=now)
    assert not card.serves
    assert _measure(card, "ndcg@10", "own repeat").naive == pytest.approx(1.0)
    assert model.top([17], 1, now=now)["item"].to_pylist() == ["own-017"]


def test_too_few_people_are_not_judged(interactions: Maker, now: Instant) -> None:
    rows = [(person, "tea", age) for person in range(1, 20) for age in (10.0, 40.0, 80.0)]
    model, card = recommend.judge(interactions(rows), now=now)
    assert (card.serves, card.measures) == (False, ())
    assert "are needed to judge" in card.why
    assert card.parameters["neighbours"] == model.parameters.neighbours == "none"
    assert card.parameters["own_weight"] == model.parameters.own_weight == 1.0
    assert model.top([1], 1, now=now)["item"].to_pylist() == ["tea"]


@pytest.mark.parametrize(
    ("people", "said"), [(0, "Nobody with"), (1, "Only 1 person with"), (2, "Only 2 people with")]
)
def test_too_few_people_are_counted_in_plain_words(
    interactions: Maker, now: Instant, people: int, said: str
) -> None:
    rows = [(person, "tea", age) for person in range(people) for age in (10.0, 40.0, 80.0)]
    rows.append((9, "tea", 170.0))
    assert recommend.judge(interactions(rows), now=now)[1].why.startswith(said)


def test_an_empty_shop_is_not_judged(interactions: Maker, now: Instant) -> None:
    nothing = interactions([(1, "tea", 1.0)]).slice(0, 0)
    _, card = recommend.judge(nothing, now=now)
    assert not card.serves


def test_what_happens_after_now_changes_nothing(
    followers: pa.Table, interactions: Maker, now: Instant
) -> None:
    later = interactions([(person, "first-00", -3.0) for person in range(1, 300)])
    model, card = recommend.judge(followers, now=now)
    other, same = recommend.judge(pa.concat_tables([followers, later]), now=now)
    assert same == card
    assert other.files() == model.files()


def test_the_windows_that_choose_and_that_judge_lie_apart(
    interactions: Maker, now: Instant
) -> None:
    rows = [(1, "old", 61.0), (2, "old", 90.0), (1, "middle", 60.0), (2, "middle", 30.5)]
    rows += [(1, "last", 30.0), (2, "last", 0.0), (3, "last", 1.0), (1, "future", -1.0)]
    coded = encode(interactions(rows))
    rng = np.random.default_rng(0)
    validation, judged = evaluate.split(coded, now=now, horizon=30 * DAY, rng=rng)
    bought = [
        {(person // 4 + 1, coded.items[person % 4]) for person in found.targets.tolist()}
        for found in (validation, judged)
    ]
    # At the instant where a window starts, what happens belongs to the past.
    assert bought == [{(2, "middle"), (1, "last")}, {(2, "last")}]
    known = [set(found.past.item.tolist()) for found in (validation, judged)]
    assert [{coded.items[item] for item in items} for items in known] == [
        {"old", "middle"},
        {"old", "middle", "last"},
    ]


def test_ndcg_and_recall_agree_with_the_definition() -> None:
    ranked = np.array([[3, 1, 2, -1], [0, 1, 2, 3]])
    targets = np.array([0 * 5 + 1, 0 * 5 + 4, 1 * 5 + 0])
    hit = measures.hits(ranked, np.array([0, 1]), targets, 5)
    assert hit.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    wanted = np.array([2, 1])
    ideal = 1 + 1 / np.log2(3)
    assert measures.ndcg(hit, wanted, 10) == pytest.approx([1 / np.log2(3) / ideal, 1.0])
    assert measures.recall(hit, wanted, 2) == pytest.approx([0.5, 1.0])


def test_the_interval_covers_a_known_mean() -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(200):
        low, high = measures.interval(rng.normal(0.1, 1, 100), rng)
        covered += low < 0.1 < high
    assert covered >= 180
