"""Interactions as arrays: coded once, then cut at any instant into who had what by then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.schema import DAY, Instant, Names, PersonId

if TYPE_CHECKING:
    import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Flags: TypeAlias = npt.NDArray[np.bool_]

WEIGHTS: Final = {Names.PURCHASE: 1.0, Names.ADD_TO_CART: 0.6, Names.PRODUCT_VIEWED: 0.3}
"""How much a kind of interaction says about a taste; kinds that are absent say nothing."""
_RETURN: Final = -1
_KINDS: Final = tuple(WEIGHTS)
_COLUMNS: Final = ("person", "item", "at", "quantity", "kind")


@dataclass(frozen=True, slots=True)
class Interactions:
    """Every interaction; `person` and `item` index into `people` and `items`, both sorted.

    `kind` indexes into the kinds that have a weight, -1 for a return.
    """

    people: Ints
    items: tuple[str, ...]
    person: Indices
    item: Indices
    at: Ints
    quantity: Ints
    kind: npt.NDArray[np.int8]

    def purchases(self, after: Instant, until: Instant) -> Ints:
        """Return the sorted distinct `person * len(items) + item` bought in (after, until]."""
        inside = (self.at > after) & (self.at <= until) & (self.kind == _KINDS.index("purchase"))
        return np.unique(self.person[inside].astype(np.int64) * len(self.items) + self.item[inside])


@dataclass(frozen=True, slots=True)
class History:
    """What each person had to do with each item on each day, sorted by person, item, day.

    Person p owns the rows `start[p]:start[p + 1]`. `day` counts from the epoch, `visit` the
    person's later visits (other instants): 0 is the last. What a person gave back whole is left
    out.
    """

    people: Ints
    start: Ints
    item: Indices
    day: Indices
    weight: Singles
    bought: Flags
    visit: Indices

    def rows_of(self, people: Ints) -> tuple[Ints, Ints]:
        """Return (position in `people`, row) of every row of these person indices."""
        counts = self.start[people + 1] - self.start[people]
        owner = np.repeat(np.arange(len(people)), counts)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        return owner, np.arange(len(owner)) - before + np.repeat(self.start[people], counts)

    def without(self, people: Collection[PersonId]) -> History:
        """Return the history with these people's rows and numbers gone."""
        kept = np.flatnonzero(~np.isin(self.people, np.fromiter(people, np.int64, len(people))))
        owner, rows = self.rows_of(kept)
        start = np.searchsorted(owner, np.arange(len(kept) + 1))
        return History(
            self.people[kept],
            start.astype(np.int64),
            self.item[rows],
            self.day[rows],
            self.weight[rows],
            self.bought[rows],
            self.visit[rows],
        )


def encode(table: pa.Table) -> Interactions:
    """Return a table of person, item, at, quantity, kind as arrays; guests and other kinds go.

    Raises:
        ModelError: a column is missing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise ModelError(
            f"columns are missing: {', '.join(missing)}",
            where="interactions",
            mend=f"give a table with {', '.join(_COLUMNS)}",
        )
    kinds = pa.array([*_KINDS, Names.RETURN])
    known = pc.and_(pc.is_valid(table["person"]), pc.is_in(table["kind"], kinds))
    table = table.select(_COLUMNS).filter(pc.and_(known, pc.is_valid(table["item"])))
    people, person = np.unique(table["person"].to_numpy(), return_inverse=True)
    coded = table["item"].cast(pa.string()).combine_chunks().dictionary_encode()
    names = np.array(coded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    kind = pc.index_in(table["kind"], kinds).to_numpy().astype(np.int8)
    return Interactions(
        people=people.astype(np.int64),
        items=tuple(names[order]),
        person=person.astype(np.int32),
        item=rank[coded.indices.to_numpy()],
        at=table["at"].cast(pa.int64()).to_numpy(),
        quantity=pc.fill_null(table["quantity"], 1).to_numpy().astype(np.int64),
        kind=np.where(kind == len(_KINDS), np.int8(_RETURN), kind),
    )


def widened(interactions: Interactions, items: Collection[str]) -> Interactions:
    """Return them coded over these items too, though nobody had to do with them yet."""
    known = set(interactions.items)
    added = [item for item in items if item not in known]
    if not added:
        return interactions
    names = np.array([*interactions.items, *added], dtype=object)
    order = np.argsort(names)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return replace(interactions, items=tuple(names[order]), item=rank[interactions.item])


def history(interactions: Interactions, until: Instant) -> History:
    """Return what had happened by `until`, that instant included."""
    size = len(interactions.items)
    taken = np.flatnonzero(interactions.at <= until)
    pair = interactions.person[taken].astype(np.int64) * size + interactions.item[taken]
    kind = interactions.kind[taken]
    bought = kind == _KINDS.index(Names.PURCHASE)
    keep = kind != _RETURN
    if not keep.all():
        keep &= ~np.isin(pair, _given_back(pair, kind, interactions.quantity[taken]))
    day = (interactions.at[taken] // DAY).astype(np.int32)
    worth = np.array([*WEIGHTS.values(), 0.0], np.float32)[kind]
    visit = _visits(interactions.person[taken], interactions.at[taken], keep)
    order = np.lexsort((-worth[keep], day[keep], pair[keep]))
    pair, day, worth, bought, visit = (
        column[keep][order] for column in (pair, day, worth, bought, visit)
    )
    first = np.ones(len(pair), bool)
    first[1:] = (pair[1:] != pair[:-1]) | (day[1:] != day[:-1])
    person = pair[first] // max(size, 1)
    return History(
        people=interactions.people,
        start=np.searchsorted(person, np.arange(len(interactions.people) + 1)).astype(np.int64),
        item=(pair[first] % max(size, 1)).astype(np.int32),
        day=day[first],
        weight=worth[first],
        bought=bought[first],
        visit=np.minimum.reduceat(visit, np.flatnonzero(first)) if len(visit) else visit,
    )


def _visits(person: Indices, at: Ints, keep: Flags) -> Indices:
    """Return how many later visits the person of each row made; rows not kept make none."""
    order = np.flatnonzero(keep)
    moved = (person[order][1:] == person[order][:-1]) & (at[order][1:] >= at[order][:-1])
    if not (moved | (person[order][1:] > person[order][:-1])).all():
        order = order[np.lexsort((at[order], person[order]))]
    person, at = person[order], at[order]
    first = np.ones(len(order), bool)
    first[1:] = (person[1:] != person[:-1]) | (at[1:] != at[:-1])
    number = np.cumsum(first, dtype=np.int32)
    ends = np.append(np.flatnonzero(person[1:] != person[:-1]), len(order) - 1)
    last = ends[np.cumsum(np.append(0, person[1:] != person[:-1]))] if len(order) else order
    visit = np.zeros(len(keep), np.int32)
    visit[order] = number[last] - number
    return visit


def _given_back(pair: Ints, kind: npt.NDArray[np.int8], quantity: Ints) -> Ints:
    """Return the pairs of which at least as many pieces came back as were bought."""
    traded = (kind == _RETURN) | (kind == _KINDS.index(Names.PURCHASE))
    pairs, index = np.unique(pair[traded], return_inverse=True)
    pieces = np.abs(quantity[traded]) * np.where(kind[traded] == _RETURN, -1, 1)
    return pairs[np.bincount(index, pieces, len(pairs)) <= 0]
