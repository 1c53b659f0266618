"""Segments: sizes, one definition, a count while editing, why a person is in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tailorbird.schema import PersonId
from tailorbird.views.people import PersonRow


class SegmentSize(msgspec.Struct, frozen=True):
    """A segment as lists show it. `people` is None where it has not been counted.

    Where there is a `trouble`, it is how many were in at the last refresh that could be made.
    """

    name: str
    description: str
    version: int
    people: int | None
    share: float | None
    refreshed_at: datetime | None = None
    trend: tuple[int, ...] = ()
    """Its size at the end of each of the last periods, oldest first."""
    trouble: str = ""
    """Why nobody can be asked about it now, and how that is mended; '' where all is well."""


class TrendPoint(msgspec.Struct, frozen=True):
    """The size of a segment at the end of a period, and who came and went in it."""

    start: str
    people: int
    entered: int
    left: int


class SegmentReport(msgspec.Struct, frozen=True):
    """One segment's page."""

    size: SegmentSize
    text: str
    trend: tuple[TrendPoint, ...]
    sample: tuple[PersonRow, ...]


class SegmentCount(msgspec.Struct, frozen=True):
    """The answer while a definition is edited."""

    people: int
    total: int
    milliseconds: float = 0.0
    """How long the answer took, as the door measured it."""
    sample: tuple[PersonRow, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """One event that made a condition so."""

    event: str
    at: datetime
    text: str = ""


class Reason(msgspec.Struct, frozen=True):
    """One condition of a segment for one person: its words, its answer, its value, its evidence."""

    text: str
    holds: bool
    value: str = ""
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Reason, ...] = ()
    threshold: str = ""
    """What the value must be."""


class Turn(msgspec.Struct, frozen=True):
    """A condition that would have to turn: its words, how it would, and when time alone does it."""

    text: str
    how: str
    at: datetime | None = None


class Outlook(msgspec.Struct, frozen=True):
    """What would change an answer: the fewest conditions that would have to turn, together.

    `others` says how many other sets are as small, `at` when time alone changes the answer. Without
    turns nothing that can still happen to one condition at a time changes it.
    """

    turns: tuple[Turn, ...] = ()
    others: int = 0
    at: datetime | None = None


class Explanation(msgspec.Struct, frozen=True):
    """Why a person is, or is not, in a segment now."""

    segment: str
    person: PersonId
    label: str
    member: bool
    as_of: datetime
    next_check: datetime | None
    """When the answer can change by time alone."""
    reason: Reason
    outlook: Outlook | None = None
