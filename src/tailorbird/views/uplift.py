"""Whom a campaign's mail moves: orders that were judged, what policies are worth, who serves."""

from __future__ import annotations

from datetime import datetime

import msgspec


class UpliftOrder(msgspec.Struct, frozen=True):
    """One way to put people in order: its Qini with interval (0: no better than at random).

    `above` is by how much it exceeds the rule of one trait; None of what is not held against it.
    """

    name: str
    title: str
    qini: float
    low: float
    high: float
    above: float | None = None
    above_low: float | None = None
    above_high: float | None = None


class UpliftPolicy(msgspec.Struct, frozen=True):
    """The share that reaches the goal when such people are written to, with its interval."""

    name: str
    value: float
    low: float
    high: float


class UpliftPoint(msgspec.Struct, frozen=True):
    """What writing to the first `share` of people gains, beside writing to as many at random."""

    share: float
    gain: float
    random: float


class CampaignUplift(msgspec.Struct, frozen=True):
    """What it has shown, of whom a mail moves, that some were held out by chance.

    `model` is the name of the scores, `serves` whether there are any; `average` the mean effect on
    the goal of being written to, of a journey of entering it.
    """

    campaign: str
    """Of a journey as a whole JOURNEY/, of one of its mails JOURNEY/STEP."""
    model: str
    version: int
    trained_at: datetime
    people: int
    written_to: int
    outcome: str
    window_days: float
    average: float
    average_low: float
    average_high: float
    orders: tuple[UpliftOrder, ...]
    policies: tuple[UpliftPolicy, ...]
    curve: tuple[UpliftPoint, ...]
    serves: bool
    served_by: str
    features: tuple[str, ...]
    why: str
    scored: int = 0
    """How many people have a score now."""
