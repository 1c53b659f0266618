"""Blocks of what recurs: how many of the latest facts were answered, how many periods were kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tailorbird.traits.blocks import column_of, grouped
from tailorbird.traits.history import Property, Rows
from tailorbird.traits.laid import kept_in_state, latest, lies_in_order, ranked
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
    member_of,
    named,
    select,
    subquery,
)
from tailorbird.traits.terms import source_of


@dataclass(slots=True)
class Answers:
    """How many of the latest facts have an answer, and, if `dated`, how old the oldest of them is.

    What is answered whenever, and is not dated, needs no look at when the answer came.
    """

    answered: Answered
    dated: bool = False

    def query(self, scope: Scope) -> exp.Select:
        """Return `answered` and, if `dated`, `oldest`."""
        if scope.state and self.answered.gap is None and not self.dated:
            return self._plain(scope)
        latest, answers = self._latest(scope), self._answers(scope)
        there = [compared(column("first_at", "answers"), "exists", ())]
        if self.answered.gap is not None:
            late = exp.Add(this=column("at", "latest"), expression=scope.bind(self.answered.gap))
            there.append(compared(column("first_at", "answers"), "<=", (late,)))
        counted = exp.Count(this=cased(both(there), integer(1)))
        oldest = [named(exp.Min(this=column("at", "latest")), "oldest")] if self.dated else []
        query = select(
            column("person", "latest"),
            named(counted, "answered"),
            *oldest,
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

    def _plain(self, scope: Scope) -> exp.Select:
        """Return `answered` alone, of facts that are answered whenever."""
        source, said, conditions = self._said(scope)
        answers = select(column("person"), said, source=scope.source(source), where=conditions)
        both_columns = exp.Tuple(expressions=[column("person"), column("link")])
        there = [member_of(both_columns, answers)]
        counted = named(exp.Count(this=exp.Star()), "answered")
        return grouped([counted], subquery(self._latest(scope), "latest"), there)

    def _latest(self, scope: Scope) -> exp.Select:
        """Return the latest facts, each with its link, NULL where it has none."""
        rows, link = self.answered.rows, self.answered.link
        source = source_of(rows.events)
        own = [] if isinstance(link, Property) else [named(column(self._link(scope)), "link")]
        scan = select(
            *(column(name) for name in ("person", "at", "position")),
            *own,
            source=scope.source(source),
            where=[*matching(rows, scope, source), *restriction(scope)],
        )
        kept = ["person", "at", "position", *(["link"] if own else [])]
        found = self._found(scan, kept, scope)
        return _with_links(found, rows, link, scope) if isinstance(link, Property) else found

    def _found(self, scan: exp.Select, kept: list[str], scope: Scope) -> exp.Select:
        """Return these columns of the latest facts of each person in the scan."""
        read = {each.name for each in scan.find_all(exp.Column)}
        if lies_in_order(self.answered.rows, read, self.answered.last, scope):
            return latest(scan, kept, self.answered.last)
        scan.append("expressions", named(ranked(), "rank"))
        few = compared(column("rank"), "<=", (integer(self.answered.last),))
        return select(*map(column, kept), source=subquery(scan, "ranked"), where=[few])

    def _answers(self, scope: Scope) -> exp.Select:
        """Return, by person and link, the instant of the first answer."""
        source, said, conditions = self._said(scope)
        return select(
            column("person"),
            named(said.copy(), "link"),
            named(exp.Min(this=column("at")), "first_at"),
            source=scope.source(source),
            where=conditions,
            group=[column("person"), said.copy()],
        )

    def _said(self, scope: Scope) -> tuple[str, Sql, list[Sql]]:
        """Return where the answers are read, by which column, and which rows they are."""
        rows, link = self.answered.by, self.answered.link
        source: str = source_of(rows.events)
        conditions: list[Sql] = []
        if isinstance(link, Property):
            source = "properties"
            conditions.append(compared(column("name"), "=", (scope.bind(link.name),)))
        said = column(self._link(scope))
        conditions += [
            *matching(rows, scope, source),
            compared(said, "exists", ()),
            *restriction(scope),
        ]
        return source, said.copy(), conditions

    def _link(self, scope: Scope) -> str:
        """Return the column that links facts and answers: a number where the state has both."""
        link = column_of(self.answered.link)
        both_kept = scope.state and all(
            kept_in_state(rows, {f"{link}_key"}, scope)
            for rows in (self.answered.rows, self.answered.by)
        )
        return f"{link}_key" if both_kept else link


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
