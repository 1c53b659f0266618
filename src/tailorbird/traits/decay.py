"""The block of sums that decay with age."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

from tailorbird.schema import DAY
from tailorbird.traits.blocks import grouped, whole
from tailorbird.traits.rows import matching, restriction
from tailorbird.traits.sql import (
    Scope,
    Sql,
    column,
    compared,
    integer,
    named,
    select,
    subquery,
    table,
)
from tailorbird.traits.terms import MILLION, Decayed, Rows, Test

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sum that decays by whole days."""

    decayed: Decayed

    def query(self, scope: Scope) -> exp.Select:
        """Return `total`, in millionths."""
        today = scope.as_of // DAY
        weights = f"decay_{self.decayed.half_life_days}"
        scope.tables[weights] = decay_weights(self.decayed.half_life_days)
        days = scope.tables[weights].num_rows
        rows = Rows(
            tuple(event for event, _ in self.decayed.points),
            (Test("machine", "=", (False,)),),
            scope.as_of - (today - days + 1) * DAY + 1,
        )
        columns = [column("person"), named(self._points(scope), "points"), self._age(today, scope)]
        conditions = [*matching(rows, scope, "facts"), *restriction(scope)]
        # The weights join last: joined first, they made a query about nobody read everything.
        counted = select(*columns, source=scope.source("facts"), where=conditions)
        product = exp.Mul(this=column("points"), expression=column("weight"))
        total = named(whole(exp.Sum(this=product)), "total")
        query = grouped([total], subquery(counted, "counted"), [])
        on = compared(column("age"), "=", (column("days"),))
        query.append("joins", exp.Join(this=table(weights), on=on))
        return query

    def _points(self, scope: Scope) -> Sql:
        points = exp.Case()
        for event, each in self.decayed.points:
            happened = compared(column("event"), "=", (scope.bind(event),))
            points = points.when(happened, integer(each), copy=False)
        return points

    def _age(self, today: int, scope: Scope) -> Sql:
        day = exp.Paren(this=exp.IntDiv(this=column("at"), expression=integer(DAY)))
        return named(exp.Sub(this=scope.bind(today), expression=day), "days")


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
