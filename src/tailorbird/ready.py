"""Ready kinds of segments over a data folder: groups, RFM, engagement, clusters, calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailorbird import authoring, clusters, grouping, segments
from tailorbird.errors import UsageError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.predict import ClusterReport
from tailorbird.recalculating import Recalculated
from tailorbird.schema import Definition, Instant, PersonId
from tailorbird.segments import engagement, groups, rfm
from tailorbird.segments.groups_library import groups_library
from tailorbird.world import World
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Ready", "recalculate_due"]


def recalculate_due(world: World, now: Instant, work: Work = AT_ONCE) -> list[Recalculated]:
    """Do every recalculation whose time has come; return what was kept.

    Call it between taking events in and refreshing segments. What it keeps goes into the log, and
    the next ingest makes traits of it. `work` does it: behind, it is kept at a later call.
    """
    latest = world.definitions.latest
    if not latest("groups") and not latest("clusters"):
        return []
    standing = authoring.standing_segments(world)
    return [
        *grouping.recalculate_due(world, standing, now, work),
        *clusters.recalculate_due(world, standing, now, work),
    ]


@dataclass(frozen=True, slots=True)
class Ready:
    """Reads and recalculates the groups and clusters of one data folder."""

    world: World
    now: Instant

    def install(self, name: str) -> Definition:
        """Keep a list that comes with Tailorbird: `rfm`, `loyalty` or `activity`.

        Raises:
            UsageError: there is none of this name.
        """
        shipped = groups_library()
        if name not in shipped:
            raise UsageError(f"no list {name!r} is shipped", mend=nearest(name, list(shipped)))
        return self.put(name, shipped[name])

    def put(self, name: str, text: str, *, author: str = "", reason: str = "") -> Definition:
        """Keep a list of groups as a new version; an RFM list takes its thresholds at once.

        Raises:
            DefinitionError: with the line and the mend; what was in force stays.
        """
        kept = authoring.put(
            self.world, "groups", name, text, now=self.now, author=author, reason=reason
        )
        recalculate_due(self.world, self.now)
        return kept

    def sizes(self, name: str, as_of: Instant | None = None) -> dict[str, int]:
        """Return how many people each group of a list holds, exactly, now or at a past instant.

        Raises:
            UsageError: there is no such list, or it waits for its thresholds.
        """
        found, among = self._groups(name), self._among()
        return groups.sizes(self.world.facts, found, among, as_of=self._at(as_of))

    def labels(self, name: str, as_of: Instant | None = None) -> pa.Table:
        """Return (person, group) of everybody, in order of person."""
        return groups.labels(
            self.world.facts, self._groups(name), self._among(), as_of=self._at(as_of)
        )

    def scores(
        self, name: str, as_of: Instant | None = None, people: Sequence[PersonId] | None = None
    ) -> pa.Table:
        """Return what each person's group rests on: three scores of RFM, points of engagement.

        Raises:
            UsageError: the list has no scores, or waits for its thresholds.
        """
        listed, at = grouping.find(self.world, name), self._at(as_of)
        frozen = grouping.calibration(self.world, listed)
        if listed.engagement:
            among = self._among()
            return engagement.scores(
                self.world.facts, listed.engagement, among, as_of=at, people=people
            )
        if listed.rfm and frozen:
            return rfm.scores(self.world.facts, listed.rfm, frozen, as_of=at, people=people)
        if listed.rfm:
            raise _waiting(name)
        raise UsageError(f"{name!r} has no scores", mend="ask a list with `rfm:` or `engagement:`")

    def calibrate(self, name: str) -> rfm.Calibration:
        """Take the thresholds of an RFM list anew."""
        return grouping.calibrate(self.world, name, self.now)

    def recalculate(self, name: str) -> Recalculated:
        """Keep now who is in which group of a list; the next ingest makes a trait of it.

        Raises:
            UsageError: there is no such list, or it waits for its thresholds.
        """
        found = grouping.recalculate(
            self.world, grouping.find(self.world, name), self._among(), self.now
        )
        if found is None:
            raise _waiting(name)
        return found

    def train_clusters(self, name: str) -> ClusterReport:
        """Find clusters, judge them, and assign everybody where they serve.

        Raises:
            UsageError: there are none of this name.
            ModelError: there are too few people, or nothing to be found.
        """
        wanted, standing = clusters.find(self.world, name), self._among()
        found = clusters.train(self.world, wanted, standing, self.now)
        clusters.assign(self.world, wanted, standing, self.now)
        return found

    def assign_clusters(self, name: str) -> Recalculated:
        """Hold everybody to the clusters that serve; the next ingest makes a trait of it.

        Raises:
            UsageError: there are none of this name, or none serve.
        """
        found = clusters.assign(
            self.world, clusters.find(self.world, name), self._among(), self.now
        )
        if found is None:
            mend = f"run `tailorbird clusters train {name}`"
            raise UsageError(f"no clusters {name!r} serve", mend=mend)
        return found

    def _groups(self, name: str) -> groups.Groups:
        found = grouping.groups_of(self.world, grouping.find(self.world, name))
        if found is None:
            raise _waiting(name)
        return found

    def _among(self) -> list[segments.Segment]:
        return authoring.standing_segments(self.world)

    def _at(self, as_of: Instant | None) -> Instant:
        return self.now if as_of is None else as_of


def _waiting(name: str) -> UsageError:
    mend = f"run `tailorbird groups calibrate {name}` when there are enough customers"
    return UsageError(f"{name!r} waits for its thresholds", mend=mend)
