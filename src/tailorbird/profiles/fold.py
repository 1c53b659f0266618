"""One batch of the log into profiles: each event once, the batch whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.ports import People
from tailorbird.profiles.identity import EMAIL, PERSON, USER_ID, Resolution, Resolver, identifiers
from tailorbird.schema import Consent, Event, Merge, Names, PersonId, Refused, ResolvedEvent

HARD_BOUNCE = "hard_bounce"
_TELLING = frozenset({Names.IDENTIFY, Names.EMAIL_BOUNCED, Names.UNSUBSCRIBED})


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch, tied to people: duplicates are gone, merges are to be applied to the facts."""

    events: list[ResolvedEvent]
    merges: list[Merge]
    duplicates: int
    created: int


def fold(
    people: People, events: Sequence[Event], refused: Sequence[Refused], offset: int
) -> Folded:
    """Return the batch's first sights with their people, and keep what they say of them.

    Everything, `offset` as the new cursor included, is one durable transaction.
    """
    with people.transaction():
        fresh = _first_sights(people, events)
        resolution = _resolve(people, fresh)
        people.create(resolution.created)
        people.link((kind, value, person) for (kind, value), person in resolution.links.items())
        people.merge(resolution.merges)
        _keep(people, [resolved for resolved in resolution.events if _tells(resolved)])
        people.quarantine(refused)
        people.advance(offset)
    return Folded(
        resolution.events, resolution.merges, len(events) - len(fresh), len(resolution.created)
    )


def replay(people: People, events: Sequence[Event]) -> list[ResolvedEvent]:
    """Return what `fold` returned for this batch, by today's identities, changing nothing."""
    with people.transaction():
        fresh = _first_sights(people, events)
        return _resolve(people, fresh).events


def _first_sights(people: People, events: Sequence[Event]) -> list[Event]:
    blake2b = hashlib.blake2b
    keys = [
        (blake2b(event.message_id.encode(), digest_size=16).digest(), event.position)
        for event in events
    ]
    firsts = people.first_seen(keys)
    return [event for event, first in zip(events, firsts, strict=True) if first]


def _resolve(people: People, events: Sequence[Event]) -> Resolution:
    asked = {identifier for event in events for identifier in identifiers(event)}
    known = people.known(asked | {(PERSON, str(e.person_id)) for e in events if e.person_id})
    claims = people.claims(sorted(set(known.values())))
    accounts = {person: kinds.get(USER_ID, 0) for person, kinds in claims.items()}
    return Resolver(known, accounts, people.next_person()).resolve(events)


def _tells(resolved: ResolvedEvent) -> bool:
    """Return whether there is anything to keep about the person, beyond that it happened."""
    event = resolved.event
    return bool(resolved.person and (event.name in _TELLING or event.traits or event.consents))


def _keep(people: People, events: Sequence[ResolvedEvent]) -> None:
    """Keep traits and consents, and bar the addresses that must not be written to again."""
    people.set_traits(
        (resolved.person, name, value, resolved.event.at)
        for resolved in events
        if resolved.person
        for name, value in _declared(resolved.event).items()
    )
    _keep_consents(people, events)
    barred = {
        resolved.person: resolved.event
        for resolved in events
        if resolved.person and _bars(resolved.event)
    }
    profiles = people.profiles(sorted(barred))
    people.suppress(
        (profile.email, _reason(barred[person]), barred[person].at)
        for person, profile in profiles.items()
        if profile.email
    )


def _keep_consents(people: People, events: Sequence[ResolvedEvent]) -> None:
    consents: list[Consent] = []
    for resolved in events:
        event, person = resolved.event, resolved.person
        if person is None:
            continue
        consents += [
            Consent(
                person, claim.purpose, claim.granted, event.at, event.source,
                claim.wording_version, claim.evidence,
            )
            for claim in event.consents
        ]  # fmt: skip
        if event.name == Names.UNSUBSCRIBED:
            consents.append(withdrawal(person, event.send_id, event.at))
    by_source: dict[str, list[PersonId]] = {}
    for consent in consents:
        if consent.source.startswith(UNSUBSCRIBE):
            by_source.setdefault(consent.source, []).append(consent.person)
    # The unsubscribe page has written its receipt before the log brings the event.
    there = {
        (person, source)
        for source, persons in by_source.items()
        for person, _ in people.receipts_from(source, persons)
    }
    people.add_consents([c for c in consents if (c.person, c.source) not in there])


UNSUBSCRIBE = "unsubscribe:"


def withdrawal(person: PersonId, send_id: str, at: int) -> Consent:
    """Return the receipt of an unsubscribe; one for each mail, however often it is clicked."""
    return Consent(person, "email_marketing", False, at, f"{UNSUBSCRIBE}{send_id}")


def _declared(event: Event) -> dict[str, str | int | float | bool | None]:
    traits = dict(event.traits)
    if event.name == Names.IDENTIFY:
        traits |= {
            name: value for name, value in ((EMAIL, event.email), (USER_ID, event.user_id)) if value
        }
    return traits


def _bars(event: Event) -> bool:
    """Return whether our own delivery or tracking says that the address must rest."""
    if not event.person_id:
        return False
    if event.name == Names.EMAIL_BOUNCED:
        return event.properties.get("hard", True) is not False
    return event.name == Names.UNSUBSCRIBED


def _reason(event: Event) -> str:
    return HARD_BOUNCE if event.name == Names.EMAIL_BOUNCED else Names.UNSUBSCRIBED
