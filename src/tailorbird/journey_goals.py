"""Which ways through a journey reached its goal in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tailorbird.enrolments import Passage
from tailorbird.journeys.journey import Goal
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.happened import TABLES, happened, happening
from tailorbird.traits.extract import touched
from tailorbird.world import World

_OF_GOAL: Final = """
SELECT * FROM facts WHERE event = $1 AND "at" > $2 AND "at" <= $3
AND person IN (SELECT person FROM touched)
"""
_BESIDE: Final = {
    table: f"SELECT * FROM {table} WHERE event = $1 AND position IN (SELECT position FROM hits)"  # noqa: S608 - names of ours
    for table in TABLES[1:]
}


def reached(world: World, goal: Goal, passages: Sequence[Passage], now: Instant) -> set[int]:
    """Return which of these ways reached the goal in time, by their place."""
    if not passages:
        return set()
    people = touched(sorted({each.person for each in passages}))
    first = min(each.entered_at for each in passages)
    hits = world.facts.read(_OF_GOAL, (goal.event, first, now), {"touched": people})
    rows: list[Mapping[str, Any]] = hits.to_pylist()
    if goal.where:
        asked = happened(happening(goal.event, goal.where, "goal"))
        beside = {
            f"touched_{table}": world.facts.read(sql, (goal.event,), {"hits": hits})
            for table, sql in _BESIDE.items()
        }
        tables = dict(asked.tables) | beside | {"touched_facts": hits}
        rows = world.facts.read(asked.sql, asked.parameters, tables).to_pylist()
    times: dict[PersonId, list[Instant]] = defaultdict(list)
    for row in rows:
        times[row["person"]].append(row["at"])
    return {number for number, each in enumerate(passages) if _in_time(each, times, goal)}


def _in_time(passage: Passage, times: Mapping[PersonId, list[Instant]], goal: Goal) -> bool:
    begin = passage.entered_at
    return any(begin < at <= begin + goal.within for at in times.get(passage.person, ()))
