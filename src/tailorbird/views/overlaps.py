"""How segments overlap: sizes, pairs, and the combinations that an UpSet chart draws."""

from __future__ import annotations

from datetime import datetime

import msgspec


class OverlapSize(msgspec.Struct, frozen=True):
    """A segment and how many people stand in it."""

    segment: str
    people: int


class OverlapPair(msgspec.Struct, frozen=True):
    """How many people are in both, and as a share of all who are in either (Jaccard)."""

    one: str
    two: str
    people: int
    jaccard: float


class OverlapCombination(msgspec.Struct, frozen=True):
    """How many people are in exactly these of the segments, and in none of the others."""

    segments: tuple[str, ...]
    people: int


class SegmentOverlap(msgspec.Struct, frozen=True):
    """How segments overlap: sizes in the order asked, pairs, combinations from the largest on."""

    as_of: datetime
    people: int
    """Who are in at least one of them."""
    sizes: tuple[OverlapSize, ...]
    pairs: tuple[OverlapPair, ...]
    combinations: tuple[OverlapCombination, ...]
    left_out: int = 0
    """Smaller combinations that are not listed."""
    left_out_people: int = 0
    """The people in them."""
