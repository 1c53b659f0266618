"""The compiled passes behind `collaborative`: who goes with whom, and the local ridge.

Imports numba: only ever imported inside a function. Both take a range of items, so that several
threads may share the catalogue. No place is computed from a value: places come from loops, or from
arrays whose every entry was written before, for a compiled overrun corrupts memory silently.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tailorbird.recommend.kernel import compiled_with

_LOOSE: Final = {"reassoc", "contract", "nsz"}
"""Sums in any order, so that they run eight at a time; NaN and infinity keep their meaning."""


def _keep_largest(likeness: Any, chosen: Any) -> int:
    """Write the places of the largest values above zero, in rising order; return how many."""
    most = len(chosen)
    least, ties = np.float32(0.0), most
    if len(likeness) > most:
        least = -np.partition(-likeness, most - 1)[most - 1]
        for alike in likeness:
            ties -= alike > least
    size = 0
    for place in range(len(likeness)):
        alike = likeness[place]
        if alike <= 0 or alike < least or size == most:
            continue
        if alike == least:
            if ties == 0:
                continue
            ties -= 1
        chosen[size] = place
        size += 1
    return size


keep_largest = compiled_with()(_keep_largest)


def _joint(j: int, by_item: Any, by_person: Any, sums: Any, touched: Any) -> int:
    """Add up what the people who had item j had besides; return how many items that is."""
    item_start, person, item_weight = by_item
    person_start, item, person_weight = by_person
    size = 0
    for entry in range(item_start[j], item_start[j + 1]):
        u, share = person[entry], item_weight[entry]
        for other in range(person_start[u], person_start[u + 1]):
            i = item[other]
            if sums[i] == 0:
                touched[size] = i
                size += 1
            sums[i] += share * person_weight[other]
    return size


joint_weights = compiled_with()(_joint)


def _nearest(
    by_item: Any, by_person: Any, norm: Any, low: int, high: int, kept: tuple[Any, Any, Any]
) -> None:
    """Write, for the items low to high, those that the same people had, with their joint weight.

    `kept` takes the nearest by cosine, as many as it is wide, in rising order of item: the items,
    the joint weights, and how many there are.
    """
    found, joint, count = kept
    sums = np.zeros(len(norm), np.float32)
    touched = np.empty(len(norm), np.int32)
    chosen = np.empty(found.shape[1], np.int32)
    for j in range(low, high):
        near = touched[: joint_weights(j, by_item, by_person, sums, touched)]
        likeness = np.empty(len(near), np.float32)
        for place in range(len(near)):
            i = near[place]
            likeness[place] = -1.0 if i == j else sums[i] / norm[i]
        count[j] = keep_largest(likeness, chosen)
        for place in range(count[j]):
            found[j, place] = near[chosen[place]]
        found[j, : count[j]].sort()
        for place in range(count[j]):
            joint[j, place] = sums[found[j, place]]
        for i in near:
            sums[i] = 0.0


nearest = compiled_with()(_nearest)


def _solve(gram: Any, wanted: Any) -> None:
    """Replace `wanted` by the solution x of gram x = wanted; `gram`, symmetric, is overwritten.

    A pivot that a missing entry made no longer positive leaves its neighbour out: x is 0 there.
    """
    size = len(wanted)
    for a in range(size):
        least = np.float32(1e-4) * gram[a, a]
        for b in range(a):
            above = np.float32(0.0)
            for c in range(b):
                above += gram[a, c] * gram[b, c]
            gram[a, b] = (gram[a, b] - above) * gram[b, b]
        pivot, known = gram[a, a], wanted[a]
        for c in range(a):
            pivot -= gram[a, c] * gram[a, c]
            known -= gram[a, c] * wanted[c]
        gram[a, a] = 1 / np.sqrt(pivot) if pivot > least else 0.0
        wanted[a] = known * gram[a, a]
    for a in range(size - 1, -1, -1):
        wanted[a] *= gram[a, a]
        for b in range(a):
            wanted[b] -= gram[a, b] * wanted[a]


solve = compiled_with(_LOOSE)(_solve)


def _local_ridge(
    kept: tuple[Any, Any, Any],
    norm: Any,
    how: tuple[Any, Any, bool],
    low: int,
    high: int,
    out: tuple[Any, Any, Any],
) -> None:
    """Write, for the items low to high, their neighbours, the ridge's weights and the cosines.

    Of the Gram matrix only what `nearest` kept is known; what it dropped counts as nothing. `how`
    is the penalty, what shrinks the cosines of the rarely met, and whether to solve at all.
    """
    penalty, shrink, ridge = how
    found, joint, count = kept
    sources, weights, cosines = out
    place = np.full(len(norm), -1, np.int32)
    chosen = np.empty(sources.shape[1], np.int32)
    for j in range(low, high):
        near, together = found[j, : count[j]], joint[j, : count[j]]
        size = keep_largest(together / norm[near], chosen)
        own, wanted = near[chosen[:size]], together[chosen[:size]]
        cosines[j, :size] = wanted / (norm[own] * norm[j] + shrink)
        sources[j, :size] = own
        if not ridge:
            continue
        place[own] = np.arange(size, dtype=np.int32)
        gram = np.zeros((size, size), np.float32)
        for a in range(size):
            s = own[a]
            gram[a, a] = norm[s] * norm[s] + penalty
            for entry in range(count[s]):
                b = place[found[s, entry]]
                if b >= 0:
                    gram[a, b] = joint[s, entry]
                    gram[b, a] = joint[s, entry]
        place[own] = -1
        solve(gram, wanted)
        weights[j, :size] = wanted


local_ridge = compiled_with(_LOOSE)(_local_ridge)
