"""How segments overlap: every pair, and every combination of them that holds anybody (UpSet).

Each person is one number whose bits say in which of the segments she stands, so that a million
people in twenty segments are counted in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments import standing
from tailorbird.segments.answers import people
from tailorbird.segments.conditions import Segment
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

MOST_SEGMENTS: Final = 60
"""A person's segments are the bits of one int64."""
SHOWN: Final = 100


class Pair(msgspec.Struct, frozen=True):
    """How many people are in both segments, and as a share of all who are in either (Jaccard)."""

    one: str
    two: str
    people: int
    jaccard: float


class Combination(msgspec.Struct, frozen=True):
    """How many people are in exactly these of the segments, and in none of the others."""

    segments: tuple[str, ...]
    people: int


class Overlap(msgspec.Struct, frozen=True):
    """Sizes of segments, of their pairs, and of their combinations, the largest first.

    `people` are in at least one. `left_out` combinations hold `left_out_people` and are not listed.
    """

    sizes: dict[str, int]
    people: int
    pairs: tuple[Pair, ...]
    combinations: tuple[Combination, ...]
    left_out: int = 0
    left_out_people: int = 0


def overlap(facts: Facts, names: Sequence[str], *, limit: int = SHOWN) -> Overlap:
    """Return how segments overlap as the last refresh left them.

    Raises:
        UsageError: fewer than two segments, more than 60, one twice, or one never refreshed.
    """
    _check(names)
    known = standing.last_refreshes(facts)
    for name in names:
        if name not in known:
            what = f"the segment {name!r} has no standing members"
            raise UsageError(what, mend=nearest(name, list(known)) if known else "refresh first")
    return counted({name: standing.members(facts, name) for name in names}, limit=limit)


def overlap_at(
    facts: Facts,
    asked: Sequence[Segment],
    among: Sequence[Segment],
    *,
    as_of: Instant,
    limit: int = SHOWN,
) -> Overlap:
    """Return how segments overlap at any instant, each evaluated in full.

    Raises:
        UsageError: fewer than two segments, more than 60, or one twice.
    """
    _check([segment.name for segment in asked])
    members = {
        segment.name: np.asarray(people(facts, segment, among, as_of=as_of), np.int64)
        for segment in asked
    }
    return counted(members, limit=limit)


def counted(members: Mapping[str, Numbers], *, limit: int = SHOWN) -> Overlap:
    """Return how sets of people overlap, each of them without repetition."""
    names = list(members)
    masks, counts = _masks(list(members.values()))
    inside = (masks[:, None] >> np.arange(len(names))) & 1
    weighted = inside * counts[:, None]
    both = (inside.T.astype(np.float64) @ weighted.astype(np.float64)).astype(np.int64)
    order = np.lexsort((masks, inside.sum(axis=1), -counts))
    listed, rest = order[:limit], order[limit:]
    return Overlap(
        sizes={name: len(members[name]) for name in names},
        people=int(counts.sum()),
        pairs=tuple(
            _pair(names, both, one, two) for one, two in combinations(range(len(names)), 2)
        ),
        combinations=tuple(
            Combination(
                tuple(name for name, bit in zip(names, inside[at].tolist(), strict=True) if bit),
                int(counts[at]),
            )
            for at in listed.tolist()
        ),
        left_out=len(rest),
        left_out_people=int(counts[rest].sum()),
    )


def _masks(members: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Return each combination that somebody has, as bits, and how many have it."""
    last = max((int(each.max()) for each in members if len(each)), default=0)
    mask = np.zeros(last + 1, np.int64)
    for bit, each in enumerate(members):
        mask[each] |= 1 << bit
    masks, counts = np.unique(mask, return_counts=True)
    there = masks > 0
    return masks[there], counts[there].astype(np.int64)


def _pair(names: Sequence[str], both: Numbers, one: int, two: int) -> Pair:
    common = int(both[one, two])
    either = int(both[one, one] + both[two, two]) - common
    return Pair(names[one], names[two], common, common / either if either else 0.0)


def _check(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise UsageError("an overlap takes at least two segments", mend="name another one")
    if len(names) > MOST_SEGMENTS:
        what = f"{len(names)} segments at once"
        raise UsageError(what, mend=f"ask for {MOST_SEGMENTS} at most")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"the segment {twice!r} is named twice", mend="name each once")
