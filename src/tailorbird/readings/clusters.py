"""Clusters as the latest training found them."""

from __future__ import annotations

from tailorbird import authoring, clusters, learning
from tailorbird.readings.people import held
from tailorbird.schema import Instant
from tailorbird.segments import Segment
from tailorbird.segments.conditions import Comparison, TraitIs
from tailorbird.views import PeoplePage, moment
from tailorbird.views.clusters import ClusterCandidate, ClusterFound, ClusterSet, ClusterTrial
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


def trial(world: World, name: str, text: str, now: Instant) -> ClusterTrial:
    """Return how many people could be learnt from to find these clusters; nothing is kept.

    Raises:
        DefinitionError: with the line and the mend.
    """
    authoring.check_definition(world, "clusters", name, text)
    kept = world.definitions.get("clusters", name)
    version = (kept.version if kept else 0) + (kept is None or kept.text != text)
    asked = clusters.parse(text, f"clusters/{name}.yaml")
    standing = authoring.standing_segments(world)
    return ClusterTrial(name, version, len(clusters.learnable(world, asked, standing, now)))


def people(
    world: World, name: str, label: str, after: str, limit: int, now: Instant
) -> PeoplePage | None:
    """Return the people whom the latest assignment put into a cluster; None without clusters."""
    if world.definitions.get("clusters", name) is None:
        return None
    trait = f"{clusters.KEPT_AS}{name}"
    return held(world, Segment(name, TraitIs(trait, Comparison("=", (label,)))), after, limit, now)
