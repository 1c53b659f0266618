"""Lists of groups with their sizes as the last refresh left them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tailorbird import grouping
from tailorbird.segments.groups import POINT
from tailorbird.segments.groups_text import Listed
from tailorbird.segments.rfm import PARTS
from tailorbird.views import moment
from tailorbird.views.groups import GroupList, GroupSize, Threshold
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
    told = {group.name: group.description for group in found.groups} if found else {}
    frozen = grouping.calibration(world, listed)
    kept = grouping.recalculated(world, listed)
    sizes = []
    for label in found.labels if found else ():
        segment = f"{listed.name}{POINT}{label}"
        sizes.append(GroupSize(label, segment, people.get(segment), told.get(label, "")))
    return GroupList(
        name=listed.name,
        kind="rfm" if listed.rfm else "engagement" if listed.engagement else "groups",
        description=listed.description,
        version=listed.version,
        groups=tuple(sizes),
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
