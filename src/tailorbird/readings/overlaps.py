"""How segments overlap, as the last refresh left them or at a past instant."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird import authoring, grouping, segments
from tailorbird.errors import UsageError
from tailorbird.schema import Instant
from tailorbird.views import moment
from tailorbird.views.overlaps import (
    OverlapCombination,
    OverlapPair,
    OverlapSize,
    SegmentOverlap,
)
from tailorbird.world import World
from tailorbird.yaml_text import nearest

_REFRESHED = 'SELECT segment, "at" FROM segment_refreshes'


def overlap(
    world: World, names: Sequence[str], now: Instant, as_of: Instant | None = None
) -> SegmentOverlap:
    """Return how segments overlap; without `as_of`, as they stand.

    Raises:
        UsageError: there is no such segment, one is named twice, fewer than two are named.
        DefinitionError: one is broken, so that who is in it is not known now.
    """
    known = {segment.name: segment for segment in authoring.standing_segments(world, as_of)}
    for name in names:
        if name not in known:
            raise UsageError(f"no segment {name!r}", mend=nearest(name, list(known)))
    grouping.check_sound(world, names, "overlap")
    if as_of is not None:
        asked = [known[name] for name in names]
        found = segments.overlap_at(world.facts, asked, list(known.values()), as_of=as_of)
        return _shown(found, as_of)
    found = segments.overlap(world.facts, names)
    return _shown(found, _refreshed(world, names, now))


def _refreshed(world: World, names: Sequence[str], now: Instant) -> Instant:
    """Return the instant up to which all of them are known."""
    rows = world.facts.read(_REFRESHED).to_pylist()
    return min((row["at"] for row in rows if row["segment"] in names), default=now)


def _shown(found: segments.Overlap, at: Instant) -> SegmentOverlap:
    return SegmentOverlap(
        as_of=moment(at),
        people=found.people,
        sizes=tuple(OverlapSize(name, people) for name, people in found.sizes.items()),
        pairs=tuple(OverlapPair(p.one, p.two, p.people, p.jaccard) for p in found.pairs),
        combinations=tuple(OverlapCombination(c.segments, c.people) for c in found.combinations),
        left_out=found.left_out,
        left_out_people=found.left_out_people,
    )
