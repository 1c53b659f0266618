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
