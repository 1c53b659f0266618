"""Campaigns: what was decided, what became of it, what it changed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tailorbird.views.slots import Counted


class VerdictCount(msgspec.Struct, frozen=True):
    """How many people were given this verdict for this reason."""

    verdict: str
    reason: str
    variant: str
    people: int


class CampaignSummary(msgspec.Struct, frozen=True):
    """A campaign as lists show it."""

    name: str
    version: int
    description: str
    segment: str
    decided: int
    sent: int
    held_out: int
    refused: int
    pending: int
    decided_at: datetime | None = None


class Rate(msgspec.Struct, frozen=True):
    """A share of people with its 95 % interval."""

    count: int
    share: float
    low: float
    high: float


class Arm(msgspec.Struct, frozen=True):
    """One variant, or the holdout. A holdout gets no mail, so it has no opens and no clicks."""

    name: str
    holdout: bool
    people: int
    sent: int
    opens: Rate | None
    clicks: Rate | None
    purchases: Rate
    revenue_minor: int
    revenue_per_person_minor: float
    revenue_per_person_low: float
    revenue_per_person_high: float
    machine_opens: int = 0
    machine_clicks: int = 0
    subject: str = ""
    reached: Rate | None = None
    """Of its goal, where the campaign has one."""


class Effect(msgspec.Struct, frozen=True):
    """One comparison: `arm` less `against`, in shares or in minor units a person, 95 % interval."""

    metric: str
    arm: str
    against: str
    unit: Literal["share", "money"]
    difference: float
    low: float
    high: float
    p_value: float
    """Adjusted for the comparisons of the same metric that are read beside it."""
    told: bool
    """Whether the difference may be spoken of: clear of zero after that adjustment."""
    sentence: str


class Caused(msgspec.Struct, frozen=True):
    """What an arm's mails caused beyond the holdout, over all its people, 95 % interval."""

    arm: str
    people: int
    buyers: float
    buyers_low: float
    buyers_high: float
    revenue_minor: float
    revenue_minor_low: float
    revenue_minor_high: float


class RatioCheck(msgspec.Struct, frozen=True):
    """Whether the arms are as large as the draw intended. A mismatch voids the experiment."""

    expected: dict[str, float]
    observed: dict[str, int]
    p_value: float
    holds: bool


class CampaignResult(msgspec.Struct, frozen=True):
    """What a campaign decided, what became of it, and what it changed."""

    name: str
    version: int
    description: str
    segment: str
    window_days: float
    as_of: datetime
    decided_at: datetime | None
    verdicts: tuple[VerdictCount, ...]
    states: dict[str, int]
    arms: tuple[Arm, ...]
    effects: tuple[Effect, ...]
    caused: tuple[Caused, ...]
    ratio: RatioCheck | None
    verdict: str
    """The plain sentence that a busy reader should take away."""
    method: str = ""
    """How it was read, and what that allows."""
    machine_note: str = ""
    goal: str = ""
    """The event that it is for, beside purchases."""
    shown: tuple[Counted, ...] = ()
    """How many people were sent which block, by slot."""
    rules: tuple[Counted, ...] = ()
    """How many people each rule chose for, by slot."""
    fallbacks: tuple[Counted, ...] = ()
    """How often each link of a chain was taken: value, segment, default, hide."""
    subjects: tuple[str, ...] = ()
    """Of its variants, as they are written now."""
