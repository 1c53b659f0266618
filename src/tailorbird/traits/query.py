"""One SELECT over people out of any terms: one definition, one compiler."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from tailorbird.schema import DAY, Instant
from tailorbird.traits import calendar
from tailorbird.traits.blocks import (
    Aggregate,
    Awaited,
    Block,
    Freshest,
    Grouped,
    Latest,
    Peaked,
    Preferred,
)
from tailorbird.traits.calendar import Zoned
from tailorbird.traits.decay import Weighed, faded
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.marks import mark
from tailorbird.traits.patterns import (
    Answered,
    Fading,
    LastChained,
    NextChained,
    NextPeriod,
    OldestAsked,
    Pattern,
    Periods,
)
from tailorbird.traits.presence import never_missing, required
from tailorbird.traits.reading import CLOCK, ZONE
from tailorbird.traits.recurring import Answers, Regular, kept_by_nobody
from tailorbird.traits.sequences import Chained, Sequenced
from tailorbird.traits.sql import (
    DIALECT,
    TOUCHED,
    Scope,
    Sql,
    Statement,
    both,
    cased,
    cast,
    coalesced,
    column,
    compared,
    either,
    integer,
    member_of,
    named,
    ordered,
    select,
    subquery,
    table,
)
from tailorbird.traits.state import answer_from_state
from tailorbird.traits.terms import (
    Age,
    Compare,
    Constant,
    Count,
    DayComes,
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
    Midnight,
    Most,
    Negation,
    Newest,
    NextDay,
    NextRipe,
    Orders,
    Property,
    Quotient,
    Scaled,
    Score,
    Smallest,
    Some,
    Span,
    Steps,
    Sum,
    Term,
    Today,
    Truth,
    Upcoming,
    Value,
    Values,
    When,
    origin_of,
    source_of,
)

NEVER: Final = 4_000_000_000_000_000_000
"""An instant past every real one: LEAST over missing values differs between engines."""


class Query:
    """A statement in the making: terms go in, each answered by the block that it needs.

    With `restricted`, only the people in the table `touched` are asked about; with `extracted`,
    their rows were taken out beforehand (`extract.extract`). Without `state`, the facts alone are
    read (`state.answer_from_state`).
    """

    def __init__(
        self,
        as_of: Instant,
        *,
        restricted: bool = False,
        extracted: bool = False,
        dialect: Dialect = DIALECT,
        state: bool = True,
    ) -> None:
        from_state = state and dialect == DIALECT and not extracted
        self.scope = Scope(as_of, restricted, extracted, dialect, from_state)
        self._blocks: dict[object, Block] = {}
        self._names: dict[object, str] = {}

    def select(self, columns: dict[str, Term], where: Truth | None = None) -> exp.Select:
        """Return `person` and the terms under their names, of people for whom `where` holds."""
        chosen = [named(column("person", "p"), "person")]
        chosen += [named(self.answer(term), name) for name, term in columns.items()]
        condition = None if where is None else self.truth(where)
        return self._joined(chosen, "p", condition)

    def people(self, where: Truth) -> exp.Select:
        """Return `person` of everybody for whom `where` holds.

        Whoever has a row is known since then at the latest: where it cannot hold without rows of
        one block, these name the people, and nobody else is looked at. Rows of nobody, such as a
        sale to a customer without a name, make no member.
        """
        value = required(where)
        if self.scope.restricted or not isinstance(where, Every) or value is None:
            return self.select({}, where)
        first = self.value(value).find(exp.Column)
        condition = both(self.truth(each) for each in where.truths if not isinstance(each, KnownBy))
        if first is None or any(each.table == "p" for each in condition.find_all(exp.Column)):
            return self.select({}, where)
        person = column("person", first.table)
        somebody = compared(person, "exists", ())
        return self._joined([named(person, "person")], first.table, both([somebody, condition]))

    def _joined(self, chosen: list[Sql], lead: str, condition: Sql | None) -> exp.Select:
        """Return what is chosen of the relation `lead`, with all the others beside it."""
        relations = {
            self._names[key]: subquery(block.query(self.scope), self._names[key])
            for key, block in self._blocks.items()
        }
        query = select(*chosen, source=self._people() if lead == "p" else relations.pop(lead))
        for name, relation in relations.items():
            on = compared(column("person", name), "=", (column("person", lead),))
            query.append("joins", exp.Join(this=relation, on=on, side="LEFT"))
        if condition is not None:
            query.set("where", exp.Where(this=condition))
        return query

    def statement(self, query: exp.Select) -> Statement:
        """Return the query as text of the engine, with its parameters and small tables."""
        if self.scope.state:
            answer_from_state(query, self.scope)
        return self.scope.statement(query)

    def answer(self, term: Term) -> Sql:
        """Return the term as an expression over the joined blocks."""
        match term:
            case Compare() | KnownBy() | Every() | Some() | Negation():
                return self.truth(term)
            case _:
                return self.value(term)

    def truth(self, truth: Truth) -> Sql:
        """Return a truth, never NULL."""
        match truth:
            case Compare(value, op, operands):
                bound = [self.scope.bind(operand) for operand in operands]
                test = compared(self.value(value), op, bound)
                return test if never_missing(value) else coalesced(test, exp.false())
            case KnownBy():
                return compared(column("created_at", "p"), "<=", (self.scope.now(),))
            case Every(truths):
                return exp.Paren(this=both(self.truth(each) for each in truths))
            case Some(truths):
                return exp.Paren(this=either(self.truth(each) for each in truths))
            case Negation(inner):
                return exp.Not(this=exp.Paren(this=self.truth(inner)))

    def value(self, value: Value) -> Sql:
        """Return a value, NULL where it is missing."""
        match value:
            case Count() | Orders() | Sum() | Values() | Distinct():
                return coalesced(self._grouped(value), integer(0))
            case First() | Last() | Smallest() | Largest():
                return self._grouped(value)
            case Most():
                return coalesced(self._column(value, Peaked(value), "value"), integer(0))
            case Favourite() | Newest():
                block = Preferred(value) if isinstance(value, Favourite) else Freshest(value)
                return self._column(value, block, "value")
            case Declared() | Score():
                return self._column(value, Latest(value), "value")
            case LastFollowed(sequence):
                return self._column(sequence, Sequenced(sequence), "held")
            case NextRipe(sequence):
                return self._column(sequence, Sequenced(sequence), "ripening")
            case Known():
                return column("created_at", "p")
            case Upcoming(events, declared, models):
                if not (events or declared or models):
                    return _never()
                return self._column(value, Awaited(value), "at")
            case _:
                return self._pattern(value) if isinstance(value, Pattern) else self._derived(value)

    def _pattern(self, value: Pattern) -> Sql:
        match value:
            case LastChained(chain):
                return self._column(chain, Chained(chain), "held")
            case NextChained(chain):
                return self._column(chain, Chained(chain), "ripening")
            case Answered():
                answers = self._column(value, Answers(value), "answered")
                return coalesced(answers, integer(0))
            case OldestAsked(answered):
                return self._oldest(answered)
            case Periods():
                kept = self._column(value, Regular(value), "kept")
                return coalesced(kept, integer(kept_by_nobody(value)))
            case NextPeriod(periods):
                return self._column(periods, Regular(periods), "passing")
            case Decayed():
                return coalesced(self._column(value, Weighed(value), "total"), integer(0))
            case Fading(decayed):
                total = self._column(decayed, Weighed(decayed), "total")
                spread = self._column(decayed, Weighed(decayed), "spread")
                return faded(value, total, spread, self.scope)

    def _oldest(self, answered: Answered) -> Sql:
        block = self._blocks.setdefault(answered, Answers(answered))
        if isinstance(block, Answers):
            block.dated = True
        return column("oldest", self._name(answered))

    def _derived(self, value: Value) -> Sql:
        match value:
            case Constant(known):
                return self.scope.bind(known)
            case Difference(of, less):
                return exp.Paren(this=exp.Sub(this=self.value(of), expression=self.value(less)))
            case Quotient():
                return self._quotient(value)
            case Scaled(of, by):
                return exp.Paren(this=exp.Mul(this=self.value(of), expression=integer(by)))
            case Elapsed(since):
                passed = exp.Sub(this=self.scope.now(), expression=self.value(since))
                return exp.Paren(this=passed)
            case Age(since):
                return exp.Paren(this=self._age(since))
            case NextDay(since):
                days = exp.Add(this=exp.Paren(this=self._age(since)), expression=integer(1))
                whole = exp.Mul(this=exp.Paren(this=days), expression=integer(DAY))
                return exp.Paren(this=exp.Add(this=self.value(since), expression=whole))
            case Steps(of, steps, otherwise):
                case = exp.Case()
                for least, label in steps:
                    reached = compared(self.value(of), ">=", (integer(least),))
                    case = case.when(reached, self.scope.bind(label), copy=False)
                return case.else_(self.scope.bind(otherwise), copy=False)
            case _:
                return self._instant(value)

    def _instant(self, value: Value) -> Sql:
        match value:
            case Later(instant, by):
                start = self.value(instant)
                moved = exp.Add(this=start, expression=self.scope.bind(by)) if by else start
                return cased(compared(moved, ">", (self.scope.now(),)), moved.copy())
            case Midnight():
                return self.scope.bind((self.scope.as_of // DAY + 1) * DAY)
            case When(truth, then, otherwise):
                last = None if otherwise is None else self.value(otherwise)
                return cased(self.truth(truth), self.value(then), last)
            case Earliest(instants):
                return _earliest([self.value(instant) for instant in instants])
            case _:
                return self._by_calendar(value)

    def _by_calendar(self, value: Value) -> Sql:
        match value:
            case Holding(name, wanted):
                text, listed = self.value(Declared(name, "text")), Declared(name, "elements")
                found = [(self.scope.bind(each), self.scope.bind(mark(each))) for each in wanted]
                return calendar.held(text, self.value(listed), found)
            case Span(instant, ahead):
                return calendar.span(lambda: self.value(instant), self.scope, ahead=ahead)
            case Today():
                return calendar.today(self._zoned("today"), self.value(CLOCK), self.scope)
            case DayComes(day, by):
                ends = calendar.tomorrow(self._zoned("tomorrow"), self.value(CLOCK), self.scope)
                moved = calendar.moved(lambda: self.value(day), by, self.scope)
                return calendar.comes(moved, lambda: self.value(Today()), ends)
            case FromToday(measure, day):
                here, there = (lambda: self.value(Today())), (lambda: self.value(day))
                return calendar.measured(measure, there, here, self.scope.as_of)
            case _:
                raise TypeError(f"no SQL for {value!r}")

    def _zoned(self, name: str) -> Sql:
        return self._column("zoned", Zoned(Latest(ZONE).query), name)

    def _age(self, since: Value) -> Sql:
        elapsed = exp.Sub(this=self.scope.now(), expression=self.value(since))
        return exp.IntDiv(this=exp.Paren(this=elapsed), expression=integer(DAY))

    def _quotient(self, quotient: Quotient) -> Sql:
        of, by = self.value(quotient.of), self.value(quotient.by)
        if quotient.toward != "zero":
            of = exp.Paren(this=_leaning(of, by, down=quotient.toward == "down"))
        divided = exp.IntDiv(this=of, expression=by)
        return cased(compared(by.copy(), "!=", (integer(0),)), divided)

    def _grouped(self, aggregate: Aggregate) -> Sql:
        source: str = source_of(aggregate.rows.events)
        called = None
        if not isinstance(aggregate, Count | Orders | First | Last):
            source = origin_of(aggregate.rows, aggregate.column)
            if isinstance(aggregate.column, Property):
                called = aggregate.column.name
        key = (source, called, aggregate.rows.events)
        block = self._blocks.setdefault(key, Grouped(source, called))
        if not isinstance(block, Grouped):
            raise TypeError(f"the block of {key} is not grouped")
        return column(block.column(aggregate), self._name(key))

    def _column(self, key: object, block: Block, name: str) -> Sql:
        self._blocks.setdefault(key, block)
        return column(name, self._name(key))

    def _name(self, key: object) -> str:
        return self._names.setdefault(key, f"b{len(self._names)}")

    def _people(self) -> Sql:
        among = member_of(column("person"), select(column("person"), source=table(TOUCHED)))
        where = [among] if self.scope.restricted else []
        columns = [column("person"), column("created_at")]
        return subquery(select(*columns, source=self.scope.source("people"), where=where), "p")


def in_order(query: exp.Select, limit: int | None = None) -> exp.Select:
    """Return the query in order of person, its first rows only if there is a limit."""
    query.set("order", exp.Order(expressions=[ordered("person")]))
    return query if limit is None else query.limit(limit, copy=False)


def _leaning(of: Sql, by: Sql, *, down: bool) -> Sql:
    """Return the dividend moved so that truncating rounds down, or up; `by` is above 0."""
    rest = exp.Paren(this=exp.Sub(this=by.copy(), expression=integer(1)))
    zero = (integer(0),)
    if down:
        rest_below = cased(compared(of.copy(), "<", zero), rest, integer(0))
        return exp.Sub(this=of, expression=rest_below)
    rest_above = cased(compared(of.copy(), ">", zero), rest, integer(0))
    return exp.Add(this=of, expression=rest_above)


def _never() -> Sql:
    return cast(exp.null(), "BIGINT")


def _earliest(instants: list[Sql]) -> Sql:
    there = [instant for instant in instants if instant != _never()]
    if not there:
        return _never()
    never = [coalesced(instant, integer(NEVER)) for instant in there]
    least = exp.Least(this=never[0], expressions=never[1:], ignore_nulls=True)
    return exp.Nullif(this=least if never[1:] else never[0], expression=integer(NEVER))
