"""What came back, as pages and commands show it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class FeedbackRow(msgspec.Struct, frozen=True):
    """How often one thing came back through one door, for one reason."""

    source: str
    """`delivery` where a mail server said so at once; `mail`, or the provider's name."""
    event: str
    kind: str
    why: str
    mails: int
    people: int
    last_at: datetime


class FeedbackSummary(msgspec.Struct, frozen=True):
    """All that came back since an instant, the most frequent first, and what is held back."""

    since: datetime
    sent: int
    """Mails that left since then."""
    rows: tuple[FeedbackRow, ...]
    held: int
    """Reports that are about no mail of ours, or cannot be read: in quarantine."""


class FeedbackTaken(msgspec.Struct, frozen=True):
    """A mail that was taken into the log."""

    offset: int


class OutcomeSeen(msgspec.Struct, frozen=True):
    """What a mail that came back says of one message to one recipient."""

    kind: str
    recipient: str
    why: str
    status: str
    """Enhanced status code (RFC 3463), such as `5.1.1`."""
    diagnostic: str


class FeedbackExplained(msgspec.Struct, frozen=True):
    """What a mail would be taken for; nothing of it is kept."""

    outcomes: tuple[OutcomeSeen, ...]
