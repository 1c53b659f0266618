"""What a model proposes to many people, with what rules add, and the choice among it all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird.recommend import filling, new_products, steering
from tailorbird.recommend.diversity import choose
from tailorbird.recommend.interactions import Flags, Ints, beginnings
from tailorbird.recommend.places import Kept, Places
from tailorbird.recommend.pool import (
    COLUMNS,
    Asking,
    Pool,
    Recent,
    empty_pool,
    name_of,
    nothing,
    place_of,
    rows_of,
    told,
)
from tailorbird.recommend.steering import Steering
from tailorbird.schema import DAY, Names

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_DEPTH: Final = 40
DEPTH_TIMES: Final = 6
"""Candidates are so many times what is wanted: rules leave some out, and put others first."""
PAIR: Final = "pair"
LIFTED: Final = "lifted"
"""The column that says of a product whether it is shown for the sake of exposure."""
_RELATED: Final = "related"
_Top: TypeAlias = "Callable[[Ints, Flags, float | None], pa.Table]"


def chosen(asking: Asking, k: int, threads: int = 1, steered: Steering | None = None) -> pa.Table:
    """Return up to `k` products a person, best first, people in order: the columns of `top`.

    `steered` keeps places for what is seen too little; `lifted` says what else were not shown.
    """
    pool, best = _pooled(asking, k, threads)
    if steered is None:
        return _taken(pool, best, np.zeros(best.shape, bool))
    pool, kept = steering.kept(asking, pool, k, steered)
    moved = _listed(asking, pool, k, kept)
    lifted = (moved >= 0) & ~(moved[:, :, None] == best[:, None, :]).any(axis=2)
    return _taken(pool, moved, lifted)


def steered(asking: Asking, k: int, threads: int = 1) -> Steering | None:
    """Return what is kept of lists of `k` so that every value reaches what its rule asks.

    Learnt on the people who are asked about; None where no rule is steered.
    """
    aim = steering.wanted(asking.rules, asking.stock, asking.now)
    if aim is None:
        return None
    pool, _ = _pooled(asking, k, threads)

    def shown(tried: Steering) -> Ints:
        wide, kept = steering.kept(asking, pool, k, tried)
        best = _listed(asking, wide, k, kept)
        if not wide.row.size:
            return best
        return np.where(best >= 0, np.take_along_axis(wide.row, best, axis=1), -1)

    return steering.learnt(aim, shown)


def _pooled(asking: Asking, k: int, threads: int) -> tuple[Pool, Ints]:
    """Return each person's candidates, with what fills short lists, and who is shown which."""
    import pyarrow as pa

    tables = [table for table in _proposed(asking, k, threads) if table.num_rows]
    pool = empty_pool(len(asking.people))
    if tables:
        merged = pa.concat_tables(tables)
        place, row, order = _merged(asking, merged)
        pool = pool.joined(place[order], row[order], merged.take(pa.array(order)))
    if asking.rules.rules.new_products:
        pool = new_products.with_likest(asking, pool)
    best = _listed(asking, pool, k)
    short = np.asarray((best < 0).any(axis=1))
    if short.any() and asking.allowed.any():
        pool = filling.filled(asking, pool, short, _depth(k))
        best = _listed(asking, pool, k)
    return pool, best


def _listed(asking: Asking, pool: Pool, k: int, kept: Kept | None = None) -> Ints:
    """Return the columns of the pool that each person is shown, best first; -1: no more."""
    rules, few = asking.rules, new_products.kept_places(asking)
    places = None
    if few or kept is not None or pool.spare.any():
        fresh = (new_products.new(asking)[pool.row] & (pool.row >= 0)) if few else None
        places = Places(pool.spare, fresh, few, kept)
    return choose(
        pool.row, pool.worth(rules.factor), k,
        caps=rules.caps, diversity=rules.rules.diversity, likeness=asking.likeness, places=places,
    )  # fmt: skip


def _taken(pool: Pool, best: Ints, lifted: Flags) -> pa.Table:
    import pyarrow as pa

    there = best >= 0
    person, rank = np.nonzero(there)
    taken = pool.table.take(pa.array(pool.at[person, best[there]]))
    taken = taken.append_column("rank", pa.array((rank + 1).astype(np.int64)))
    return taken.append_column(LIFTED, pa.array(lifted[there]))


# -- what is proposed -----------------------------------------------------------------------------


def _proposed(asking: Asking, k: int, threads: int) -> Iterator[pa.Table]:
    """Yield what the model and the rules propose, the model's first."""
    import pyarrow.compute as pc

    rules = asking.rules.rules
    depth = k if _as_the_model_says(asking) else _depth(k)
    everything = asking.allowed
    if not everything.any():
        return

    def top(people: Ints, rows: Flags, bar_days: float | None) -> pa.Table:
        found = asking.model.top(
            people.tolist(), depth, now=asking.now, within=asking.modelled(rows),
            exclude_recent_days=bar_days, groups=asking.groups, threads=threads,
        )  # fmt: skip
        return found.select(COLUMNS).cast(nothing().schema.remove(len(COLUMNS)))

    bar_days = rules.not_bought_days or None
    proposed = top(asking.people, everything, bar_days)
    yield proposed
    first = (asking.rules.factor > 1) & everything
    if first.any():
        yield top(asking.people, first, bar_days)
    if new_products.kept_places(asking):
        found = top(asking.people, new_products.new(asking), bar_days)
        yield found.filter(pc.equal(found["reason_code"], _RELATED))
    recent = asking.barred()
    if len(recent.keys):
        yield from _again(asking, recent, top)
    if asking.rules.pairs:
        yield _paired(asking, recent, proposed)


def _as_the_model_says(asking: Asking) -> bool:
    """Return whether no rule changes the order, so that no more is asked for than is shown."""
    rules = asking.rules
    mixed = bool(rules.caps or rules.rules.diversity or (rules.factor != 1).any())
    mixed |= bool(new_products.kept_places(asking)) or bool(rules.rules.steered())
    return not mixed and not (rules.rules.new_products and len(new_products.latest(asking)))


def _depth(k: int) -> int:
    """Return how many candidates a person has."""
    return max(LEAST_DEPTH, DEPTH_TIMES * k)


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
    key = place * recent.width + rows_of(asking.stock, found.column("item"))
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
    table = told(
        asking.people[place],
        [item for _, item in keys],
        np.array([found[key][0] for key in keys]) * np.maximum(first[place], 1e-6),
        [f"goes with {name_of(asking, each)}" for each in because],
        PAIR,
        because,
    )
    barred = recent.has(place, asking.stock.rows(item for _, item in keys))
    return table.filter(pa.array(~barred))


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
    place, asked = place_of(asking, some)
    items_of = np.array(some["item"].to_pylist(), dtype=object)[asked].tolist()
    return dict.fromkeys(zip(place[asked].tolist(), items_of, strict=True))


# -- together --------------------------------------------------------------------------------------


def _merged(asking: Asking, merged: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Return each candidate's place and row, and the order by person that takes each item once."""
    place = np.searchsorted(asking.people, merged.column("person").to_numpy())
    row = rows_of(asking.stock, merged.column("item"))
    score = merged.column("score").to_numpy()
    order = np.lexsort((-score, row, place))
    kept = order[beginnings(place[order], row[order])]
    kept = kept[row[kept] >= 0]
    return place, row, kept[np.lexsort((kept, -score[kept], place[kept]))]
