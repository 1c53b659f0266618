"""Blocks of sequences: what was, or was not, followed by what."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from tailorbird.traits.blocks import grouped
from tailorbird.traits.patterns import Chain, Link
from tailorbird.traits.rows import matching, restriction, told_apart
from tailorbird.traits.sql import (
    DIALECT,
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
        if (
            self.sequence.absent
            and self.sequence.gap is None
            and not self.sequence.first.older_than
        ):
            return self._unanswered(scope)
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
        following = _following(cased(answers, column("at")))
        columns = [
            column("person"),
            column("at"),
            named(cased(starts, exp.true(), exp.false()), "starts"),
            named(following, "following"),
        ]
        scanned = self._scanned()
        conditions = [*matching(scanned, scope, "facts"), *restriction(scope)]
        source = scope.source(source_of(scanned.events))
        return select(*columns, source=source, where=conditions)

    def _unanswered(self, scope: Scope) -> exp.Select:
        """Return `held`: the latest start, unless an answer came after it.

        What neither waits nor has an end needs no look at what follows each row.
        """
        if scope.dialect == DIALECT:
            return self._placed(scope)
        start, answer = column("start"), column("answer")
        open_ = either([compared(answer, "missing", ()), compared(start, ">=", (answer.copy(),))])
        latest = exp.Max(this=column("at"))
        started = filtered(latest, both([compared(start.copy(), "exists", ()), open_]))
        answered = filtered(latest.copy(), compared(answer.copy(), "exists", ()))
        none = compared(answered, "missing", ())
        last = either([none, compared(started, ">=", (answered.copy(),))])
        held = named(cased(last, started.copy()), "held")
        return grouped([held], subquery(self._instants(scope), "instants"), [])

    def _placed(self, scope: Scope) -> exp.Select:
        """Return `held` where numbers have room for an instant and a position together."""
        first = replace(self.sequence.first, within=None, after=None)
        starts, answers = (
            both(told_apart(first, scope)),
            both(told_apart(self.sequence.then, scope)),
        )
        start, answer = filtered(_latest_place(), starts), filtered(_latest_place(), answers)
        open_ = either([compared(answer, "missing", ()), compared(start, ">=", (answer.copy(),))])
        latest = filtered(exp.Max(this=column("at")), starts.copy())
        rows = self._scanned()
        conditions = [*matching(rows, scope, "facts"), *restriction(scope)]
        held = named(cased(open_, latest), "held")
        return grouped([held], scope.source(source_of(rows.events)), conditions)

    def _instants(self, scope: Scope) -> exp.Select:
        """Return, by person and instant, the positions of the last start and the last answer."""
        first, then = self.sequence.first, self.sequence.then
        starts, answers = both(told_apart(first, scope)), both(told_apart(then, scope))
        positions = [
            named(filtered(exp.Max(this=column("position")), which), name)
            for name, which in (("start", starts), ("answer", answers))
        ]
        rows = self._scanned()
        conditions = [*matching(rows, scope, "facts"), *restriction(scope)]
        source = scope.source(source_of(rows.events))
        instants = grouped(positions, source, conditions, column("at"))
        instants.append("expressions", column("at"))
        return instants

    def _scanned(self) -> Rows:
        first, then = self.sequence.first, self.sequence.then
        events = tuple(sorted({*first.events, *then.events}))
        return Rows(events, (), first.within, after=first.after)

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
class Chained:
    """The chains of several steps: the latest that holds, the earliest that is not old enough.

    From the last step to the first, each fact learns when a chain from it would end (`reach`, NULL
    for never). The earliest next step is always the best: what lies between grows with distance.
    """

    chain: Chain

    def query(self, scope: Scope) -> exp.Select:
        """Return `held`, the latest first step, and `ripening`, when the next one will hold."""
        steps = self._marked(scope)
        links = list(enumerate(self.chain.links, 1))
        absent: list[tuple[int, Link]] = []
        to: Link | None = None
        for number, link in reversed(links):
            if link.absent:
                absent.append((number, link))
                continue
            steps = _reaching(steps, number, to, absent, scope)
            to, absent = link, []
        return self._outcome(_reaching(steps, 0, to, absent, scope), scope)

    def _marked(self, scope: Scope) -> exp.Select:
        """Return every fact of any step, in order, with the steps that it may be."""
        rows = [self.chain.first, *(link.rows for link in self.chain.links)]
        marks = [
            named(cased(both(told_apart(each, scope)), exp.true(), exp.false()), f"is_{number}")
            for number, each in enumerate(rows)
        ]
        place = exp.Window(this=exp.RowNumber(), partition_by=[column("person")], order=_in_time())
        events = tuple(sorted({event for each in rows for event in each.events}))
        scanned = Rows(events, (), self.chain.first.within, after=self.chain.first.after)
        conditions = [*matching(scanned, scope, "facts"), *restriction(scope)]
        columns = [column("person"), column("at"), column("position"), named(place, "place")]
        source = scope.source(source_of(events))
        return select(*columns, *marks, source=source, where=conditions)

    def _outcome(self, steps: exp.Select, scope: Scope) -> exp.Select:
        first = self.chain.first
        upto = scope.bind(window(first, scope.as_of)[1])
        rests = exp.Add(this=column("reach"), expression=scope.bind(self.chain.wait))
        old = exp.Add(this=column("at"), expression=scope.bind(first.older_than))
        reaches = compared(column("reach"), "exists", ())
        ripe = [compared(column("at"), "<=", (upto,)), compared(rests, "<=", (scope.now(),))]
        held = exp.Max(this=cased(both([reaches, *ripe]), column("at")))
        later = cased(compared(old, ">=", (rests.copy(),)), old.copy(), rests.copy())
        unripe = exp.Not(this=exp.Paren(this=both([each.copy() for each in ripe])))
        ripening = exp.Min(this=cased(both([reaches.copy(), unripe]), later))
        columns = [named(held, "held"), named(ripening, "ripening")]
        return grouped(columns, subquery(steps, "steps"), [])


def _latest_place() -> exp.Max:
    """Return the instant and the position of the latest fact, as one number of 128 bits."""
    wide = exp.Cast(this=column("at"), to=exp.DataType(this=exp.DataType.Type.INT128))
    moved = exp.Mul(this=wide, expression=exp.Literal.number(2**63))
    return exp.Max(this=exp.Add(this=moved, expression=column("position")))


def _reaching(
    steps: exp.Select,
    number: int,
    to: Link | None,
    absent: list[tuple[int, Link]],
    scope: Scope,
) -> exp.Select:
    """Return the facts with when a chain ends that goes on from each, as the step `number`.

    `to` is the next step that must come (None: this is the last), `absent` what must not between.
    """
    kept = [column(name) for name in ("person", "at", "position", "place")]
    kept += [column(f"is_{each}") for each in range(number)]
    seen: list[Sql] = [column(f"is_{number}")]
    next_ = compared(column("reach"), "exists", ())
    if to is not None:
        seen += [
            named(_following(cased(next_, column("place"))), "next_place"),
            named(_following(cased(next_.copy(), column("at"))), "next_at"),
            named(_following(column("reach")), "next_reach"),
        ]
    for each, _ in absent:
        for name in ("place", "at"):
            other = cased(column(f"is_{each}"), column(name))
            seen.append(named(_following(other), f"{name}_{each}"))
    ahead = select(*kept, *seen, source=subquery(steps, f"steps_{number}"))
    goes_on: list[Sql] = [column(f"is_{number}")]
    if to is not None:
        goes_on.append(compared(column("next_reach"), "exists", ()))
        if to.gap is not None:
            goes_on.append(compared(column("next_at"), "<=", (_later(to.gap, scope),)))
    goes_on += [_spared(each, link, scope, between=to is not None) for each, link in absent]
    end = column("at" if to is None else "next_reach")
    reach = named(cased(both(goes_on), end), "reach")
    return select(*[each.copy() for each in kept], reach, source=subquery(ahead, f"ahead_{number}"))


def _spared(number: int, link: Link, scope: Scope, *, between: bool) -> Sql:
    """Return that nothing of an absent step comes before it may."""
    spared = [compared(column(f"at_{number}"), "missing", ())]
    if between:
        place = column("next_place")
        spared.append(compared(column(f"place_{number}"), ">=", (place,)))
    if link.gap is not None:
        spared.append(compared(column(f"at_{number}"), ">", (_later(link.gap, scope),)))
    return exp.Paren(this=either(spared))


def _later(gap: int, scope: Scope) -> Sql:
    return exp.Add(this=column("at"), expression=scope.bind(gap))


def _in_time() -> exp.Order:
    return exp.Order(expressions=[ordered("at"), ordered("position")])


def _following(value: Sql) -> Sql:
    """Return the least value of all later facts of the person."""
    return exp.Window(
        this=exp.Min(this=value),
        partition_by=[column("person")],
        order=_in_time(),
        spec=exp.WindowSpec(
            kind="ROWS",
            start="1",
            start_side="FOLLOWING",
            end="UNBOUNDED",
            end_side="FOLLOWING",
        ),
    )
