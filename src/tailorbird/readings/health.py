"""How segments fare: size over time, what stands out, what members do, what refreshes cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from tailorbird import authoring, membership, segments
from tailorbird.membership import WorkedOut
from tailorbird.readings.health_findings import Judged, findings
from tailorbird.readings.usual_size import usual_size
from tailorbird.schema import DAY, HOUR, Instant, Names
from tailorbird.segments import schedule
from tailorbird.segments.schedule import LIVE, Schedule
from tailorbird.views import MembersActs, RefreshCost, SegmentHealth, SizePoint, moment
from tailorbird.world import World

HOURS: Final = 48
DAYS: Final = 60
ACTS_DAYS: Final = 30

_STANDING: Final = """
SELECT r.segment, r."at", r.refreshes, r.micros, r.asked, r.all_micros, r.whole_micros,
    COUNT(m.person) AS people
FROM segment_refreshes AS r LEFT JOIN membership AS m ON m.segment = r.segment AND m.member
WHERE {of:r.segment} GROUP BY ALL
"""
_MOVES: Final = """
SELECT segment, ("at" + $1) // $2 AS period, COUNT(*) FILTER (entered) AS entered,
    COUNT(*) FILTER (NOT entered) AS gone, MAX(version) FILTER (cause = 'definition') AS redefined
FROM membership_changes WHERE "at" <= $3 AND "at" > $4 AND {of:segment} GROUP BY ALL
"""
_FIRST: Final = """
SELECT segment, MIN("at") AS first FROM membership_changes WHERE {of:segment} GROUP BY segment
"""
_ACTS: Final = """
WITH acts AS (
    SELECT person, BOOL_OR(event = $3) AS sent, BOOL_OR(event = $4) AS opened,
        BOOL_OR(event = $5) AS clicked, COUNT(DISTINCT order_id) FILTER (event = $6)
        + COUNT(*) FILTER (event = $6 AND order_id IS NULL) AS orders,
        COALESCE(SUM(value_minor) FILTER (event = $6), 0) AS revenue
    FROM facts WHERE "at" > $1 AND "at" <= $2 AND event IN ($3, $4, $5, $6) AND NOT machine
    AND {of:person} GROUP BY person)
SELECT m.segment, COUNT(*) FILTER (sent) AS sent, COUNT(*) FILTER (sent AND opened) AS opened,
    COUNT(*) FILTER (sent AND clicked) AS clicked, COUNT(*) FILTER (orders > 0) AS bought,
    CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(revenue) AS BIGINT) AS revenue_minor
FROM membership AS m JOIN acts AS a ON a.person = m.person WHERE m.member AND {of:m.segment}
GROUP BY m.segment
"""
_CAME: Final = """
WITH came AS (
    SELECT segment, person, MIN("at") AS since FROM membership_changes
    WHERE entered AND "at" > $1 AND "at" <= $2 AND {of:segment} GROUP BY segment, person)
SELECT c.segment, COUNT(DISTINCT c.person) AS entered, COUNT(DISTINCT f.person) AS bought_after
FROM came AS c LEFT JOIN facts AS f ON f.person = c.person AND f.event = $3 AND f."at" > $1
    AND f."at" <= $2 AND f."at" > c.since
GROUP BY c.segment
"""
_MEMBERS: Final = "person IN (SELECT person FROM membership WHERE member AND segment = {place})"
_Rows = Mapping[str, Any]
_Periods = dict[str, dict[int, _Rows]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the facts say of all segments, each by its name."""

    standing: dict[str, _Rows]
    hours: _Periods
    days: _Periods
    ago: _Periods
    """By days ago: 0 is the last 24 hours."""
    first: dict[str, _Rows]
    acts: dict[str, _Rows]
    came: dict[str, _Rows]

    def since(self, name: str, now: Instant) -> Instant:
        """Return when the segment's history began."""
        first: Instant = self.first.get(name, {}).get("first", now)
        return first

    def periods(self, name: str, length: int, now: Instant) -> int:
        """Return how many of the last hours or days the segment has seen."""
        seen = now // length - self.since(name, now) // length + 1
        return min(seen, HOURS if length == HOUR else DAYS)


def healths(world: World, now: Instant) -> tuple[SegmentHealth, ...]:
    """Return how every segment fares, by name; then those of the groups, which are live."""
    return _healths(world, "", now)


def health(world: World, name: str, now: Instant) -> SegmentHealth | None:
    """Return how one segment fares, None where there is none; the others are not looked at."""
    return next(iter(_healths(world, name, now)), None)


def _healths(world: World, name: str, now: Instant) -> tuple[SegmentHealth, ...]:
    """Return how the segment of this name fares, or all of them where there is no name."""
    asked = [each for each in authoring.standing_segments(world) if name in ("", each.name)]
    if not asked:
        return ()
    known = _known(world, name, now)
    return tuple(_health(_planned(world, each, now), known, now) for each in asked)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A segment's definition with its schedule; `due`: by then it had to be worked out."""

    name: str
    version: int
    refresh: Schedule = LIVE
    worked: WorkedOut | None = None
    due: Instant = 0
    broken: str = ""


def _planned(world: World, segment: segments.Segment, now: Instant) -> _Planned:
    name, version, refresh = segment.name, segment.version, segment.refresh
    if segment.broken:
        broken = segment.broken.refusal(name).sentence()
        return _Planned(name, version, refresh, broken=broken)
    if refresh == LIVE:
        return _Planned(name, version)
    worked = membership.worked_out(world, name)
    due = schedule.latest(refresh, now, world.settings.shop.zone)
    return _Planned(name, version, refresh, worked, due, worked.trouble if worked else "")


def _known(world: World, name: str, now: Instant) -> _Known:
    since = now - ACTS_DAYS * DAY
    mails = (Names.EMAIL_SENT, Names.EMAIL_OPENED, Names.EMAIL_CLICKED)
    return _Known(
        standing=_by_name(world, _STANDING, name),
        hours=_periods(world, name, HOUR, 0, HOURS, now),
        days=_periods(world, name, DAY, 0, DAYS, now),
        ago=_periods(world, name, DAY, DAY - 1 - now % DAY, DAYS, now),
        first=_by_name(world, _FIRST, name),
        acts=_by_name(world, _ACTS, name, since, now, *mails, Names.PURCHASE),
        came=_by_name(world, _CAME, name, since, now, Names.PURCHASE),
    )


def _by_name(world: World, sql: str, name: str, *bound: str | int) -> dict[str, _Rows]:
    return {row["segment"]: row for row in _rows(world, sql, name, *bound)}


def _rows(world: World, sql: str, name: str, *bound: str | int) -> list[_Rows]:
    """Return the rows of a statement about the segment of this name, or about all of them."""
    given = (*bound, name) if name else bound
    found: list[_Rows] = world.facts.read(_about(sql, len(given) if name else 0), given).to_pylist()
    return found


def _about(sql: str, place: int) -> str:
    """Return a statement about one segment, whose name is bound at this place, or about all."""
    for column in ("r.segment", "m.segment", "segment"):
        sql = sql.replace(f"{{of:{column}}}", f"{column} = ${place}" if place else "TRUE")
    whose = _MEMBERS.replace("{place}", f"${place}") if place else "person IS NOT NULL"
    return sql.replace("{of:person}", whose)


def _periods(world: World, name: str, length: int, shift: int, many: int, now: Instant) -> _Periods:
    """Return who came and went in each of the last periods, by how many periods ago."""
    latest = (now + shift) // length
    after = (latest - many + 1) * length - shift - 1
    found: _Periods = {}
    for row in _rows(world, _MOVES, name, shift, length, now, after):
        found.setdefault(row["segment"], {})[latest - row["period"]] = row
    return found


def _health(planned: _Planned, known: _Known, now: Instant) -> SegmentHealth:
    name, worked = planned.name, planned.worked
    standing = known.standing.get(name, {})
    judged = _judged(planned, known, now)
    return SegmentHealth(
        segment=name,
        version=planned.version,
        people=judged.people,
        refresh=schedule.written(planned.refresh),
        refreshed_at=moment(standing["at"]) if standing else None,
        recalculated_at=moment(worked.at) if worked else None,
        findings=findings(judged),
        usual=judged.usual,
        hours=_points(known.hours, name, judged.people, HOUR, known.periods(name, HOUR, now), now),
        days=_points(known.days, name, judged.people, DAY, known.periods(name, DAY, now), now),
        acts=_acts(name, judged.people, known),
        cost=_cost(standing, worked),
    )


def _judged(planned: _Planned, known: _Known, now: Instant) -> Judged:
    name = planned.name
    standing, ago = known.standing.get(name, {}), known.ago.get(name, {})
    people = standing.get("people", 0)
    sizes = _sizes(ago, people, min(DAYS - 1, (now - known.since(name, now)) // DAY))
    return Judged(
        name=name,
        broken=planned.broken,
        people=people,
        sizes=sizes,
        usual=usual_size(sizes),
        redefined=ago.get(0, {}).get("redefined") or 0,
        refreshed_at=standing.get("at"),
        late=_late(planned, standing.get("at"), now),
        now=now,
    )


def _late(planned: _Planned, refreshed_at: Instant | None, now: Instant) -> Instant:
    """Return for how long the segment has been due, 0 where it is not late by its schedule."""
    late = 0 if refreshed_at is None else now - refreshed_at
    if planned.worked and planned.worked.at < planned.due:
        late = max(late, now - planned.due)
    return late if late > schedule.LONGEST_LATE[planned.refresh.every] else 0


def _sizes(moves: Mapping[int, _Rows], people: int, many: int) -> list[int]:
    """Return the size now and before each of so many periods, oldest first."""
    nets = [_net(moves.get(ago, {})) for ago in range(many)]
    return [people - lost for lost in accumulate(nets, initial=0)][::-1]


def _net(row: _Rows) -> int:
    entered, gone = _counts(row)
    return entered - gone


def _points(
    periods: _Periods, name: str, people: int, length: int, many: int, now: Instant
) -> tuple[SizePoint, ...]:
    """Return the size at the end of each of the last periods, oldest first."""
    moves, latest = periods.get(name, {}), now // length
    sizes = _sizes(moves, people, many)[1:]
    points = (
        SizePoint(moment((latest - ago) * length), size, *_counts(moves.get(ago, {})))
        for ago, size in zip(range(many - 1, -1, -1), sizes, strict=True)
    )
    return tuple(points)


def _counts(row: _Rows) -> tuple[int, int]:
    return row.get("entered", 0), row.get("gone", 0)


def _acts(name: str, people: int, known: _Known) -> MembersActs:
    acts, came = known.acts.get(name, {}), known.came.get(name, {})
    said = ("sent", "opened", "clicked", "bought", "orders", "revenue_minor")
    counted = {column: acts.get(column, 0) for column in said}
    counted |= {column: came.get(column, 0) for column in ("entered", "bought_after")}
    return MembersActs(days=ACTS_DAYS, people=people, **counted)


def _cost(standing: _Rows, worked: WorkedOut | None) -> RefreshCost:
    refreshes = standing.get("refreshes", 0)
    whole = worked.micros if worked else standing.get("whole_micros", 0)
    return RefreshCost(
        refreshes=refreshes,
        last_ms=standing.get("micros", 0) / 1000,
        last_asked=standing.get("asked", 0),
        mean_ms=standing.get("all_micros", 0) / 1000 / max(refreshes, 1),
        whole_ms=whole / 1000,
    )
