"""The API of clusters: what was found, how stable, what sets each apart."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.readings import clusters, trainings
from tailorbird.ready import Ready
from tailorbird.views import PeoplePage
from tailorbird.views.clusters import ClusterSet, ClusterTrial
from tailorbird.views.definitions import NewVersion
from tailorbird.views.groups import Recalculation
from tailorbird.views.sources import DefinitionText, KeptText
from tailorbird.views.trainings import Training
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    Asked,
    At,
    Cursor,
    Limit,
    Name,
    Now,
    With,
    found,
    reads,
)
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import handlers, kept, named
from tailorbird.web.rest_groups import recalculation

TAG: Final = "segments"
Label = Annotated[str, QueryParameter(name="cluster", max_length=200, description="Its label.")]


@reads("/clusters", "All clusters", TAG)
def list_clusters(readings: Asked) -> tuple[ClusterSet, ...]:
    """Return all clusters as their latest training found them."""
    return readings.cluster_sets()


@reads("/clusters/{name:str}", "Clusters of one name", TAG, responses=MISSING)
def get_clusters(readings: Asked, name: Name) -> ClusterSet:
    """Return clusters with their names, their sizes, their stability, and what was tried."""
    return found(readings.cluster_set(name), f"clusters {name!r}")


@reads("/clusters/{name:str}/people", "People of one cluster", TAG, responses=MISSING)
def list_clustered(
    desk: At, now: Now, name: Name, label: Label, after: Cursor = "", limit: Limit = 50
) -> PeoplePage:
    """Return the people whom the latest assignment put into a cluster, by number."""
    people = clusters.people(desk.world, name, label, after, limit, now)
    return found(people, f"clusters {name!r}")


@post("/clusters/check", summary="Check clusters", tags=[TAG], status_code=200,
      responses=INVALID | WRONG | GUARDED, sync_to_thread=True)  # fmt: skip
def check_clusters(desk: At, now: Now, data: JSONBody[DefinitionText]) -> ClusterTrial:
    """Return how many people could be learnt from; nothing is kept, nothing trained."""
    return clusters.trial(desk.world, named(data.text, "clusters.yaml"), data.text, now)


@post("/clusters", summary="Keep clusters", tags=[TAG], responses=WRITING, **WRITES)
def put_clusters(desk: At, data: JSONBody[NewVersion]) -> KeptText:
    """Keep what is wanted clustered under the name that it says, as a new version."""
    return kept(desk, "clusters", data)


@post("/clusters/{name:str}/train", summary="Find clusters", tags=[TAG], status_code=202,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def train_clusters(desk: At, writer: With, name: Name) -> Training:
    """Begin to find clusters anew, to judge them, and to put everybody into the one that fits.

    It may take minutes where there are many people: ask for `/training` until it is no longer
    `running`. What served before serves until then, and afterwards too where it failed.
    """
    _known(desk, name)
    return trainings.shown(desk.train("clusters", name, writer))


@reads("/clusters/{name:str}/training", "How far a training is", TAG, responses=MISSING)
def get_training(desk: At, name: Name) -> Training:
    """Return how far the training is that was asked for last, and why it failed."""
    _known(desk, name)
    return trainings.latest(desk.world, "clusters", name)


@post("/clusters/{name:str}/assign", summary="Assign everybody", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def assign_clusters(desk: At, name: Name) -> Recalculation:
    """Put everybody into the clusters that serve, without training them anew."""
    return recalculation(desk, _ready(desk, name).assign_clusters(name))


def _ready(desk: Desk, name: str) -> Ready:
    _known(desk, name)
    return Ready(desk.world, desk.clock())


def _known(desk: Desk, name: str) -> None:
    found(desk.world.definitions.get("clusters", name), f"clusters {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_clusters,
    get_clusters,
    list_clustered,
    check_clusters,
    put_clusters,
    train_clusters,
    get_training,
    assign_clusters,
    *handlers("clusters", "clusters", "clusters"),
]
