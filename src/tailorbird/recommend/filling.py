"""What fills a list that nobody's purchases can fill: products like hers, then the newest.

A category from which nobody ever bought has products in stock all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Ints, sought
from tailorbird.recommend.pool import Asking, Pool, Recent, name_of, place_of, rows_of, told
from tailorbird.recommend.rules import AGES
from tailorbird.schema import DAY

if TYPE_CHECKING:
    import pyarrow as pa

SIMILAR: Final = 0.25
"""How alike a product must be to one that she had: half of the words of their names."""
LAST: Final = 5
"""Products that she had last, to which others are compared."""
SOUGHT: Final = 400
"""Products among which similar ones are sought."""


def may_fill(asking: Asking) -> Flags:
    """Return which products may fill a list: new ones only where the author lets them be shown."""
    if asking.rules.rules.new_products is False:
        return asking.allowed & asking.known.learnt
    return asking.allowed


def filled(asking: Asking, pool: Pool, short: Flags, most: int) -> Pool:
    """Return the candidates with what fills the lists of some people, at least `most` of them.

    Similar to what she had comes first, then what sells, then the newest.
    """
    line = in_line(asking, may_fill(asking))
    barred, places = asking.barred(), np.flatnonzero(short)
    alike = _similar(asking, places, line[:SOUGHT])
    others = _others(places, line, most + barred.most())
    place, row = (np.concatenate(pair) for pair in zip(alike[:2], others, strict=True))
    like = [*alike[2], *[""] * len(others[0])]
    order = np.argsort(place, kind="stable")
    first = np.zeros(len(order), bool)
    first[np.unique((place * asking.width + row)[order], return_index=True)[1]] = True
    order = order[first]
    order = order[may_join(asking, pool, barred, place[order], row[order])]
    place, row = place[order], row[order]
    because = [like[each] for each in order.tolist()]
    return pool.joined(place, row, plain(asking, place, row, because), spare=True)


def in_line(asking: Asking, rows: Flags) -> Ints:
    """Return products in the order in which anybody is shown them."""
    line = asking.known.line
    return np.asarray(line[rows[line]])


def may_join(asking: Asking, pool: Pool, barred: Recent, place: Ints, row: Ints) -> Flags:
    """Return which are not among a person's candidates yet, and not bought too lately."""
    width = asking.width
    owner, column = np.nonzero(pool.row >= 0)
    there = np.unique(owner * width + pool.row[owner, column])
    return ~sought(there, place * width + row)[1] & ~barred.has(place, row)


def plain(asking: Asking, place: Ints, row: Ints, like: Sequence[str] = ()) -> pa.Table:
    """Return candidates with the reasons that need no model; the score is popularity's part."""
    stock, young = asking.stock, asking.now - AGES[0][0] * DAY
    sells = asking.popularity()
    words = {
        each: _reason(bool(sells[each] > 0), bool(stock.arrived[each] > young), stock.stocked[each])
        for each in np.unique(row).tolist()
    }
    told_of = like or [""] * len(row)
    found = [
        ("similar", f"like {name_of(asking, item)}") if item else words[each]
        for each, item in zip(row.tolist(), told_of, strict=True)
    ]
    return told(
        asking.people[place],
        [stock.items[each] for each in row.tolist()],
        sells[row] if len(row) else np.zeros(0),
        [reason for _, reason in found],
        [code for code, _ in found],
        [item or None for item in told_of],
    )


def _reason(sells: bool, young: bool, stocked: bool) -> tuple[str, str]:
    if sells:
        return "popular", "popular now"
    if young:
        return "newest", "new in the shop"
    return ("in_stock", "in stock") if stocked else ("catalogue", "in the catalogue")


def _others(places: Ints, line: Ints, most: int) -> tuple[Ints, Ints]:
    """Return the first products of the line for each of these places."""
    some = line[:most]
    return np.repeat(places, len(some)), np.tile(some, len(places))


def _similar(asking: Asking, places: Ints, line: Ints) -> tuple[Ints, Ints, list[str]]:
    """Return products like those that people had last: the place, the row, and what it is like."""
    owner, had = _had(asking)
    found: list[tuple[int, int, str]] = []
    if not len(had) or not len(line):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), []
    sources = np.unique(had)
    alike = asking.likeness.between(line, sources)
    for place in places.tolist():
        mine = had[slice(*np.searchsorted(owner, [place, place + 1]))]
        if len(mine):
            found += _likest(asking, place, line, mine, alike[:, np.searchsorted(sources, mine)])
    place, row = (np.array([each[at] for each in found], np.int64) for at in (0, 1))
    return place, row, [each[2] for each in found]


def _likest(
    asking: Asking, place: int, line: Ints, mine: Ints, alike: Floats
) -> list[tuple[int, int, str]]:
    """Return the products of the line that are like one of hers, the likest first."""
    near = alike.argmax(axis=1)
    share = alike[np.arange(len(line)), near]
    order = np.argsort(-share, kind="stable")
    close = order[share[order] >= SIMILAR]
    items = asking.stock.items
    return [(place, int(line[at]), items[mine[near[at]]]) for at in close.tolist()]


def _had(asking: Asking) -> tuple[Ints, Ints]:
    """Return (place, row) of the products that each person had to do with last, places rising."""
    table = asking.history
    place, asked = place_of(asking, table)
    row = rows_of(asking.stock, table["item"])
    kept = np.flatnonzero(asked & (row >= 0))
    place, row, at = place[kept], row[kept], table["at"].to_numpy()[kept]
    order = np.lexsort((-at, place))
    place, row = place[order], row[order]
    since = np.arange(len(place)) - np.searchsorted(place, place)
    return place[since < LAST], row[since < LAST]
