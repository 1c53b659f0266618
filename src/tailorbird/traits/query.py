"""One SELECT over people out of any terms: one definition, one compiler."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from tailorbird.schema import DAY, Instant
from tailorbird.traits.blocks import (
    Awaited,
    Block,
    Freshest,
    Grouped,
    Latest,
    Preferred,
    Sequenced,
    Weighed,
)
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.sql import (
    DIALECT,
    TOUCHED,
    Scope,
    Sql,
    Statement,
    both,
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
from tailorbird.traits.terms import (
    Age,
    Compare,
    Constant,
    Count,
    Decayed,
    Declared,
    Difference,
    Earliest,
    Every,
    Favourite,
    First,
    Known,
    KnownBy,
    Last,
    LastFollowed,
    Later,
    Midnight,
    Negation,
    Newest,
    NextDay,
    NextRipe,
    Orders,
    ProductTest,
    Quotient,
    Score,
    Some,
    Steps,
    Sum,
    Term,
    Truth,
    Upcoming,
    Value,
    When,
    source_of,
)

NEVER: Final = 4_000_000_000_000_000_000
"""An instant past every real one: LEAST over missing values differs between engines."""


class Query:
    """A statement in the making: terms go in, each answered by the block that it needs.

    With `restricted`, only the people in the table `touched` are asked about; with `extracted`,
    their rows were taken out beforehand (`extract.extract`).
    """

    def __init__(
        self,
        as_of: Instant,
        *,
        restricted: bool = False,
        extracted: bool = False,
        dialect: Dialect = DIALECT,
    ) -> None:
        self.scope = Scope(as_of, restricted, extracted, dialect)
        self._blocks: dict[object, Block] = {}
        self._names: dict[object, str] = {}

    def select(self, columns: dict[str, Term], where: Truth | None = None) -> exp.Select:
        """Return `person` and the terms under their names, of people for whom `where` holds."""
        chosen = [named(column("person", "p"), "person")]
        chosen += [named(self.answer(term), name) for name, term in columns.items()]
        condition = None if where is None else self.truth(where)
        query = select(*chosen, source=self._people())
        for key, block in self._blocks.items():
            name = self._names[key]
            on = compared(column("person", name), "=", (column("person", "p"),))
            relation = subquery(block.query(self.scope), name)
            query.append("joins", exp.Join(this=relation, on=on, side="LEFT"))
        if condition is not None:
            query.set("where", exp.Where(this=condition))
        return query

    def statement(self, query: exp.Select) -> Statement:
        """Return the query as text of the engine, with its parameters and small tables."""
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
                return test if _never_missing(value) else coalesced(test, exp.false())
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
            case Count() | Orders():
                return coalesced(self._grouped(value), integer(0))
            case Sum():
                return coalesced(self._grouped(value), integer(0))
            case First() | Last():
                return self._grouped(value)
            case Decayed():
                return coalesced(self._column(value, Weighed(value), "total"), integer(0))
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
                    return exp.null()
                return self._column(value, Awaited(value), "at")
            case _:
                return self._derived(value)

    def _derived(self, value: Value) -> Sql:
        match value:
            case Constant(known):
                return self.scope.bind(known)
            case Difference(of, less):
                return exp.Paren(this=exp.Sub(this=self.value(of), expression=self.value(less)))
            case Quotient(of, by):
                by_sql = self.value(by)
                quotient = exp.IntDiv(this=self.value(of), expression=by_sql)
                return _when(compared(by_sql.copy(), "!=", (integer(0),)), quotient)
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
                return _when(compared(moved, ">", (self.scope.now(),)), moved.copy())
            case Midnight():
                return self.scope.bind((self.scope.as_of // DAY + 1) * DAY)
            case When(truth, then, otherwise):
                last = None if otherwise is None else self.value(otherwise)
                return _when(self.truth(truth), self.value(then), last)
            case Earliest(instants):
                return _earliest([self.value(instant) for instant in instants])
            case _:
                raise TypeError(f"no SQL for {value!r}")

    def _age(self, since: Value) -> Sql:
        elapsed = exp.Sub(this=self.scope.now(), expression=self.value(since))
        return exp.IntDiv(this=exp.Paren(this=elapsed), expression=integer(DAY))

    def _grouped(self, aggregate: Count | Orders | Sum | First | Last) -> Sql:
        lines = isinstance(aggregate, Sum) and _of_lines(aggregate)
        events = aggregate.rows.events
        key = ("lines" if lines else source_of(events), events)
        block = self._blocks.setdefault(key, Grouped(key[0]))
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


def _of_lines(total: Sum) -> bool:
    """Return whether the products are added up, not the facts: who dwells, dwells on the page."""
    asked = any(isinstance(predicate, ProductTest) for predicate in total.rows.where)
    return asked and total.column != "dwell_seconds"


def _never_missing(value: Value) -> bool:
    return isinstance(value, Count | Orders | Sum | Decayed | Steps | Constant | Known)


def _when(truth: Sql, value: Sql, otherwise: Sql | None = None) -> Sql:
    case = exp.Case().when(truth, value, copy=False)
    return case.else_(otherwise, copy=False) if otherwise is not None else case


def _earliest(instants: list[Sql]) -> Sql:
    there = [instant for instant in instants if not isinstance(instant, exp.Null)]
    if not there:
        return cast(exp.null(), "BIGINT")
    never = [coalesced(instant, integer(NEVER)) for instant in there]
    least = exp.Least(this=never[0], expressions=never[1:], ignore_nulls=True)
    return exp.Nullif(this=least if never[1:] else never[0], expression=integer(NEVER))
