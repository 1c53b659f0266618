"""Lists of groups with their sizes as the last refresh left them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tailorbird import authoring, grouping
from tailorbird.schema import Instant
from tailorbird.segments import groups, rfm
from tailorbird.segments.groups import POINT, Groups
from tailorbird.segments.groups_text import Listed, parse_groups
from tailorbird.segments.rfm import FIFTHS, PARTS
from tailorbird.views import moment
from tailorbird.views.groups import (
    GroupList,
    GroupSize,
    GroupTrial,
    RfmGrid,
    RfmSquare,
    Threshold,
)
from tailorbird.world import World

_STANDING: Final = """
SELECT r.segment, COUNT(m.person) AS people FROM segment_refreshes AS r
LEFT JOIN membership AS m ON m.segment = r.segment AND m.member GROUP BY ALL
"""


def group_lists(world: World) -> tuple[GroupList, ...]:
    """Return every list of groups, by name."""
    people = {row["segment"]: row["people"] for row in world.facts.read(_STANDING).to_pylist()}
    return tuple(_shown(world, listed, people) for listed in grouping.lists(world))


def group_list(world: World, name: str) -> GroupList | None:
    """Return one list of groups."""
    return next((each for each in group_lists(world) if each.name == name), None)


def _shown(world: World, listed: Listed, people: Mapping[str, int]) -> GroupList:
    found = grouping.groups_of(world, listed)
    frozen = grouping.calibration(world, listed)
    kept = grouping.recalculated(world, listed)
    return GroupList(
        name=listed.name,
        kind="rfm" if listed.rfm else "engagement" if listed.engagement else "groups",
        description=listed.description,
        version=listed.version,
        groups=_sizes(found, people) if found else (),
        calibrated_at=moment(frozen.at) if frozen else None,
        customers=frozen.people if frozen else None,
        thresholds=tuple(
            Threshold(part, trait, values, frozen.scores[part])
            for part, trait, values in zip(
                PARTS,
                frozen.traits,
                (frozen.recency, frozen.frequency, frozen.money),
                strict=True,
            )
        )
        if frozen
        else (),
        recalculate=listed.recalculate,
        kept_at=moment(kept) if kept else None,
        kept_as=f"{grouping.KEPT_AS}{listed.name}" if listed.recalculate else "",
    )


def _sizes(found: Groups, people: Mapping[str, int]) -> tuple[GroupSize, ...]:
    """Return each group with its size, where `people` knows it under the name of its segment."""
    told = {group.name: group.description for group in found.groups}
    return tuple(
        GroupSize(label, segment, people.get(segment), told.get(label, ""))
        for label in found.labels
        for segment in [f"{found.name}{POINT}{label}"]
    )


def trial(world: World, name: str, text: str, now: Instant) -> GroupTrial:
    """Return how many people the groups of a text would hold now; nothing is kept.

    Raises:
        DefinitionError: with the line and the mend.
    """
    authoring.check_definition(world, "groups", name, text)
    kept = world.definitions.get("groups", name)
    version = (kept.version if kept else 0) + (kept is None or kept.text != text)
    found = _drafted(world, parse_groups(text, f"groups/{name}.yaml", version=version), now)
    if found is None:
        return GroupTrial(name, version, (), waits=True)
    among = authoring.standing_segments(world)
    counted = groups.sizes(world.facts, found, among, as_of=now)
    people = {f"{name}{POINT}{label}": size for label, size in counted.items()}
    return GroupTrial(name, version, _sizes(found, people), waits=False)


def _drafted(world: World, listed: Listed, now: Instant) -> Groups | None:
    """Return the groups of a draft; one of RFM without thresholds is shown with those of now."""
    found = grouping.groups_of(world, listed)
    if found or listed.rfm is None:
        return found
    frozen = rfm.calibrate(world.facts, listed.name, listed.rfm, now=now)
    return rfm.groups_of(listed.name, listed.rfm, frozen) if frozen else None


def grid(world: World, name: str, now: Instant) -> RfmGrid | None:
    """Return how many customers have which scores; None of a list without thresholds of RFM."""
    listed = next((each for each in grouping.lists(world) if each.name == name), None)
    frozen = grouping.calibration(world, listed) if listed else None
    if listed is None or listed.rfm is None or frozen is None:
        return None
    scores = rfm.scores(world.facts, listed.rfm, frozen, as_of=now)
    recency, *others = (scores[part].to_pylist() for part in PARTS)
    values = [(frequency + money + 1) // 2 for frequency, money in zip(*others, strict=True)]
    people = Counter(zip(recency, values, strict=True))
    squares = (
        RfmSquare(r, v, rfm.cell_of(listed.rfm.cells, r, v) or "", people[r, v])
        for r in range(FIFTHS, 0, -1)
        for v in range(1, FIFTHS + 1)
    )
    return RfmGrid(moment(now), tuple(squares))
