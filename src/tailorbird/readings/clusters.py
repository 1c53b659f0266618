"""Clusters as the latest training found them."""

from __future__ import annotations

from tailorbird import clusters, learning
from tailorbird.views import moment
from tailorbird.views.clusters import ClusterCandidate, ClusterFound, ClusterSet
from tailorbird.world import World


def cluster_sets(world: World) -> tuple[ClusterSet, ...]:
    """Return all clusters that somebody wants, by name."""
    return tuple(_shown(world, wanted) for wanted in clusters.wanted(world))


def cluster_set(world: World, name: str) -> ClusterSet | None:
    """Return the clusters of one name."""
    return next((each for each in cluster_sets(world) if each.name == name), None)


def _shown(world: World, wanted: clusters.Wanted) -> ClusterSet:
    about = (wanted.name, wanted.description, wanted.method, wanted.features)
    kept_as = f"{clusters.KEPT_AS}{wanted.name}"
    found = clusters.report(world, wanted.name)
    card = learning.card(world, f"{clusters.MODEL}{wanted.name}")
    if found is None or card is None:
        return ClusterSet(*about, kept_as)
    assigned = clusters.assigned(world, wanted.name)
    return ClusterSet(
        *about,
        kept_as,
        trained_at=moment(card.trained_at),
        assigned_at=moment(assigned) if assigned else None,
        serves=found.serves,
        why=found.why,
        people=found.people,
        noise=found.noise,
        setting=found.setting,
        proposed=found.proposed,
        silhouette=found.silhouette,
        shuffled=found.shuffled,
        stability=found.stability,
        worst=found.worst,
        clusters=tuple(
            ClusterFound(each.name, each.words, each.people, each.differences, each.means)
            for each in found.clusters
        ),
        candidates=tuple(
            ClusterCandidate(
                each.setting, each.clusters, each.noise, each.silhouette, each.stability
            )
            for each in found.candidates
        ),
    )
