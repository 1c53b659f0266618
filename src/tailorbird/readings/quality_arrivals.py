"""How events arrive: volume, lateness, duplicates, changes of schema, what the plan counted."""

from __future__ import annotations

from typing import Any, Final

from tailorbird import intake
from tailorbird.readings.unusual import differs, last_day
from tailorbird.schema import DAY, Instant, Position
from tailorbird.views import moment
from tailorbird.views.quality import (
    Breach,
    DayCount,
    HeldCode,
    ImportedFile,
    SchemaChange,
    SourceProfile,
    Volume,
)
from tailorbird.world import World

HISTORY_DAYS: Final = 180
SHOWN_DAYS: Final = 28
RECENT_DAYS: Final = 7
EARLIER_DAYS: Final = 28
RARE: Final = 0.01
"""A property in less than this share of an event is no part of its schema."""

_SOURCES: Final = """
SELECT source, COUNT(*) AS events, MIN(received_at) AS first_at, MAX(received_at) AS last_at,
    COUNT(*) FILTER (received_at - "at" > $2) AS late,
    CAST(COALESCE(MEDIAN(received_at - "at"), 0) AS BIGINT) AS lateness
FROM facts WHERE position >= $1 GROUP BY source ORDER BY source
"""
_DAYS: Final = """
SELECT source, received_at // $1 AS day, COUNT(*) AS events FROM facts
WHERE received_at >= $2 AND received_at < $3 GROUP BY ALL
"""
_DUPLICATES: Final = """
SELECT source, CAST(SUM(events) AS BIGINT) AS events FROM duplicates WHERE day >= $1 GROUP BY source
"""
_BREACHES: Final = """
SELECT event, property, problem, wants, plan_version, line, CAST(SUM(events) AS BIGINT) AS events
FROM violations WHERE day >= $1 GROUP BY ALL ORDER BY plan_version DESC, line, problem
"""
# Mails go out when a campaign does: what they bring comes and goes with it.
_EVENTS: Final = """
SELECT event, '' AS name, COUNT(*) FILTER ("at" > $2) AS recent,
    COUNT(*) FILTER ("at" <= $2) AS earlier, 0 AS recent_numbers, 0 AS earlier_numbers
FROM facts WHERE "at" > $1 AND "at" <= $3 AND source NOT IN ('delivery', 'tracking')
GROUP BY event
"""
_PROPERTIES: Final = """
SELECT event, name, COUNT(*) FILTER ("at" > $2) AS recent,
    COUNT(*) FILTER ("at" <= $2) AS earlier,
    COUNT(*) FILTER ("at" > $2 AND number IS NOT NULL) AS recent_numbers,
    COUNT(*) FILTER ("at" <= $2 AND number IS NOT NULL) AS earlier_numbers
FROM properties WHERE "at" > $1 AND "at" <= $3 AND text IS NOT NULL GROUP BY event, name
"""


def sources(world: World, first: Position, since: Instant, now: Instant) -> list[SourceProfile]:
    """Return every source that sent anything from a position on."""
    today = now // DAY
    start = today - HISTORY_DAYS
    counts: dict[str, dict[int, int]] = {}
    for row in world.facts.read(_DAYS, (DAY, start * DAY, today * DAY)).to_pylist():
        counts.setdefault(row["source"], {})[row["day"]] = row["events"]
    repeated = {
        row["source"]: row["events"]
        for row in world.facts.read(_DUPLICATES, (since // DAY,)).to_pylist()
    }
    return [
        _source(row, counts.get(row["source"], {}), repeated.get(row["source"], 0), today)
        for row in world.facts.read(_SOURCES, (first, DAY)).to_pylist()
    ]


def _source(row: dict[str, Any], days: dict[int, int], repeated: int, today: int) -> SourceProfile:
    began = max(row["first_at"] // DAY, today - HISTORY_DAYS)
    counts = [days.get(day, 0) for day in range(began, today)]
    shown = range(max(began, today - SHOWN_DAYS), today)
    return SourceProfile(
        source=row["source"],
        events=row["events"],
        first_at=moment(row["first_at"]),
        last_at=moment(row["last_at"]),
        late=row["late"],
        median_lateness_seconds=row["lateness"] // 1_000_000,
        duplicates=repeated,
        days=tuple(DayCount(_date(day), days.get(day, 0)) for day in shown),
        volume=_volume(counts, today - 1),
    )


def _volume(counts: list[int], day: int) -> Volume | None:
    found = last_day(counts)
    if found is None:
        return None
    return Volume(
        day=_date(day),
        events=counts[-1],
        expected=round(found.expected),
        history_days=len(counts) - 1,
        chance=found.chance,
        false_alarms=found.false_alarms,
        alarm=found.alarm,
    )


def _date(day: int) -> str:
    return moment(day * DAY).date().isoformat()


def schema_changes(world: World, now: Instant) -> list[SchemaChange]:
    """Return what differs in the last week from the four weeks before it, by when it happened."""
    recent = now - RECENT_DAYS * DAY
    window = (recent - EARLIER_DAYS * DAY, recent, now)
    events = {row["event"]: row for row in world.facts.read(_EVENTS, window).to_pylist()}
    both = {name for name, row in events.items() if row["recent"] and row["earlier"]}
    if not both:
        return []  # all of it is new, or all of it is old: there is nothing to compare
    changes = [
        SchemaChange(
            name, "", "vanished" if row["earlier"] else "new",
            float(row["earlier"] > 0), float(row["recent"] > 0),
        )
        for name, row in events.items()
        if name not in both and max(row["earlier"], row["recent"]) >= EARLIER_DAYS
    ]  # fmt: skip
    changes += [
        change
        for row in world.facts.read(_PROPERTIES, window).to_pylist()
        if row["event"] in both and (change := _changed(row, events[row["event"]]))
    ]
    return sorted(changes, key=lambda each: (each.event, each.property))


def _changed(row: dict[str, Any], event: dict[str, Any]) -> SchemaChange | None:
    recent, earlier = row["recent"], row["earlier"]
    after, before = recent / event["recent"], earlier / event["earlier"]

    def change(kind: Any) -> SchemaChange:
        return SchemaChange(row["event"], row["name"], kind, before, after)

    if not earlier:
        return change("new") if after >= RARE else None
    if not recent:
        # As rare as before, none among so many would come once in a thousand times by chance.
        return change("vanished") if (1 - min(before, 1.0)) ** event["recent"] < 0.001 else None
    numeric = row["earlier_numbers"] / earlier
    now_numeric = row["recent_numbers"] / recent
    if numeric in (0.0, 1.0) and abs(now_numeric - numeric) >= RARE and earlier >= EARLIER_DAYS:
        return change("type")
    if differs(recent, event["recent"], earlier, event["earlier"]):
        return change("filling")
    return None


def breaches(world: World, since: Instant) -> list[Breach]:
    """Return what broke the tracking plan and was taken all the same."""
    rows = world.facts.read(_BREACHES, (since // DAY,)).to_pylist()
    return [Breach(**row) for row in rows]


def quarantine(world: World) -> list[HeldCode]:
    """Return how many records each code has held back, and what became of them."""
    states: dict[str, dict[str, int]] = {}
    for state, code, number in world.quarantine.counts():
        states.setdefault(code, {})[state] = number
    return [
        HeldCode(code, of.get("held", 0), of.get("replayed", 0), of.get("discarded", 0))
        for code, of in sorted(states.items())
    ]


def imports(world: World, since: Instant) -> list[ImportedFile]:
    """Return what the import of each file found, the latest first."""
    return [
        ImportedFile(
            one.file, one.mapping, moment(one.at), one.lines, one.taken, one.duplicates, one.refused
        )
        for one in reversed(intake.imports(world))
        if one.at >= since
    ]
