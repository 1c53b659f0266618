"""What a term reads: its facts, declared traits and scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tailorbird.traits.terms import (
    Age,
    Compare,
    Count,
    Decayed,
    Declared,
    Difference,
    Every,
    Favourite,
    First,
    Last,
    LastFollowed,
    Negation,
    Orders,
    Quotient,
    Rows,
    Score,
    Some,
    Steps,
    Sum,
    Term,
    Test,
    Upcoming,
)


def upcoming(term: Term) -> Upcoming:
    """Return the earliest row after `as_of` of everything that the term reads."""
    read = list(leaves(term))
    events = {event for leaf in read for rows in rows_of(leaf) for event in rows.events}
    return Upcoming(
        events=tuple(sorted(events)),
        declared=tuple(sorted({leaf.name for leaf in read if isinstance(leaf, Declared)})),
        models=tuple(sorted({leaf.model for leaf in read if isinstance(leaf, Score)})),
    )


def leaves(term: Term) -> Iterator[Term]:
    """Yield the terms that read the store, from the first to the last."""
    match term:
        case Every(truths) | Some(truths):
            for truth in truths:
                yield from leaves(truth)
        case Negation(inner) | Compare(inner) | Age(inner) | Steps(inner):
            yield from leaves(inner)
        case Difference(one, two) | Quotient(one, two):
            yield from leaves(one)
            yield from leaves(two)
        case _:
            yield term


def rows_of(leaf: Term) -> tuple[Rows, ...]:
    """Return the facts that a leaf reads."""
    match leaf:
        case Count(rows) | Orders(rows) | Sum(rows) | First(rows) | Last(rows) | Favourite(rows):
            return (rows,)
        case LastFollowed(sequence):
            then = replace(sequence.then, within=sequence.first.within)
            return (replace(sequence.first, older_than=0), then)
        case Decayed(points):
            human = Test("machine", "=", (False,))
            return (Rows(tuple(event for event, _ in points), (human,)),)
        case _:
            return ()
