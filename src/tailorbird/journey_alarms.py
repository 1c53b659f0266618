"""What is not as it should be in a journey: errors, people who are stuck, nobody who comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tailorbird import grouping, journey_conditions, letters, recommending
from tailorbird.enrolments import Enrolment, Flow, Outcome, Place
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.journeys import advance
from tailorbird.journeys.journey import Journey, Recommend, SegmentTrigger, Send, WaitFor
from tailorbird.letters.campaigns import of_journey
from tailorbird.schema import DAY, MINUTE, Instant
from tailorbird.world import World

AlarmCode: TypeAlias = Literal[
    "errors", "held", "stuck", "nobody_enters", "unusual_drop", "never_met"
]
WINDOW: Final = DAY
"""What is judged; the week before it is what was usual."""
USUAL_DAYS: Final = 7
STUCK_AFTER: Final = 15 * MINUTE
"""For how long somebody may be due before she counts as stuck."""
MOST_STUCK: Final = 1_000
LOOK_EVERY: Final = 10 * MINUTE
READER: Final = "alarms"
ERRORS: Final = 5
"""Least number of people on an error path, and least share of those who left the step."""
ERROR_SHARE: Final = 0.05
EXPECTED: Final = 14
"""Entries in the week before, from which on a day without any is odd."""
FEW: Final = 20
DROP_POINTS: Final = 0.1
"""By how much more than usual must drop out, of all who leave a step; and twice as many."""
DROPS: Final[frozenset[Outcome]] = frozenset({"left", "refused", "failed", "removed", "bounded"})
ENTRY: Final = ""
"""Where somebody comes from who enters."""


class Alarm(msgspec.Struct, frozen=True):
    """One thing that is not as it should be: of which kind, at which step, in a sentence."""

    code: AlarmCode
    step: str
    text: str


def standing(world: World, now: Instant) -> dict[str, tuple[Alarm, ...]]:
    """Return the alarms of every journey that runs, by name; one that has none is left out."""
    found = {
        each.name: alarms(world, each.name, now) for each in world.definitions.latest("journey")
    }
    return {name: told for name, told in found.items() if told}


def alarms(world: World, name: str, now: Instant) -> tuple[Alarm, ...]:
    """Return what is not as it should be in one journey now; nothing of one that rests."""
    definition = world.definitions.get("journey", name)
    if definition is None or definition.removed:
        return ()
    try:
        journey = of_journey(definition)
    except DefinitionError as error:
        return (Alarm("errors", "", f"its text cannot be read: {error.sentence()}"),)
    if journey.mode == "paused":
        return ()
    recent = world.enrolments.flows(name, now - WINDOW)
    before = _less(world.enrolments.flows(name, now - (USUAL_DAYS + 1) * WINDOW), recent)
    return (
        *_errors(recent),
        *_held(world, journey),
        *_stuck(world, name, now),
        *_nobody(recent, before),
        *_drops(recent, before),
        *_never_met(journey, [*recent, *before]),
    )


def news(world: World, now: Instant) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, str]]:
    """Return (mark, what is told) of alarms that have come since last time, and what to keep.

    Looked at every ten minutes, since it costs a look at all that moved in a week.
    """
    kept = world.hooks.progress(READER)
    seen = msgspec.json.decode(kept, type=_Seen) if kept else _Seen()
    if now < seen.at + LOOK_EVERY:
        return [], {}
    found = {
        f"{name}.{alarm.step}.{alarm.code}": msgspec.structs.asdict(alarm) | {"journey": name}
        for name, told in standing(world, now).items()
        for alarm in told
    }
    fresh = [(f"{mark}.{now}", said) for mark, said in found.items() if mark not in seen.told]
    return fresh, {READER: msgspec.json.encode(_Seen(now, sorted(found))).decode()}


class _Seen(msgspec.Struct):
    """When journeys were looked at last, and what was not right then."""

    at: Instant = 0
    told: list[str] = []


def stuck(world: World, name: str, now: Instant) -> list[Enrolment]:
    """Return who in a journey was due long ago and has not moved, the longest first."""
    found = [
        each
        for place in world.enrolments.firsts()
        if place.journey == name
        for each in world.enrolments.due(place, now - STUCK_AFTER, MOST_STUCK)
    ]
    return sorted(found, key=lambda each: (each.due_at, each.id))[:MOST_STUCK]


def _less(flows: Sequence[Flow], recent: Sequence[Flow]) -> list[Flow]:
    """Return what flowed before the recent."""
    taken = {_key(each): each.people for each in recent}
    return [
        msgspec.structs.replace(each, people=each.people - taken.get(_key(each), 0))
        for each in flows
    ]


def _key(flow: Flow) -> tuple[object, ...]:
    return flow.place, flow.outcome, flow.to, flow.reason


def _errors(recent: Sequence[Flow]) -> Iterator[Alarm]:
    all_, failed = _by_step(recent), _by_step(recent, frozenset({"failed"}))
    for step, people in failed.items():
        if people >= ERRORS and people >= ERROR_SHARE * all_[step]:
            reasons = Counter({e.reason: e.people for e in recent if _fails(e, step)})
            why = reasons.most_common(1)[0][0] or "no reason told"
            text = f"{people:,} of {all_[step]:,} took the error path of {step}: {why}"
            yield Alarm("errors", step, text)


def _fails(flow: Flow, step: str) -> bool:
    return flow.outcome == "failed" and flow.place.step == step


def check_entry(world: World, journey: Journey) -> None:
    """Return when it can be asked who enters a journey.

    Raises:
        DefinitionError: a segment that says so is broken.
    """
    if isinstance(journey.trigger, SegmentTrigger):
        grouping.check_sound(world, [journey.trigger.segment], journey.name)
    if journey.who is not None:
        journey_conditions.check(world, [journey.who])


def held_entry(world: World, journey: Journey) -> str:
    """Return why nobody can enter a journey now, '' where people can."""
    try:
        check_entry(world, journey)
    except DefinitionError as error:
        return error.sentence()
    return ""


def held(world: World, place: Place) -> str:
    """Return why people at a step cannot go on: what is asked of them cannot be asked; or ''."""
    try:
        definition = world.definitions.get("journey", place.journey, place.version)
        assert definition is not None  # noqa: S101 - people are in it
        journey = of_journey(definition)
        step = journey.steps.get(place.step)
        conditions = [*advance.asks(journey), *(advance.conditions_of(step) if step else ())]
        if isinstance(step, Send) and journey.who is not None:
            conditions.append(journey.who)
        journey_conditions.check(world, conditions)
        if isinstance(step, Send):
            letters.check_readable(world, step.message, place.version)
        elif isinstance(step, Recommend):
            recommending.standing(world, step.rules)
    except (DefinitionError, UsageError) as error:
        return error.sentence()
    return ""


def _held(world: World, journey: Journey) -> Iterator[Alarm]:
    """Yield where people cannot enter or go on, for what is asked of them cannot be asked."""
    if why := held_entry(world, journey):
        yield Alarm("held", ENTRY, f"nobody can enter: {why}")
    for place, people in world.enrolments.places().items():
        if place.journey == journey.name and (why := held(world, place)):
            yield Alarm("held", place.step, f"{people:,} at {place.step} cannot go on: {why}")


def _stuck(world: World, name: str, now: Instant) -> Iterator[Alarm]:
    for step, people in Counter(each.step for each in stuck(world, name, now)).items():
        more = " or more" if people == MOST_STUCK else ""
        text = f"{people:,}{more} at {step} were due more than 15 minutes ago and have not moved"
        yield Alarm("stuck", step, text)


def _nobody(recent: Sequence[Flow], before: Sequence[Flow]) -> Iterator[Alarm]:
    came, usual = (_by_step(each).get(ENTRY, 0) for each in (recent, before))
    if not came and usual >= EXPECTED:
        text = f"nobody entered for a day; in the week before {usual:,} did"
        yield Alarm("nobody_enters", ENTRY, text)


def _drops(recent: Sequence[Flow], before: Sequence[Flow]) -> Iterator[Alarm]:
    all_, lost = _by_step(recent), _by_step(recent, DROPS)
    usual, lost_before = _by_step(before), _by_step(before, DROPS)
    for step, people in lost.items():
        if step == ENTRY or people < FEW or usual.get(step, 0) < FEW:
            continue
        now, then = people / all_[step], lost_before.get(step, 0) / usual[step]
        if now >= 2 * then and now - then >= DROP_POINTS:
            text = f"{now:.0%} of those who left {step} dropped out, where {then:.0%} is usual"
            yield Alarm("unusual_drop", step, text)


def _never_met(journey: Journey, flows: Sequence[Flow]) -> Iterator[Alarm]:
    met = _by_step(flows, frozenset({"met"}))
    for step, people in _by_step(flows, frozenset({"timed_out"})).items():
        waits = isinstance(journey.steps.get(step), WaitFor)
        if waits and people >= FEW and not met.get(step):
            text = f"what {step} waits for came for none of {people:,}: all ran out of time"
            yield Alarm("never_met", step, text)


def _by_step(flows: Sequence[Flow], outcomes: frozenset[Outcome] | None = None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in flows:
        if outcomes is None or each.outcome in outcomes:
            counts[each.place.step] += each.people
    return counts
