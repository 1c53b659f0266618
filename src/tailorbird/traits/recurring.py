"""Blocks of what recurs: how many of the latest facts were answered, how many periods were kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tailorbird.traits.blocks import column_of, grouped
from tailorbird.traits.history import Property, Rows
from tailorbird.traits.patterns import Answered, Periods
from tailorbird.traits.presence import holds_of_none
from tailorbird.traits.rows import happened, matching, restriction
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cased,
    column,
    compared,
    integer,
    named,
    ordered,
    select,
    subquery,
)
from tailorbird.traits.terms import source_of


@dataclass(frozen=True, slots=True)
class Answers:
    """How many of the latest facts have an answer, and how old the oldest of them is."""

    answered: Answered

    def query(self, scope: Scope) -> exp.Select:
        """Return `answered` and `oldest`."""
        latest, answers = self._latest(scope), self._answers(scope)
        there = [compared(column("first_at", "answers"), "exists", ())]
        if self.answered.gap is not None:
            late = exp.Add(this=column("at", "latest"), expression=scope.bind(self.answered.gap))
            there.append(compared(column("first_at", "answers"), "<=", (late,)))
        counted = exp.Count(this=cased(both(there), integer(1)))
        query = select(
            column("person", "latest"),
            named(counted, "answered"),
            named(exp.Min(this=column("at", "latest")), "oldest"),
            source=subquery(latest, "latest"),
            group=[column("person", "latest")],
        )
        same = [
            compared(column(name, "answers"), "=", (column(name, "latest"),))
            for name in ("person", "link")
        ]
        joined = exp.Join(this=subquery(answers, "answers"), on=both(same), side="LEFT")
        query.append("joins", joined)
        return query

    def _latest(self, scope: Scope) -> exp.Select:
        """Return the latest facts, each with its link, NULL where it has none."""
        rows, link = self.answered.rows, self.answered.link
        source = source_of(rows.events)
        latest_first = [ordered("at", descending=True), ordered("position", descending=True)]
        rank = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column("person")],
            order=exp.Order(expressions=latest_first),
        )
        own = [] if isinstance(link, Property) else [named(column(link), "link")]
        columns = [column("person"), column("at"), column("position"), *own]
        ranked = select(
            *columns,
            named(rank, "rank"),
            source=scope.source(source),
            where=[*matching(rows, scope, source), *restriction(scope)],
        )
        few = compared(column("rank"), "<=", (integer(self.answered.last),))
        kept = ["person", "at", "position", *(["link"] if own else [])]
        found = select(
            *(column(name) for name in kept), source=subquery(ranked, "ranked"), where=[few]
        )
        return _with_links(found, rows, link, scope) if isinstance(link, Property) else found

    def _answers(self, scope: Scope) -> exp.Select:
        """Return, by person and link, the instant of the first answer."""
        rows, link = self.answered.by, self.answered.link
        source: str = source_of(rows.events)
        conditions: list[Sql] = []
        if isinstance(link, Property):
            source = "properties"
            conditions.append(compared(column("name"), "=", (scope.bind(link.name),)))
        said = column(column_of(link))
        conditions += [
            *matching(rows, scope, source),
            compared(said, "exists", ()),
            *restriction(scope),
        ]
        return select(
            column("person"),
            named(said.copy(), "link"),
            named(exp.Min(this=column("at")), "first_at"),
            source=scope.source(source),
            where=conditions,
            group=[column("person"), said.copy()],
        )


def _with_links(found: exp.Select, rows: Rows, link: Property, scope: Scope) -> exp.Select:
    """Return the facts with a property of theirs as their link."""
    called = [
        happened(rows.events, scope),
        compared(column("name"), "=", (scope.bind(link.name),)),
        *restriction(scope),
    ]
    linked = select(
        column("position"),
        named(column(link.column), "link"),
        source=scope.source("properties"),
        where=called,
    )
    query = select(
        *(column(name, "found") for name in ("person", "at", "position")),
        column("link", "linked"),
        source=subquery(found, "found"),
    )
    same = compared(column("position", "linked"), "=", (column("position", "found"),))
    query.append("joins", exp.Join(this=subquery(linked, "linked"), on=same, side="LEFT"))
    return query


@dataclass(frozen=True, slots=True)
class Regular:
    """In how many periods a count was kept up, and when a fact next passes into another."""

    periods: Periods

    def query(self, scope: Scope) -> exp.Select:
        """Return `kept` and `passing`."""
        rows = self.periods.rows
        source = source_of(rows.events)
        conditions = [*matching(rows, scope, source), *restriction(scope)]
        passed = exp.Paren(this=exp.Sub(this=scope.now(), expression=column("at")))
        period = exp.IntDiv(this=passed, expression=scope.bind(self.periods.length))
        dated = select(
            column("person"),
            column("at"),
            named(period, "period"),
            source=scope.source(source),
            where=conditions,
        )
        columns = [
            named(exp.Count(this=exp.Star()), "facts"),
            named(exp.Min(this=column("at")), "earliest"),
        ]
        counted = grouped(columns, subquery(dated, "dated"), [], column("period"))
        counted.append("expressions", column("period"))
        bound = [scope.bind(each) for each in self.periods.operands]
        keeps: Sql = compared(column("facts"), self.periods.op, bound)
        if kept_by_nobody(self.periods):
            broken = exp.Count(this=cased(exp.Not(this=exp.Paren(this=keeps)), integer(1)))
            kept: Sql = exp.Sub(this=integer(self.periods.number), expression=broken)
        else:
            kept = exp.Count(this=cased(keeps, integer(1)))
        further = exp.Paren(this=exp.Add(this=column("period"), expression=integer(1)))
        moved = exp.Mul(this=further, expression=scope.bind(self.periods.length))
        passing = exp.Min(this=exp.Add(this=column("earliest"), expression=moved))
        both_columns = [named(kept, "kept"), named(passing, "passing")]
        return grouped(both_columns, subquery(counted, "counted"), [])


def kept_by_nobody(periods: Periods) -> int:
    """Return in how many periods somebody without any fact has the wanted count: all, or none."""
    return periods.number if holds_of_none(periods.op, periods.operands) else 0
