"""When time alone turns an answer about one person, if nothing else happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Condition, Segment
from tailorbird.segments.meaning import member, resolved, truth
from tailorbird.traits.expiry import next_change
from tailorbird.traits.extract import touched
from tailorbird.traits.terms import Term, Truth

MOST_LOOKS: Final = 40
"""Instants that are looked at: a score that fades is asked about every day."""


def turns(
    facts: Facts,
    segment: Segment,
    leaves: Iterable[Condition],
    person: PersonId,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
) -> dict[Condition | None, Instant]:
    """Return when time alone turns each of these leaves, and under None the whole segment.

    What time never turns is left out, and what it turns only after many looks.
    """
    asked: dict[Condition | None, Truth] = {None: member(resolved(segment, among))}
    asked |= {leaf: truth(leaf) for leaf in leaves}
    start = _look(facts, asked, person, as_of)
    waiting = {key: at for key, (_, at) in start.items() if at is not None}
    found: dict[Condition | None, Instant] = {}
    for _ in range(MOST_LOOKS):
        if not waiting:
            break
        at = min(waiting.values())
        due = {key: asked[key] for key, next_at in waiting.items() if next_at == at}
        for key, (holds, next_at) in _look(facts, due, person, at).items():
            del waiting[key]
            if holds != start[key][0]:
                found[key] = at
            elif next_at is not None and next_at > at:
                waiting[key] = next_at
    return found


def _look(
    facts: Facts, asked: Mapping[Condition | None, Truth], person: PersonId, at: Instant
) -> dict[Condition | None, tuple[bool, Instant | None]]:
    """Return of each whether it holds at an instant, and when that can change by time alone."""
    terms: dict[str, Term] = {}
    for number, each in enumerate(asked.values()):
        terms |= {f"holds_{number}": each, f"next_{number}": next_change(each)}
    statement = compiler.columns(terms, as_of=at)
    tables = statement.tables | {"touched": touched([person])}
    row = facts.read(statement.sql, statement.parameters, tables).to_pylist()[0]
    return {
        key: (bool(row[f"holds_{number}"]), row[f"next_{number}"])
        for number, key in enumerate(asked)
    }
