"""Lists of exclusive groups: who is in the first that fits, and what the scores rest on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class GroupSize(msgspec.Struct, frozen=True):
    """One group. `segment` is its name among segments; `people` is None until it was counted."""

    name: str
    segment: str
    people: int | None
    description: str = ""


class Threshold(msgspec.Struct, frozen=True):
    """The four values of a trait that part five scores, and how many customers had each score."""

    part: str
    trait: str
    values: tuple[int, ...]
    people: tuple[int, ...]


class GroupList(msgspec.Struct, frozen=True):
    """An ordered list of groups, the rest last. Without thresholds, an RFM list has no groups yet.

    Values of thresholds are in the unit of their trait: days, orders, minor units.
    """

    name: str
    kind: Literal["groups", "rfm", "engagement"]
    description: str
    version: int
    groups: tuple[GroupSize, ...]
    calibrated_at: datetime | None = None
    customers: int | None = None
    thresholds: tuple[Threshold, ...] = ()
    recalculate: str = ""
    kept_at: datetime | None = None
    """When it was kept last who is in which group."""
    kept_as: str = ""
    """The trait that it is kept as."""


class GroupTrial(msgspec.Struct, frozen=True):
    """A list as it would be kept, under which version, and how many people each group would hold.

    `waits`: there are too few customers for thresholds, so it would have no groups yet.
    """

    name: str
    version: int
    groups: tuple[GroupSize, ...]
    waits: bool


class RfmSquare(msgspec.Struct, frozen=True):
    """Customers with one score of recency and one of value, and the cell that they are in."""

    recency: int
    value: int
    cell: str
    people: int


class RfmGrid(msgspec.Struct, frozen=True):
    """All 25 squares of an RFM list, those of the best recency first.

    `value` is the mean of the scores of frequency and money, halves upwards.
    """

    as_of: datetime
    squares: tuple[RfmSquare, ...]


class Recalculation(msgspec.Struct, frozen=True):
    """Who was kept in which group, and how many changed theirs."""

    at: datetime
    people: dict[str, int]
    changed: int
