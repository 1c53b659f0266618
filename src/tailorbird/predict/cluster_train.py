"""Finds clusters, proposes how many, and says how stable they are and what sets them apart.

Needs the extra `learn`. The same rows, settings and seed give the same clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict import cluster_words
from tailorbird.predict.arrays import stored
from tailorbird.predict.cluster import (
    NOISE,
    Clusters,
    Feature,
    Floats,
    Labels,
    Method,
    nearest,
    spread,
    standardised,
)
from tailorbird.predict.propensity import numbers

if TYPE_CHECKING:
    import pyarrow as pa

Generator: TypeAlias = np.random.Generator
FEWEST: Final = 100
MOST_ROWS: Final[dict[Method, int]] = {"kmeans": 20_000, "dbscan": 6_000, "hdbscan": 6_000}
"""People trained on; everybody else is assigned by the rule."""
JUDGED_ROWS: Final = 2_000
BOOTSTRAPS: Final = 10
COUNTS: Final = tuple(range(2, 9))
STABLE: Final = 0.6
"""Adjusted Rand index under resampling from which clusters may serve."""
QUANTILES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class Candidate(msgspec.Struct, frozen=True):
    """One setting that was tried: K, or the radius of DBSCAN, or the least size of HDBSCAN."""

    setting: float
    clusters: int
    noise: float
    """The share of people in no cluster."""
    silhouette: float
    stability: float


class ClusterRow(msgspec.Struct, frozen=True):
    """One cluster: its name, its people among those trained on, how it differs from all of them.

    `differences` are in standard deviations, the largest first; `means` in the trait's own unit.
    """

    name: str
    people: int
    words: str
    differences: dict[str, float]
    means: dict[str, float]


class ClusterReport(msgspec.Struct, frozen=True):
    """What was found, among which settings, and whether it is more than chance.

    `stability` is the mean adjusted Rand index between these clusters and those of resampled
    people, `worst` the lowest; `shuffled` the silhouette of the same method where each feature was
    shuffled on its own, so that nothing is left to find.
    """

    method: Method
    people: int
    noise: int
    setting: float
    silhouette: float
    shuffled: float
    stability: float
    worst: float
    serves: bool
    why: str
    proposed: bool = True
    """Whether the setting was chosen by us."""
    clusters: tuple[ClusterRow, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """Points to which new rows are held, with the label and the reach of each."""

    points: Floats
    labels: Labels
    reach: Floats

    def assign(self, rows: Floats) -> Labels:
        """Return the label of each row."""
        return nearest(rows, self.points, self.labels, self.reach)


def train(
    table: pa.Table,
    features: tuple[str, ...],
    *,
    method: Method,
    rng: Generator,
    setting: float | None = None,
    before: Clusters | None = None,
) -> tuple[Clusters, ClusterReport]:
    """Return clusters of the table's people by these traits, and what is to be known of them.

    Without a `setting` it is proposed. Clusters that are those of `before` keep their names.

    Raises:
        ModelError: fewer than 100 people, features that are the same for all, no clusters at all.
    """
    sample = _sample(table, MOST_ROWS[method], rng)
    scales = tuple(_feature(sample, name) for name in features)
    rows = standardised(scales, sample)
    tried = _tried(rows, method, setting, rng)
    best = max(tried, key=lambda each: (each.stability >= STABLE, each.silhouette))
    fit = _fitted(rows, method, best.setting, _seed(rng))
    labels = fit.assign(rows)
    told = cluster_words.told(sample, scales, rows, labels)
    names = cluster_words.names(told, labels, before.assign(sample) if before else None, before)
    model = Clusters(
        method, scales, names, stored(fit.points), stored(fit.labels), stored(fit.reach)
    )
    bare = _judged(rows, labels, method, best.setting, rng)
    found = msgspec.structs.replace(
        bare,
        proposed=setting is None,
        candidates=tuple(tried),
        clusters=tuple(
            ClusterRow(name, each.people, each.words, each.differences, each.means)
            for name, each in zip(names, told, strict=True)
        ),
    )
    return model, found


def _judged(
    rows: Floats, labels: Labels, method: Method, setting: float, rng: Generator
) -> ClusterReport:
    """Return how stable the clusters are, and how far beyond chance; not yet what they are."""
    stability = _stability(rows, method, setting, labels, rng, BOOTSTRAPS)
    alike = float(stability.mean())
    shuffled = _shuffled(rows, method, setting, rng)
    silhouette = _silhouette(rows, labels, rng)
    return ClusterReport(
        method=method,
        people=len(rows),
        noise=int((labels == NOISE).sum()),
        setting=setting,
        silhouette=silhouette,
        shuffled=shuffled,
        stability=alike,
        worst=float(stability.min()),
        serves=alike >= STABLE and silhouette > shuffled,
        why=_why(alike, silhouette, shuffled),
    )


def _why(stability: float, silhouette: float, shuffled: float) -> str:
    found = f"resampled people give the same clusters to {stability:.2f} of 1 (adjusted Rand index)"
    beside = f"silhouette {silhouette:.2f}, {shuffled:.2f} where nothing is to be found"
    if stability < STABLE:
        return f"does not serve: {found}, less than {STABLE}; {beside}"
    if silhouette <= shuffled:
        return f"does not serve: {beside}; {found}"
    return f"serves: {found}; {beside}"


def _sample(table: pa.Table, most: int, rng: Generator) -> pa.Table:
    if table.num_rows < FEWEST:
        what = f"{table.num_rows} people are too few for clusters"
        raise ModelError(what, mend=f"at least {FEWEST} who allow training are needed")
    if table.num_rows <= most:
        return table
    return table.take(np.sort(rng.choice(table.num_rows, most, replace=False)))


def _feature(table: pa.Table, name: str) -> Feature:
    values = spread(numbers(table, name))
    known = values[~np.isnan(values)]
    if not len(known) or float(known.std()) == 0.0:
        mend = "leave it out"
        raise ModelError(f"the trait {name!r} is the same for all", where="features", mend=mend)
    middle = float(np.median(known))
    filled = np.where(np.isnan(values), middle, values)
    return Feature(name, float(filled.mean()), float(filled.std()), middle)


def _tried(rows: Floats, method: Method, setting: float | None, rng: Generator) -> list[Candidate]:
    settings = [setting] if setting is not None else _settings(rows, method)
    tried = []
    for each in settings:
        labels = _fitted(rows, method, each, _seed(rng)).assign(rows)
        clusters = len(set(labels.tolist()) - {NOISE})
        if clusters < 2:
            continue
        ari = _stability(rows, method, each, labels, rng, 3)
        silhouette = _silhouette(rows, labels, rng)
        noise = float((labels == NOISE).mean())
        tried.append(Candidate(each, clusters, noise, silhouette, float(ari.mean())))
    if not tried:
        mend = "choose other features, or kmeans, which always finds some"
        raise ModelError(f"{method} finds no two clusters", where="clusters", mend=mend)
    return tried


def _settings(rows: Floats, method: Method) -> list[float]:
    """Return the settings to try: counts, radii by the gaps between neighbours, least sizes."""
    distinct = len(np.unique(rows, axis=0))
    match method:
        case "kmeans":
            return [float(count) for count in COUNTS if count < distinct]
        case "dbscan":
            gaps = _gaps(rows, _neighbours(rows))
            found = np.quantile(gaps[gaps > 0], QUANTILES) if (gaps > 0).any() else np.ones(1)
            return [round(float(each), 6) for each in np.unique(found)]
        case "hdbscan":
            return [float(max(10, len(rows) * share // 1000)) for share in (10, 20, 50)]


def _fitted(rows: Floats, method: Method, setting: float, seed: int) -> Fit:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        match method:
            case "kmeans":
                return _kmeans(rows, int(setting), seed)
            case "dbscan":
                return _dbscan(rows, setting)
            case "hdbscan":
                return _hdbscan(rows, int(setting))


def _kmeans(rows: Floats, count: int, seed: int) -> Fit:
    from sklearn.cluster import KMeans

    distinct = len(np.unique(rows, axis=0))
    found = KMeans(min(count, distinct), n_init=5, random_state=seed).fit(rows)
    centres = np.asarray(found.cluster_centers_, np.float64)
    order = np.argsort(-np.bincount(found.labels_, minlength=len(centres)), kind="stable")
    endless = np.full(len(centres), np.inf)
    return Fit(centres[order], np.arange(len(centres), dtype=np.int64), endless)


def _dbscan(rows: Floats, radius: float) -> Fit:
    from sklearn.cluster import DBSCAN

    found = DBSCAN(eps=radius, min_samples=_neighbours(rows)).fit(rows)
    core = np.asarray(found.core_sample_indices_, np.int64)
    labels = _by_size(np.asarray(found.labels_, np.int64))
    return Fit(rows[core], labels[core], np.full(len(core), radius))


def _hdbscan(rows: Floats, least: int) -> Fit:
    from sklearn.cluster import HDBSCAN

    found = HDBSCAN(min_cluster_size=least, min_samples=_neighbours(rows), copy=True).fit(rows)
    labels = _by_size(np.asarray(found.labels_, np.int64))
    gaps = _gaps(rows, _neighbours(rows))
    widest = {each: float(gaps[labels == each].max()) for each in set(labels.tolist())}
    return Fit(rows, labels, np.array([widest[each] for each in labels.tolist()]))


def _by_size(labels: Labels) -> Labels:
    """Return the labels numbered anew, the largest cluster first; noise stays noise."""
    there, counts = np.unique(labels[labels != NOISE], return_counts=True)
    place = {int(old): new for new, old in enumerate(there[np.argsort(-counts, kind="stable")])}
    return np.array([place.get(each, NOISE) for each in labels.tolist()], np.int64)


def _neighbours(rows: Floats) -> int:
    return max(5, 2 * int(rows.shape[1]))


def _gaps(rows: Floats, neighbours: int) -> Floats:
    """Return the distance from each row to its so-manieth neighbour."""
    from scipy.spatial import cKDTree

    far, _ = cKDTree(rows).query(rows, k=min(neighbours, len(rows)))
    return np.asarray(far)[:, -1]


def _stability(
    rows: Floats, method: Method, setting: float, labels: Labels, rng: Generator, times: int
) -> Floats:
    """Return the adjusted Rand index between these labels and those of each resampled fit."""
    from sklearn.metrics import adjusted_rand_score

    def once() -> float:
        drawn = rows[rng.integers(0, len(rows), len(rows))]
        again = _fitted(drawn, method, setting, _seed(rng)).assign(rows)
        return float(adjusted_rand_score(labels, again))

    return np.array([once() for _ in range(times)])


def _shuffled(rows: Floats, method: Method, setting: float, rng: Generator) -> float:
    """Return the silhouette that the method gets where each column was shuffled on its own."""
    alone = np.stack([rng.permutation(column) for column in rows.T], axis=1)
    return _silhouette(alone, _fitted(alone, method, setting, _seed(rng)).assign(alone), rng)


def _silhouette(rows: Floats, labels: Labels, rng: Generator) -> float:
    """Return the mean silhouette of a sample, 0 for noise; -1 where there are not two clusters."""
    from sklearn.metrics import silhouette_score

    inside = np.flatnonzero(labels != NOISE)
    if len(inside) > JUDGED_ROWS:
        inside = np.sort(rng.choice(inside, JUDGED_ROWS, replace=False))
    there = len(set(labels[inside].tolist()))
    if not 2 <= there < len(inside):
        return -1.0
    share = float((labels != NOISE).mean())
    return share * float(silhouette_score(rows[inside], labels[inside]))


def _seed(rng: Generator) -> int:
    return int(rng.integers(0, 2**31 - 1))
