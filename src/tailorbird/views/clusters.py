"""Clusters: what was found, how stable it is, what sets each apart."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ClusterFound(msgspec.Struct, frozen=True):
    """One cluster among the people trained on. `label` is what the trait says.

    `differences` are in standard deviations, the largest first; `means` in the trait's own unit.
    """

    label: str
    words: str
    people: int
    differences: dict[str, float]
    means: dict[str, float]


class ClusterCandidate(msgspec.Struct, frozen=True):
    """One setting that was tried: how many clusters (K-means), radius, or least size."""

    setting: float
    clusters: int
    noise: float
    silhouette: float
    stability: float


class ClusterSet(msgspec.Struct, frozen=True):
    """Clusters as the latest training found them; without one, nothing but what is wanted.

    `stability` is the mean adjusted Rand index under resampling, `worst` its lowest; `shuffled` the
    silhouette where nothing is to be found.
    """

    name: str
    description: str
    method: str
    features: tuple[str, ...]
    kept_as: str
    """The trait that holds each person's cluster."""
    trained_at: datetime | None = None
    assigned_at: datetime | None = None
    serves: bool = False
    why: str = "not trained yet"
    people: int = 0
    noise: int = 0
    setting: float = 0.0
    proposed: bool = True
    silhouette: float = 0.0
    shuffled: float = 0.0
    stability: float = 0.0
    worst: float = 0.0
    clusters: tuple[ClusterFound, ...] = ()
    candidates: tuple[ClusterCandidate, ...] = ()


class ClusterTrial(msgspec.Struct, frozen=True):
    """Clusters as they would be kept, and how many people could be learnt from."""

    name: str
    version: int
    people: int
