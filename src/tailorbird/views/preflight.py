"""What stands in a campaign's way before it is sent, and when it will be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId

PointState = Literal["good", "warning", "fault"]


class Point(msgspec.Struct, frozen=True):
    """One thing that was looked at. A fault stands in the way; a warning wants to be known."""

    about: Literal[
        "template", "lint", "content", "audience", "consent", "limits", "experiment", "sender",
        "schedule", "orders",
    ]  # fmt: skip
    state: PointState
    what: str
    mend: str = ""


class Reached(msgspec.Struct, frozen=True):
    """How many people a segment brings to an audience, or takes from it."""

    segment: str
    people: int
    excluded: bool = False


class Preflight(msgspec.Struct, frozen=True):
    """Every point that was looked at before a campaign is sent, what stands in the way first."""

    campaign: str
    version: int
    as_of: datetime
    sound: bool
    points: tuple[Point, ...]
    people: int
    """Whom it reaches now, each counted once."""
    twice: int
    """How often somebody is in more than one of its segments."""
    reached: tuple[Reached, ...]
    looked_at: int
    """For how many of them the mail was made, to look at it."""
    next_at: datetime | None = None
    """When it is sent by its schedule."""


class MissedRun(msgspec.Struct, frozen=True):
    """An occurrence that was not sent: `late`, or `overtaken` by the next."""

    occurrence: str
    at: datetime
    reason: str


class Displacer(msgspec.Struct, frozen=True):
    """How many people got another mail in its place, or had too many: by which, and by what limit.

    `campaign` is empty where several mails together filled the limit.
    """

    reason: str
    limit: str
    campaign: str
    people: int


class ScheduleView(msgspec.Struct, frozen=True):
    """When a campaign is sent, in words; when next; and what became of it."""

    campaign: str
    words: str
    """Empty: by hand."""
    next_at: datetime | None = None
    zone: str = ""
    missed: tuple[MissedRun, ...] = ()
    error: str = ""
    """Why it could not be sent when it was due."""
    hours: str = ""
    """How the hour of each mail is chosen, and how sure that is."""
    displaced: tuple[Displacer, ...] = ()


class NewTrial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test mail that somebody wants: to which address, as whom it would reach."""

    to: Annotated[str, Meta(min_length=3, max_length=254)]
    person: Annotated[PersonId, Meta(ge=1, le=2**63 - 1)]
    variant: Annotated[str, Meta(max_length=63)] = ""


class Trial(msgspec.Struct, frozen=True):
    """What became of a test mail."""

    campaign: str
    to: str
    subject: str
    carrier: str
    state: str
    reply: str = ""
