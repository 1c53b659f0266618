"""Interactions as arrays: coded once, then cut at any instant into who had what by then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
_WORTH: Final = np.array([*WEIGHTS.values(), 0.0], np.float32)
_PIECE: Final = 2_000_000
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

    @property
    def owners(self) -> Ints:
        """Return the person index of every row."""
        return np.repeat(np.arange(len(self.people)), np.diff(self.start))

    def rows_of(self, people: Ints) -> tuple[Ints, Ints]:
        """Return (position in `people`, row) of every row of these person indices."""
        counts = self.start[people + 1] - self.start[people]
        return np.repeat(np.arange(len(people)), counts), spans(self.start[people], counts)

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
    known = pc.and_(known, pc.is_valid(table["item"]))
    table = table.select(_COLUMNS)
    if not pc.all(known, min_count=0).as_py():
        table = table.filter(known)
    people, person = _coded_people(table["person"])
    items, item = _coded_items(table["item"])
    kind = pc.index_in(table["kind"], kinds).to_numpy().astype(np.int8)
    return Interactions(
        people=people,
        items=items,
        person=person,
        item=item,
        at=table["at"].cast(pa.int64()).to_numpy(),
        quantity=pc.fill_null(table["quantity"], 1).to_numpy().astype(np.int64, copy=False),
        kind=np.where(kind == len(_KINDS), np.int8(_RETURN), kind),
    )


def _coded_people(column: pa.ChunkedArray) -> tuple[Ints, Indices]:
    """Return the people in order, and the place of each row's; a piece at a time, for memory."""
    import pyarrow.compute as pc

    people = np.sort(pc.unique(column).to_numpy().astype(np.int64))
    places = [np.searchsorted(people, each.to_numpy()).astype(np.int32) for each in _pieces(column)]
    return people, np.concatenate([*places, np.zeros(0, np.int32)])


def _coded_items(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Indices]:
    """Return the items in order, and the place of each row's."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    coded = column.unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0) if coded.num_chunks else pa.array([], column.type)
    present = np.bincount(coded.indices.to_numpy(), minlength=len(coded.dictionary)) > 0
    names = np.array(coded.dictionary.cast(pa.string()).to_pylist(), dtype=object)
    order = np.flatnonzero(present)[np.argsort(names[present])]
    rank = np.full(len(names), -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return tuple(names[order]), rank[coded.indices.to_numpy()]


def _pieces(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    for low in range(0, len(column), _PIECE):
        yield column.slice(low, _PIECE)


def catalogued(items: pa.Table) -> pa.Table:
    """Return a table of items with each once, the first that is told, their ids as words.

    Raises:
        ModelError: it has no column `item`.
    """
    import pyarrow as pa

    if "item" not in items.column_names:
        raise ModelError("the column item is missing", where="items", mend="name the ids `item`")
    column = items["item"].cast(pa.string())
    ids = column.to_pylist()
    first = {item: row for row, item in reversed(list(enumerate(ids))) if item is not None}
    told = items.set_column(items.column_names.index("item"), "item", column)
    return told.take(pa.array(sorted(first.values()), pa.int64()))


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


def with_catalogue(
    items: pa.Table | None, interactions: Interactions
) -> tuple[pa.Table | None, Interactions]:
    """Return a table of items, `catalogued`, and the interactions `widened` by them."""
    if items is None:
        return None, interactions
    items = catalogued(items)
    return items, widened(interactions, items["item"].to_pylist())


def history(interactions: Interactions, until: Instant) -> History:
    """Return what had happened by `until`, that instant included."""
    items, kind = max(len(interactions.items), 1), interactions.kind
    kept = (interactions.at <= until) & (kind != _RETURN)
    if (kind == _RETURN).any():
        pair = interactions.person.astype(np.int64) * items + interactions.item
        known = np.flatnonzero(interactions.at <= until)
        back = _given_back(pair[known], kind[known], interactions.quantity[known])
        kept &= ~np.isin(pair, back)
    rows = np.flatnonzero(kept)
    day = (interactions.at[rows] // DAY).astype(np.int32)
    visit = _visits(interactions.person[rows], interactions.at[rows])
    order = _in_order(interactions.person[rows], interactions.item[rows], day)
    rows, day, visit = rows[order], day[order], visit[order]
    person, item = interactions.person[rows], interactions.item[rows]
    begins = beginnings(person, item, day)
    strongest = _reduced(np.maximum, _WORTH[kind[rows]], begins)
    return History(
        people=interactions.people,
        start=np.searchsorted(person[begins], np.arange(len(interactions.people) + 1)),
        item=item[begins],
        day=day[begins],
        weight=strongest,
        bought=strongest == _WORTH[_KINDS.index(Names.PURCHASE)],
        visit=_reduced(np.minimum, visit, begins),
    )


def among(items: Sequence[str], some: Collection[str]) -> Flags:
    """Return a flag for each item: whether it is one of some.

    >>> among(("cup", "tea"), {"tea", "moon"}).tolist()
    [False, True]
    """
    wanted = set(some)
    return np.fromiter((item in wanted for item in items), bool, len(items))


def beginnings(*columns: npt.NDArray[Any]) -> Ints:
    """Return the rows where other values begin, of columns in which equal rows stand together.

    >>> beginnings(np.array([1, 1, 1, 2]), np.array([5, 5, 6, 6])).tolist()
    [0, 2, 3]
    """
    first = np.zeros(len(columns[0]), bool)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(first)


def spans(start: Ints, counts: Ints) -> Ints:
    """Return the numbers from each start on, as many as are counted, one after the other.

    >>> spans(np.array([7, 0, 3]), np.array([2, 0, 3])).tolist()
    [7, 8, 3, 4, 5]
    """
    return np.repeat(start - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def sought(keys: Ints, wanted: Ints) -> tuple[Ints, Flags]:
    """Return where each wanted number stands among keys that rise, and whether it is there.

    >>> place, there = sought(np.array([2, 5]), np.array([5, 4, 9]))
    >>> place[there].tolist(), there.tolist()
    ([1], [True, False, False])
    """
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return place, keys[place] == wanted if len(keys) else np.zeros(wanted.shape, bool)


def _reduced(how: np.ufunc, values: npt.NDArray[Any], begins: Ints) -> npt.NDArray[Any]:
    return np.asarray(how.reduceat(values, begins)) if len(values) else values


def _in_order(person: Indices, item: Indices, day: Indices) -> Ints:
    """Return the order by person, item, day; by one number where it holds them."""
    if not len(day):
        return np.zeros(0, np.int64)
    first, days = int(day.min()), int(day.max()) - int(day.min()) + 1
    items = int(item.max()) + 1
    if (int(person.max()) + 1) * items * days >= 2**62:
        return np.lexsort((day, item, person))
    key = person.astype(np.int64)
    key *= items
    key += item
    key *= days
    key += day
    key -= first
    return np.argsort(key)


def _visits(person: Indices, at: Ints) -> Indices:
    """Return how many later visits the person of each row made."""
    later = (person[1:] > person[:-1]) | ((person[1:] == person[:-1]) & (at[1:] >= at[:-1]))
    order = None if later.all() else np.lexsort((at, person))
    if order is not None:
        person, at = person[order], at[order]
    other = person[1:] != person[:-1]
    number = np.cumsum(np.append(False, other | (at[1:] != at[:-1])), dtype=np.int32)
    ends = np.append(np.flatnonzero(other), len(at) - 1)
    counts = np.diff(ends, prepend=-1)
    visit = np.repeat(number[ends], counts) - number if len(at) else number[:0]
    if order is None:
        return visit
    placed = np.empty_like(visit)
    placed[order] = visit
    return placed


def _given_back(pair: Ints, kind: npt.NDArray[np.int8], quantity: Ints) -> Ints:
    """Return the pairs of which at least as many pieces came back as were bought."""
    traded = (kind == _RETURN) | (kind == _KINDS.index(Names.PURCHASE))
    pairs, index = np.unique(pair[traded], return_inverse=True)
    pieces = np.abs(quantity[traded]) * np.where(kind[traded] == _RETURN, -1, 1)
    return pairs[np.bincount(index, pieces, len(pairs)) <= 0]
