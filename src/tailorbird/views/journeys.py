"""Journeys under way: who entered, who waits where, who left why, what is not as it should be."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tailorbird.schema import PersonId


class LeftStep(msgspec.Struct, frozen=True):
    """How many left a step so: what it did or what took them out, for where, and why."""

    outcome: str
    to: str
    """The step that follows; '' is the end."""
    reason: str
    people: int


class StepWatch(msgspec.Struct, frozen=True):
    """One step: who came to it, who waits there now, how they left, who got stuck."""

    step: str
    kind: str
    words: str
    depth: int
    came: int
    share: float | None
    """Of those who entered; None where nobody did."""
    waiting: int
    left: int
    """Who went on from it."""
    dropped: int
    """Who left the journey from it before its end."""
    errors: int
    """Who took its error path."""
    stuck: int
    due_at: datetime | None = None
    """When the first of those who wait is due."""
    ways: tuple[LeftStep, ...] = ()


class StuckPerson(msgspec.Struct, frozen=True):
    """Somebody who was due long ago and has not moved."""

    person: PersonId
    version: int
    step: str
    since: datetime
    due_at: datetime


class SegmentDrop(msgspec.Struct, frozen=True):
    """How the people of a segment fared among those who entered."""

    segment: str
    entered: int
    converted: int
    dropped: int


class WatchAlarm(msgspec.Struct, frozen=True):
    """Something that is not as it should be, and where."""

    code: str
    step: str
    text: str


class JourneyWatch(msgspec.Struct, frozen=True):
    """A journey as it goes: of those who entered since, and of all who are in it now."""

    name: str
    version: int
    mode: str
    since: datetime
    as_of: datetime
    entered: int
    held_out: int
    in_it: int
    """Who is in it now, since whenever."""
    finished: int
    dropped: int
    converted: int | None
    """Who reached the goal in time; None where the journey names none."""
    ended: dict[str, int]
    """How the ways of those who entered have ended, and how often."""
    steps: tuple[StepWatch, ...]
    stuck: tuple[StuckPerson, ...]
    segments: tuple[SegmentDrop, ...]
    alarms: tuple[WatchAlarm, ...]
