"""The rows of a few people, taken out once for many questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.traits.reading import Need, leaves, needs, rows_of
from tailorbird.traits.sql import (
    DIALECT,
    TOUCHED,
    Scope,
    both,
    column,
    compared,
    named,
    select,
    table,
)
from tailorbird.traits.state import LATELY, keeper, kind_of
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
    order_ids: bool = False
    """Whether the order ids are needed as such, not only to tell orders apart."""
    others: bool = False
    """Of products: those alone that the facts do not say themselves; tests ask for no more."""


_Wants: TypeAlias = dict[str, dict[str, _Want]]
"""By table and event."""
_Kept: TypeAlias = dict[str, tuple[str, _Want]]
"""By event: the table of the state that has its rows."""
_LATE: Final = "late"
"""The table of rows that were taken out before, of whatever events."""


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
    import numpy as np

    numbers = np.unique(np.asarray(people, np.int64))
    asked = {TOUCHED: touched(numbers)}
    alone = int(numbers[0]) if len(numbers) == 1 else None
    terms = list(terms)
    columns = {name: sorted(need.columns) for name, need in needs(terms).items()}
    columns["people"] = ["created_at", "person"]
    wants = _wants(terms, as_of)
    taken = dict(asked)
    for name, each in columns.items():
        scope = Scope(as_of, alone=alone)
        visible = {} if alone is not None else dict(asked)
        if name in OF_EVENTS:
            kept, rest = _parted(name, wants[name], as_of, state=state)
            if _is_late(rest, as_of):
                visible[_LATE] = _late(facts, name, rest, asked, scope)
            query = _of_events(name, kept, rest, scope)
        else:
            query = _of_people(select(*map(column, each), source=table(name)), scope)
        sql = query.sql(dialect=DIALECT, copy=False)
        taken[f"{TOUCHED}_{name}"] = facts.read(sql, tuple(scope.parameters), visible)
    return taken


def _of_people(query: exp.Select, scope: Scope) -> exp.Select:
    """Return the query of the people asked about alone; each of them is named once.

    A join costs two thirds of what `IN` does; of one person, a test half of what a join does.
    """
    if scope.alone is not None:
        where = query.args.get("where")
        hers = compared(column("person"), "=", (scope.bind(scope.alone),))
        query.set("where", exp.Where(this=both([where.this, hers] if where else [hers])))
        return query
    person = exp.to_identifier("person", quoted=True)
    query.append("joins", exp.Join(this=table(TOUCHED), using=[person]))
    return query


def _wants(terms: Iterable[Term], as_of: Instant) -> _Wants:
    wants: _Wants = {}
    for leaf in (leaf for term in terms for leaf in leaves(term)):
        since = _since(leaf, as_of)
        for name, need in needs([leaf]).items():
            if name in OF_EVENTS:
                columns = _columns(leaf, need)
                ids = "order_id" in columns and _names_orders(leaf)
                others = name == "lines" and isinstance(leaf, Count | Orders | First | Last)
                want = _Want(columns, since, ids, others)
                for event in need.about:
                    _add(wants.setdefault(name, {}), event, want)
    return wants


def _add(wants: dict[str, _Want], event: str, new: _Want) -> None:
    if event not in wants:
        wants[event] = replace(new, columns=set(new.columns))
        return
    want = wants[event]
    want.columns |= new.columns
    unbounded = new.since is None or want.since is None
    want.since = None if unbounded else min(new.since or 0, want.since or 0)
    want.order_ids |= new.order_ids
    want.others &= new.others


def _names_orders(leaf: Term) -> bool:
    tests = [test for rows in rows_of(leaf) for test in rows.where if isinstance(test, Test)]
    return not isinstance(leaf, Orders) or any(test.column == "order_id" for test in tests)


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


def _parted(
    name: str, wants: dict[str, _Want], as_of: Instant, *, state: bool
) -> tuple[_Kept, dict[str, _Want]]:
    """Return the events that the state has, each with the table, and those that it has not."""
    kept: _Kept = {}
    rest: dict[str, _Want] = {}
    for event, want in sorted(wants.items()):
        source = keeper(name, {event}, want.columns, want.since, as_of) if state else name
        if source == name:
            rest[event] = want
        else:
            kept[event] = source, want
    return kept, rest


def _of_events(name: str, kept: _Kept, rest: dict[str, _Want], scope: Scope) -> exp.Query:
    """Return the rows of the events: from the state where it has them, the rest in one scan."""
    wants = [*(want for _, want in kept.values()), *rest.values()]
    columns = sorted({each for want in wants for each in want.columns})
    keyed = not any("order_id" in want.columns for want in rest.values()) and not any(
        "order_id" in want.columns and want.order_ids for _, want in kept.values()
    )
    parts: list[exp.Query] = [
        _kept(source, event, columns, want, scope, keyed=keyed)
        for event, (source, want) in kept.items()
    ]
    if rest:
        parts.append(_rest(name, columns, rest, scope))
    union = parts[0]
    for part in parts[1:]:
        union = exp.union(union, part, distinct=False, copy=False)
    return union


def _kept(
    source: str, event: str, columns: list[str], want: _Want, scope: Scope, *, keyed: bool
) -> exp.Select:
    """Return one event's rows out of the state; with `keyed`, numbers stand for order ids."""
    stands = {"event": scope.bind(event)} | ({"order_id": column("order_key")} if keyed else {})
    conditions = [compared(column("kind"), "=", (scope.bind(kind_of(event)),))]
    chosen = [
        named(stands.get(each, column(each)) if each in want.columns else exp.null(), each)
        for each in columns
    ]
    where = [*conditions, *_younger(want.since, scope), *_others([want])]
    return _of_people(select(*chosen, source=table(source), where=where), scope)


def _rest(name: str, columns: list[str], wants: dict[str, _Want], scope: Scope) -> exp.Select:
    """Return the rows of all these events in one scan, or of those that were taken out before."""
    needed = {each for want in wants.values() for each in want.columns}
    chosen = [column(each) if each in needed else named(exp.null(), each) for each in columns]
    conditions = [compared(column("event"), "in", [scope.bind(event) for event in wants])]
    if _is_late(wants, scope.as_of):
        return select(*chosen, source=table(_LATE), where=conditions)
    where = [*conditions, *_younger(_earliest(wants), scope), *_others(wants.values())]
    return _of_people(select(*chosen, source=table(name), where=where), scope)


def _is_late(wants: dict[str, _Want], as_of: Instant) -> bool:
    since = _earliest(wants)
    return since is not None and since >= as_of - LATELY


def _late(
    facts: Facts,
    name: str,
    wants: dict[str, _Want],
    asked: dict[str, pa.Table],
    of: Scope,
) -> pa.Table:
    """Return the people's rows of late, of whatever events.

    To compare every row's event costs more than to take few people's other rows of some weeks.
    """
    scope = Scope(of.as_of, alone=of.alone)
    needed = sorted({"event"}.union(*(want.columns for want in wants.values())))
    where = [*_younger(_earliest(wants), scope), *_others(wants.values())]
    query = _of_people(select(*map(column, needed), source=table(name), where=where), scope)
    sql = query.sql(dialect=DIALECT, copy=False)
    return facts.read(sql, tuple(scope.parameters), asked)


def _earliest(wants: dict[str, _Want]) -> Instant | None:
    """Return after which instant all the rows are that are wanted; None if some always are."""
    starts = [want.since for want in wants.values() if want.since is not None]
    return min(starts) if starts and len(starts) == len(wants) else None


def _others(wants: Iterable[_Want]) -> list[exp.Expr]:
    return (
        [compared(column("own"), "=", (exp.false(),))] if all(want.others for want in wants) else []
    )


def _younger(since: Instant | None, scope: Scope) -> list[exp.Expr]:
    return [] if since is None else [compared(column("at"), ">", (scope.bind(since),))]
