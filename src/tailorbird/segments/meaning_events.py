"""What a condition on events means: from the author's tree to typed terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, assert_never, get_args

from tailorbird.segments import conditions as c
from tailorbird.segments import operands
from tailorbird.segments.conditions import (
    ALWAYS,
    Calendar,
    Comparison,
    Did,
    DidNot,
    Filter,
    Measured,
    Moment,
    Then,
)
from tailorbird.traits.history import Column, FactColumn, Number, Property
from tailorbird.traits.patterns import Answered, Chain, LastChained, Link, Periods, Points
from tailorbird.traits.terms import (
    MILLION,
    Compare,
    ContextColumn,
    Count,
    Decayed,
    Distinct,
    Elapsed,
    Every,
    First,
    Followed,
    Largest,
    Last,
    LastFollowed,
    Most,
    Op,
    Operand,
    Predicate,
    ProductColumn,
    ProductTest,
    PropertyTest,
    Quotient,
    Rows,
    Scaled,
    Smallest,
    Some,
    Sum,
    Test,
    Truth,
    Value,
    Values,
)


def truth(condition: c.EventCondition) -> Truth:
    """Return what the condition asks, as a term."""
    match condition:
        case Did(moment=Moment() as moment):
            return _lies(value(condition), moment)
        case Did(measured=Measured("average") as measured):
            return _averages(rows_of(condition), measured)
        case Did():
            comparison = asked_of(condition)
            return Compare(value(condition), comparison.op, _stored_measure(condition, comparison))
        case DidNot():
            return Compare(value(condition), "=", (0,))
        case Then() | c.Sequence():
            return Compare(value(condition), "exists")
        case c.Answered(times=times):
            return Compare(value(condition), times.op, _counts(times))
        case c.Regularly(periods=periods, in_at_least=least):
            return Compare(value(condition), ">=", (least or periods,))
        case c.PointsAre(comparison=comparison):
            kind = operands.stored_all("points", "millionths", comparison.operands)
            return Compare(value(condition), comparison.op, kind)


def value(condition: c.EventCondition) -> Value:
    """Return what the condition compares: what explanations show."""
    match condition:
        case Did(moment=Moment(which)):
            rows = rows_of(condition)
            return First(rows) if which == "first" else Last(rows)
        case Did(measured=Measured() as measured):
            total = _measure(rows_of(condition), measured)
            if condition.per and isinstance(total, Sum):
                return Most(total, _column(condition.per))
            return total
        case Did(per=per):
            count = Count(rows_of(condition))
            return Most(count, _column(per)) if per else count
        case DidNot():
            return Count(rows_of(condition))
        case Then():
            return LastFollowed(sequence(condition))
        case c.Sequence():
            return LastChained(chain(condition))
        case c.Answered():
            return _answered(condition)
        case c.Regularly():
            return _periods(condition)
        case c.PointsAre(points, half_life_days):
            worth = (Points(e.event, e.points, _predicates(e.where)) for e in points)
            return Decayed(tuple(worth), half_life_days)


def asked_of(did: Did) -> Comparison:
    """Return what the count or the measure of a `did` must be."""
    return did.measured.comparison if did.measured else did.times or Comparison(">=", (1,))


def sequence(then: Then) -> Followed:
    """Return the facts of a sequence; one that waits for silence is ripe when that is over."""
    wait = then.within or 0
    older_than = max(then.older_than, wait if then.absent else 0)
    first = _rows(then.event, then.where, then.since, older_than, then.when)
    return Followed(first, _rows(then.then, then.then_where, None, 0), then.within, then.absent)


def chain(sequence: c.Sequence) -> Chain:
    """Return the facts of a sequence of many steps."""
    first = _rows(
        sequence.event, sequence.where, sequence.since, sequence.older_than, sequence.when
    )
    links = (
        Link(_rows(step.event, step.where, None, 0), step.within, step.absent)
        for step in sequence.steps
    )
    return Chain(first, tuple(links))


def _answered(condition: c.Answered) -> Answered:
    link = _link(condition.link)
    rows = _rows(
        condition.event,
        condition.where,
        condition.within,
        condition.older_than,
        condition.when,
    )
    by = _rows(condition.by, condition.by_where, None, 0)
    return Answered(rows, condition.last, by, link, condition.answered_within)


def _link(name: str) -> FactColumn | Property:
    """Return the column that links an answer to what it answers: no product, of which many are."""
    link = _column(name)
    if link == "item" or link == "category" or link == "dwell_seconds":
        raise TypeError(f"{link!r} links no two events")
    return link


def _periods(condition: c.Regularly) -> Periods:
    whole = condition.every * condition.periods
    rows = _rows(condition.event, condition.where, whole, 0, condition.when)
    times = condition.times
    return Periods(rows, condition.every, condition.periods, times.op, _counts(times))


def _counts(times: Comparison) -> tuple[operands.Stored, ...]:
    return operands.stored_all("times", "integer", times.operands)


def rows_of(condition: Did | DidNot) -> Rows:
    """Return the facts that the condition counts."""
    return _rows(
        condition.event, condition.where, condition.within, condition.older_than, condition.when
    )


def _lies(instant: Value, moment: Moment) -> Truth:
    """Return that an instant lies in the window; one that is missing lies in none."""
    bounds: list[tuple[Value, Op, int | None]] = [
        (Elapsed(instant), ">=", moment.older_than or None),
        (Elapsed(instant), "<", moment.within),
        (instant, ">=", moment.after),
        (instant, "<", moment.before),
    ]
    return Every(tuple(Compare(of, op, (at,)) for of, op, at in bounds if at is not None))


def _measure(rows: Rows, measured: Measured) -> Value:
    if measured.measure == "distinct":
        return Distinct(rows, _column(measured.of))
    of = _number(measured.of)
    match measured.measure:
        case "sum":
            return Sum(rows, of)
        case "min":
            return Smallest(rows, of)
        case "max":
            return Largest(rows, of)
        case "average":
            return _mean(rows, measured.of, "down")
        case other:
            assert_never(other)


def _mean(rows: Rows, name: str, toward: Literal["down", "up"]) -> Value:
    of = _number(name)
    whole = operands.kind_of_measure("average", name) == "integer"
    total = Sum(rows, of)
    scaled = total if whole or isinstance(of, Property) else Scaled(total, MILLION)
    return Quotient(scaled, Values(rows, of), toward)


def _averages(rows: Rows, measured: Measured) -> Truth:
    """Return how an average compares, exactly: it is at least n if, rounded down, it is."""
    down, up = (_mean(rows, measured.of, toward) for toward in ("down", "up"))
    asked = _stored_average(measured)
    match measured.comparison.op:
        case ">=" | "<" | "exists" | "missing" as op:
            return Compare(down, op, asked)
        case "<=" | ">" as op:
            return Compare(up, op, asked)
        case "=" | "in":
            each = (Every((Compare(down, "=", (n,)), Compare(up, "=", (n,)))) for n in asked)
            return Some(tuple(each))
        case _:
            other = (Some((Compare(down, "!=", (n,)), Compare(up, "!=", (n,)))) for n in asked)
            return Every(tuple(other))


def _stored_average(measured: Measured) -> tuple[operands.Stored, ...]:
    kind = operands.kind_of_measure("average", measured.of)
    return operands.stored_all(measured.of, kind, measured.comparison.operands)


def _stored_measure(did: Did, comparison: Comparison) -> tuple[operands.Stored, ...]:
    of = did.measured
    kind = operands.kind_of_measure(of.measure, of.of) if of else "integer"
    return operands.stored_all(of.of if of else "times", kind, comparison.operands)


def _number(name: str) -> Number:
    """Return the column of a number."""
    match name:
        case "value_minor" | "quantity" | "dwell_seconds" as column:
            return column
        case (
            "context.hour" | "context.weekday" | "context.session_seconds"
            | "context.session_pages"
        ):  # fmt: skip
            return _NUMBERS[name]
        case _:
            return Property(name, "number")


def _column(name: str) -> Column:
    """Return the column of what is told apart."""
    match name:
        case (
            "item" | "category" | "order_id" | "currency" | "campaign" | "variant" | "source"
            | "send_id"
        ) as column:  # fmt: skip
            return column
        case name if name.startswith(operands.CONTEXT):
            return _CONTEXT[name]
        case _:
            return Property(name, "text")


def _rows(
    event: str,
    where: tuple[Filter, ...],
    within: int | None,
    older_than: int,
    when: Calendar = ALWAYS,
) -> Rows:
    predicates = (*_predicates(where), *_clock(when))
    return Rows((event,), predicates, within, older_than, when.after, when.before)


def _clock(when: Calendar) -> Iterator[Predicate]:
    """Yield what the local clock must say of a fact."""
    if when.weekdays:
        yield Test("weekday", "in", when.weekdays)
    if when.hours:
        start, end = when.hours
        hours = range(start, end) if start < end else (*range(start, 24), *range(end))
        yield Test("hour", "in", tuple(hours))


def _predicates(where: tuple[Filter, ...]) -> tuple[Predicate, ...]:
    products: list[tuple[ProductColumn, Op, tuple[Operand, ...]]] = []
    rest: list[Predicate] = []
    for each in where:
        match each.property:
            case "item" | "category" as column:
                products.append((column, each.comparison.op, _stored(each)))
            case _:
                rest.append(_predicate(each))
    return (*rest, ProductTest(tuple(products))) if products else tuple(rest)


def _predicate(each: Filter) -> Predicate:
    stored, op = _stored(each), each.comparison.op
    match each.property:
        case (
            "order_id" | "currency" | "campaign" | "variant" | "source"
            | "quantity" | "value_minor" | "machine"
        ) as column:  # fmt: skip
            return Test(column, op, stored)
        case name if name.startswith(operands.CONTEXT):
            return Test(_CONTEXT[name], op, stored)
        case name:
            return PropertyTest(name, _kind(stored), op, stored)


_CONTEXT: Final[dict[str, ContextColumn]] = {
    operands.CONTEXT + column: column for column in get_args(ContextColumn)
}
_NUMBERS: Final[dict[str, Number]] = {
    "context.hour": "hour",
    "context.weekday": "weekday",
    "context.session_seconds": "session_seconds",
    "context.session_pages": "session_pages",
}


def _kind(stored: tuple[operands.Stored, ...]) -> Literal["text", "number"]:
    return "number" if stored and not isinstance(stored[0], str) else "text"


def _stored(each: Filter) -> tuple[operands.Stored, ...]:
    kind = operands.kind_of_property(each.property)
    return operands.stored_all(each.property, kind, each.comparison.operands)
