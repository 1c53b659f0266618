"""What a journey would have done in a stretch of the past."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from tailorbird.schema import PersonId


class SimulationAsked(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}
):
    """From when to when a journey is simulated: the last 90 days, where nothing is said."""

    since: datetime | None = None
    until: datetime | None = None
    every: str = ""
    """How often to look: `1h`; '' is at each instant at which something happens or is due."""
    text: str = ""
    """A draft in YAML that is tried instead of what is in force."""


class SimulatedDay(msgspec.Struct, frozen=True):
    """One day, in UTC: who entered, what was sent at which step, through whose mailboxes."""

    day: date
    entered: int
    mails: dict[str, int]
    """How many, by step."""
    providers: dict[str, int]
    """How many, by mailbox provider."""


class SimulatedMail(msgspec.Struct, frozen=True):
    """The mails of one step: how many, in which variants, and why others got none."""

    step: str
    sent: int
    variants: dict[str, int]
    refused: dict[str, int]


class SimulatedConflict(msgspec.Struct, frozen=True):
    """Mails for which a limit had no room, and who took it."""

    step: str
    limit: str
    taken_by: str
    """A campaign, or JOURNEY/STEP; '' is what another system sent."""
    mails: int


class SimulatedWay(msgspec.Struct, frozen=True):
    """How many left a step so: what it did or what took them out, for where, and why."""

    step: str
    outcome: str
    to: str
    reason: str
    people: int


class SimulatedMove(msgspec.Struct, frozen=True):
    """One step of one person."""

    at: datetime
    step: str
    outcome: str
    reason: str


class SimulatedPerson(msgspec.Struct, frozen=True):
    """Somebody who would have entered, and all that would have become of her."""

    person: PersonId
    entered_at: datetime
    ended: str
    moves: tuple[SimulatedMove, ...]


class JourneySimulation(msgspec.Struct, frozen=True):
    """A journey over what really happened: nothing of it is recorded, nobody is written to."""

    name: str
    state: Literal["none", "running", "done", "stopped", "failed"] = "none"
    since: datetime | None = None
    until: datetime | None = None
    trouble: str = ""
    """Why it broke off."""
    done: float = 0
    """The share of the time that has been gone through."""
    version: int = 0
    every_seconds: int = 0
    """How often it was looked; 0: at each instant at which something happened or was due."""
    ticks: int = 0
    triggered: int = 0
    """How often somebody was set off."""
    entered: int = 0
    held_out: int = 0
    not_entered: dict[str, int] = {}
    """Who was set off and did not enter, by reason."""
    in_it: int = 0
    """Who is in it at the end."""
    ended: dict[str, int] = {}
    converted: int | None = None
    """Who reached the goal in time; None where the journey names none."""
    days: tuple[SimulatedDay, ...] = ()
    mails: tuple[SimulatedMail, ...] = ()
    conflicts: tuple[SimulatedConflict, ...] = ()
    ways: tuple[SimulatedWay, ...] = ()
    people: tuple[SimulatedPerson, ...] = ()
    """Some of them: the first."""
    troubles: tuple[str, ...] = ()
    """What stood in the way at a step."""
    as_of_now: tuple[str, ...] = ()
    """What was taken as it stands now, and not as it stood then."""
