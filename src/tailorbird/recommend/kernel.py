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


def _touch(j: int, person: int, count: int, met: Any, touched: Any) -> int:
    """List an item that this person's past had not touched yet; return how many are listed."""
    if met[j] == person:
        return count
    met[j] = person
    touched[count] = j
    return count + 1


touch = _compile(_touch)


def _spread(
    person: int, rows: Any, past: Any, links: Any, sums: Any, met: Any, touched: Any
) -> int:
    """Add a person's past to the sums; return how many items it touches.

    `met` holds for each item the last person whose past touched it, so it needs no clearing.
    """
    item, taste, late, own, barred = past
    (start, target, weight), (next_start, next_target, next_weight) = links
    count = 0
    for row in rows:
        i, share = item[row], taste[row]
        for entry in range(start[i], start[i + 1]):
            j = target[entry]
            count = touch(j, person, count, met, touched)
            sums[j] += share * weight[entry]
        share = late[row]
        if share > 0:
            for entry in range(next_start[i], next_start[i + 1]):
                j = next_target[entry]
                count = touch(j, person, count, met, touched)
                sums[j] += share * next_weight[entry]
    for row in rows:
        i = item[row]
        count = touch(i, person, count, met, touched)
        sums[i] = -np.inf if barred[row] else sums[i] + own[row]
    return count


spread = _compile(_spread)


def _choose(touched: Any, sums: Any, fill: Any, scores: Any, best: Any) -> int:
    """List the best of the touched items, clear their sums, and return the list's length."""
    size, least = 0, len(scores) - 1
    for j in touched:
        score = sums[j] + fill[j]
        sums[j] = 0.0
        if score >= scores[least] and score > -np.inf and score != 0:
            size = insert(scores, best, size, score, j)
    return size


choose = _compile(_choose)


def _fill_up(
    person: int, size: int, met: Any, fill: Any, by_popularity: Any, scores: Any, best: Any
) -> None:
    """Put the most popular allowed items that the past does not touch into the list."""
    fresh = 0
    for j in by_popularity:
        if fresh == len(best) or j < 0:
            break
        if met[j] != person and fill[j] > -np.inf:
            fresh += 1
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
    sums = np.zeros(items)
    place = np.full(items, -1, np.int32)
    met = np.full(items, -1, np.int32)
    touched = np.empty(items, np.int32)
    most = np.empty(best.shape[1])
    for person in range(len(start) - 1):
        rows = range(start[person], start[person + 1])
        count = spread(person, rows, past, links, sums, met, touched)
        line, names, fill = scores[person], best[person], fills[group[person]]
        size = choose(touched[:count], sums, fill, line, names)
        fill_up(person, size, met, fill, by_popularity[group[person]], line, names)
        explain(rows, past, links, names, place, (owns[person], because[person], most))


rank_people = _compile(_rank)
