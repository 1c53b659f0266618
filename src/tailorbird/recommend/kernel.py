"""The compiled pass behind `compiled.rank`. Imports numba: only ever imported inside a function.

Sparse accumulators and a short sorted list a person: the cost follows what a person's history
touches, not the size of the catalogue. Indices are never computed below zero, for a compiled
underflow would corrupt memory silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def _compile(function: Callable[..., Any]) -> Any:
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to keep compiled code: a read-only machine
        return njit(nogil=True)(function)


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


def _touch(row: int, past: Any, by_source: Any, work: Any, touched: Any, count: int) -> int:
    """Add one row of the past to the accumulators; return how many items are touched now."""
    item, taste, own, _ = past
    start, target, weight = by_source
    owned, related, tasted, known = work
    i = item[row]
    share = taste[row]
    if not known[i]:
        known[i] = True
        touched[count] = i
        count += 1
    owned[i] = own[row]
    tasted[i] = share
    for entry in range(start[i], start[i + 1]):
        j = target[entry]
        if not known[j]:
            known[j] = True
            touched[count] = j
            count += 1
        related[j] += share * weight[entry]
    return count


touch = _compile(_touch)


def _reason(item: int, by_target: Any, tasted: Any) -> int:
    """Return the item of the past that adds most to this one, -1 where none adds."""
    start, source, weight = by_target
    most, found = 0.0, -1
    for entry in range(start[item], start[item + 1]):
        share = tasted[source[entry]] * weight[entry]
        if share > most:
            most, found = share, source[entry]
    return found


reason = _compile(_reason)


def _fill(scores: Any, best: Any, size: int, fill: Any, by_popularity: Any, closed: Any) -> int:
    """Put the most popular items that are neither touched nor closed into the list."""
    fresh = 0
    for j in by_popularity:
        if fresh == len(best):
            break
        if not closed[j]:
            fresh += 1
            size = insert(scores, best, size, fill[j], j)
    return size


fill_up = _compile(_fill)


def _rank(
    start: Any,
    past: Any,
    by_source: Any,
    by_target: Any,
    fashion: Any,
    fill: Any,
    by_popularity: Any,
    allowed: Any,
    out: Any,
) -> None:
    """Write every person's best items, scores, parts of the score and reasons into `out`."""
    items = len(fashion)
    best, scores, owns, relateds, because = out
    owned, related, tasted = np.zeros(items), np.zeros(items), np.zeros(items)
    closed = ~allowed
    touched = np.empty(items, np.int64)
    known = np.zeros(items, np.bool_)
    work = (owned, related, tasted, known)
    for person in range(len(start) - 1):
        count = 0
        for row in range(start[person], start[person + 1]):
            count = touch(row, past, by_source, work, touched, count)
        for row in range(start[person], start[person + 1]):
            if past[3][row]:
                closed[past[0][row]] = True
        size = 0
        line, names = scores[person], best[person]
        least = len(line) - 1
        for spot in range(count):
            j = touched[spot]
            score = (owned[j] + related[j]) * fashion[j] + fill[j]
            if not closed[j] and score >= line[least]:
                size = insert(line, names, size, score, j)
            closed[j] = True
        size = fill_up(line, names, size, fill, by_popularity, closed)
        for place in range(size):
            j = names[place]
            owns[person, place] = owned[j]
            relateds[person, place] = related[j]
            because[person, place] = reason(j, by_target, tasted)
        for spot in range(count):
            j = touched[spot]
            owned[j], related[j], tasted[j] = 0.0, 0.0, 0.0
            known[j], closed[j] = False, not allowed[j]


rank_people = _compile(_rank)
