"""Grouped blocks: each reads one table once and gives one row a person.

Aggregates over the same events share a block, so that two windows over purchases cost one scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from sqlglot import exp

from tailorbird.traits.history import Number, Property
from tailorbird.traits.rows import bounds, hull, matching, restriction, tested
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cased,
    cast,
    column,
    compared,
    filtered,
    integer,
    named,
    ordered,
    select,
    subquery,
)
from tailorbird.traits.terms import (
    Column,
    Count,
    Declared,
    Distinct,
    Favourite,
    First,
    Largest,
    Last,
    Most,
    Newest,
    Op,
    Orders,
    Rows,
    Score,
    Smallest,
    Sum,
    Upcoming,
    Values,
    origin_of,
    source_of,
)

Aggregate: TypeAlias = Count | Orders | Sum | Values | Smallest | Largest | Distinct | First | Last


class Block(Protocol):
    """A relation with the column `person` and one row for each that it knows something of."""

    def query(self, scope: Scope) -> exp.Select:
        """Return the relation."""


@dataclass(slots=True)
class Grouped:
    """Counts, sums and instants over the facts (or the lines) of the same events.

    With a `called`, over the properties of this name.
    """

    source: str
    called: str | None = None
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
        if self.called is not None:
            conditions.append(compared(column("name"), "=", (scope.bind(self.called),)))
        return grouped(columns, scope.source(self.source), conditions)

    def _only(self, rows: Rows, shared: Rows, scope: Scope) -> Sql | None:
        conditions = bounds(rows, scope, shared)
        if rows.where != shared.where:
            conditions += [tested(predicate, rows, scope, self.source) for predicate in rows.where]
        return both(conditions) if conditions else None


@dataclass(frozen=True, slots=True)
class Peaked:
    """The greatest count or sum of the rows that share a value."""

    most: Most

    def query(self, scope: Scope) -> exp.Select:
        """Return `value`."""
        rows, per = self.most.of.rows, self.most.per
        source = source_of_most(self.most)
        conditions = [*matching(rows, scope, source), *restriction(scope)]
        if isinstance(per, Property):
            conditions.append(compared(column("name"), "=", (scope.bind(per.name),)))
        key = column(column_of(per))
        conditions.append(compared(key, "exists", ()))
        counted: Sql = exp.Count(this=exp.Distinct(expressions=[column("position")]))
        if isinstance(self.most.of, Sum):
            counted = _aggregated(self.most.of, None)
        piles = grouped([named(counted, "pile")], scope.source(source), conditions, key.copy())
        largest = named(exp.Max(this=column("pile")), "value")
        return grouped([largest], subquery(piles, "piles"), [])


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
        counted = grouped(columns, scope.source(source), conditions, column(name))
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
        return grouped([earliest], subquery(union, "rows"), [])

    def _part(self, scope: Scope, source: str, key: str, names: tuple[str, ...]) -> exp.Select:
        conditions = [
            compared(column("at"), ">", (scope.now(),)),
            compared(column(key), "in", [scope.bind(name) for name in names]),
            *restriction(scope),
        ]
        return select(column("person"), column("at"), source=scope.source(source), where=conditions)


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
        case Sum(_, of, absolute):
            value = exp.Abs(this=_number(of)) if absolute else _number(of)
            return whole(filtered(exp.Sum(this=value), only))
        case Values(_, of):
            return filtered(exp.Count(this=_number(of)), only)
        case Smallest(_, of):
            return filtered(exp.Min(this=_number(of)), only)
        case Largest(_, of):
            return filtered(exp.Max(this=_number(of)), only)
        case Distinct(_, each):
            different = exp.Distinct(expressions=[column(column_of(each))])
            return filtered(exp.Count(this=different), only)
        case First():
            return filtered(exp.Min(this=column("at")), only)
        case Last():
            return filtered(exp.Max(this=column("at")), only)


def _number(of: Number) -> Sql:
    """Return the column of a number; what no sum could hold is none."""
    value = column(column_of(of))
    if not isinstance(of, Property):
        return value
    sane = [compared(value, op, (integer(LARGEST * sign),)) for op, sign in _SANE]
    return cased(both(sane), value.copy())


LARGEST: Final = 10**15
"""Of the numbers in properties, in millionths: nine thousand of them can be added up."""
_SANE: Final[tuple[tuple[Op, int], ...]] = ((">=", -1), ("<=", 1))


def column_of(of: Column) -> str:
    """Return the name of the column, in the table that has its values."""
    return of.column if isinstance(of, Property) else of


def source_of_most(most: Most) -> str:
    """Return the table whose rows are piled up: of products where the piles are of products."""
    if isinstance(most.of, Sum) and most.of.column == "dwell_seconds":
        return source_of(most.of.rows.events)
    return origin_of(most.of.rows, most.per)


def grouped(columns: list[Sql], source: Sql, conditions: list[Sql], *also: Sql) -> exp.Select:
    """Return a relation with one row a person (and value of the columns `also`)."""
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


def whole(value: Sql) -> Sql:
    """Return a sum as 64 bits: engines widen it, each in its own way."""
    return cast(value, "BIGINT")
