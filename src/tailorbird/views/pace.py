"""How the pace of the mails stands, as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Why = Literal["", "held", "resting", "warm_up", "rate", "under_way", "quiet_hours", "not_yet_due"]
"""Why mails wait; '' is that they may leave now."""


class LaneWaiting(msgspec.Struct, frozen=True):
    """What waits of a campaign for one stream (sending domain and mailbox provider) and zone."""

    campaign: str
    stream: str
    zone: str
    sends: int
    why: Why
    next_at: datetime | None
    """When the next of them may leave; None where only somebody's hand lets it go on."""
    reason: str


class StreamHeld(msgspec.Struct, frozen=True):
    """A stream, or all of a sending domain, that stands still until somebody lets it go on."""

    stream: str
    reason: str
    since: datetime


class CarrierResting(msgspec.Struct, frozen=True):
    """A carrier that failed lately: `open` is asked nothing, `half_open` is tried with a few."""

    carrier: str
    state: Literal["closed", "open", "half_open"]
    reason: str
    until: datetime


class PaceReport(msgspec.Struct, frozen=True):
    """What waits for whom and why, what stands still, and which carriers rest."""

    paced: bool
    """False for the local inbox: everything leaves at once."""
    waiting: tuple[LaneWaiting, ...]
    held: tuple[StreamHeld, ...]
    carriers: tuple[CarrierResting, ...]


class NewHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream (`shop.example/gmail`) or a sending domain is to stand still, or to go on."""

    act: Literal["hold", "resume"]
    stream: Annotated[str, Meta(max_length=300)] = ""
    """'' with `resume` is all that is held."""
    reason: Annotated[str, Meta(max_length=1000)] = ""
