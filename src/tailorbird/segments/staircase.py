"""Points of several parts added up, as a condition of the tree: no new arithmetic to trust.

A total is reached by the least combinations of levels that reach it; there are few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TypeAlias

from tailorbird.segments.conditions import All, Any, Condition, Not

Level: TypeAlias = tuple[int, Condition | None]
"""Points, and what reaches them; None where everybody does."""
NOBODY = Any(())
EVERYBODY = All(())


def reaching(parts: Sequence[Sequence[Level]], total: int) -> Condition:
    """Return that the points of all parts add up to this total at least.

    The levels of each part rise strictly in points, and reaching one means reaching those below.
    """
    ways = []
    for chosen in product(*(range(len(levels)) for levels in parts)):
        points = [levels[at][0] for levels, at in zip(parts, chosen, strict=True)]
        if sum(points) < total:
            continue
        spare = sum(points) - total
        lower = [
            points[n] - levels[at - 1][0]
            for n, (levels, at) in enumerate(zip(parts, chosen, strict=True))
            if at
        ]
        if all(step > spare for step in lower):
            ways.append([levels[at][1] for levels, at in zip(parts, chosen, strict=True)])
    return one_of([all_of([each for each in way if each is not None]) for way in ways])


def between(parts: Sequence[Sequence[Level]], least: int, most: int | None) -> Condition:
    """Return that the points add up to `least` or more, and to `most` or less."""
    above = reaching(parts, least)
    if most is None:
        return above
    beyond = reaching(parts, most + 1)
    return above if beyond == NOBODY else all_of([above, Not(beyond)])


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Return the conjunction, as flat as can be."""
    flat = [
        part
        for each in conditions
        for part in (each.conditions if isinstance(each, All) else (each,))
    ]
    kept = list(dict.fromkeys(flat))
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def one_of(conditions: Sequence[Condition]) -> Condition:
    """Return the disjunction, as flat as can be."""
    if EVERYBODY in conditions:
        return EVERYBODY
    flat = [
        part
        for each in conditions
        for part in (each.conditions if isinstance(each, Any) else (each,))
    ]
    kept = list(dict.fromkeys(flat))
    return kept[0] if len(kept) == 1 else Any(tuple(kept))
