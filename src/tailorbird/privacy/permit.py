"""Permits: the only proof that a person may be written to, profiled, tracked or trained on.

`delivery`, `predict` and `tracking` ask for a `Permit` in their types. Only `permit` below makes
one, and it makes one only from a consent receipt.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from tailorbird.schema import ConsentState, Instant, PersonId, Purpose

_MADE_HERE: Final = object()


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


class Refusal:
    """Why there is no permit: `no_consent`, `withdrawn`, or why the address is suppressed."""

    __slots__ = ("person", "purpose", "reason")

    def __init__(self, person: PersonId, purpose: Purpose, reason: str) -> None:
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
