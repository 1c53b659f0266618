"""When can an answer change by time alone? Terms about terms; no engine is involved.

Every instant given here is a promise: strictly before it, while no new row comes, the term keeps
its answer. Too early an instant costs an evaluation; too late a one would be a wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tailorbird.schema import DAY
from tailorbird.traits.patterns import (
    Answered,
    Chain,
    Fading,
    LastChained,
    NextChained,
    NextPeriod,
    OldestAsked,
    Periods,
)
from tailorbird.traits.reading import upcoming
from tailorbird.traits.terms import (
    Age,
    Compare,
    Constant,
    Count,
    DayComes,
    DayMeasure,
    Decayed,
    Declared,
    Difference,
    Distinct,
    Earliest,
    Elapsed,
    Every,
    Favourite,
    First,
    FromToday,
    Holding,
    Known,
    KnownBy,
    Largest,
    Last,
    LastFollowed,
    Later,
    Most,
    Negation,
    Newest,
    NextDay,
    NextRipe,
    Orders,
    Quotient,
    Rows,
    Scaled,
    Score,
    Smallest,
    Some,
    Span,
    Steps,
    Sum,
    Term,
    Value,
    Values,
    When,
)


def next_change(term: Term) -> Value:
    """Return the instant at which the answer can next change by time alone, missing for never."""
    return Earliest((*dict.fromkeys(_changes(term)), upcoming(term)))


def _changes(term: Term) -> Iterator[Value]:
    match term:
        case Compare():
            yield from _flips(term)
        case Every(truths) | Some(truths):
            for truth in truths:
                yield from _changes(truth)
        case Negation(truth):
            yield from _changes(truth)
        case KnownBy():
            yield Later(Known(), 0)
        case _:
            yield from _turns(term)


def _turns(term: Term) -> Iterator[Value]:
    match term:
        case Count(rows) | Orders(rows) | Sum(rows) | First(rows):
            yield from _window(rows, First(rows))
        case Values(rows) | Smallest(rows) | Largest(rows) | Distinct(rows):
            yield from _window(rows, First(rows))
        case Most(of):
            yield from _turns(of)
        case Elapsed():
            raise TypeError("microseconds are compared with microseconds, or else ever changing")
        case Favourite(rows) | Newest(rows):
            yield from _window(rows, First(rows))
        case Last(rows):
            yield from _window(rows, Last(rows))
        case Age(since):
            yield NextDay(since)
            yield from _changes(since)
        case Difference(one, two) | Quotient(one, two):
            yield from _changes(one)
            yield from _changes(two)
        case Steps(of) | Scaled(of):
            yield from _changes(of)
        case Declared() | Score() | Constant() | Holding():
            return
        case _:
            yield from _patterns(term)


def _patterns(term: Term) -> Iterator[Value]:
    match term:
        case Decayed():
            yield Fading(term)
        case Answered(rows):
            yield from _window(rows, OldestAsked(term))
        case Periods():
            yield NextPeriod(term)
        case _:
            raise TypeError(f"{term!r} has no next change: it is one itself")


def _flips(comparison: Compare) -> Iterator[Value]:
    match comparison.value:
        case Count(rows) if _asks_for_any(comparison):
            # Whether there is any row turns when the newest one leaves, not the oldest.
            yield from _window(rows, Last(rows))
        case Age(since) if all(isinstance(operand, int) for operand in comparison.operands):
            for days in _turning_points(comparison):
                yield Later(since, days * DAY)
            yield from _changes(since)
        case Elapsed(since):
            for elapsed in _turning_points(comparison):
                yield Later(since, elapsed)
            yield from _changes(since)
        case Span(instant, ahead):
            # What lies behind grows; what lies ahead shrinks, and is over an instant after 0.
            moved = [1 - each if ahead else each for each in _turning_points(comparison)]
            for each in dict.fromkeys((*moved, int(ahead))):
                yield Later(instant, each)
            yield from _changes(instant)
        case FromToday(measure, day):
            yield from _days(comparison, measure, day)
            yield from _changes(day)
        case Decayed() as decayed:
            yield Fading(decayed, _reached(comparison))
        case LastChained(chain) if comparison.op in ("exists", "missing"):
            yield from _chain(chain)
        case LastFollowed(sequence) if comparison.op in ("exists", "missing"):
            yield from _sequence(sequence.first, LastFollowed(sequence), NextRipe(sequence))
        case value:
            yield from _changes(value)


def _window(rows: Rows, leaver: Value) -> Iterator[Value]:
    """Yield when the next row leaves the window, and when the next one enters by growing old."""
    if rows.within is not None:
        yield Later(leaver, rows.within)
    if rows.older_than:
        young = replace(rows, within=rows.older_than, older_than=0)
        yield Later(First(young), rows.older_than)


def _sequence(first: Rows, latest: Value, ripe: Value) -> Iterator[Value]:
    there = Compare(latest, "exists")
    if first.within is not None:
        yield When(there, Later(latest, first.within))
    if first.older_than:
        # While one fact of the sequence holds, another that ripens changes nothing.
        yield When(Negation(there), Later(ripe, first.older_than))


def _days(comparison: Compare, measure: DayMeasure, day: Value) -> Iterator[Value]:
    """Yield when a day comes on which the comparison can turn: until the day itself, nothing is
    said of what is behind; after it, nothing of what is ahead, and the next anniversary counts."""
    yield DayComes(day, 0)
    target = day if measure in ("days_ago", "days_ahead") else FromToday("anniversary", day)
    if measure == "days_ago":
        yield from (DayComes(day, days) for days in _turning_points(comparison))
        return
    yield DayComes(target, 1)
    if measure in ("days_ahead", "anniversary_in"):
        yield from (DayComes(target, 1 - days) for days in _turning_points(comparison))
    else:
        yield DayComes(target, 0)


def _chain(chain: Chain) -> Iterator[Value]:
    there = Compare(LastChained(chain), "exists")
    if chain.first.within is not None:
        yield When(there, Later(LastChained(chain), chain.first.within))
    if chain.first.older_than or chain.wait:
        yield When(Negation(there), NextChained(chain))


def _reached(comparison: Compare) -> int | None:
    """Return the number that decides, by being reached or not; None where another thing does."""
    match comparison.op, comparison.operands:
        case ((">=" | "<"), (int(number),)):
            return number
        case ((">" | "<="), (int(number),)):
            return number + 1
        case _:
            return None


def _asks_for_any(comparison: Compare) -> bool:
    return (comparison.op, comparison.operands) in {
        (">=", (1,)), (">", (0,)), ("!=", (0,)),
        ("<", (1,)), ("<=", (0,)), ("=", (0,)),
    }  # fmt: skip


def _turning_points(comparison: Compare) -> list[int]:
    """Return the ages (in days, or else microseconds) on which the comparison of one can turn."""
    days = [int(operand) for operand in comparison.operands]
    match comparison.op:
        case ">=" | "<":
            return days
        case ">" | "<=":
            return [day + 1 for day in days]
        case "exists" | "missing":
            return []
        case _:
            return sorted({*days, *(day + 1 for day in days)})
