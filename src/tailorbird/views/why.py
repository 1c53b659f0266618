"""Why somebody did or did not get a message: one sentence, and all that it rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tailorbird.schema import PersonId
from tailorbird.views.segments import Explanation

WhyAnswer = Literal[
    "sent", "came_back", "waiting", "paused", "deferred", "being_sent", "unknown", "failed",
    "cancelled", "refused", "held_out", "shadow",
    "not_in_audience", "excluded", "not_known_then", "told_later", "not_decided",
    "not_entered", "in_journey", "left_journey",
]  # fmt: skip
"""What became of a person and a campaign; each has its own sentence.

`told_later`: by what the log says today she belonged to the audience, but not by what it said then.
`shadow`: it was decided to be sent, by a journey that sends nothing.
"""


class Leave(msgspec.Struct, frozen=True):
    """The consent receipt by which a mail may be sent, or what there is instead."""

    purpose: str
    state: Literal["granted", "withdrawn", "never asked"]
    receipt: int = 0
    """Its number; 0 where there is none."""
    wording_version: str = ""
    source: str = ""
    at: datetime | None = None


class CountedMail(msgspec.Struct, frozen=True):
    """A mail that counts under a limit."""

    campaign: str
    at: datetime


class Limit(msgspec.Struct, frozen=True):
    """A limit on mails to one person: how many it allows, and which counted then."""

    text: str
    allowed: int
    counted: int
    reached: bool
    mails: tuple[CountedMail, ...] = ()


class Draw(msgspec.Struct, frozen=True):
    """What the keyed hash drew, among what."""

    drawn: str
    """The variant, or `holdout`."""
    probability: float
    among: dict[str, float] = {}
    """Every variant, and `holdout`, with its probability."""


class Pick(msgspec.Struct, frozen=True):
    """A product that was recommended, and why."""

    item: str
    name: str
    reason: str
    probability: float | None = None
    """That she buys it, as it was said then."""


class ModelValue(msgspec.Struct, frozen=True):
    """A score as it was known then."""

    model: str
    version: int
    value: float
    at: datetime
    reasons: tuple[str, ...] = ()
    """What weighs most in it, where the model tells."""


class MadeOf(msgspec.Struct, frozen=True):
    """What the mail was made of."""

    template: str
    template_version: int
    edition: str
    """The digest under which all its parts are kept."""
    recommender_version: int = 0
    personalised: bool = False
    picks: tuple[Pick, ...] = ()
    scores: tuple[ModelValue, ...] = ()
    traits: dict[str, str] = {}
    because: tuple[str, ...] = ()
    """Which rule chose each block, and what stands in for what is missing."""
    recommended_by: str = ""
    """The rules that chose its products, `NAME@VERSION`; version 0 where nobody wrote them."""


class Stage(msgspec.Struct, frozen=True):
    """Something that happened to the decision or its mail, at an instant."""

    at: datetime
    what: str
    text: str = ""
    machine: bool = False
    """Whether a machine did it: a scanner or a proxy that opens and clicks."""


class Excluded(msgspec.Struct, frozen=True):
    """A segment whose people are left out, and whether she was in it."""

    segment: str
    member: bool


class Brief(msgspec.Struct, frozen=True):
    """One campaign and one person, in a sentence."""

    campaign: str
    answer: WhyAnswer
    sentence: str
    at: datetime | None = None
    """When it was decided; None where it was not."""
    decision: str = ""
    occurrence: str = ""


class Why(msgspec.Struct, frozen=True):
    """Why a person did or did not get a campaign's message: the sentence, then the evidence."""

    person: PersonId
    label: str
    campaign: str
    campaign_version: int
    answer: WhyAnswer
    reason: str
    """The stable name of why not; '' where she got it."""
    sentence: str
    as_of: datetime
    """The instant whose facts the evidence is of: that of the decision, where there is one."""
    decision: str = ""
    occurrence: str = ""
    decided_at: datetime | None = None
    next_chance: datetime | None = None
    """When the answer can change by time alone."""
    would_help: tuple[str, ...] = ()
    """What would have to change for her to belong to the audience, in words."""
    audience: Explanation | None = None
    excluded: tuple[Excluded, ...] = ()
    leave: Leave | None = None
    limits: tuple[Limit, ...] = ()
    displaced_by: str = ""
    draw: Draw | None = None
    made_of: MadeOf | None = None
    stages: tuple[Stage, ...] = ()
    """From the decision to the last click, in order."""
    notes: tuple[str, ...] = ()
    """What the reader should know of the evidence itself."""
    others: tuple[Brief, ...] = ()
    """Other occurrences of the campaign, the newest first."""


class Whys(msgspec.Struct, frozen=True):
    """Every campaign and one person, a sentence each: those that considered her come first."""

    person: PersonId
    label: str
    as_of: datetime
    campaigns: tuple[Brief, ...]
