"""The block of sums that decay with age, and when such a sum can cross a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tailorbird.schema import DAY
from tailorbird.traits.blocks import grouped, whole
from tailorbird.traits.history import Rows, Test
from tailorbird.traits.patterns import Decayed, Fading, Points
from tailorbird.traits.rows import matching, restriction, tested
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cased,
    cast,
    column,
    compared,
    integer,
    named,
    select,
    subquery,
    table,
)
from tailorbird.traits.terms import MILLION, source_of

if TYPE_CHECKING:
    import pyarrow as pa

_FINE: Final = 1024
"""Shares are compared in so many parts."""
_HALVINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sum that decays by whole days."""

    decayed: Decayed

    def query(self, scope: Scope) -> exp.Select:
        """Return `total`, in millionths, and `spread`, the points that make it, not decayed."""
        today = scope.as_of // DAY
        weights = f"decay_{self.decayed.half_life_days}"
        scope.tables[weights] = decay_weights(self.decayed.half_life_days)
        days = scope.tables[weights].num_rows
        rows = Rows(
            tuple(dict.fromkeys(each.event for each in self.decayed.points)),
            (Test("machine", "=", (False,)),),
            scope.as_of - (today - days + 1) * DAY + 1,
        )
        points = self._points(rows, scope)
        columns = [column("person"), named(points, "points"), self._age(today, scope)]
        source = source_of(rows.events)
        conditions = [*matching(rows, scope, source), *restriction(scope)]
        # The weights join last: joined first, they made a query about nobody read everything.
        counted = select(*columns, source=scope.source(source), where=conditions)
        product = exp.Mul(this=column("points"), expression=column("weight"))
        total = named(whole(exp.Sum(this=product)), "total")
        spread = named(whole(exp.Sum(this=column("points"))), "spread")
        query = grouped([total, spread], subquery(counted, "counted"), [])
        on = compared(column("age"), "=", (column("days"),))
        query.append("joins", exp.Join(this=table(weights), on=on))
        return query

    def _points(self, rows: Rows, scope: Scope) -> Sql:
        entries = self.decayed.points
        plain = not any(each.where for each in entries)
        if plain and len(rows.events) == len(entries):
            points = exp.Case()
            for each in entries:
                happened = compared(column("event"), "=", (scope.bind(each.event),))
                points = points.when(happened, integer(each.each), copy=False)
            return points
        added: Sql = integer(0)
        for each in entries:
            added = exp.Add(this=added, expression=_worth(each, rows, scope))
        return exp.Paren(this=added)

    def _age(self, today: int, scope: Scope) -> Sql:
        day = exp.Paren(this=exp.IntDiv(this=column("at"), expression=integer(DAY)))
        return named(exp.Sub(this=scope.bind(today), expression=day), "days")


def _worth(entry: Points, rows: Rows, scope: Scope) -> Sql:
    conditions = [compared(column("event"), "=", (scope.bind(entry.event),))]
    conditions += [tested(each, rows, scope, source_of(rows.events)) for each in entry.where]
    return cased(both(conditions), integer(entry.each), integer(0))


def faded(fading: Fading, total: Sql, spread: Sql, scope: Scope) -> Sql:
    """Return the midnight before which the sum cannot cross the threshold; NULL for never.

    Rounding moves a weight by half a millionth at most, so after d days the sum is at least
    `total / 2^(d / half life) - spread`: while that reaches the threshold, nothing turns. A sum of
    points that are not negative only falls, so one below the threshold stays there.
    """
    today = scope.as_of // DAY
    threshold, points = fading.threshold, fading.decayed.points
    mixed = threshold is None or any(each.each < 0 for each in points)
    if threshold is not None and threshold <= 0 and not mixed:
        return cast(exp.null(), "BIGINT")
    next_midnight = scope.bind((today + 1) * DAY)
    if threshold is None or mixed:
        return cased(compared(total, "exists", ()), next_midnight)
    least = exp.Paren(this=exp.Add(this=scope.bind(threshold), expression=spread))
    share = exp.IntDiv(
        this=exp.Paren(this=exp.Mul(this=total, expression=integer(_FINE))), expression=least
    )
    case = exp.Case().when(compared(total.copy(), "<", (scope.bind(threshold),)), exp.null())
    for days, needed in _ladder(fading.decayed.half_life_days):
        held = compared(share.copy(), ">=", (integer(needed),))
        case = case.when(held, scope.bind((today + days + 1) * DAY), copy=False)
    return case.when(compared(total.copy(), "exists", ()), next_midnight, copy=False)


@cache
def _ladder(half_life_days: int) -> tuple[tuple[int, int], ...]:
    """Return (days, share): how much more than the threshold a sum must be to last so long."""
    steps = []
    days = 1
    while days <= _HALVINGS * half_life_days:
        share = int(_FINE * 2.0 ** (days / half_life_days)) + 1
        steps.append((days, share))
        days *= 2
    return tuple(reversed(steps))


@cache
def decay_weights(half_life_days: int) -> pa.Table:
    """Return (age, weight): what one point is worth at each age in days, in millionths.

    Ends where a point is worth less than half a millionth.
    """
    import pyarrow as pa

    weights: list[int] = []
    while (weight := round(MILLION * 0.5 ** (len(weights) / half_life_days))) > 0:
        weights.append(weight)
    ages = pa.array(range(len(weights)), pa.int64())
    return pa.table({"age": ages, "weight": pa.array(weights, pa.int64())})
