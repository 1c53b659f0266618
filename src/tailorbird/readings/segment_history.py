"""Who entered and left segments: as it was seen, and of one person as it was."""

from __future__ import annotations

from typing import Any, Final

from tailorbird import authoring, crossing, segments
from tailorbird.readings.people import label
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.stays import stays
from tailorbird.views import MembershipChange, MembershipChanges, PersonStays, StayIn, moment
from tailorbird.world import World

_CHANGES: Final = """
SELECT segment, person, "at", entered, cause, version, seen_at, sequence FROM membership_changes
WHERE sequence < $1 AND ($2 = '' OR segment = $2) AND ($3 = 0 OR person = $3)
ORDER BY sequence DESC LIMIT $4
"""
_LAST: Final = 2**63 - 1


def changes(
    world: World, segment: str, person: PersonId, before: int, limit: int
) -> MembershipChanges:
    """Return who entered and left, the newest first; '' and 0 leave a choice open."""
    asked = (before or _LAST, segment, person, limit + 1)
    rows = world.facts.read(_CHANGES, asked).to_pylist()
    page = rows[:limit]
    profiles = world.people.profiles(list({row["person"] for row in page}))
    labels = {each: label(profile) for each, profile in profiles.items()}
    more = str(page[-1]["sequence"]) if len(rows) > limit else ""
    since = crossing.known_since(world)
    known = moment(since) if since else None
    return MembershipChanges(tuple(_change(row, labels) for row in page), more, known)


def _change(row: dict[str, Any], labels: dict[PersonId, str]) -> MembershipChange:
    return MembershipChange(
        segment=row["segment"],
        person=row["person"],
        label=labels.get(row["person"], f"Person {row['person']}"),
        entered=row["entered"],
        at=moment(row["at"]),
        cause=row["cause"],
        version=row["version"],
        seen_at=moment(row["seen_at"]),
    )


def person_stays(world: World, name: str, person: PersonId, as_of: Instant) -> PersonStays | None:
    """Return when a person was in a segment, by what the log says today."""
    standing = authoring.standing_segments(world)
    segment: segments.Segment | None = next((each for each in standing if each.name == name), None)
    profile = world.people.profiles([person]).get(person)
    if segment is None or profile is None:
        return None
    found = stays(world.facts, segment, person, standing, as_of=as_of)
    return PersonStays(
        segment=name,
        person=person,
        label=label(profile),
        as_of=moment(as_of),
        stays=tuple(
            StayIn(moment(each.since), None if each.until is None else moment(each.until))
            for each in found
        ),
    )
