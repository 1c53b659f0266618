"""How often a person lets us write: what she chose holds for all campaigns together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.journeys.limits import Limit
from tailorbird.schema import DAY, Decision, Instant, PersonId, Profile
from tailorbird.world import World

TRAIT: Final = "letter_frequency"
DAYS: Final = {"weekly": 7, "monthly": 30, "rarely": 90}
"""What may be chosen -> the days in which one mail comes; who chose nothing is not held back."""
REASON: Final = "chosen_frequency"
OLDEST: Final = 60 * DAY
"""For how long before those days a decision may have waited to be sent."""
PAGE: Final = 1000
APART: Final = ":"
"""Stands in the names of mails that somebody asked for, and of no campaign."""


def limits(profile: Profile) -> tuple[Limit, ...]:
    """Return the limit that a person chose, or none."""
    days = _days(profile)
    said = str(profile.traits.get(TRAIT))
    return (Limit(said, 1, days * DAY, rolls=True, reason=REASON),) if days else ()


def chosen(profile: Profile) -> bool:
    """Return whether a person wants fewer mails than there are."""
    return _days(profile) > 0


def has_enough(world: World, profile: Profile, send_id: bytes, now: Instant) -> bool:
    """Return whether another mail than this one has come to her in the days that she chose."""
    since = now - _days(profile) * DAY
    return any(
        (world.ledger.sent_at(decision.id) or 0) > since
        for decision in _decisions(world, profile.person)
        if decision.verdict == "send"
        and decision.id != send_id
        and decision.at > since - OLDEST
        and APART not in decision.campaign
    )


def _days(profile: Profile) -> int:
    return DAYS.get(str(profile.traits.get(TRAIT) or ""), 0)


def _decisions(world: World, person: PersonId) -> Iterator[Decision]:
    after = b""
    while page := world.ledger.decisions(person=person, after=after, limit=PAGE):
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id
