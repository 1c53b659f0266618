"""A journey as it goes: who entered, who waits where, who left why, who is stuck, who converted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tailorbird import authoring, grouping, journey_alarms, journeys, segments
from tailorbird.enrolments import Enrolment, Flow, Passage
from tailorbird.journey_alarms import DROPS, ENTRY
from tailorbird.journey_goals import reached as reached_goal
from tailorbird.journeys import outline
from tailorbird.schema import DAY, Instant
from tailorbird.views import moment
from tailorbird.views.journeys import (
    JourneyWatch,
    LeftStep,
    SegmentDrop,
    StepWatch,
    StuckPerson,
    WatchAlarm,
)
from tailorbird.world import World

DAYS: Final = 7
SHOWN: Final = 20
"""People who are stuck, by number."""
FINISHED: Final = frozenset({"done", "exit"})
GONE: Final = frozenset({"left", "removed", "bounded", "erased", "merged"})


@dataclass(frozen=True, slots=True)
class _Way:
    """One way through, and whether it reached the goal in time."""

    passage: Passage
    converted: bool


def watch(
    world: World, name: str, now: Instant, *, since: Instant | None = None, by: Sequence[str] = ()
) -> JourneyWatch:
    """Return how a journey goes, of those who entered since an instant; `by` these segments.

    Raises:
        UsageError: there is no such journey, or no such segment.
        DefinitionError: its text cannot be read.
    """
    journey, version = authoring.find_journey(world, name)
    start = now - DAYS * DAY if since is None else since
    flows = world.enrolments.flows(name, start)
    passages = world.enrolments.passages(name, start)
    reached = reached_goal(world, journey.goal, passages, now) if journey.goal else set()
    ways = [_Way(each, number in reached) for number, each in enumerate(passages)]
    stuck = journey_alarms.stuck(world, name, now)
    ended = Counter(each.ended for each in passages if each.ended)
    entered = _entered(flows)
    return JourneyWatch(
        name=name,
        version=version,
        mode=journey.mode,
        since=moment(start),
        as_of=moment(now),
        entered=entered,
        held_out=ended["holdout"],
        in_it=sum(n for place, n in world.enrolments.places().items() if place.journey == name),
        finished=sum(ended[each] for each in FINISHED),
        dropped=sum(map(_dropped, ways)),
        converted=sum(way.converted for way in ways) if journey.goal else None,
        ended=dict(sorted(ended.items())),
        steps=_steps(world, name, flows, stuck, entered),
        stuck=tuple(map(_stuck, stuck[:SHOWN])),
        segments=tuple(_segment(world, each, ways) for each in by),
        alarms=_alarms(world, name, now),
    )


def _alarms(world: World, name: str, now: Instant) -> tuple[WatchAlarm, ...]:
    found = journey_alarms.alarms(world, name, now)
    return tuple(WatchAlarm(each.code, each.step, each.text) for each in found)


def _entered(flows: Sequence[Flow]) -> int:
    return sum(e.people for e in flows if e.place.step == ENTRY and e.outcome == "entered")


def _dropped(way: _Way) -> bool:
    return way.passage.ended in GONE and not way.converted


def _stuck(each: Enrolment) -> StuckPerson:
    since, due = moment(each.since), moment(each.due_at)
    return StuckPerson(each.person, each.version, each.step, since, due)


# -- step by step --------------------------------------------------------------------------------


def _steps(
    world: World, name: str, flows: Sequence[Flow], stuck: Sequence[Enrolment], entered: int
) -> tuple[StepWatch, ...]:
    """Return the steps of the version in force in its order, then those of older versions."""
    found = world.definitions.get("journey", name)
    assert found is not None  # noqa: S101 - the journey was found above
    written = journeys.read_journey(found.text, f"journeys/{name}.yaml")
    lines = {line.step: line for line in outline.outline(written)}
    waiting, due = Counter[str](), dict[str, Instant]()
    for place, people in world.enrolments.places().items():
        if place.journey == name:
            waiting[place.step] += people
    for place, at in world.enrolments.firsts().items():
        if place.journey == name:
            due[place.step] = min(at, due.get(place.step, at))
    older = sorted({each.place.step for each in flows} | set(waiting) - {ENTRY})
    names = [*lines, *(step for step in older if step not in lines and step != ENTRY)]
    late = Counter(each.step for each in stuck)
    return tuple(
        _step(step, lines.get(step), flows, entered, waiting[step], late[step], due.get(step))
        for step in names
    )


def _step(
    step: str,
    line: outline.Line | None,
    flows: Sequence[Flow],
    entered: int,
    waiting: int,
    stuck: int,
    due: Instant | None,
) -> StepWatch:
    came = sum(each.people for each in flows if each.to == step)
    left = [each for each in flows if each.place.step == step]
    ways: Counter[tuple[str, str, str]] = Counter()
    for each in left:
        ways[each.outcome, each.to, each.reason] += each.people
    return StepWatch(
        step=step,
        kind=line.kind if line else "",
        words=line.words if line else "a step of an older version",
        depth=line.depth if line else 0,
        came=came,
        share=came / entered if entered else None,
        waiting=waiting,
        left=sum(each.people for each in left),
        dropped=sum(each.people for each in left if each.outcome in DROPS),
        errors=sum(each.people for each in left if each.outcome == "failed"),
        stuck=stuck,
        due_at=None if due is None else moment(due),
        ways=tuple(LeftStep(*way, people) for way, people in ways.most_common()),
    )


# -- segments ------------------------------------------------------------------------------------


def _segment(world: World, name: str, ways: Sequence[_Way]) -> SegmentDrop:
    grouping.check_sound(world, [name], "drops")
    members = set(segments.members(world.facts, authoring.find_segment(world, name).name))
    own = [way for way in ways if way.passage.person in members]
    converted = sum(way.converted for way in own)
    return SegmentDrop(name, len(own), converted, sum(map(_dropped, own)))
