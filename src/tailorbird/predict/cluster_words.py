"""What sets clusters apart, in plain words, and names that last from one training to the next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.predict.cluster import NOISE, Clusters, Feature, Floats, Labels
from tailorbird.predict.propensity import numbers

if TYPE_CHECKING:
    import pyarrow as pa

NOTABLE: Final = 0.4
"""Standard deviations from which a difference gives a cluster its name."""
KEPT: Final = 0.5
"""Share of the people of either from which a new cluster is an old one (Jaccard)."""
WORDS: Final[dict[str, tuple[str, str]]] = {
    "average_order_minor": ("large orders", "small orders"),
    "dwell_seconds_30d": ("long reading", "short reading"),
    "engagement": ("active in mail", "silent in mail"),
    "orders": ("many orders", "few orders"),
    "orders_365d": ("many orders lately", "few orders lately"),
    "recency_days": ("long away", "bought lately"),
    "returns": ("many returns", "few returns"),
    "revenue_minor": ("high spend", "low spend"),
    "sessions_30d": ("many visits", "few visits"),
    "tenure_days": ("long known", "newly known"),
}
"""What much and little of a trait is called; of others it is `high NAME` and `low NAME`."""


@dataclass(frozen=True, slots=True)
class Told:
    """One cluster: how many, in words, its differences in deviations, its means."""

    people: int
    words: str
    differences: dict[str, float]
    means: dict[str, float]


def told(
    table: pa.Table, features: tuple[Feature, ...], rows: Floats, labels: Labels
) -> list[Told]:
    """Return what sets each cluster apart from all people, by its standardised means."""
    raw = {feature.name: numbers(table, feature.name) for feature in features}
    found = []
    for cluster in range(int(labels.max()) + 1):
        inside = labels == cluster
        apart = rows[inside].mean(axis=0) - rows.mean(axis=0)
        order = np.argsort(-np.abs(apart), kind="stable").tolist()
        differences = {features[at].name: round(float(apart[at]), 3) for at in order}
        means = {
            name: round(float(np.nanmean(values[inside])), 3)
            for name, values in raw.items()
            if not np.isnan(values[inside]).all()
        }
        found.append(Told(int(inside.sum()), _words(differences), differences, means))
    return found


def names(
    clusters: list[Told], labels: Labels, before: Labels | None, old: Clusters | None
) -> tuple[str, ...]:
    """Return each cluster's name: the old one where it still is that cluster, else its words."""
    kept = _kept(labels, before, old) if before is not None and old is not None else {}
    given: list[str] = []
    for at, cluster in enumerate(clusters):
        name = kept.get(at) or re.sub(r"[^a-z0-9]+", "-", cluster.words).strip("-")
        taken = {*given, *kept.values()} - {kept.get(at)}
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        given.append(unique)
    return tuple(given)


def _kept(labels: Labels, before: Labels, old: Clusters) -> dict[int, str]:
    """Return the old name of each cluster that shares most of its people with an old one."""
    shares = []
    for new in set(labels.tolist()) - {NOISE}:
        for cluster in set(before.tolist()) - {NOISE}:
            both = int(((labels == new) & (before == cluster)).sum())
            either = int(((labels == new) | (before == cluster)).sum())
            shares.append((both / either, new, cluster))
    kept: dict[int, str] = {}
    for share, new, cluster in sorted(shares, reverse=True):
        name = old.names[cluster]
        if share >= KEPT and new not in kept and name not in kept.values():
            kept[new] = name
    return kept


def _words(differences: dict[str, float]) -> str:
    most = [(name, gap) for name, gap in differences.items() if abs(gap) >= NOTABLE][:2]
    if not most:
        return "in the middle"
    return ", ".join(_word(name, gap) for name, gap in most)


def _word(name: str, gap: float) -> str:
    much, little = WORDS.get(name, (f"high {name}", f"low {name}"))
    return much if gap > 0 else little
