"""How one condition would turn, in words; None where nothing turns it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tailorbird import durations
from tailorbird.schema import Instant
from tailorbird.segments.conditions import (
    All,
    Answered,
    Any,
    Comparison,
    Condition,
    DateIs,
    Did,
    DidNot,
    Has,
    InSegment,
    Not,
    OnList,
    PointsAre,
    Regularly,
    Scored,
    Sequence,
    Then,
    TraitIs,
)
from tailorbird.segments.explain import Reason
from tailorbird.segments.words import properties, threshold

_MORE: Final = (">", ">=")
_LESS: Final = ("<", "<=")


def how(condition: Condition, reason: Reason, at: Instant | None) -> str | None:
    """Return what would turn a condition; `at` is when time alone does."""
    done = _done(condition, reason)
    waited = f"time alone, at {_shown(at)}" if at is not None else None
    return " or ".join(each for each in (done, waited) if each) or None


def _done(condition: Condition, reason: Reason) -> str | None:
    """Return what would have to be done or said."""
    match condition:
        case Did(measured=None, moment=None, per=""):
            return _counted(condition, condition.times or Comparison(">=", (1,)), reason)
        case Did():
            return None if reason.holds else _brought(condition, reason)
        case DidNot(event, where):
            return f"a {event}{properties(where)}" if reason.holds else None
        case Then():
            return _sequel(condition, holds=reason.holds)
        case TraitIs(name, comparison) | DateIs(name, _, comparison) | Scored(name, comparison):
            told = "nothing" if reason.value is None else reason.value
            no = "no longer " if reason.holds else ""
            return f"{name} {no}so that it {threshold(comparison)}: now {told}"
        case Has(name):
            return f"another value of {name}"
        case OnList(name):
            return f"being {'taken off' if reason.holds else 'put on'} the list {name}"
        case Sequence() | Answered() | Regularly() | PointsAre():
            return _together(condition, reason)
        case InSegment() | All() | Any() | Not():
            return None


def _together(condition: Sequence | Answered | Regularly | PointsAre, reason: Reason) -> str | None:
    """Return what of many events together would turn a condition."""
    match condition:
        case Sequence(event, steps, where):
            if reason.holds:
                return None
            then = ", ".join(
                f"then {'no' if step.absent else 'a'} {step.event}{properties(step.where)}"
                for step in steps
            )
            return f"a {event}{properties(where)}, {then}"
        case Answered(event, last, by, times):
            no = "no longer " if reason.holds else ""
            told = f"{by} after {event} {no}so that how many of the latest {last} have one"
            return f"{told} {threshold(times)}: now {reason.value or 0}"
        case Regularly(event, times):
            other = "another number of" if reason.holds else "more or fewer of"
            return f"{other} {event} in the periods, so that how often {threshold(times)}"
        case PointsAre(points, _, comparison):
            events = ", ".join(dict.fromkeys(each.event for each in points))
            no = "no longer " if reason.holds else ""
            told = f"{events} {no}so that the points {threshold(comparison)}"
            return f"{told}: now {reason.value or 0}"


def _counted(did: Did, asked: Comparison, reason: Reason) -> str | None:
    """Return how many more events turn a count; too many are only mended by time."""
    if asked.op not in (*_MORE, *_LESS, "="):
        return f"another number of {did.event}"
    count, least = reason.value, asked.operands[0]
    if not isinstance(count, int) or not isinstance(least, int):
        return None
    if asked.op in _MORE or (asked.op == "=" and not reason.holds):
        missing = least - count + (asked.op == ">")
    else:
        missing = least - count + (asked.op != "<")
    if missing <= 0 or (asked.op != "=" and (asked.op in _MORE) == reason.holds):
        return None
    number = "one" if missing == 1 else f"{missing:,}"
    more = number + " more" * bool(count) + " of" * (missing > 1)
    waiting = f", {durations.written(did.older_than)} ago by then" if did.older_than else ""
    return f"{more} {did.event}{properties(did.where)}{_deadline(did, reason, count)}{waiting}"


def _deadline(did: Did, reason: Reason, count: int) -> str:
    """Return until when what counts already counts."""
    if not did.within or not count or len(reason.evidence) != count:
        return ""
    return f" before {_shown(min(each.at for each in reason.evidence) + did.within)}"


def _brought(did: Did, reason: Reason) -> str:
    told = "nothing" if reason.value is None else reason.value
    return f"{did.event}{properties(did.where)} that bring what is asked: now {told}"


def _sequel(then: Then, *, holds: bool) -> str | None:
    second = f"{then.then}{properties(then.then_where)}"
    if holds:
        return f"a {second} in time" if then.absent else None
    within = f" within {durations.written(then.within)}" if then.within else ""
    first = f"a {then.event}{properties(then.where)}"
    return f"{first}, then {'no' if then.absent else 'a'} {second}{within}"


def _shown(at: Instant) -> str:
    moment = datetime.fromtimestamp(at / 1_000_000, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
