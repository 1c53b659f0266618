"""The people of an audience with all that the decision about each looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tailorbird import experiments, journeys
from tailorbird.letters import frequency
from tailorbird.letters.given import Given
from tailorbird.privacy.permit import permit
from tailorbird.schema import (
    DAY,
    Consent,
    ConsentState,
    Instant,
    Names,
    PersonId,
    Profile,
    Purpose,
)
from tailorbird.traits.extract import touched
from tailorbird.world import World

GivenTo: TypeAlias = Callable[
    [Sequence[PersonId], Mapping[PersonId, ConsentState], Mapping[PersonId, Profile]],
    Mapping[PersonId, Given],
]


def candidates(
    world: World,
    campaign: journeys.Campaign,
    people: Sequence[PersonId],
    given_to: GivenTo,
    now: Instant,
    apart: str,
) -> list[journeys.Candidate]:
    """Return what each decision looks at; mails of campaigns that begin so do not count.

    `given_to` says what the template of each will be given.
    """
    states = world.people.consent_states(people)
    known = world.people.profiles(people)
    arms = experiments.assign_all(
        world.assignment_key, campaign.name, people, campaign.shares(), campaign.holdout
    )
    recent = _recent_messages(world, campaign, people, now, apart)
    given = given_to(people, states, known)
    marketing = campaign.purpose == "email_marketing"
    held_back = frequency.too_soon(world, known, now, apart) if marketing else frozenset()
    return [
        journeys.Candidate(
            person=person,
            permit=permit(states.get(person), person, campaign.purpose, now),
            has_address=person in known and bool(known[person].email),
            recent_messages=recent.get(person, 0),
            variant=arm.variant,
            probability=arm.probability,
            inputs=given[person].kept,
            refusal=frequency.REASON if person in held_back else given[person].refusal,
        )
        for person, arm in zip(people, arms, strict=True)
    ]


_RECENT = """
SELECT person, COUNT(*) AS sent FROM facts
WHERE event = ? AND "at" > ? AND "at" <= ? AND campaign <> ? AND NOT starts_with(campaign, ?)
AND person IN (SELECT person FROM asked) GROUP BY person
"""


def _recent_messages(
    world: World, campaign: journeys.Campaign, people: Sequence[PersonId], now: Instant, apart: str
) -> dict[PersonId, int]:
    if campaign.cap is None:
        return {}
    since = now - campaign.cap.days * DAY
    rows = world.facts.read(
        _RECENT,
        (Names.EMAIL_SENT, since, now, campaign.name, apart),
        {"asked": touched(people)},
    )
    return {row["person"]: row["sent"] for row in rows.to_pylist()}


def consents_at(receipts: Iterable[Consent], person: PersonId, at: Instant) -> ConsentState:
    """Return what a person had said on every purpose at an instant; receipts are oldest first."""
    granted: dict[Purpose, int] = {}
    withdrawn: dict[Purpose, int] = {}
    for number, receipt in enumerate(receipts, 1):
        if receipt.at <= at:
            now, before = (granted, withdrawn) if receipt.granted else (withdrawn, granted)
            now[receipt.purpose] = number
            before.pop(receipt.purpose, None)
    return ConsentState(person, granted, withdrawn)
