"""What sells now: decayed popularity of everybody, and of groups of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tailorbird.recommend.interactions import Floats, History, Ints, Singles, sought
from tailorbird.schema import PersonId

if TYPE_CHECKING:
    import pyarrow as pa

MOST_GROUPS: Final = 64
"""Groups that are told apart, the largest; the people of others count among everybody."""
KNOWN: Final = 1e-12
"""Popularity of what was only looked at, or sold so long ago that nothing is left."""
_PRIOR: Final = 50.0
"""Buyers of everybody that a group's own buyers are mixed with: a group of three has no taste."""


@dataclass(frozen=True, slots=True)
class Groups:
    """What sells now in each group: groups x items, the largest of a group 1."""

    names: tuple[str, ...]
    popular: Singles

    def rows(self, people: Sequence[PersonId], groups: Mapping[PersonId, str] | None) -> Ints:
        """Return the row of each person's group, from 1 on; 0 is everybody."""
        if not groups or not self.names:
            return np.zeros(len(people), np.int64)
        place = {name: row for row, name in enumerate(self.names, 1)}
        return np.array([place.get(groups.get(int(who), ""), 0) for who in people], np.int64)

    def longer(self, items: int) -> Groups:
        """Return them with so many items more that nobody knows."""
        return Groups(self.names, np.pad(self.popular, ((0, 0), (0, items))))


NO_GROUPS: Final = Groups((), np.zeros((0, 0), np.float32))


def everybodys(history: History, items: int, half_life_days: float) -> Floats:
    """Return each item's buyers, decayed from the last day on, the largest 1; unknown items 0.

    A person counts once an item, on the latest day: nobody makes a thing popular alone. Where
    nothing was ever bought, who looked counts.
    """
    rows, share = _latest(history, half_life_days)
    counts = np.bincount(history.item[rows], share, items).astype(np.float64)
    return _to_one(counts, _known(history, items))


def by_group(
    history: History, items: int, half_life_days: float, groups: pa.Table | None
) -> Groups:
    """Return the popularity inside each group of a table (person, group), shrunk to everybody's."""
    if groups is None or not len(history.item):
        return NO_GROUPS
    names, place = places(groups, history.people)
    rows, share = _latest(history, half_life_days)
    owner = np.repeat(place, np.diff(history.start))[rows]
    inside = owner >= 0
    cell = owner[inside].astype(np.int64) * items + history.item[rows[inside]]
    counts = np.bincount(cell, share[inside], len(names) * items).reshape(len(names), items)
    everybody = np.bincount(history.item[rows], share, items)
    mixed = counts + _PRIOR * everybody / max(float(everybody.sum()), 1e-300)
    known = _known(history, items)
    popular = [_to_one(row, known) for row in mixed]
    return Groups(names, np.array(popular, np.float32).reshape(len(names), items))


def _latest(history: History, half_life_days: float) -> tuple[Ints, Floats]:
    """Return the last purchase of each (person, item), and what is left of each by the last day."""
    bought = np.flatnonzero(history.bought if history.bought.any() else history.day > -1)
    owner = history.owners[bought]
    last = np.ones(len(bought), bool)
    item = history.item[bought]
    last[:-1] = (owner[1:] != owner[:-1]) | (item[1:] != item[:-1])
    rows = bought[last]
    age = int(history.day.max(initial=0)) - history.day[rows]
    return rows, np.exp2(-age / half_life_days)


def _known(history: History, items: int) -> npt.NDArray[np.bool_]:
    known = np.zeros(items, bool)
    known[history.item] = True
    return known


def _to_one(counts: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    shares = counts / max(float(counts.max(initial=0.0)), 1e-300)
    return np.asarray(np.where(known, np.maximum(shares, KNOWN), 0.0))


def places(groups: pa.Table, people: Ints) -> tuple[tuple[str, ...], Ints]:
    """Return the names of the largest groups, and the group of each person, -1 for none."""
    import pyarrow as pa

    told = groups.select(["person", "group"]).drop_null()
    names, place, counts = np.unique(
        told["group"].cast(pa.string()).to_numpy().astype(object),
        return_inverse=True,
        return_counts=True,
    )
    largest = np.sort(np.argsort(-counts, kind="stable")[:MOST_GROUPS])
    rank = np.full(len(names), -1)
    rank[largest] = np.arange(len(largest))
    mine = np.full(len(people), -1)
    at, known = sought(people, told["person"].to_numpy())
    mine[at[known]] = rank[place[known]]
    return tuple(names[largest].tolist()), mine
