"""What a term reads: its facts, declared traits and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from tailorbird.schema import Names
from tailorbird.traits.patterns import Answered, LastChained, Periods
from tailorbird.traits.terms import (
    Age,
    Column,
    Compare,
    Count,
    Decayed,
    Declared,
    Difference,
    Distinct,
    Elapsed,
    Every,
    Favourite,
    First,
    FromToday,
    Holding,
    Largest,
    Last,
    LastFollowed,
    Most,
    Negation,
    Newest,
    Orders,
    ProductTest,
    Property,
    PropertyTest,
    Quotient,
    Rows,
    Scaled,
    Score,
    Smallest,
    Some,
    Span,
    Steps,
    Sum,
    Term,
    Test,
    Today,
    Upcoming,
    Values,
    origin_of,
    source_of,
)

ZONE: Final = Declared("timezone", "text")
CLOCK: Final = Newest(Rows((Names.SESSION_STARTED,)), "utc_offset")
"""What tells a person's local day: the zone that she declared, else the clock of her last session.
"""


@dataclass(frozen=True, slots=True)
class Need:
    """What is read of one table: rows about these events, traits or models; these columns."""

    about: set[str]
    columns: set[str]


_EVERY_ROW: Final = ("position", "person", "event", "at")
_BASE: Final[dict[str, tuple[str, ...]]] = {
    "facts": _EVERY_ROW,
    "visits": _EVERY_ROW,
    "lines": _EVERY_ROW,
    "properties": (*_EVERY_ROW, "name", "text", "number"),
    "trait_values": (
        "position",
        "person",
        "name",
        "at",
        "text",
        "number",
        "weight",
        "day",
        "instant",
        "elements",
    ),
    "scores": ("version", "person", "model", "at", "value"),
}


def needs(terms: Iterable[Term]) -> dict[str, Need]:
    """Return what the terms read of each table, all together."""
    needed: dict[str, Need] = {}
    for leaf in (leaf for term in terms for leaf in leaves(term)):
        match leaf:
            case Declared(name):
                _need(needed, "trait_values", {name})
            case Score(model):
                _need(needed, "scores", {model})
            case _:
                read = rows_of(leaf)
                source = source_of(event for rows in read for event in rows.events)
                for rows in read:
                    _need_rows(needed, leaf, rows, source)
    return needed


def _need(
    needed: dict[str, Need], table: str, about: Iterable[str], columns: Iterable[str] = ()
) -> None:
    need = needed.setdefault(table, Need(set(), set(_BASE[table])))
    need.about.update(about)
    need.columns.update(columns)


def _need_rows(needed: dict[str, Need], leaf: Term, rows: Rows, source: str) -> None:
    columns: set[str] = set()
    match leaf:
        case Orders():
            columns.add("order_id")
        case Sum() | Values() | Smallest() | Largest() | Distinct():
            columns |= _need_column(needed, rows, leaf.column)
        case Most():
            columns |= _need_piles(needed, rows, leaf)
        case Answered(link=link):
            columns |= _need_column(needed, rows, link)
        case Favourite(_, "item" | "category" as product):
            _need(needed, "lines", rows.events, {product})
        case Favourite(_, context) | Newest(_, context):
            columns.add(context)
        case _:
            pass
    for predicate in rows.where:
        match predicate:
            case Test(column):
                columns.add(column)
            case ProductTest(tests):
                products = {name for name, _, _ in tests}
                columns |= products
                amounts = columns & {"value_minor", "quantity"}
                _need(needed, "lines", rows.events, {"own", *products, *amounts})
            case PropertyTest():
                _need(needed, "properties", rows.events)
    _need(needed, source, rows.events, columns)


def _need_piles(needed: dict[str, Need], rows: Rows, most: Most) -> set[str]:
    """Tell what the greatest pile reads: piles of products are summed up where the products are."""
    columns = _need_column(needed, rows, most.per)
    if isinstance(most.of, Sum):
        summed = _need_column(needed, rows, most.of.column)
        if origin_of(rows, most.per) == "lines":
            _need(needed, "lines", rows.events, summed)
        columns |= summed
    return columns


def _need_column(needed: dict[str, Need], rows: Rows, column: Column) -> set[str]:
    """Tell what is read of other tables; return what is read of the facts."""
    match column:
        case Property():
            _need(needed, "properties", rows.events)
            return set()
        case "item" | "category" | "value_minor" | "quantity":
            if origin_of(rows, column) == "lines":
                _need(needed, "lines", rows.events, {column})
            return {column}
        case _:
            return {column}


def upcoming(term: Term) -> Upcoming:
    """Return the earliest row after `as_of` of everything that the term reads."""
    needed = needs([term])
    return Upcoming(
        events=tuple(sorted({*_about(needed, "facts"), *_about(needed, "visits")})),
        declared=_about(needed, "trait_values"),
        models=_about(needed, "scores"),
    )


def _about(needed: dict[str, Need], table: str) -> tuple[str, ...]:
    return tuple(sorted(needed[table].about)) if table in needed else ()


def leaves(term: Term) -> Iterator[Term]:
    """Yield the terms that read the store, from the first to the last."""
    match term:
        case Every(truths) | Some(truths):
            for truth in truths:
                yield from leaves(truth)
        case Negation(inner) | Compare(inner):
            yield from leaves(inner)
        case Age(inner) | Elapsed(inner) | Steps(inner) | Scaled(inner):
            yield from leaves(inner)
        case Difference(one, two) | Quotient(one, two):
            yield from leaves(one)
            yield from leaves(two)
        case FromToday(_, day):
            yield from leaves(day)
            yield from (ZONE, CLOCK)
        case Today():
            yield from (ZONE, CLOCK)
        case Span(instant):
            yield from leaves(instant)
        case Holding(name):
            yield Declared(name, "text")
        case _:
            yield term


def rows_of(leaf: Term) -> tuple[Rows, ...]:
    """Return the facts that a leaf reads."""
    match leaf:
        case Count(rows) | Orders(rows) | Sum(rows) | First(rows) | Last(rows):
            return (rows,)
        case Values(rows) | Smallest(rows) | Largest(rows) | Distinct(rows):
            return (rows,)
        case Favourite(rows) | Newest(rows):
            return (rows,)
        case Most(of):
            return (of.rows,)
        case LastChained(chain):
            links = (replace(link.rows, within=chain.first.within) for link in chain.links)
            return (replace(chain.first, older_than=0), *links)
        case Answered(rows, _, by):
            return (rows, by)
        case Periods(rows):
            return (rows,)
        case LastFollowed(sequence):
            then = replace(sequence.then, within=sequence.first.within)
            return (replace(sequence.first, older_than=0), then)
        case Decayed(points):
            human = Test("machine", "=", (False,))
            return tuple(Rows((each.event,), (human, *each.where)) for each in points)
        case _:
            return ()
