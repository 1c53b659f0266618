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


def _add(j: int, share: float, person: int, count: int, cells: Any, touched: Any) -> int:
    """Add to one item's sum, listing it where this person's past had not touched it yet.

    A cell is a sum and the last person who touched it, side by side: nothing needs clearing.
    Returns how many items are listed.
    """
    if cells[j, 1] != person:
        cells[j, 1] = person
        cells[j, 0] = share
        touched[count] = j
        return count + 1
    cells[j, 0] += share
    return count


add = _compile(_add)


def _spread(person: int, rows: Any, past: Any, links: Any, cells: Any, touched: Any) -> int:
    """Add a person's past to the sums; return how many items it touches."""
    item, taste, late, own, barred = past
    (start, target, weight), (next_start, next_target, next_weight) = links
    count = 0
    for row in rows:
        i, share = item[row], np.float32(taste[row])
        for entry in range(start[i], start[i + 1]):
            count = add(target[entry], share * weight[entry], person, count, cells, touched)
        share = np.float32(late[row])
        if share > 0:
            for entry in range(next_start[i], next_start[i + 1]):
                more = share * next_weight[entry]
                count = add(next_target[entry], more, person, count, cells, touched)
    for row in rows:
        left_out = np.float32(-np.inf) if barred[row] else np.float32(own[row])
        count = add(item[row], left_out, person, count, cells, touched)
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


def _explain(rows: Any, past: Any, links: Any, best: Any, place: Any, parts: Any) -> None:
    """Write each listed item's own part, and the item of the past that adds most to it.

    `place` is -1 for every item, before and after.
    """
    item, taste, late, own, _ = past
    (start, target, weight), (next_start, next_target, next_weight) = links
    owns, because, most = parts
    most[:] = 0.0
    for listed in range(len(best)):
        if best[listed] >= 0:
            place[best[listed]] = listed
    for row in rows:
        i = item[row]
        if place[i] >= 0:
            owns[place[i]] = own[row]
        for entry in range(start[i], start[i + 1]):
            listed = place[target[entry]]
            if listed >= 0 and taste[row] * weight[entry] > most[listed]:
                most[listed], because[listed] = taste[row] * weight[entry], i
        if late[row] > 0:
            for entry in range(next_start[i], next_start[i + 1]):
                listed = place[next_target[entry]]
                if listed >= 0 and late[row] * next_weight[entry] > most[listed]:
                    most[listed], because[listed] = late[row] * next_weight[entry], i
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
    cells = np.full((items, 2), np.float32(-1))
    place = np.full(items, -1, np.int16)
    most_fill = fills.max()
    touched = np.empty(items, np.int32)
    most = np.empty(best.shape[1])
    for person in range(len(start) - 1):
        rows = range(start[person], start[person + 1])
        count = spread(person, rows, past, links, cells, touched)
        line, names, fill = scores[person], best[person], fills[group[person]]
        size = choose(touched[:count], cells, fill, most_fill, line, names)
        fill_up(person, size, cells, fill, by_popularity[group[person]], line, names)
        explain(rows, past, links, names, place, (owns[person], because[person], most))


rank_people = _compile(_rank)
