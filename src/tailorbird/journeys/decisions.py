"""Who gets what: each candidate is decided once, and the reason is kept either way."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from tailorbird.ids import decision_id as decision_id
from tailorbird.journeys.arbiter import Ruling
from tailorbird.journeys.campaign import HOLDOUT
from tailorbird.journeys.limits import Limit
from tailorbird.privacy.permit import Answer, Permit, Refusal
from tailorbird.schema import Decision, Instant, PersonId

NO_ADDRESS = "no_address"
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
    variant: str
    probability: float
    inputs: dict[str, object]
    refusal: str = ""
    """Why no mail can be made for this person, or ''."""
    limits: tuple[Limit, ...] = ()
    """Those that bind it beside the ones for all."""
    zone: str = ""
    """The person's, where it is known."""
    evidence: dict[str, object] = field(default_factory=dict)
    """What stands behind `refusal`."""


def decide(
    campaign: str,
    version: int,
    occurrence: str,
    candidate: Candidate,
    now: Instant,
    ruling: Ruling = None,
) -> Decision:
    """Return the decision about a candidate, who was displaced or, by None, granted.

    Who may not be written to is refused before the draw counts, so that the arms compare like
    with like. Deciding again gives the same id.
    """
    reason = refusal(candidate) or (ruling.reason if ruling else "")
    held = candidate.variant == HOLDOUT
    permit = candidate.permit
    kept = candidate.inputs if not reason else _evidence(candidate, ruling)
    return Decision(
        id=decision_id(campaign, candidate.person, occurrence),
        campaign=campaign,
        campaign_version=version,
        occurrence=occurrence,
        person=candidate.person,
        at=now,
        verdict="refused" if reason else "holdout" if held else "send",
        reason=reason,
        variant="" if reason else candidate.variant,
        probability=1.0 if reason else candidate.probability,
        receipt=permit.receipt if isinstance(permit, Permit) else 0,
        inputs=msgspec.json.encode(kept, order="sorted"),
    )


def broken(person: PersonId, reason: str, why: str) -> Candidate:
    """Return the candidate of a campaign whose mail cannot be made at all."""
    silent = Refusal(person, None, reason)
    return Candidate(person, silent, False, "", 1.0, {}, reason, evidence={"error": why})


def _evidence(candidate: Candidate, ruling: Ruling) -> dict[str, object]:
    """Return why there was no room: the limit, the mails that fill it, who won."""
    if ruling is None:
        return candidate.evidence
    said: dict[str, object] = {
        "limit": ruling.limit.name,
        "counted": [mark.send_id.hex() for mark in ruling.counted],
    }
    return said | ({"winner": ruling.winners[0].send_id.hex()} if ruling.winners else {})


def refusal(candidate: Candidate) -> str:
    """Return why this person gets no mail, whatever else is proposed, or ''."""
    if not isinstance(candidate.permit, Permit):
        return candidate.permit.reason
    if not candidate.has_address:
        return NO_ADDRESS
    return candidate.refusal
