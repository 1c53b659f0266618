"""Who gets what: each candidate is decided once, and the reason is kept either way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from tailorbird.journeys.campaign import HOLDOUT, Campaign
from tailorbird.privacy.permit import Answer, Permit
from tailorbird.schema import Decision, Instant, PersonId

NO_ADDRESS = "no_address"
CAP = "cap"
MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person of the audience, with all that the decision looks at.

    `variant` and `probability` were drawn by keyed hash, for the held-out too. `inputs` is what the
    template will be given and the evidence; it holds no name and no address.
    """

    person: PersonId
    permit: Answer
    has_address: bool
    recent_messages: int
    variant: str
    probability: float
    inputs: dict[str, object]
    refusal: str = ""
    """Why no mail can be made for this person, or ''."""


def decide(
    campaign: Campaign, version: int, occurrence: str, candidates: Sequence[Candidate], now: Instant
) -> Iterator[Decision]:
    """Yield one decision a candidate.

    Who may not be written to is refused before the draw counts, so that the arms compare like
    with like. Deciding again yields the same ids.
    """
    for candidate in candidates:
        reason = refusal(campaign, candidate)
        held = candidate.variant == HOLDOUT
        permit = candidate.permit
        yield Decision(
            id=decision_id(campaign.name, candidate.person, occurrence),
            campaign=campaign.name,
            campaign_version=version,
            occurrence=occurrence,
            person=candidate.person,
            at=now,
            verdict="refused" if reason else "holdout" if held else "send",
            reason=reason,
            variant="" if reason else candidate.variant,
            probability=1.0 if reason else candidate.probability,
            receipt=permit.receipt if isinstance(permit, Permit) else 0,
            inputs=b"{}" if reason else msgspec.json.encode(candidate.inputs, order="sorted"),
        )


def decision_id(campaign: str, person: PersonId, occurrence: str) -> bytes:
    """Return the 16 bytes that name this decision, and its send, for ever.

    The campaign's version is not part of it: editing a campaign never writes to anybody twice.
    """
    key = f"{campaign}\x00{person}\x00{occurrence}".encode()
    return hashlib.blake2b(key, digest_size=16, person=b"tb-decision").digest()


def refusal(campaign: Campaign, candidate: Candidate) -> str:
    """Return why this person gets no mail of the campaign, or ''."""
    if not isinstance(candidate.permit, Permit):
        return candidate.permit.reason
    if not candidate.has_address:
        return NO_ADDRESS
    if campaign.cap is not None and candidate.recent_messages >= campaign.cap.messages:
        return CAP
    return candidate.refusal
