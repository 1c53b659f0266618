"""What journeys and campaigns propose, and what they hear when it is not the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from tailorbird.journeys.decisions import decision_id
from tailorbird.schema import Instant, PersonId


class Proposal(msgspec.Struct, frozen=True):
    """A mail that somebody would send. A journey's step is the campaign `JOURNEY/STEP`.

    `inputs` are what the template is given besides; the decision keeps them.
    """

    campaign: str
    version: int
    occurrence: str
    person: PersonId
    due_at: Instant = 0
    """Not before; 0: at once."""
    waits: Literal["never", "quiet", "caps"] = "quiet"
    """For what it is answered by a `Deferral`: quiet hours, and also caps, or nothing.

    Who never waits is decided now, and due when the quiet ends.
    """
    latest: Instant = 0
    """Until when it can wait, 0: for ever; then it is refused."""
    inputs: dict[str, Any] = {}

    @property
    def id(self) -> bytes:
        """Return the id of the decision that it becomes."""
        return decision_id(self.campaign, self.person, self.occurrence)


class Deferral(msgspec.Struct, frozen=True):
    """Not now: propose again at `until`. Nothing is recorded."""

    proposal: Proposal
    until: Instant
    reason: str
    limit: str = ""


def proposed(
    name: str, version: int, occurrence: str, people: Sequence[PersonId]
) -> list[Proposal]:
    """Return what a campaign proposes to these people, which is decided now whatever the hour."""
    return [Proposal(name, version, occurrence, person, waits="never") for person in people]
