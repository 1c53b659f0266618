"""Permits: the only proof that a person may be written to, profiled, tracked or trained on.

`delivery`, `predict` and `tracking` ask for a `Permit` in their types. Only `permit` below makes
one, and it makes one only from a consent receipt. The one mail without a receipt is the question
whether there shall be one: it takes a `ConfirmationPermit`, made only from a request that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from tailorbird.schema import (
    HOUR,
    ConsentRequest,
    ConsentState,
    Instant,
    PersonId,
    Purpose,
)
from tailorbird.suppression_words import SuppressionReason

_MADE_HERE: Final = object()
REQUEST_HOURS: Final = 48
"""How long a request waits to be confirmed."""
LIFTED_BY_REQUEST: Final[tuple[SuppressionReason, ...]] = ("unsubscribed",)
"""Why an address rests and may still be asked: its owner can change her mind."""


class Permit:
    """Leave to use one person's data for one purpose, by one consent receipt."""

    __slots__ = ("at", "person", "purpose", "receipt")

    def __init__(
        self, key: object, person: PersonId, purpose: Purpose, receipt: int, at: Instant
    ) -> None:
        if key is not _MADE_HERE:
            raise TypeError("a Permit is made by privacy.permit.permit alone")
        self.person = person
        self.purpose = purpose
        self.receipt = receipt
        self.at = at


class ConfirmationPermit:
    """Leave to ask one address once whether its owner made this request, until it expires."""

    __slots__ = ("address", "person", "position", "until")

    def __init__(self, key: object, request: ConsentRequest, until: Instant) -> None:
        if key is not _MADE_HERE:
            raise TypeError("a ConfirmationPermit is made by privacy.permit alone")
        self.person = request.person
        self.address = request.address
        self.position = request.position
        self.until = until


class Refusal:
    """Why there is no permit: `no_consent`, `withdrawn`, or why the address is suppressed."""

    __slots__ = ("person", "purpose", "reason")

    def __init__(self, person: PersonId, purpose: Purpose | None, reason: str) -> None:
        self.person = person
        self.purpose = purpose
        self.reason = reason


Answer: TypeAlias = Permit | Refusal


def permit(state: ConsentState | None, person: PersonId, purpose: Purpose, now: Instant) -> Answer:
    """Return a permit when the person's latest word on this purpose grants it.

    A suppressed address bars e-mail marketing whatever the consents say. A person without any
    state (erased, never seen) gets a refusal.
    """
    if state is None or state.person != person:
        return Refusal(person, purpose, "unknown_person")
    if purpose == "email_marketing" and state.suppressed:
        return Refusal(person, purpose, state.suppressed)
    receipt = state.granted.get(purpose)
    if receipt is None:
        return Refusal(person, purpose, "withdrawn" if purpose in state.withdrawn else "no_consent")
    return Permit(_MADE_HERE, person, purpose, receipt, now)


def permitting(
    states: Mapping[PersonId, ConsentState],
    people: Iterable[PersonId],
    purpose: Purpose,
    now: Instant,
) -> list[PersonId]:
    """Return who of these people permits this, in their order."""
    answers = (permit(states.get(person), person, purpose, now) for person in people)
    return [answer.person for answer in answers if isinstance(answer, Permit)]


def confirmation_permit(
    request: ConsentRequest, suppressed: str, now: Instant
) -> ConfirmationPermit | Refusal:
    """Return the leave to send the one mail that asks whether a request was meant.

    It is for the request's own address, ends 48 hours after it, and permits no other mail.
    `suppressed` says why the address rests: one that bounced or complained is not asked.
    """
    person, until = request.person, request.at + REQUEST_HOURS * HOUR
    if not request.address:
        return Refusal(person, None, "no_address")
    if now >= until:
        return Refusal(person, None, "expired")
    if suppressed and suppressed not in LIFTED_BY_REQUEST:
        return Refusal(person, None, suppressed)
    return ConfirmationPermit(_MADE_HERE, request, until)
