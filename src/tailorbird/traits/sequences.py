"""Blocks of sequences: what was, or was not, followed by what."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tailorbird.traits.blocks import grouped
from tailorbird.traits.rows import matching, restriction, told_apart
from tailorbird.traits.sql import (
    Scope,
    Sql,
    both,
    cased,
    coalesced,
    column,
    compared,
    either,
    filtered,
    named,
    ordered,
    select,
    subquery,
)
from tailorbird.traits.terms import Followed, Rows, source_of, window


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
        return grouped(
            [named(held, "held"), named(ripening, "ripening")], subquery(steps, "steps"), []
        )

    def _steps(self, scope: Scope) -> exp.Select:
        first, then = self.sequence.first, self.sequence.then
        starts, answers = both(told_apart(first, scope)), both(told_apart(then, scope))
        following = exp.Window(
            this=exp.Min(this=cased(answers, column("at"))),
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
            named(cased(starts, exp.true(), exp.false()), "starts"),
            named(following, "following"),
        ]
        events = tuple(sorted({*first.events, *then.events}))
        scanned = Rows(events, (), first.within, after=first.after)
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
