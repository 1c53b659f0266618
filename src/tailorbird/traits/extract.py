"""The rows of a few people, taken out once for many questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.traits.reading import Need, leaves, needs, rows_of
from tailorbird.traits.sql import (
    DIALECT,
    TOUCHED,
    Scope,
    column,
    compared,
    member_of,
    named,
    select,
    table,
)
from tailorbird.traits.state import keeper
from tailorbird.traits.terms import Count, Decayed, First, Last, Orders, Sum, Term, Test, window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

FEW: Final = 20_000
"""Up to so many people it is cheaper to take their rows out than to search for them each time."""
OF_EVENTS: Final = frozenset({"facts", "visits", "lines", "properties"})
"""Tables whose rows are about an event at an instant."""


@dataclass(slots=True)
class _Want:
    """What is wanted of one event's rows: these columns, of all rows that are younger than that."""

    columns: set[str] = field(default_factory=set)
    since: Instant | None = None


_Wants: TypeAlias = dict[str, dict[str, _Want]]
"""By table and event."""


def touched(people: Sequence[PersonId] | npt.NDArray[np.int64]) -> pa.Table:
    """Return the people as the table that a restricted query reads."""
    import pyarrow as pa

    return pa.table({"person": pa.array(people, pa.int64())})


def extract(
    facts: Facts,
    terms: Iterable[Term],
    people: Sequence[PersonId] | npt.NDArray[np.int64],
    *,
    as_of: Instant,
    state: bool = True,
) -> dict[str, pa.Table]:
    """Return `touched` and `touched_NAME` of every table that the terms read of these people.

    Of facts and lines, only such rows and columns come along as the terms can ask for at `as_of`.
    """
    asked = {TOUCHED: touched(people)}
    terms = list(terms)
    columns = {name: sorted(need.columns) for name, need in needs(terms).items()}
    columns["people"] = ["created_at", "person"]
    wants = _wants(terms, as_of)
    taken = dict(asked)
    for name, each in columns.items():
        scope = Scope(as_of)
        if name in OF_EVENTS:
            query = _of_events(name, wants[name], scope, state=state)
        else:
            query = select(*map(column, each), source=table(name), where=[_among()])
        sql = query.sql(dialect=DIALECT, copy=False)
        taken[f"{TOUCHED}_{name}"] = facts.read(sql, tuple(scope.parameters), asked)
    return taken


def _among() -> exp.Expr:
    return member_of(column("person"), select(column("person"), source=table(TOUCHED)))


def _wants(terms: Iterable[Term], as_of: Instant) -> _Wants:
    wants: _Wants = {}
    for leaf in (leaf for term in terms for leaf in leaves(term)):
        since = _since(leaf, as_of)
        for name, need in needs([leaf]).items():
            if name in OF_EVENTS:
                columns = _columns(leaf, need)
                for event in need.about:
                    _add(wants.setdefault(name, {}), event, columns, since)
    return wants


def _add(wants: dict[str, _Want], event: str, columns: set[str], since: Instant | None) -> None:
    if event not in wants:
        wants[event] = _Want(set(columns), since)
        return
    want = wants[event]
    want.columns |= columns
    want.since = None if since is None or want.since is None else min(since, want.since)


def _since(leaf: Term, as_of: Instant) -> Instant | None:
    """Return after which instant the rows are that a leaf reads; None if it reads them all."""
    starts = [window(rows, as_of)[0] for rows in rows_of(leaf)]
    known = [start for start in starts if start is not None]
    return min(known) if known and len(known) == len(starts) else None


def _columns(leaf: Term, need: Need) -> set[str]:
    """Return the columns that a leaf reads: positions only where it tells rows apart by them."""
    tests = [predicate for rows in rows_of(leaf) for predicate in rows.where]
    plain = isinstance(leaf, Count | Orders | Sum | First | Last | Decayed)
    if plain and all(isinstance(test, Test) for test in tests):
        return need.columns - {"position"}
    return set(need.columns)


def _of_events(name: str, wants: dict[str, _Want], scope: Scope, *, state: bool) -> exp.Query:
    """Return the rows of the events: from the state where it has them, the rest in one scan."""
    columns = sorted({each for want in wants.values() for each in want.columns})
    rest: dict[str, _Want] = {}
    parts: list[exp.Query] = []
    for event, want in sorted(wants.items()):
        source = keeper(name, {event}, want.columns, want.since, scope.as_of) if state else name
        if source == name:
            rest[event] = want
        else:
            parts.append(_part(source, [event], columns, want, scope))
    if rest:
        starts = [want.since for want in rest.values() if want.since is not None]
        whole = _Want(set(columns), min(starts) if len(starts) == len(rest) else None)
        parts.append(_part(name, sorted(rest), columns, whole, scope))
    union = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False, copy=False)
    return union


def _part(
    source: str, events: list[str], columns: list[str], want: _Want, scope: Scope
) -> exp.Select:
    happened = [scope.bind(event) for event in events]
    conditions = [compared(column("event"), "in" if events[1:] else "=", happened), _among()]
    if want.since is not None:
        conditions.append(compared(column("at"), ">", (scope.bind(want.since),)))
    chosen = [
        named(happened[0].copy(), each) if each == "event" and not events[1:]
        else column(each) if each in want.columns
        else named(exp.null(), each)
        for each in columns
    ]  # fmt: skip
    return select(*chosen, source=table(source), where=conditions)
