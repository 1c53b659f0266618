"""What a model proposes to many people, with what rules add: the candidates of the choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird.recommend.diversity import Likeness, choose
from tailorbird.recommend.interactions import Flags, Floats, Ints, among, beginnings, sought
from tailorbird.recommend.recommender import Recommender
from tailorbird.recommend.rules import Catalogue, Compiled
from tailorbird.schema import DAY, Instant, Names, PersonId

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_DEPTH: Final = 40
DEPTH_TIMES: Final = 6
"""Candidates are so many times what is wanted: rules leave some out, and put others first."""
NEWEST: Final = 40
"""Products that came after the training of which each person may be shown the likest."""
LIKE: Final = 0.5
"""How alike a new product must be to a candidate: of its category, or by the words of its name."""
NEW_SHARE: Final = 0.9
"""Of the score of the product that it is like."""
PAIR, NEW = "pair", "new"
_COLUMNS: Final = ("person", "item", "score", "reason", "reason_code", "because")
_Top: TypeAlias = "Callable[[Ints, Flags, float | None], pa.Table]"


@dataclass(frozen=True, slots=True)
class Recent:
    """What was bought of late, as sorted keys (place of the person, row), with the day of it."""

    keys: Ints
    day: Floats
    width: int

    def has(self, place: Ints, row: Ints) -> Flags:
        """Return whether each was bought of late."""
        return sought(self.keys, place * self.width + row)[1]


@dataclass(frozen=True, slots=True)
class Known:
    """What a model and the catalogue know of each other, as columns over products."""

    row: Ints
    """Of each of the model's items, -1 where the catalogue lacks it."""
    learnt: Flags
    """Whether the training knew it: others are new."""
    due_after: Floats
    """Days after which a learnt consumable may be shown again; infinite for other products."""


def known(
    model: Recommender, learnt: Collection[str], gaps: Mapping[str, float], stock: Catalogue
) -> Known:
    """Return what is derived once from a model, the items of its training, and the catalogue.

    `gaps` are the learnt consumables with the usual days between two purchases.
    """
    return Known(
        row=stock.rows(model.items),
        learnt=among(stock.items, learnt),
        due_after=np.array([gaps.get(item, np.inf) / 2 for item in stock.items], np.float64),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom products are chosen, by which rules, from what.

    `people` are distinct and sorted, `history` what they did, `known` what the model and the
    catalogue know of each other; `within` narrows what rules allow.
    """

    model: Recommender
    rules: Compiled
    stock: Catalogue
    likeness: Likeness
    people: Ints
    history: pa.Table
    known: Known
    now: Instant
    within: Flags | None = None
    groups: Mapping[PersonId, str] | None = None
    """Where strangers come from."""

    @property
    def allowed(self) -> Flags:
        """Return what may be shown."""
        return self.rules.allowed if self.within is None else self.rules.allowed & self.within

    def modelled(self, rows: Flags) -> Flags:
        """Return which items of the model these products are."""
        return np.asarray(np.append(rows, False)[self.known.row])


def chosen(asking: Asking, k: int, threads: int = 1) -> pa.Table:
    """Return up to `k` products a person, best first, people in order: the columns of `top`."""
    import pyarrow as pa

    tables = [table for table in _proposed(asking, k, threads) if table.num_rows]
    if not tables:
        return nothing()
    merged = pa.concat_tables(tables)
    place, row, order = _merged(asking, merged)
    cells, width = _pivot(place[order], len(asking.people))
    shape = (len(asking.people), width)
    rows, flat = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    scores = np.full(shape, -np.inf)
    rows[cells], flat[cells] = row[order], order
    scores[cells] = merged.column("score").to_numpy()[order]
    if asking.rules.rules.new_products:
        merged, rows, scores, flat = _with_new(asking, merged, rows, scores, flat)
    worth = np.where(rows >= 0, scores * asking.rules.factor[rows], -np.inf)
    best = choose(
        rows, worth, k,
        caps=asking.rules.caps, diversity=asking.rules.rules.diversity, likeness=asking.likeness,
    )  # fmt: skip
    return _taken(merged, flat, best)


def nothing() -> pa.Table:
    """Return the table of nobody's products."""
    import pyarrow as pa

    kinds = (pa.int64(), pa.string(), pa.float64(), pa.string(), pa.string(), pa.string())
    columns = {name: pa.array([], kind) for name, kind in zip(_COLUMNS, kinds, strict=True)}
    return pa.table({**columns, "rank": pa.array([], pa.int64())})


def _taken(merged: pa.Table, flat: Ints, best: Ints) -> pa.Table:
    import pyarrow as pa

    there = best >= 0
    person, rank = np.nonzero(there)
    taken = merged.take(pa.array(flat[person, best[there]]))
    return taken.append_column("rank", pa.array((rank + 1).astype(np.int64)))


# -- what is proposed -----------------------------------------------------------------------------


def _proposed(asking: Asking, k: int, threads: int) -> Iterator[pa.Table]:
    """Yield what the model and the rules propose, the model's first."""
    rules = asking.rules.rules
    depth = k if _as_the_model_says(asking) else max(LEAST_DEPTH, DEPTH_TIMES * k)
    everything = asking.allowed
    if not everything.any():
        return

    def top(people: Ints, rows: Flags, bar_days: float | None) -> pa.Table:
        found = asking.model.top(
            people.tolist(), depth, now=asking.now, within=asking.modelled(rows),
            exclude_recent_days=bar_days, groups=asking.groups, threads=threads,
        )  # fmt: skip
        return found.select(_COLUMNS).cast(nothing().schema.remove(len(_COLUMNS)))

    bar_days = rules.not_bought_days or None
    proposed = top(asking.people, everything, bar_days)
    yield proposed
    first = (asking.rules.factor > 1) & everything
    if first.any():
        yield top(asking.people, first, bar_days)
    recent = _recent(asking, rules.not_bought_days)
    if bar_days and len(recent.keys):
        yield from _again(asking, recent, top)
    if asking.rules.pairs:
        yield _paired(asking, recent, proposed)


def _as_the_model_says(asking: Asking) -> bool:
    """Return whether no rule changes the order, so that no more is asked for than is shown."""
    rules = asking.rules
    mixed = bool(rules.caps or rules.rules.diversity or (rules.factor != 1).any())
    return not mixed and not (rules.rules.new_products and len(_fresh(asking)))


def _fresh(asking: Asking) -> Ints:
    """Return the newest products that came after the training."""
    fresh = np.flatnonzero(asking.allowed & ~asking.known.learnt)
    return fresh[np.argsort(-asking.stock.arrived[fresh], kind="stable")][:NEWEST]


def _again(asking: Asking, recent: Recent, top: _Top) -> Iterator[pa.Table]:
    """Yield consumables for those who bought one of late and may need it again."""
    learnt = asking.rules.rules.consumables.learnt
    due_after = np.where(asking.rules.declared, 0.0, asking.known.due_after if learnt else np.inf)
    place, row = np.divmod(recent.keys, max(recent.width, 1))
    due = (asking.now / DAY - recent.day >= due_after[row]) & asking.allowed[row]
    if not due.any():
        return
    again = np.zeros(recent.width, bool)
    again[row[due]] = True
    found = top(asking.people[np.unique(place[due])], again, None)
    place = np.searchsorted(asking.people, found.column("person").to_numpy())
    key = place * recent.width + _rows(asking.stock, found.column("item"))
    yield found.filter(np.isin(key, recent.keys[due]))


def _paired(asking: Asking, recent: Recent, proposed: pa.Table) -> pa.Table:
    """Return what goes with what somebody bought, as the author says, above everything else."""
    import pyarrow as pa

    people, scores = (proposed.column(name).to_numpy() for name in ("person", "score"))
    first = np.zeros(len(asking.people))
    np.maximum.at(first, np.searchsorted(asking.people, people), scores)
    found: dict[tuple[int, str], tuple[float, str]] = {}
    for bought, show, days in asking.rules.pairs:
        shown = [item for item in show if asking.allowed[asking.stock.place[item]]]
        for person, item in _buyers(asking, bought, days) if shown else ():
            for rank, other in enumerate(shown):
                found.setdefault((person, other), (2.0 - rank / 100, item))
    keys = sorted(found)
    place = np.array([person for person, _ in keys], np.int64)
    because = [found[key][1] for key in keys]
    table = _told(
        asking.people[place],
        [item for _, item in keys],
        np.array([found[key][0] for key in keys]) * np.maximum(first[place], 1e-6),
        [f"goes with {_name(asking, each)}" for each in because],
        PAIR,
        because,
    )
    barred = recent.has(place, asking.stock.rows(item for _, item in keys))
    return table.filter(pa.array(~barred))


def _told(
    people: Ints, items: list[str], score: Floats, reason: list[str], code: str, because: list[str]
) -> pa.Table:
    """Return candidates that no model proposed, with the columns of those that one did."""
    import pyarrow as pa

    text = pa.string()
    columns = (
        pa.array(people, pa.int64()), pa.array(items, text), pa.array(score, pa.float64()),
        pa.array(reason, text), pa.array([code] * len(items), text), pa.array(because, text),
    )  # fmt: skip
    return pa.table(dict(zip(_COLUMNS, columns, strict=True)))


def _buyers(asking: Asking, items: Collection[str], days: float) -> Iterable[tuple[int, str]]:
    """Return who (her place) bought which of these within so many days, each once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = asking.history
    since = asking.now - int(days * DAY)
    wanted = pc.and_(
        pc.and_(pc.equal(table["kind"], Names.PURCHASE), pc.greater(table["at"], since)),
        pc.is_in(table["item"], pa.array(sorted(items), pa.string())),
    )
    some = table.filter(wanted)
    place, asked = _places(asking, some)
    items_of = np.array(some["item"].to_pylist(), dtype=object)[asked].tolist()
    return dict.fromkeys(zip(place[asked].tolist(), items_of, strict=True))


def _recent(asking: Asking, days: float) -> Recent:
    """Return what was bought within so many days, as a model counts them: by the day."""
    import pyarrow.compute as pc

    table, width = asking.history, len(asking.stock.items)
    since = int((asking.now / DAY - days) // 1 * DAY)
    some = table.filter(
        pc.and_(pc.equal(table["kind"], Names.PURCHASE), pc.greater_equal(table["at"], since))
    )
    place, asked = _places(asking, some)
    rows = _rows(asking.stock, some["item"])
    asked &= rows >= 0
    keys, at = (column[asked] for column in (place * width + rows, some["at"].to_numpy()))
    order = np.lexsort((-at, keys))
    keys, first = np.unique(keys[order], return_index=True)
    return Recent(keys, at[order][first] / DAY, width)


def _places(asking: Asking, some: pa.Table) -> tuple[Ints, Flags]:
    """Return the place of each row's person, and whether she is asked about at all."""
    return sought(asking.people, some["person"].to_numpy())


def _name(asking: Asking, item: str) -> str:
    row = asking.stock.place.get(item, -1)
    return (asking.stock.names[row] if row >= 0 else "") or item


def _rows(stock: Catalogue, items: pa.ChunkedArray) -> Ints:
    """Return the rows of a column of items, -1 for what the catalogue does not have."""
    coded = items.combine_chunks().dictionary_encode()
    known = stock.rows(coded.dictionary.to_pylist())
    return np.asarray(known[coded.indices.to_numpy()] if len(known) else np.zeros(0, np.int64))


# -- together -------------------------------------------------------------------------------------


def _merged(asking: Asking, merged: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Return each candidate's place and row, and the order by person that takes each item once."""
    place = np.searchsorted(asking.people, merged.column("person").to_numpy())
    row = _rows(asking.stock, merged.column("item"))
    score = merged.column("score").to_numpy()
    order = np.lexsort((-score, row, place))
    kept = order[beginnings(place[order], row[order])]
    kept = kept[row[kept] >= 0]
    return place, row, kept[np.lexsort((kept, -score[kept], place[kept]))]


def _pivot(place: Ints, people: int) -> tuple[tuple[Ints, Ints], int]:
    """Return where each candidate stands among people x candidates, and how wide that is."""
    counts = np.bincount(place, minlength=people)
    column = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (place, column), int(counts.max(initial=0))


def _with_new(
    asking: Asking, merged: pa.Table, rows: Ints, scores: Floats, flat: Ints
) -> tuple[pa.Table, Ints, Floats, Ints]:
    """Return the candidates with the new product that is likest to what a person would be shown."""
    import pyarrow as pa

    fresh = _fresh(asking)
    if not len(fresh) or not rows.size:
        return merged, rows, scores, flat
    best, item, source = _likest(asking.likeness, fresh, rows, scores)
    item = np.where((rows == item[:, None]).any(axis=1), -1, item)  # the model shows it already
    person = np.flatnonzero(item >= 0)
    like = [asking.stock.items[row] for row in source[person]]
    added = _told(
        asking.people[person],
        [asking.stock.items[row] for row in item[person]],
        best[person],
        [f"new, like {_name(asking, each)}" for each in like],
        NEW,
        like,
    )
    numbers = np.full(len(rows), -1, np.int64)
    numbers[person] = merged.num_rows + np.arange(len(person))
    return (
        pa.concat_tables([merged, added]),
        np.column_stack([rows, item]),
        np.column_stack([scores, best]),
        np.column_stack([flat, numbers]),
    )


def _likest(
    likeness: Likeness, fresh: Ints, rows: Ints, scores: Floats
) -> tuple[Floats, Ints, Ints]:
    """Return each person's best new product: its score, its row (-1: none), what it is like."""
    seen = np.unique(rows[rows >= 0])
    alike = np.append(likeness.between(fresh, seen), np.zeros((len(fresh), 1)), axis=1)
    alike[alike < LIKE] = 0.0
    column = np.where(rows >= 0, np.searchsorted(seen, rows), len(seen))
    positive = np.where(rows >= 0, np.maximum(scores, 0.0), 0.0)
    best, item = np.zeros(len(rows)), np.full(len(rows), -1, np.int64)
    source = np.full(len(rows), -1, np.int64)
    each = np.arange(len(rows))
    for number, row in enumerate(fresh):
        worth = NEW_SHARE * positive * alike[number][column]
        nearest = np.argmax(worth, axis=1)
        found = worth[each, nearest]
        better = found > best
        best[better], item[better] = found[better], row
        source[better] = rows[each, nearest][better]
    return np.where(item >= 0, best, -np.inf), item, source
