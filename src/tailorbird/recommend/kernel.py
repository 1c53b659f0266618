"""The compiled pass behind `compiled.rank`. Imports numba: only ever imported inside a function.

Sparse accumulators and a short sorted list a person: the cost follows what a person's history
touches, not the size of the catalogue. Indices are never computed below zero, for a compiled
underflow would corrupt memory silently.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numba import njit


def compiled_with(loosely: Collection[str] = ()) -> Callable[[Callable[..., Any]], Any]:
    """Return what compiles a function, kept for the next start, with this licence for sums."""

    def compiled(function: Callable[..., Any]) -> Any:
        options: dict[str, Any] = {"nogil": True, "fastmath": {*loosely} or False}
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # nowhere to keep compiled code: a read-only machine
            return njit(**options)(function)

    return compiled


_compile = compiled_with()


def _insert(scores: Any, best: Any, size: int, score: float, item: int) -> int:
    """Put an item into one person's list (falling score, then rising item); return its length."""
    most = len(best)
    place = size
    while place > 0:
        above = place - 1
        if scores[above] > score or (scores[above] == score and best[above] < item):
            break
        if place < most:
            scores[place] = scores[above]
            best[place] = best[above]
        place = above
    if place < most:
        scores[place] = score
        best[place] = item
    return min(size + 1, most)


insert = _compile(_insert)


def _spread(person: int, rows: Any, past: Any, links: Any, cells: Any, touched: Any) -> int:
    """Add a person's past to the sums; return how many items it touches.

    A cell is a sum, the last person who touched it, the largest share and where it came from,
    side by side: nothing needs clearing. One loop holds it all, for calls would cost as much.
    """
    item, taste, late, own, barred = past
    count = 0
    for part in range(2):
        start, target, weight = links[part]
        given = late if part else taste
        for row in rows:
            i, share = item[row], np.float32(given[row])
            if share == 0:
                continue
            for entry in range(start[i], start[i + 1]):
                j, more = target[entry], share * weight[entry]
                if cells[j, 1] != person:
                    cells[j, 1], cells[j, 0], cells[j, 2], cells[j, 3] = person, more, more, i
                    touched[count] = j
                    count += 1
                else:
                    cells[j, 0] += more
                    if more > cells[j, 2]:
                        cells[j, 2], cells[j, 3] = more, i
    for row in rows:
        j = item[row]
        if cells[j, 1] != person:
            cells[j, 1], cells[j, 0], cells[j, 2], cells[j, 3] = person, 0, 0, -1
            touched[count] = j
            count += 1
        cells[j, 0] = -np.inf if barred[row] else cells[j, 0] + np.float32(own[row])
    return count


spread = _compile(_spread)


def _choose(touched: Any, cells: Any, fill: Any, most_fill: float, scores: Any, best: Any) -> int:
    """List the best of the touched items; return the list's length."""
    size, least = 0, len(scores) - 1
    for j in touched:
        if cells[j, 0] + most_fill < scores[least]:
            continue
        score = cells[j, 0] + fill[j]
        if score >= scores[least] and score > -np.inf and score != 0:
            size = insert(scores, best, size, score, j)
    return size


choose = _compile(_choose)


def _fill_up(
    person: int, size: int, cells: Any, fill: Any, by_popularity: Any, scores: Any, best: Any
) -> None:
    """Put the most popular allowed items that the past does not touch into the list."""
    most = len(best)
    for j in by_popularity:
        if j < 0 or (size == most and fill[j] < scores[most - 1] and fill[j] > -np.inf):
            break
        if cells[j, 1] != person and fill[j] > -np.inf:
            size = insert(scores, best, size, fill[j], j)


fill_up = _compile(_fill_up)


def _explain(
    person: int, rows: Any, past: Any, cells: Any, best: Any, place: Any, parts: Any
) -> None:
    """Write each listed item's own part, and the item of the past that adds most to it.

    `place` is -1 for every item, before and after.
    """
    item, own = past[0], past[3]
    owns, because = parts
    for listed in range(len(best)):
        j = best[listed]
        if j >= 0:
            place[j] = listed
            if cells[j, 1] == person and cells[j, 2] > 0:
                because[listed] = int(cells[j, 3])
    for row in rows:
        listed = place[item[row]]
        if listed >= 0:
            owns[listed] = own[row]
    for j in best:
        if j >= 0:
            place[j] = -1


explain = _compile(_explain)


def _rank(start: Any, past: Any, links: Any, filling: Any, out: Any) -> None:
    """Write every person's best items, scores, own parts and reasons into `out`.

    `filling` is the group of each person, what each item gets from popularity in each group (minus
    infinity for items that are not allowed), and the known items of each, best sellers first.
    """
    group, fills, by_popularity = filling
    items = fills.shape[1]
    best, scores, owns, because = out
    cells = np.full((items, 4), np.float32(-1))
    place = np.full(items, -1, np.int16)
    most_fill = fills.max()
    touched = np.empty(items, np.int32)
    for person in range(len(start) - 1):
        rows = range(start[person], start[person + 1])
        count = spread(person, rows, past, links, cells, touched)
        line, names, fill = scores[person], best[person], fills[group[person]]
        size = choose(touched[:count], cells, fill, most_fill, line, names)
        fill_up(person, size, cells, fill, by_popularity[group[person]], line, names)
        explain(person, rows, past, cells, names, place, (owns[person], because[person]))


rank_people = _compile(_rank)
