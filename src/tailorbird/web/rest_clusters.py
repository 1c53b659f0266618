"""The API of clusters: what was found, how stable, what sets each apart."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views.clusters import ClusterSet
from tailorbird.web.asking import MISSING, Asked, Name, found, reads


@reads("/clusters", "All clusters", "segments")
def list_clusters(readings: Asked) -> tuple[ClusterSet, ...]:
    """Return all clusters as their latest training found them."""
    return readings.cluster_sets()


@reads("/clusters/{name:str}", "Clusters of one name", "segments", responses=MISSING)
def get_clusters(readings: Asked, name: Name) -> ClusterSet:
    """Return clusters with their names, their sizes, their stability, and what was tried."""
    return found(readings.cluster_set(name), f"clusters {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [list_clusters, get_clusters]
