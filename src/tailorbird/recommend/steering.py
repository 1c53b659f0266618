"""Exposure that is steered: places are kept for what is seen too little, in as few lists as do.

Of each list a share of its exposure is kept for each value that lacks some, in the last places.
Which list keeps which place follows from the person's number alone (a low-discrepancy sequence:
Roberts 2018), so that one person is always shown the same. A kept place takes the product of its
value that the person would be shown first; a value that her list shows already needs none. The
shares are raised step by step, on what a sample of people would be shown, until every value
reaches its goal, as a controller of the deficit does (Morik et al. 2020, "Controlling fairness and
bias in dynamic learning-to-rank"). A share as large as the goal always suffices where products may
be shown: every list then has it by itself (the constraint of Singh and Joachims 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from tailorbird.recommend import filling
from tailorbird.recommend.exposure import UNNAMED, targets
from tailorbird.recommend.interactions import Flags, Floats, Ints
from tailorbird.recommend.places import Kept, weights
from tailorbird.recommend.pool import Asking, Pool
from tailorbird.recommend.rules import Catalogue, Compiled
from tailorbird.schema import Instant

MOST_VALUES: Final = 100
"""Values that are steered, those with the largest goals."""
ROUNDS: Final = 20
_MARGIN: Final = 0.02
"""Of a goal, above it: what is aimed at."""
_MOST: Final = 2.0
"""Times its goal: a value's largest share. The goal is enough in the mean; lists are whole."""
_STEPS: Final = (0xC13FA9A902A6328F, 0x91E10DA5C79E7B1D)
"""Of 64 bits: the numbers of people times these are spread evenly, in two dimensions."""


class KeptShare(msgspec.Struct, frozen=True):
    """What share of every list's exposure is kept for one value."""

    by: str
    value: str
    goal: float
    share: float


@dataclass(frozen=True, slots=True)
class Steering:
    """What share of every list's exposure is kept for each value."""

    names: tuple[tuple[str, str], ...]
    """What it is a value of, and the value."""
    member: Flags
    """Values x products."""
    goal: Floats
    share: Floats

    def shares(self) -> tuple[KeptShare, ...]:
        """Return what is kept for each value, without the products."""
        columns = (self.names, self.goal.tolist(), self.share.tolist())
        return tuple(
            KeptShare(*name, goal, share) for name, goal, share in zip(*columns, strict=True)
        )


def wanted(rules: Compiled, stock: Catalogue, now: Instant) -> Steering | None:
    """Return what is to be reached, nothing kept yet; None where no rule is steered."""
    found: list[tuple[float, tuple[str, str], Flags]] = []
    for asked in rules.rules.exposure:
        if asked.steer:
            aim = targets(asked, rules.allowed, stock.values(asked.by, now))
            found += [
                (asked.at_least * float(aim.target[at]), (asked.by, word), aim.of(at))
                for at, word in enumerate(aim.words)
                if aim.products[at] and asked.at_least * aim.target[at] > 0
            ]
    found = sorted(found, key=lambda each: -each[0])[:MOST_VALUES]
    if not found:
        return None
    return Steering(
        names=tuple(name for _, name, _ in found),
        member=np.array([flags for _, _, flags in found]),
        goal=np.array([goal for goal, _, _ in found]),
        share=np.zeros(len(found)),
    )


def learnt(aim: Steering, shown: Callable[[Steering], Ints]) -> Steering:
    """Return the shares, as small as they can be, with which every value reaches its goal.

    `shown` gives people x places: the rows of what they would be shown with such shares, -1: none.
    """
    goal, share = aim.goal * (1 + _MARGIN), aim.share
    best, nearest = share, -1.0
    for _ in range(ROUNDS):
        got = exposure(shown(replace(aim, share=share)), aim.member)
        worst = float((got / aim.goal).min())
        if worst > nearest:
            best, nearest = share, worst
        if worst >= 1:
            break
        share = np.minimum(share + np.maximum(goal - got, 0.0), _MOST * goal)
        share = share / max(1.0, float(share.sum()))
    return replace(aim, share=best)


def over(found: Sequence[KeptShare], stock: Catalogue, now: Instant) -> Steering | None:
    """Return what is kept, over a catalogue as it stands; None where nothing is."""
    if not found:
        return None
    values = {by: np.array(stock.values(by, now), object) for by in {each.by for each in found}}
    member = [values[e.by] == ("" if e.value == UNNAMED else e.value) for e in found]
    return Steering(
        names=tuple((each.by, each.value) for each in found),
        member=np.array(member),
        goal=np.array([each.goal for each in found]),
        share=np.array([each.share for each in found]),
    )


def exposure(rows: Ints, member: Flags) -> Floats:
    """Return the share of all exposure that each value has."""
    there = rows >= 0
    weight = np.where(there, weights(rows.shape[1]), 0.0)
    by_product = np.bincount(rows[there], weight[there], member.shape[1])
    each = np.array([by_product[some].sum() for some in member])
    return np.asarray(each / max(float(by_product.sum()), 1e-300))


def kept(asking: Asking, pool: Pool, k: int, steered: Steering) -> tuple[Pool, Kept | None]:
    """Return the candidates with those that kept places may need, and which places are kept."""
    if not steered.share.any():
        return pool, None
    found = reserved(steered.share, asking.people, k)
    barred, may = asking.barred(), filling.may_fill(asking)
    place, row = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for value in np.unique(found[found >= 0]).tolist():
        line = filling.in_line(asking, may & steered.member[value])[: k + barred.most()]
        places = np.flatnonzero((found == value).any(axis=1))
        place.append(np.repeat(places, len(line)))
        row.append(np.tile(line, len(places)))
    places, rows = np.concatenate(place), np.concatenate(row)
    order = np.argsort(places, kind="stable")
    order = order[filling.may_join(asking, pool, barred, places[order], rows[order])]
    places, rows = _once(places[order], rows[order], len(may))
    wide = pool.joined(places, rows, filling.plain(asking, places, rows), spare=True)
    return wide, Kept(found, steered.member)


def reserved(share: Floats, people: Ints, k: int) -> Ints:
    """Return people x places: the value that each place is kept for, -1: none.

    The last places are kept first; the sum over a value's places is its share in the mean.
    """
    part, total = weights(k), float(share.sum())
    below = np.append(np.cumsum(part[::-1])[::-1][1:], 0.0)
    whole = np.clip((total - below) / part, 0.0, 1.0)
    draw, turn = _spread(people, 0), _spread(people, 1)
    held = draw[:, None] < whole
    at = (turn[:, None] + below / max(total, 1e-300)) % 1.0 * total
    value = np.searchsorted(np.cumsum(share), at, side="right")
    return np.where(held, np.minimum(value, len(share) - 1), -1)


def _spread(people: Ints, which: int) -> Floats:
    """Return a number in [0, 1) for each person, evenly spread over people."""
    mixed = people.astype(np.uint64) * np.uint64(_STEPS[which])
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _once(places: Ints, rows: Ints, width: int) -> tuple[Ints, Ints]:
    """Return pairs, each the first time that it stands there."""
    first = np.sort(np.unique(places * width + rows, return_index=True)[1])
    return places[first], rows[first]
