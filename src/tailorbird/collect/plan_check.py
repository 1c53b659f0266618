"""Judges decoded events by the tracking plan: each is kept, kept and counted, or quarantined."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from tailorbird.collect.columns import shape_of
from tailorbird.collect.plan_rules import Judge, Violation
from tailorbird.schema import DAY, Event, LogRecord, Names, Position, Refused

CODE: Final = "tracking_plan"
NEVER_HELD: Final = frozenset({Names.CONSENT_CHANGED, Names.UNSUBSCRIBED})
"""A withdrawal counts, however it is written."""

Violations: TypeAlias = Counter[tuple[int, str, Violation]]
"""(day of receipt, source, violation) -> events that were taken all the same."""


@dataclass(slots=True)
class Judged:
    """What a plan made of a run of events."""

    events: list[Event]
    held: list[tuple[Event, Violation, int]] = field(default_factory=list)
    """(event, what it breaks first, how much more it breaks)."""
    flagged: Violations = field(default_factory=Counter)


def judge(judges: Sequence[Judge], events: Sequence[Event]) -> Judged:
    """Return what the plan in force at each event's place in the log makes of it.

    `judges` are the versions of one plan, oldest first; `events` are in the order of the log.
    """
    judged = Judged([])
    for one, some in _by_plan(judges, events):
        if one is None:
            judged.events += some
        else:
            _judge(one, some, judged)
    return judged


def _by_plan(
    judges: Sequence[Judge], events: Sequence[Event]
) -> Iterator[tuple[Judge | None, Sequence[Event]]]:
    start, before = 0, None
    for one in judges:
        first: Position = (one.after + 1) << 20
        end = bisect_left(events, first, lo=start, key=lambda event: event.position)
        yield before, events[start:end]
        start, before = end, one
    yield before, events[start:]


def _judge(one: Judge, events: Sequence[Event], judged: Judged) -> None:
    keep, violations, impersonal = judged.events.append, one.violations, one.impersonal
    for event in events:
        found = violations(event)
        if found:
            if holds(event, found):
                worst = next(violation for violation in found if violation.held)
                judged.held.append((event, worst, len(found) - 1))
                continue
            judged.flagged.update(
                (event.received_at // DAY, event.source, violation) for violation in found
            )
        keep(impersonal(event))


def holds(event: Event, found: Sequence[Violation]) -> bool:
    """Return whether an event with these violations is quarantined. A word on consent never is."""
    if event.consents or event.name in NEVER_HELD:
        return False
    return any(violation.held for violation in found)


def refusals(judged: Judged, records: Sequence[LogRecord]) -> list[Refused]:
    """Return the events that are held, with the bytes in which they came."""
    bodies = {record.offset: record.body for record in records}
    refused: list[Refused] = []
    offset = -1
    messages: Sequence[Any] = ()
    for event, broken, more in judged.held:
        if event.position >> 20 != offset:
            offset = event.position >> 20
            messages = shape_of(bodies[offset]).messages
        raw = bytes(messages[event.position & 0xFFFFF])
        mend = f"send {broken.wants}, or put a plan that allows it; then replay it"
        reason = _reason(event, broken, more)
        refused.append(
            Refused(event.position, event.source, event.received_at, CODE, reason, raw, mend)
        )
    return refused


_FOUND: Final = {
    "out_of_range": "it is out of that range",
    "not_listed": "it is something else",
    "no_match": "it does not match",
    "too_long": "it is longer",
}
_KINDS: Final = {str: "a text", bool: "true or false", int: "a number", float: "a number"}


def _reason(event: Event, broken: Violation, more: int) -> str:
    """Return the first thing that is wrong. Values are not quoted: they may be personal."""
    plan = f"the tracking plan, version {broken.version}, line {broken.line},"
    others = f" (and {more} more)" if more else ""
    match broken.problem:
        case "unknown_event":
            return f"{plan} does not know the event {event.name}{others}"
        case "unknown_property":
            return f"{plan} wants no other properties of {event.name}{others}"
        case "missing":
            return f"{plan} wants {broken.property} of {event.name}, which is missing{others}"
        case "wrong_type":
            values = event.traits if event.name == Names.IDENTIFY else event.properties
            kind = _KINDS.get(type(values.get(broken.property)))
            found = f"it is {kind}" if kind else "it is of another type"
        case problem:
            found = _FOUND[problem]
    wants = f"{broken.property} of {event.name} to be {broken.wants}"
    return f"{plan} wants {wants}; {found}{others}"
