"""What differs between engines by nature does not differ in a compiled statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace
from sqlglot import exp
from tests.engines import PARTS, QUIET, Rows, load, rows, started

from tailorbird.schema import DAY, HOUR, Context, Event, Line, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.engines import Engine, schema
from tailorbird.traits import dialects
from tailorbird.traits.dialects import Dialect, rendered
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.sql import Sql, Statement, column, integer, named, select, subquery, table
from tailorbird.traits.terms import (
    Age,
    Compare,
    Count,
    Declared,
    Difference,
    Favourite,
    First,
    Last,
    Quotient,
    Sum,
    Term,
)
from tailorbird.traits.terms import (
    Rows as Facts,
)
from tailorbird.traits.terms import (
    Test as Passing,
)

pytestmark = QUIET
NOW = 20_000 * DAY
TEXTS = (
    "a", "A", "b", "B", "Z", "z", "é", "É", "ß", "ss", "I", "ı", "ﬀ", "ff", "😀", " ", "", "a ",
    "it's", 'say "no"', "back\\slash", "\\", "\\N", "\\t", "tab\there", "line\nbreak", "\r", "\x07",
    "%", "_", "null", "NULL", "{p1:String}", "$1", ":p1", "?", "'; DROP TABLE facts; --", "`", "--",
)  # fmt: skip
BIG = 2**53 + 1
"""The least whole number that a float cannot hold."""
VALUES = [(7,), (-7, 0), (BIG, 2), (-BIG, 0), (2**62, 2**62 - 1), (1, 2, 3)]
"""Of the purchases of the people from 1 on."""
BOUGHT = Facts(("purchase",))
RETURNED = Facts(("return",))
NET = Difference(Sum(BOUGHT, "value_minor"), Sum(RETURNED, "value_minor"))
WORD = Declared("word", "text")
TERMS: dict[str, Term] = {
    "word": WORD,
    **{f"is_{number}": Compare(WORD, "=", (text,)) for number, text in enumerate(TEXTS)},
    "is_not": Compare(WORD, "!=", ("a",)),
    "among": Compare(WORD, "in", ("a", "é", "\\")),
    "not_among": Compare(WORD, "not in", ("a", "é", "\\")),
    "missing": Compare(WORD, "missing"),
    "there": Compare(WORD, "exists"),
    "first_word": Favourite(Facts(("product_viewed",)), "item"),
    "net": NET,
    "each": Quotient(NET, Count(BOUGHT)),
    "per_return": Quotient(NET, Count(RETURNED)),
    "absolute": Sum(RETURNED, "value_minor", absolute=True),
    "few": Count(Facts(("purchase",), (Passing("quantity", "not in", (1, 2)),))),
    "first": First(RETURNED),
    "late": Last(Facts(("purchase",), within=HOUR)),
    "old": Last(Facts(("purchase",), older_than=HOUR)),
    "days": Age(First(BOUGHT)),
}


def purchase(person: int, value: int, *, name: str = "purchase", age: int = 0) -> ResolvedEvent:
    position = person << 20 | value & 1023
    quantity = abs(value) % 4
    happened = Event("", name, NOW - age, NOW, position, "test", quantity=quantity)
    return ResolvedEvent(replace(happened, value_minor=value), person)


def events() -> Iterator[ResolvedEvent]:
    for number, text in enumerate(TEXTS):
        person = 100 + number
        said = Event("", "identify", NOW - HOUR, NOW, person << 20, "test", traits={"word": text})
        yield ResolvedEvent(said, person)
        # Every item once, and at once: the first in order is the favourite.
        for place, item in enumerate(text for text in TEXTS[number : number + 4] if text):
            seen = Event("", "product_viewed", NOW - 5, NOW, person << 20 | place + 1, "test")
            yield ResolvedEvent(replace(seen, lines=(Line(item, "", "", 1, 5),)), person)
    for person, values in enumerate(VALUES, 1):
        for age, value in enumerate(values):
            yield purchase(person, value, age=age * 3 * HOUR)
    for person in (1, 3, 9):
        yield purchase(person, -3, name="return", age=DAY)
    for number in range(6):
        context = Context(page="/p", session_id="s")
        page = Event("", "page_viewed", NOW - number * HOUR // 3, NOW, 1 << 30 | number, "test")
        yield ResolvedEvent(replace(page, context=context), 50 + number // 4)


@pytest.fixture(scope="module")
def facts() -> Iterator[DuckFacts]:
    store = DuckFacts(None)
    store.append(list(events()), [], 1)
    yield store
    store.close()


@pytest.fixture(scope="module", params=PARTS)
def engine(request: pytest.FixtureRequest, facts: DuckFacts) -> Iterator[Engine]:
    with started(request.param) as each:
        load(each, facts)
        yield each


def found_in(place: str, dialect: Dialect) -> Statement:
    """Return which texts each word contains, begins with or ends with."""
    query = Query(NOW, dialect=dialect)
    chosen = query.select({"word": WORD})
    word, parts = column("word"), [query.scope.bind(text) for text in TEXTS]
    find: dict[str, Callable[[Sql], Sql]] = {
        "within": lambda part: exp.GT(
            this=exp.StrPosition(this=word.copy(), substr=part), expression=integer(0)
        ),
        "start": lambda part: exp.StartsWith(this=word.copy(), expression=part),
        "end": lambda part: exp.EndsWith(this=word.copy(), expression=part),
    }
    columns = [named(find[place](part), f"f{number}") for number, part in enumerate(parts)]
    return query.statement(
        in_order(select(column("person"), word, *columns, source=subquery(chosen, "said")))
    )


def everything(dialect: Dialect) -> Statement:
    query = Query(NOW, dialect=dialect)
    return query.statement(in_order(query.select(TERMS)))


def own(facts: DuckFacts, statement: Statement) -> Rows:
    return rows(facts.read(statement.sql, statement.parameters, statement.tables))


def test_every_engine_gives_every_term_the_same_value(engine: Engine, facts: DuckFacts) -> None:
    assert rows(engine.read(everything(engine.dialect))) == own(facts, everything("duckdb"))


def test_texts_are_told_apart_and_ordered_by_their_bytes(engine: Engine) -> None:
    told = engine.read(everything(engine.dialect)).to_pylist()
    for number, text in enumerate(TEXTS):
        row = next(row for row in told if row["person"] == 100 + number)
        assert row["word"] == text
        assert [each for each in range(len(TEXTS)) if row[f"is_{each}"]] == [number]
        assert row["first_word"] == min(filter(None, TEXTS[number : number + 4]))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("within", str.__contains__),
        ("start", str.startswith),
        ("end", str.endswith),
    ],
)
def test_texts_are_found_within_texts(
    engine: Engine, place: str, expected: Callable[[str, str], bool]
) -> None:
    told = engine.read(found_in(place, engine.dialect)).to_pylist()
    assert [row["person"] for row in told if row["f0"] is None] == [1, 2, 3, 4, 5, 6, 9, 50, 51]
    for row in told:
        if word := row["word"]:
            found = [row[f"f{number}"] for number in range(len(TEXTS))]
            assert found == [expected(word, text) for text in TEXTS]


def test_quotients_truncate_and_beyond_floats_are_exact(engine: Engine) -> None:
    told = {row["person"]: row for row in engine.read(everything(engine.dialect)).to_pylist()}
    assert [told[person]["each"] for person in (2, 3, 4)] == [-3, (BIG + 5) // 2, -(BIG // 2)]
    assert told[5]["net"] == 2**63 - 1
    assert [told[person]["per_return"] for person in (1, 2, 9)] == [10, None, 3]


def test_what_64_bits_cannot_hold_is_an_error_and_not_another_number(engine: Engine) -> None:
    query = Query(NOW, dialect=engine.dialect)
    total = Sum(Facts(("purchase",)), "value_minor")
    doubled = Difference(total, Difference(Sum(RETURNED, "value_minor"), total))
    with pytest.raises(Exception, match=r"(?i)range|overflow|out of|convert"):
        engine.read(query.statement(query.select({"doubled": doubled})))
    # What failed leaves nothing behind.
    assert len(engine.read(everything(engine.dialect)).column_names) == len(TERMS) + 1


def test_the_sessions_of_the_view_are_those_of_duckdb(engine: Engine, facts: DuckFacts) -> None:
    names = ["person", "event", "at", "position", "session_seconds", "session_pages", "page"]
    query = select(*map(column, names), source=table(schema.VISITS))
    asked = Statement(rendered(query, engine.dialect), (), {}, engine.dialect)
    there = Statement(rendered(query, "duckdb"), (), {})
    assert rows(engine.read(asked)) == own(facts, there)
    assert 3600 in {row[4] for row in own(facts, there)}


@pytest.mark.parametrize("dialect", ["clickhouse", "postgres", "spark"])
@pytest.mark.parametrize(
    "part",
    [
        exp.Anonymous(this="fuzz", expressions=[column("event")]),
        exp.RegexpLike(this=column("event"), expression=exp.Literal.string("a.*")),
        exp.Lower(this=column("event")),
        exp.Div(this=column("at"), expression=column("position")),
        exp.Parameter(this=exp.Literal.number(1)),
        exp.Command(this="DROP", expression="TABLE facts"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_what_is_not_known_on_every_engine_is_refused(part: exp.Expr, dialect: Dialect) -> None:
    with pytest.raises(TypeError, match="on every engine"):
        rendered(select(part, source=table("facts")), dialect)


def by_floats(of: exp.Expr, by: exp.Expr, dialect: Dialect) -> exp.Expr:
    return exp.Paren(this=exp.Div(this=of, expression=by))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["clickhouse"], indirect=True)
@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_CLICKHOUSE_SETTINGS", ("prefer_column_name_to_alias",)),
        ("_OR_NULL", {exp.Min: "min", exp.Max: "max"}),
        ("_quotient", by_floats),
    ],
    ids=["an outer join gives 0", "no rows give 0", "quotients are floats"],
)
def test_a_difference_that_is_let_through_is_caught(
    engine: Engine, facts: DuckFacts, name: str, broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, name, broken)
    with pytest.raises(AssertionError):
        test_every_engine_gives_every_term_the_same_value(engine, facts)
