"""Conditions in plain words, for lists, explanations and audits."""

from __future__ import annotations

from typing import Final

from tailorbird import durations
from tailorbird.segments import instants
from tailorbird.segments.conditions import (
    WORKED_OUT,
    All,
    Answered,
    Any,
    Calendar,
    Comparison,
    Condition,
    DateIs,
    DateMeasure,
    Did,
    DidNot,
    Filter,
    Has,
    InSegment,
    Measure,
    Moment,
    Not,
    OnList,
    PointsAre,
    Regularly,
    Scored,
    Sequence,
    Step,
    Then,
    TraitIs,
)
from tailorbird.traits.terms import Op

_OPS: Final[dict[Op, str]] = {
    "=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than",
    ">=": "is at least", "in": "is one of", "not in": "is none of", "exists": "is known",
    "missing": "is not known", "contains": "contains", "starts with": "starts with",
    "ends with": "ends with",
}  # fmt: skip


def words(condition: Condition) -> str:
    """Return one line that says what the condition asks."""
    match condition:
        case All():
            return "all of these"
        case Any():
            return "at least one of these"
        case Not():
            return "not this"
        case InSegment(name):
            return f"is in the segment {name}"
        case TraitIs() | DateIs() | Has() | Scored() | OnList():
            return _known(condition)
        case Did():
            return _did(condition)
        case DidNot(event, where):
            return f"did not {event}{properties(where)}{_window(condition)}"
        case Then():
            return _then(condition)
        case Sequence() | Answered() | Regularly() | PointsAre():
            return _pattern(condition)


def _known(condition: TraitIs | DateIs | Has | Scored | OnList) -> str:
    match condition:
        case TraitIs(name, comparison):
            return f"{name} {threshold(comparison)}"
        case DateIs(name, measure, comparison):
            return f"{_DATES[measure]} {name} {threshold(comparison)}"
        case Has(name, wanted, every):
            among = "" if len(wanted) == 1 else "all of " if every else "one of "
            return f"{name} has {among}{', '.join(map(str, wanted))}"
        case Scored(model, _) if model.startswith(WORKED_OUT):
            return f"was in {model.removeprefix(WORKED_OUT)} when that was last worked out"
        case Scored(model, comparison):
            return f"the score of the model {model} {threshold(comparison)}"
        case OnList(name):
            return f"is on the list {name}"


def threshold(comparison: Comparison) -> str:
    """Return what the value must be."""
    listed = ", ".join(str(operand) for operand in comparison.operands)
    return f"{_OPS[comparison.op]} {listed}".rstrip()


def _did(did: Did) -> str:
    how = ""
    if did.times:
        how = f", and how often {threshold(did.times)}"
    if did.measured:
        of = f"{_MEASURES[did.measured.measure]} {did.measured.of}"
        how = f", and {of} {threshold(did.measured.comparison)}"
    if did.moment:
        how = f", for the {did.moment.which} time{within_words(did.moment)}"
    per = f" with one and the same {did.per}" if did.per else ""
    return f"did {did.event}{properties(did.where)}{_window(did)}{how}{per}"


_DATES: Final[dict[DateMeasure, str]] = {
    "ago": "the time since", "ahead": "the time until", "days_ago": "the days since",
    "days_ahead": "the days until", "anniversary_in": "the days until the anniversary of",
    "years": "the full years since", "turning": "the years on the next anniversary of",
}  # fmt: skip
_MEASURES: Final[dict[Measure, str]] = {
    "sum": "the sum of", "average": "the average", "min": "the least", "max": "the greatest",
    "distinct": "the number of different",
}  # fmt: skip


def _then(then: Then) -> str:
    since = _lengths(then.since, then.older_than) + _calendar(then.when)
    first = f"did {then.event}{properties(then.where)}{since}"
    second = f"{then.then}{properties(then.then_where)}"
    while_ = f"within {durations.written(then.within)}" if then.within else "since"
    return f"{first}, then {'no' if then.absent else 'a'} {second} {while_}"


def _pattern(condition: Sequence | Answered | Regularly | PointsAre) -> str:
    match condition:
        case Sequence(event, steps, where, since, older_than, when):
            bounds = _lengths(since, older_than) + _calendar(when)
            return f"did {event}{properties(where)}{bounds}{''.join(map(_step, steps))}"
        case Answered(event, last, by, times):
            of = f"of the last {last} {event}{properties(condition.where)}{_window(condition)}"
            soon = condition.answered_within
            while_ = f" within {durations.written(soon)}" if soon else ""
            answer = f"a {by}{properties(condition.by_where)} of the same {condition.link}{while_}"
            return f"{of}, the number with {answer} {threshold(times)}"
        case Regularly(event, times, every, periods, some, where, when):
            how = f"did {event}{properties(where)}{_calendar(when)}, and how often"
            which = "each" if some is None or some == periods else f"at least {some}"
            of = f"{which} of the last {periods} periods of {durations.written(every)}"
            return f"{how} {threshold(times)}, in {of}"
        case PointsAre(points, days, comparison):
            worth = (f"{e.points} for {e.event}{properties(e.where)}" for e in points)
            fading = f"halving every {days}d"
            return f"the points ({', '.join(worth)}), {fading}, {threshold(comparison)}"


def _step(step: Step) -> str:
    while_ = f" within {durations.written(step.within)}" if step.within else ""
    return f", then {'no' if step.absent else 'a'} {step.event}{properties(step.where)}{while_}"


def properties(where: tuple[Filter, ...]) -> str:
    """Return what the properties of an event must be, in parentheses; empty for any."""
    tests = " and ".join(f"{each.property} {threshold(each.comparison)}" for each in where)
    return f" ({tests})" if tests else ""


def within_words(moment: Moment) -> str:
    """Return in which window the first or the last must lie."""
    lengths = _lengths(moment.within, moment.older_than)
    return lengths + _calendar(Calendar(moment.after, moment.before))


def _window(condition: Did | DidNot | Answered) -> str:
    return _lengths(condition.within, condition.older_than) + _calendar(condition.when)


def _calendar(when: Calendar) -> str:
    said = ""
    if when.after is not None:
        said += f", not before {instants.written(when.after)}"
    if when.before is not None:
        said += f", before {instants.written(when.before)}"
    if when.weekdays:
        said += f", on {' or '.join(_DAYS[day - 1] for day in when.weekdays)}"
    if when.hours:
        said += f", from {when.hours[0]}:00 to {when.hours[1]}:00"
    return said


_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _lengths(within: int | None, older_than: int) -> str:
    last = f" in the last {durations.written(within)}" if within else ""
    ago = f", at least {durations.written(older_than)} ago" if older_than else ""
    return last + ago
