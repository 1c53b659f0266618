"""Which of the scored pairs become one person: sure ones, unless that would join two.

Weights know fields, not families: twins and spouses share nearly everything but the first name. So
these are never joined unasked, and no third record, one without a first name, joins twins either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def groups(
    people: int, pairs: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]]
) -> tuple[Numbers, list[bool]]:
    """Return the group of each of `people` records, and which pairs were joined or were already.

    Records are numbered from 0; `pairs` come surest first. Those who stand in `apart` never come
    into one group, by whatever way.

    >>> groups(3, [(0, 1), (1, 2)], apart=[(0, 2)])[1]
    [True, False]
    """
    into = np.arange(people)
    members = {number: [number] for number in range(people)}
    foes: dict[int, set[int]] = defaultdict(set)
    for one, two in apart:
        foes[one].add(two)
        foes[two].add(one)
    joined = []
    for one, two in pairs:
        a, b = int(into[one]), int(into[two])
        if a != b and not foes[a].isdisjoint(members[b]):
            joined.append(False)
            continue
        joined.append(True)
        if a == b:
            continue
        if len(members[a]) < len(members[b]):
            a, b = b, a
        for number in members[b]:
            into[number] = a
        members[a] += members.pop(b)
        foes[a] |= foes.pop(b, set())
    return into, joined
