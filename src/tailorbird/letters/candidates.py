"""The people of an audience with all that the decision about each looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tailorbird import experiments, journeys
from tailorbird.letters.given import Given
from tailorbird.letters.limiting import own_limits, zone_of
from tailorbird.privacy.permit import permit
from tailorbird.schema import (
    Consent,
    ConsentState,
    Instant,
    PersonId,
    Profile,
    Purpose,
)
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
) -> list[journeys.Candidate]:
    """Return what each decision looks at; `given_to` says what the template of each is given."""
    states = world.people.consent_states(people)
    known = world.people.profiles(people)
    arms = experiments.assign_all(
        world.assignment_key, campaign.name, people, campaign.shares(), campaign.holdout
    )
    given = given_to(people, states, known)
    return [
        journeys.Candidate(
            person=person,
            permit=permit(states.get(person), person, campaign.purpose, now),
            has_address=person in known and bool(known[person].email),
            variant=arm.variant,
            probability=arm.probability,
            inputs=given[person].kept,
            refusal=given[person].refusal,
            limits=own_limits(campaign, known.get(person)),
            zone=zone_of(known.get(person)),
        )
        for person, arm in zip(people, arms, strict=True)
    ]


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
