"""Segments: sizes with their trend, one definition, a count while editing, why a person is in."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from msgspec.structs import replace

from tailorbird import authoring, grouping, segments
from tailorbird.membership import worked_out
from tailorbird.readings.people import label, rows
from tailorbird.schema import DAY, Definition, Instant, PersonId
from tailorbird.segments import conditions
from tailorbird.segments.schedule import LIVE
from tailorbird.views import (
    Evidence,
    Explanation,
    Outlook,
    Reason,
    SegmentCount,
    SegmentReport,
    SegmentSize,
    TrendPoint,
    Turn,
    moment,
)
from tailorbird.world import World

TREND_DAYS: Final = 30
SAMPLE: Final = 8
DRAFT: Final = "draft.yaml"
BRIEFLY: Final = ("orders", "last_order_at")

_STANDING = """
SELECT COALESCE(r.segment, m.segment) AS segment, r."at", COUNT(m.person) AS people
FROM segment_refreshes AS r
FULL JOIN (SELECT segment, person FROM membership WHERE member) AS m ON m.segment = r.segment
GROUP BY ALL
"""
_CHANGES = """
SELECT segment, "at" // $1 AS day, COUNT(*) FILTER (entered) AS entered,
    COUNT(*) FILTER (NOT entered) AS gone
FROM membership_changes WHERE "at" <= $2 GROUP BY ALL ORDER BY segment, day
"""


def sizes(world: World, now: Instant) -> tuple[SegmentSize, ...]:
    """Return every segment as the last refresh left it, by name; then those of the groups."""
    rows = {row["segment"]: row for row in world.facts.read(_STANDING).to_pylist()}
    trends = _trends(world, now)
    total = world.people.count()
    return tuple(
        _size(segment, rows.get(segment.name), trends.get(segment.name, ()), total)
        for segment in authoring.standing_segments(world)
    )


def _definition(segment: segments.Segment) -> Definition:
    """Return the definition that a group's segment would have, were it written by hand."""
    return Definition("segment", segment.name, segment.version, segments.write(segment))


def _size(
    segment: segments.Segment,
    row: dict[str, Any] | None,
    trend: tuple[TrendPoint, ...],
    total: int,
) -> SegmentSize:
    people = row["people"] if row else None
    broken = segment.broken
    return SegmentSize(
        name=segment.name,
        description=segment.description,
        version=segment.version,
        people=people,
        share=None if people is None else people / max(total, 1),
        refreshed_at=moment(row["at"]) if row and row["at"] else None,
        trend=tuple(point.people for point in trend),
        trouble=broken.refusal(segment.name).sentence() if broken else "",
    )


def _trends(world: World, now: Instant) -> dict[str, tuple[TrendPoint, ...]]:
    """Return the size at the end of each of the last days, from the first refresh on."""
    changes: dict[str, dict[int, tuple[int, int]]] = {}
    for row in world.facts.read(_CHANGES, (DAY, now)).to_pylist():
        changes.setdefault(row["segment"], {})[row["day"]] = (row["entered"], row["gone"])
    return {name: _trend(days, now // DAY) for name, days in changes.items()}


def _trend(changes: dict[int, tuple[int, int]], today: int) -> tuple[TrendPoint, ...]:
    days = range(min(changes), today + 1)
    moves = [changes.get(day, (0, 0)) for day in days]
    people = accumulate(entered - gone for entered, gone in moves)
    points = (
        TrendPoint(moment(day * DAY).date().isoformat(), size, entered, gone)
        for day, size, (entered, gone) in zip(days, people, moves, strict=True)
    )
    return tuple(points)[-TREND_DAYS:]


def report(world: World, name: str, now: Instant) -> SegmentReport | None:
    """Return one segment's page."""
    groups = {each.name: _definition(each) for each in grouping.derived(world)}
    definition = groups.get(name) or world.definitions.get("segment", name)
    size = next((each for each in sizes(world, now) if each.name == name), None)
    if definition is None or size is None:
        return None
    sample = segments.members(world.facts, name)[:SAMPLE]
    trend = _trends(world, now).get(name, ())
    return SegmentReport(size, definition.text, trend, rows(world, sample, now))


def count(world: World, text: str, now: Instant) -> SegmentCount:
    """Return how many people a definition holds now, among the segments that stand.

    Raises:
        DefinitionError: with the line and the mend.
    """
    draft = segments.parse(text, DRAFT)
    among = [each for each in authoring.standing_segments(world) if each.name != draft.name]
    found = segments.preview(world.facts, draft, among, as_of=now, limit=SAMPLE)
    return SegmentCount(found.count, found.people, sample=rows(world, found.sample, now, BRIEFLY))


def explain(world: World, name: str, person: PersonId, now: Instant) -> Explanation | None:
    """Return every condition with its answer, its value and its evidence."""
    standing = authoring.standing_segments(world, now)
    segment = next((each for each in standing if each.name == name), None)
    return explained(world, segment, person, standing, now) if segment else None


def explained(
    world: World,
    segment: segments.Segment,
    person: PersonId,
    standing: list[segments.Segment],
    now: Instant,
    *,
    ahead: bool = True,
) -> Explanation | None:
    """Return the same of one segment among those that stand; None where nobody is she.

    Unless it looks `ahead`, what would end a membership is not told, which costs half the time.
    """
    profile = world.people.profiles([person]).get(person)
    if profile is None:
        return None
    segment, as_of = _as_worked_out(world, segment, now)
    found = segments.explain(world.facts, segment, person, standing, as_of=as_of)
    return Explanation(
        segment=segment.name,
        person=person,
        label=label(profile),
        member=found.member,
        as_of=moment(found.as_of),
        next_check=None if found.next_check is None else moment(found.next_check),
        reason=_reason(found.reason),
        outlook=_outlook(world, segment, found, standing) if ahead or not found.member else None,
    )


def _as_worked_out(
    world: World, segment: segments.Segment, now: Instant
) -> tuple[segments.Segment, Instant]:
    """Return what is to be explained, and as of when: conditions as they were last worked out.

    Of SQL, and of an instant before the last time, only who was in is known.
    """
    if segment.refresh == LIVE or segment.sql:
        return segment, now
    worked = worked_out(world, segment.name)
    if worked is None or worked.at > now:
        return replace(segment, condition=conditions.worked_out(segment.name)), now
    return replace(segment, refresh=LIVE), worked.at


def _outlook(
    world: World,
    segment: segments.Segment,
    found: segments.Explanation,
    among: list[segments.Segment],
) -> Outlook:
    """Return what would change an answer, and when."""
    leaves, as_of = segments.leaves_of(segment.condition, among), found.as_of
    when = segments.turns(world.facts, segment, leaves, found.person, among, as_of=as_of)
    seen = segments.outlook(segment, found, among, when)
    turns = tuple(Turn(each.text, each.how, _moment(each.at)) for each in seen.turns)
    return Outlook(turns, seen.others, _moment(seen.at))


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)


def _evidence(row: segments.Evidence) -> Evidence:
    what = " ".join(part for part in (row.order_id, row.item) if part)
    return Evidence(row.event, moment(row.at), what)


def _reason(reason: segments.Reason) -> Reason:
    value = "" if reason.value is None else str(reason.value)
    return Reason(
        text=reason.text,
        holds=reason.holds,
        value=value,
        evidence=tuple(_evidence(each) for each in reason.evidence),
        parts=tuple(_reason(part) for part in reason.parts),
        threshold=reason.threshold,
    )
