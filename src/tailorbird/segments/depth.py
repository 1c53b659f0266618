"""How much a segment asks, with every segment that it names written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird.errors import DefinitionError
from tailorbird.segments.conditions import InSegment, Segment, leaves

LONGEST_WAY: Final = 24
"""Segments on the way from one to the last that it rests on."""
MOST_LEAVES: Final = 1_000
"""Conditions of all of them together: each level can double them."""


def check_depth(segment: Segment, among: Sequence[Segment]) -> None:
    """Check that a segment, written out, stays of a size that can be asked.

    What it names and is not `among` these counts as one condition, and so does a circle.

    Raises:
        DefinitionError: it is too deep, or too large.
    """
    library = {each.name: each for each in among} | {segment.name: segment}
    way, size = _measured(segment.name, library, {})
    if way > LONGEST_WAY:
        what = f"it rests on segments that rest on segments, {way} deep"
        mend = f"at most {LONGEST_WAY}: write some of them out"
        raise DefinitionError(what, where=segment.name, mend=mend)
    if size > MOST_LEAVES:
        what = f"with the segments that it names, it has {size:,} conditions"
        mend = f"at most {MOST_LEAVES:,}: name fewer, or name each once"
        raise DefinitionError(what, where=segment.name, mend=mend)


def _measured(
    name: str, library: dict[str, Segment], known: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    """Return (segments on the longest way, conditions), each segment measured once."""
    if name not in known:
        known[name] = (1, 1)
        if name in library:
            inner = [
                _measured(leaf.segment, library, known) if isinstance(leaf, InSegment) else (0, 1)
                for leaf in leaves(library[name].condition)
            ]
            known[name] = 1 + max(way for way, _ in inner), sum(size for _, size in inner)
    return known[name]
