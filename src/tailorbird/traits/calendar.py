"""Days in SQL: whole numbers alone, no function of an engine.

Years are counted from 1 March 1900, so that a leap day is the last day of its year: where there is
none, its anniversary is the last day, 28 February. From 1900 to 2100 every fourth year has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from tailorbird.schema import DAY, MINUTE, Instant
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cased,
    coalesced,
    column,
    compared,
    integer,
    named,
    select,
    subquery,
    table,
)
from tailorbird.traits.terms import DayMeasure
from tailorbird.traits.zones import EARLIEST, zones

Day: TypeAlias = Callable[[], Sql]
"""Gives the expression of a day since 1970, a new one each time."""

FIRST: Final = -25_508
"""1 March 1900."""
LAST: Final = 47_540
"""28 February 2100: of days outside these, there is no anniversary."""
_FOUR_YEARS: Final = 1_461


@dataclass(frozen=True, slots=True)
class Zoned:
    """The local day of people whose time zone is known, by a query of (person, value)."""

    latest: Callable[[Scope], exp.Select]

    def query(self, scope: Scope) -> exp.Select:
        """Return `today` and `tomorrow`."""
        scope.tables["zones"] = zones(scope.as_of)
        columns = [
            named(column("person", "said"), "person"),
            named(column("today", "zones"), "today"),
            named(column("tomorrow", "zones"), "tomorrow"),
        ]
        query = select(*columns, source=subquery(self.latest(scope), "said"))
        on = compared(column("zone", "zones"), "=", (column("value", "said"),))
        query.append("joins", exp.Join(this=table("zones"), on=on))
        return query


def today(known: Sql, offset: Sql, scope: Scope) -> Sql:
    """Return the local day: as known, else by minutes ahead of UTC, else in UTC."""
    return coalesced(known, _day_by(offset, scope))


def tomorrow(known: Sql, offset: Sql, scope: Scope) -> Sql:
    """Return the instant at which the local day may change."""
    next_day = _plus(_day_by(offset, scope), integer(1))
    midnight = _minus(_times(next_day, integer(DAY)), _ahead(offset.copy()))
    return coalesced(known, midnight)


def comes(day: Day, here: Day, ends: Sql) -> Sql:
    """Return an instant until which it is not yet that day here; NULL once it is.

    It is not before today ends, and not before it begins anywhere; neither is ever missing there.
    """
    anywhere = _minus(_times(day(), integer(DAY)), integer(EARLIEST))
    later = exp.Greatest(this=anywhere, expressions=[ends], ignore_nulls=True)
    return cased(compared(day(), ">", (here(),)), later)


def moved(day: Day, by: int, scope: Scope) -> Day:
    """Return a day, so many days later."""
    return lambda: _plus(day(), scope.bind(by)) if by else day()


def span(instant: Day, scope: Scope, *, ahead: bool) -> Sql:
    """Return the microseconds since an instant, or until it; NULL on the other side of it."""
    if ahead:
        return cased(compared(instant(), ">=", (scope.now(),)), _minus(instant(), scope.now()))
    return cased(compared(instant(), "<=", (scope.now(),)), _minus(scope.now(), instant()))


def held(text: Sql, elements: Sql, wanted: Sequence[tuple[Sql, Sql]]) -> Sql:
    """Return how many of these (as text, between marks) a list has, or a single value is."""
    total: Sql = integer(0)
    for plain, marked in wanted:
        among = coalesced(compared(elements.copy(), "contains", (marked,)), exp.false())
        either_way = exp.Or(this=among, expression=compared(text.copy(), "=", (plain,)))
        total = _plus(total, exp.Paren(this=cased(either_way, integer(1), integer(0))))
    return cased(compared(text, "exists", ()), total)


def measured(measure: DayMeasure, day: Day, here: Day, as_of: Instant) -> Sql:
    """Return how far a day is from today, NULL where the measure says nothing of it."""
    over = compared(day(), "<=", (here(),))
    match measure:
        case "days_ago":
            return cased(over, _minus(here(), day()))
        case "days_ahead":
            return cased(compared(day(), ">=", (here(),)), _minus(day(), here()))
    known = [compared(day(), ">=", (integer(FIRST),)), compared(day(), "<=", (integer(LAST),))]
    return cased(both([over, *known]), _anniversary(measure, day, here, as_of))


def _anniversary(measure: DayMeasure, day: Day, here: Day, as_of: Instant) -> Sql:
    # Today is, wherever she is, within a day of the day in UTC: so three years can hold the next.
    first = _year(as_of // DAY - 1)
    found = [_in_year(first + number, day) for number in range(3)]
    there = [compared(each, ">=", (here(),)) for each in found]
    if measure in ("anniversary", "anniversary_in"):
        following = _first(there, [each.copy() for each in found])
        return following if measure == "anniversary" else _minus(following, here())
    year = _first(there, [integer(first + number) for number in range(3)])
    turning = _minus(year, _year_of(day))
    if measure == "turning":
        return turning
    reached = _first(
        [compared(each.copy(), "=", (here(),)) for each in found[:2]] + [exp.true()],
        [integer(0), integer(0), integer(1)],
    )
    return _minus(turning, reached)


def _first(conditions: list[Sql], values: list[Sql]) -> Sql:
    """Return the value beside the first condition that holds; the last one needs none."""
    case = exp.Case()
    for condition, value in zip(conditions[:-1], values[:-1], strict=True):
        case = case.when(condition, value, copy=False)
    return exp.Paren(this=case.else_(values[-1], copy=False))


def _in_year(year: int, day: Day) -> Sql:
    """Return the anniversary of a day in a year."""
    begins, following = _begins(year), _begins(year + 1)
    within = _plus(_day_of_year(day), integer(begins))
    if following - begins == 366:
        return within
    return exp.Least(this=within, expressions=[integer(following - 1)], ignore_nulls=True)


def _begins(year: int) -> int:
    return _FOUR_YEARS * year // 4 + FIRST


def _year(day: int) -> int:
    return (4 * (day - FIRST) + 3) // _FOUR_YEARS


def _year_of(day: Day) -> Sql:
    quarters = _plus(_times(_minus(day(), integer(FIRST)), integer(4)), integer(3))
    return _by(quarters, _FOUR_YEARS)


def _day_of_year(day: Day) -> Sql:
    begins = _by(_times(_year_of(day), integer(_FOUR_YEARS)), 4)
    return _minus(_minus(day(), integer(FIRST)), begins)


def _day_by(offset: Sql, scope: Scope) -> Sql:
    return _by(_plus(scope.now(), _ahead(offset)), DAY)


def _ahead(offset: Sql) -> Sql:
    return _times(coalesced(offset, integer(0)), integer(MINUTE))


def _plus(one: Sql, two: Sql) -> Sql:
    return exp.Paren(this=exp.Add(this=one, expression=two))


def _minus(one: Sql, two: Sql) -> Sql:
    return exp.Paren(this=exp.Sub(this=one, expression=two))


def _times(one: Sql, two: Sql) -> Sql:
    return exp.Paren(this=exp.Mul(this=one, expression=two))


def _by(one: Sql, divisor: int) -> Sql:
    return exp.Paren(this=exp.IntDiv(this=one, expression=integer(divisor)))
