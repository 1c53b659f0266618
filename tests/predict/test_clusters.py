"""Clusters: found where there are some, refused where there are none, and kept to by a rule."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.errors import ModelError
from tailorbird.predict.cluster import NOISE, Feature, nearest, standardised
from tailorbird.predict.cluster_train import ClusterReport

METHODS = get_args(predict.Method)
FEATURES = ("orders", "recency_days", "revenue_minor")
CENTRES = {
    "lapsed": (100, 30_000, 2_000),
    "regular": (800, 3_000, 30_000),
    "whales": (4_000, 500, 900_000),
}
"""In small units, so that whole numbers are no steps."""


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def crowd(people: int = 600, seed: int = 3, noise: int = 0) -> pa.Table:
    """Return people around three centres in turn, then some who are like nobody."""
    draws = rng(seed)
    rows = [
        [max(0.0, value * draws.lognormal(0, 0.15)) for value in centre]
        for _ in range(people // 3)
        for centre in CENTRES.values()
    ]
    rows += [
        [float(v) for v in draws.uniform((50_000, 100, 0), (9_000_000, 90_000, 9))]
        for _ in range(noise)
    ]
    columns = np.round(np.array(rows)).astype(np.int64).T
    named = dict(zip(FEATURES, columns, strict=True))
    return pa.table({"person": np.arange(1, len(rows) + 1), **named})


@pytest.mark.parametrize("method", METHODS)
def test_three_kinds_of_people_are_found_and_the_number_is_proposed(
    method: predict.Method,
) -> None:
    model, report = predict.train_clusters(crowd(), FEATURES, method=method, rng=rng())
    labels = model.assign(crowd())
    truth = np.arange(600) % 3
    assert len(report.clusters) == 3
    for kind in range(3):
        inside = labels[(truth == kind) & (labels != NOISE)]
        assert len(set(inside.tolist())) == 1
    assert (labels == NOISE).mean() < 0.1
    assert report.proposed
    assert report.serves, report.why
    assert report.stability > 0.9
    assert report.silhouette > report.shuffled


@pytest.mark.parametrize("method", METHODS)
def test_new_people_join_the_cluster_that_they_are_like_without_a_new_fit(
    method: predict.Method,
) -> None:
    trained, _ = predict.train_clusters(crowd(), FEATURES, method=method, rng=rng())
    model = predict.load_clusters(trained.files())
    old, new = model.assign(crowd()), model.assign(crowd(seed=4))
    for kind in range(3):
        usual = np.bincount(old[kind::3][old[kind::3] != NOISE]).argmax()
        assert (new[kind::3] == usual).mean() > 0.8
    one = crowd().slice(17, 1)
    assert model.assign(one).tolist() == old[17:18].tolist()


@pytest.mark.parametrize("method", ["dbscan", "hdbscan"])
def test_noise_stays_noise_and_strangers_are_noise(method: predict.Method) -> None:
    table = crowd(noise=7)
    model, report = predict.train_clusters(table, FEATURES, method=method, rng=rng())
    assert (model.assign(table)[600:] == NOISE).all()
    assert report.noise >= 7
    stranger = pa.table({name: pa.array([10**9]) for name in FEATURES})
    assert model.label(int(model.assign(stranger)[0])) == "noise"


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_clusters(method: predict.Method) -> None:
    one = predict.train_clusters(crowd(), FEATURES, method=method, rng=rng())
    two = predict.train_clusters(crowd(), FEATURES, method=method, rng=rng())
    assert one == two


def test_clusters_are_named_by_what_sets_them_apart() -> None:
    _, report = predict.train_clusters(crowd(), FEATURES, method="kmeans", rng=rng())
    words = {each.name: each for each in report.clusters}
    assert "long-away-few-orders" in words
    whales = max(report.clusters, key=lambda each: each.means["revenue_minor"])
    assert "high spend" in whales.words
    assert next(iter(whales.differences.values())) > 0
    assert list(whales.differences) == sorted(
        whales.differences, key=lambda name: -abs(whales.differences[name])
    )


def test_a_cluster_keeps_its_name_when_it_is_found_again() -> None:
    first, _ = predict.train_clusters(crowd(), FEATURES, method="kmeans", rng=rng())
    again, _ = predict.train_clusters(
        crowd(seed=8), FEATURES, method="kmeans", rng=rng(9), before=first
    )
    asked = crowd(seed=9)
    kept = [first.label(one) == again.label(two) for one, two in pairs(first, again, asked)]
    assert np.mean(kept) > 0.95


def pairs(one: predict.Clusters, two: predict.Clusters, table: pa.Table) -> list[tuple[int, int]]:
    return list(zip(one.assign(table).tolist(), two.assign(table).tolist(), strict=True))


def test_a_number_that_was_set_is_kept_to() -> None:
    _, report = predict.train_clusters(crowd(), FEATURES, method="kmeans", rng=rng(), setting=5.0)
    assert (len(report.clusters), report.proposed, len(report.candidates)) == (5, False, 1)


def test_people_without_structure_give_clusters_that_do_not_serve() -> None:
    draws = rng(1)
    table = pa.table({name: draws.integers(0, 1000, 800) for name in FEATURES})
    _, report = predict.train_clusters(table, FEATURES, method="kmeans", rng=rng())
    assert not report.serves
    assert report.why.startswith("does not serve")


def test_what_is_missing_counts_as_the_middle() -> None:
    feature = Feature("orders", mean=2.0, deviation=0.5, missing=2.0)
    rows = standardised((feature,), pa.table({"orders": pa.array([None, 0], pa.int64())}))
    assert rows[:, 0].tolist() == [0.0, -4.0]


def test_many_points_are_searched_as_few_are() -> None:
    draws = rng(2)
    rows, points = draws.normal(size=(300, 3)), draws.normal(size=(200, 3))
    labels, reach = draws.integers(0, 5, 200), draws.uniform(0.1, 0.5, 200)
    gaps = np.sqrt(((rows[:, None] - points[None]) ** 2).sum(axis=2))
    at = gaps.argmin(axis=1)
    expected = np.where(gaps[np.arange(300), at] <= reach[at], labels[at], NOISE)
    assert nearest(rows, points, labels, reach).tolist() == expected.tolist()


def test_too_few_people_or_a_trait_that_says_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="99 people are too few"):
        predict.train_clusters(crowd(99), FEATURES, method="kmeans", rng=rng())
    same = crowd().append_column("returns", pa.array(np.zeros(600, np.int64)))
    with pytest.raises(ModelError, match="'returns' is the same for all"):
        predict.train_clusters(same, ("orders", "returns"), method="kmeans", rng=rng())


def test_a_damaged_file_is_told() -> None:
    model, _ = predict.train_clusters(crowd(), FEATURES, method="kmeans", rng=rng(), setting=3.0)
    files = model.files()
    with pytest.raises(ModelError, match="train them again"):
        predict.load_clusters({name: files[name] for name in files if name != "points.npy"})


def test_the_report_says_what_was_tried() -> None:
    _, report = predict.train_clusters(crowd(), FEATURES, method="kmeans", rng=rng())
    assert isinstance(report, ClusterReport)
    assert [each.setting for each in report.candidates] == [2, 3, 4, 5, 6, 7, 8]
    best = max(report.candidates, key=lambda each: each.silhouette)
    assert best.setting == report.setting == 3
