"""Whether somebody belonged to a campaign's audience at an instant, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from tailorbird import authoring, grouping, journeys
from tailorbird.readings.segments import explained
from tailorbird.schema import Definition, Instant, PersonId
from tailorbird.segments import Segment, broken
from tailorbird.views.segments import Explanation
from tailorbird.views.why import Excluded
from tailorbird.world import World

_BEFORE = (
    'SELECT COUNT(*) AS later FROM facts WHERE person = $1 AND "at" <= $2 AND received_at > $2'
)


@dataclass(frozen=True, slots=True)
class Belonging:
    """The audience's conditions for one person, and the segments that leave her out."""

    audience: Explanation | None
    excluded: tuple[Excluded, ...]
    unasked: str = ""
    """Why the segments that decide it cannot be asked: had one held her, it would be otherwise."""

    @property
    def belongs(self) -> bool:
        """Return whether she was in the audience and in no excluded segment."""
        return bool(self.audience and self.audience.member) and not self.left_out

    @property
    def left_out(self) -> str:
        """Return the first excluded segment that she is in, '' where there is none."""
        return next((each.segment for each in self.excluded if each.member), "")


def belonging(
    world: World, campaign: journeys.Campaign, person: PersonId, at: Instant
) -> Belonging:
    """Return whether a person belonged to an audience at an instant, by what is known today.

    Segments are read as they stood then; what came in late counts. Nothing is said of a broken one.
    """
    standing = broken.marked(list(standing_at(world, at)))
    asked = (_explained(world, name, person, standing, at) for name in campaign.included)
    included = [each for each in asked if each is not None]
    first = included[0] if included else None
    audience = next((each for each in included if each.member), first)
    excluded = tuple(
        Excluded(name, found.member)
        for name in campaign.exclude
        if (found := _explained(world, name, person, standing, at)) is not None
    )
    decides = campaign.exclude if audience and audience.member else campaign.included
    return Belonging(audience, excluded, _unasked(standing, decides))


def _unasked(standing: Sequence[Segment], names: Sequence[str]) -> str:
    """Return why one of these segments cannot be asked, '' where all can."""
    faults = {each.name: each.broken for each in standing if each.broken}
    told = (faults[name].refusal(name).sentence() for name in names if name in faults)
    return next(told, "")


def standing_at(world: World, at: Instant) -> Iterator[Segment]:
    """Yield every segment as it was defined at an instant."""
    for each in authoring.standing_segments(world, at):
        latest = world.definitions.get("segment", each.name)
        if latest is None or latest.created_at <= at:
            # What it rests on may have been sound then: who marks these anew finds out.
            rests = each.broken is not None and each.broken.segment != each.name
            yield replace(each, broken=None) if rests else each
            continue
        then = _in_force(world.definitions.versions("segment", each.name, 1000), at)
        yield grouping.read_segment(then)


def came_late(world: World, person: PersonId, at: Instant) -> int:
    """Return how many events of a person happened before an instant and came in after it."""
    (row,) = world.facts.read(_BEFORE, (person, at)).to_pylist()
    return int(row["later"])


def _in_force(versions: Sequence[Definition], at: Instant) -> Definition:
    """Return the version that stood at an instant; the oldest, where all came later."""
    kept = [each for each in versions if not each.removed]
    return next((each for each in kept if each.created_at <= at), kept[-1])


def _explained(
    world: World, name: str, person: PersonId, standing: list[Segment], at: Instant
) -> Explanation | None:
    segment = next((each for each in standing if each.name == name), None)
    if segment is None or segment.broken:
        return None
    return explained(world, segment, person, standing, at, ahead=False)
