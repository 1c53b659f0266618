"""People: lists, one person, her events, what was decided about her."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from tailorbird.schema import PersonId, Scalar
from tailorbird.views.suppressions import SuppressionRow


class PersonRow(msgspec.Struct, frozen=True):
    """A person as lists show her. The address is masked; the person's own page has it in full."""

    person: PersonId
    label: str
    email: str = ""
    tier: str = ""
    country: str = ""
    orders: int = 0
    revenue_minor: int = 0
    last_order_at: datetime | None = None


class PeoplePage(msgspec.Struct, frozen=True):
    """One page of people; `next` is empty on the last one."""

    people: tuple[PersonRow, ...]
    total: int
    next: str = ""


class Trait(msgspec.Struct, frozen=True):
    """One thing that we know of a person, and where it comes from."""

    name: str
    value: Scalar
    origin: Literal["declared", "derived", "score"]
    unit: Literal["", "money", "instant", "share"] = ""
    note: str = ""


class ConsentLine(msgspec.Struct, frozen=True):
    """One purpose: the person's latest word on it, and the receipt that proves it."""

    purpose: str
    state: Literal["granted", "withdrawn", "never asked"]
    at: datetime | None = None
    source: str = ""
    wording_version: str = ""


class Identifier(msgspec.Struct, frozen=True):
    """How many identifiers of one kind a person has; their values are blind indexes."""

    kind: str
    number: int


class Suggestion(msgspec.Struct, frozen=True):
    """A product that would be recommended now, and why."""

    item: str
    name: str
    reason: str
    score: float
    price_minor: int | None = None
    image: str = ""


class Score(msgspec.Struct, frozen=True):
    """What a model said of this person last: the score that segments see."""

    model: str
    version: int
    value: float
    at: datetime
    unit: Literal["share", "money", "instant", "hour"] = "share"
    """What it is: a probability, minor units of money, seconds since 1970, an hour."""


class EventContext(msgspec.Struct, frozen=True):
    """With what, where and coming from where an event happened, in words; empty where not known."""

    device: str = ""
    place: str = ""
    page: str = ""
    came_from: str = ""
    local_time: str = ""
    """The clock of the person's zone, such as `18:04`; empty where it is the shop's."""


class SessionRow(msgspec.Struct, frozen=True):
    """One visit: from its first to its last act."""

    at: datetime
    seconds: int
    events: int
    pages: int
    ended: bool
    context: EventContext


class PersonReport(msgspec.Struct, frozen=True):
    """One person's page."""

    person: PersonId
    label: str
    email: str
    created_at: datetime
    suppressed: str
    traits: tuple[Trait, ...]
    consents: tuple[ConsentLine, ...]
    identifiers: tuple[Identifier, ...]
    suggestions: tuple[Suggestion, ...]
    suggestions_from: str
    """Which recommender made them, or why there are none."""
    scores: tuple[Score, ...]
    segments: tuple[str, ...]
    sessions: tuple[SessionRow, ...] = ()
    """The latest ones, the newest first."""
    merged_into: PersonId | None = None
    suppressions: tuple[SuppressionRow, ...] = ()
    """All that was ever said of her address, oldest first."""


class TimelineLine(msgspec.Struct, frozen=True):
    """One product of an event."""

    item: str
    name: str
    quantity: int
    value_minor: int


class TimelineEntry(msgspec.Struct, frozen=True):
    """One event of a person."""

    position: str
    event: str
    at: datetime
    received_at: datetime
    source: str
    order_id: str = ""
    value_minor: int = 0
    currency: str = ""
    campaign: str = ""
    variant: str = ""
    send_id: str = ""
    machine: bool = False
    lines: tuple[TimelineLine, ...] = ()
    more_lines: int = 0
    context: EventContext = EventContext()
    dwell_seconds: int = 0


class Timeline(msgspec.Struct, frozen=True):
    """One page of a person's events, the newest first."""

    entries: tuple[TimelineEntry, ...]
    total: int
    next: str = ""


class DecisionReport(msgspec.Struct, frozen=True):
    """One decision with what it was made from."""

    id: str
    campaign: str
    campaign_version: int
    occurrence: str
    person: PersonId
    at: datetime
    verdict: str
    reason: str
    variant: str
    probability: float
    receipt: int
    state: str = ""
    """What became of the send: sent, pending, failed ...; empty where there is none."""
    reply: str = ""
    inputs: Any = None
    because: tuple[str, ...] = ()
    """Which rule chose what each slot shows, and what stands in for values, in words."""


class MailRow(msgspec.Struct, frozen=True):
    """A mail to one person. `stored` says whether the inbox still has it."""

    send_id: str
    campaign: str
    variant: str
    at: datetime
    state: str
    stored: bool


class Correspondence(msgspec.Struct, frozen=True):
    """What was decided about one person, and which mails came of it; the newest first."""

    decisions: tuple[DecisionReport, ...]
    mails: tuple[MailRow, ...]
