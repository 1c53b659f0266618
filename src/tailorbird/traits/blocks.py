"""Grouped blocks: each reads one table once and gives one row a person.

Aggregates over the same events share a block, so that two windows over purchases cost one scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sqlglot import exp

from tailorbird.schema import DAY
from tailorbird.traits.rows import bounds, hull, matching, restriction, tested, told_apart
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cast,
    coalesced,
    column,
    compared,
    either,
    filtered,
    integer,
    named,
    ordered,
    select,
    subquery,
    table,
)
from tailorbird.traits.terms import (
    MILLION,
    Count,
    Decayed,
    Declared,
    Favourite,
    First,
    Followed,
    Last,
    Newest,
    Orders,
    Rows,
    Score,
    Sum,
    Test,
    Upcoming,
    source_of,
    window,
)

if TYPE_CHECKING:
    import pyarrow as pa

Aggregate: TypeAlias = Count | Orders | Sum | First | Last


class Block(Protocol):
    """A relation with the column `person` and one row for each that it knows something of."""

    def query(self, scope: Scope) -> exp.Select:
        """Return the relation."""


@dataclass(slots=True)
class Grouped:
    """Counts, sums and instants over the facts (or the lines) of the same events."""

    source: str
    aggregates: dict[Aggregate, str] = field(default_factory=dict)

    def column(self, aggregate: Aggregate) -> str:
        """Return the name of the column that will hold the aggregate."""
        return self.aggregates.setdefault(aggregate, f"c{len(self.aggregates)}")

    def query(self, scope: Scope) -> exp.Select:
        """Return one row a person; conditions that all aggregates share narrow the scan."""
        rows = [aggregate.rows for aggregate in self.aggregates]
        shared = hull(rows)
        columns = [
            named(_aggregated(aggregate, self._only(aggregate.rows, shared, scope)), name)
            for aggregate, name in self.aggregates.items()
        ]
        conditions = [*matching(shared, scope, self.source), *restriction(scope)]
        return _grouped(columns, scope.source(self.source), conditions)

    def _only(self, rows: Rows, shared: Rows, scope: Scope) -> Sql | None:
        conditions = bounds(rows, scope, shared)
        if rows.where != shared.where:
            conditions += [tested(predicate, rows, scope, self.source) for predicate in rows.where]
        return both(conditions) if conditions else None


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The facts of one sequence: the latest that holds, the earliest that is not old enough."""

    sequence: Followed

    def query(self, scope: Scope) -> exp.Select:
        """Return `held` and `ripening`, instants."""
        steps = self._steps(scope)
        ripe = compared(
            column("at"), "<=", (scope.bind(window(self.sequence.first, scope.as_of)[1]),)
        )
        young = exp.Not(this=exp.Paren(this=ripe.copy()))
        holds = [column("starts"), self._answered(scope)]
        held = filtered(exp.Max(this=column("at")), both([*holds, ripe]))
        ripening = filtered(exp.Min(this=column("at")), both([*holds, young]))
        return _grouped(
            [named(held, "held"), named(ripening, "ripening")], subquery(steps, "steps"), []
        )

    def _steps(self, scope: Scope) -> exp.Select:
        first, then = self.sequence.first, self.sequence.then
        starts, answers = both(told_apart(first, scope)), both(told_apart(then, scope))
        following = exp.Window(
            this=exp.Min(this=_case(answers, column("at"))),
            partition_by=[column("person")],
            order=exp.Order(expressions=[ordered("at"), ordered("position")]),
            spec=exp.WindowSpec(
                kind="ROWS",
                start="1",
                start_side="FOLLOWING",
                end="UNBOUNDED",
                end_side="FOLLOWING",
            ),
        )
        columns = [
            column("person"),
            column("at"),
            named(_case(starts, exp.true(), exp.false()), "starts"),
            named(following, "following"),
        ]
        scanned = Rows(tuple(sorted({*first.events, *then.events})), (), first.within)
        conditions = [*matching(scanned, scope, "facts"), *restriction(scope)]
        source = scope.source(source_of(scanned.events))
        return select(*columns, source=source, where=conditions)

    def _answered(self, scope: Scope) -> Sql:
        following = column("following")
        if self.sequence.gap is None:
            return compared(following, "missing" if self.sequence.absent else "exists", ())
        limit = exp.Add(this=column("at"), expression=scope.bind(self.sequence.gap))
        if self.sequence.absent:
            late = compared(following, ">", (limit,))
            return exp.Paren(this=either([compared(following.copy(), "missing", ()), late]))
        return coalesced(compared(following, "<=", (limit,)), exp.false())


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
        total = named(_whole(exp.Sum(this=product)), "total")
        query = _grouped([total], subquery(counted, "counted"), [])
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


@dataclass(frozen=True, slots=True)
class Preferred:
    """The item, category or context that a person's facts name most often."""

    favourite: Favourite

    def query(self, scope: Scope) -> exp.Select:
        """Return `value`."""
        rows, name = self.favourite.rows, self.favourite.column
        source = "lines" if name in ("item", "category") else source_of(rows.events)
        conditions = [
            *matching(rows, scope, source),
            compared(column(name), "exists", ()),
            *restriction(scope),
        ]
        facts = exp.Count(this=exp.Distinct(expressions=[column("position")]))
        columns = [
            named(column(name), "value"),
            named(facts, "facts"),
            named(exp.Max(this=column("at")), "latest"),
        ]
        counted = _grouped(columns, scope.source(source), conditions, column(name))
        order = [ordered("facts", descending=True), ordered("latest", descending=True)]
        return _top(counted, [*order, ordered("value")])


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest row of a declared trait, or of a model's scores."""

    of: Declared | Score

    def query(self, scope: Scope) -> exp.Select:
        """Return `value`."""
        match self.of:
            case Declared(name, kind):
                source, key, value = "trait_values", ("name", name), str(kind)
                order = ["weight", "at", "position"]
            case Score(model):
                source, key, value = "scores", ("model", model), "value"
                order = ["at", "version"]
        columns = [column("person"), named(column(value), "value"), *map(column, order)]
        conditions = [
            compared(column(key[0]), "=", (scope.bind(key[1]),)),
            compared(column("at"), "<=", (scope.now(),)),
            *restriction(scope),
        ]
        rows = select(*columns, source=scope.source(source), where=conditions)
        return _top(rows, [ordered(name, descending=True) for name in order])


@dataclass(frozen=True, slots=True)
class Freshest:
    """A column of the latest fact that has it."""

    newest: Newest

    def query(self, scope: Scope) -> exp.Select:
        """Return `value`."""
        rows, name = self.newest.rows, self.newest.column
        source = source_of(rows.events)
        conditions = [
            *matching(rows, scope, source),
            compared(column(name), "exists", ()),
            *restriction(scope),
        ]
        columns = [column("person"), named(column(name), "value"), column("at"), column("position")]
        found = select(*columns, source=scope.source(source), where=conditions)
        return _top(found, [ordered("at", descending=True), ordered("position", descending=True)])


@dataclass(frozen=True, slots=True)
class Awaited:
    """The earliest row after the instant asked about."""

    upcoming: Upcoming

    def query(self, scope: Scope) -> exp.Select:
        """Return `at`."""
        parts = [
            (source_of(self.upcoming.events), "event", self.upcoming.events),
            ("trait_values", "name", self.upcoming.declared),
            ("scores", "model", self.upcoming.models),
        ]
        queries = [self._part(scope, *part) for part in parts if part[2]]
        union: exp.Query = queries[0]
        for query in queries[1:]:
            union = exp.union(union, query, distinct=False, copy=False)
        earliest = named(exp.Min(this=column("at")), "at")
        return _grouped([earliest], subquery(union, "rows"), [])

    def _part(self, scope: Scope, source: str, key: str, names: tuple[str, ...]) -> exp.Select:
        conditions = [
            compared(column("at"), ">", (scope.now(),)),
            compared(column(key), "in", [scope.bind(name) for name in names]),
            *restriction(scope),
        ]
        return select(column("person"), column("at"), source=scope.source(source), where=conditions)


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


def _aggregated(aggregate: Aggregate, only: Sql | None) -> Sql:
    match aggregate:
        case Count():
            return filtered(exp.Count(this=exp.Star()), only)
        case Orders():
            distinct = exp.Count(this=exp.Distinct(expressions=[column("order_id")]))
            alone = compared(column("order_id"), "missing", ())
            conditions = [alone] if only is None else [only.copy(), alone]
            return exp.Add(
                this=filtered(distinct, only),
                expression=filtered(exp.Count(this=exp.Star()), both(conditions)),
            )
        case Sum(_, name, absolute):
            value: Sql = exp.Abs(this=column(name)) if absolute else column(name)
            return _whole(filtered(exp.Sum(this=value), only))
        case First():
            return filtered(exp.Min(this=column("at")), only)
        case Last():
            return filtered(exp.Max(this=column("at")), only)


def _grouped(columns: list[Sql], source: Sql, conditions: list[Sql], *also: Sql) -> exp.Select:
    group = [column("person"), *also]
    return select(column("person"), *columns, source=source, where=conditions, group=group)


def _top(query: exp.Select, order: list[exp.Ordered]) -> exp.Select:
    """Return the value of each person's first row in this order."""
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column("person")],
        order=exp.Order(expressions=order),
    )
    columns = [column("person"), column("value"), named(rank, "rank")]
    ranked = select(*columns, source=subquery(query, "rows"))
    first = compared(column("rank"), "=", (integer(1),))
    return select(
        column("person"), column("value"), source=subquery(ranked, "ranked"), where=[first]
    )


def _case(condition: Sql, value: Sql, otherwise: Sql | None = None) -> Sql:
    case = exp.Case().when(condition, value, copy=False)
    return case.else_(otherwise, copy=False) if otherwise is not None else case


def _whole(value: Sql) -> Sql:
    """Return a sum as 64 bits: engines widen it, each in its own way."""
    return cast(value, "BIGINT")
