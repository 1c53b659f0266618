"""One batch of the log into profiles: each event once, the batch whole or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tailorbird.ports import People
from tailorbird.profiles.changes import SOURCE
from tailorbird.profiles.identity import (
    DEFAULT,
    EMAIL,
    USER_ID,
    Resolution,
    Resolver,
    identifiers,
    loser_of,
    named_people,
)
from tailorbird.profiles.placeholders import stands_for_nobody
from tailorbird.profiles.spoken import words_of
from tailorbird.schema import (
    Consent,
    Event,
    Names,
    PersonId,
    Position,
    Purpose,
    Refused,
    ResolvedEvent,
    Scalar,
)
from tailorbird.settings import Identity
from tailorbird.suppression_words import SuppressionReason
from tailorbird.ties import Flag, Home, Separation, Standing

T = TypeVar("T")
HARD_BOUNCE: Final = "hard_bounce"
COMPLAINT: Final[SuppressionReason] = "complaint"
END: Position = 1 << 62
"""Above every position."""
ROW_ID = "import:row-"
"""What our own import alone writes before 32 hexadecimal digits."""
_ROW = re.compile(f"{ROW_ID}[0-9a-f]{{32}}")
_TELLING = frozenset(
    {
        Names.IDENTIFY, Names.EMAIL_BOUNCED, Names.EMAIL_COMPLAINED, Names.PERSON_FORGOTTEN,
        Names.UNSUBSCRIBED,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch, tied to people: duplicates are gone; `homes` says whose history is moved."""

    events: list[ResolvedEvent]
    homes: list[Home]
    duplicates: int
    created: int
    merged: int


def fold(
    people: People,
    events: Sequence[Event],
    refused: Sequence[Refused],
    offset: int,
    limits: Identity = DEFAULT,
) -> Folded:
    """Return the batch's first sights with their people, and keep what they say of them.

    Everything, `offset` as the new cursor included, is one transaction. It is on the disk with the
    next durable one: a power cut may take it, and the log still has it.
    """
    with people.transaction(durable=False):
        fresh = first_sights(people, events)
        people.say(words_of(fresh))
        resolved: list[ResolvedEvent] = []
        unproven: set[Position] = set()
        created = merged = 0
        for run in _runs(fresh, _is_separation):
            resolution = resolve(people, run, limits)
            settle(people, resolution)
            _separate(people, run[-1])
            resolved += resolution.events
            unproven |= resolution.unproven
            created += len(resolution.created)
            merged += len(resolution.merges)
        homes = people.ties.moved((people.cursor() + 1) << 20, END)
        resolved = _of_all_parts(people, resolved)
        if any(_is_separation(event) for event in fresh):
            resolved = _at_home(people, resolved)
        for told in _runs([each for each in resolved if _tells(each)], _forgets):
            _keep(people, told, unproven, limits)
        people.quarantine(refused)
        people.advance(offset)
    return Folded(resolved, homes, len(events) - len(fresh), created, merged)


def replay(people: People, events: Sequence[Event]) -> list[ResolvedEvent]:
    """Return what `fold` returned for this batch, by what was decided since; change nothing."""
    with people.transaction():
        fresh = first_sights(people, events)
        return _of_all_parts(people, Resolver(standing(people, fresh), 0).replay(fresh))


def moved(people: People, after: int, until: int) -> list[Home]:
    """Return where histories are now that the records of these offsets of the log have moved."""
    return people.ties.moved((after + 1) << 20, (until + 1) << 20)


def _runs(events: Sequence[T], ends: Callable[[T], bool]) -> Iterator[Sequence[T]]:
    """Yield the events up to and with each that ends a run: what follows is judged by itself."""
    start = 0
    for number, event in enumerate(events, 1):
        if ends(event):
            yield events[start:number]
            start = number
    if start < len(events):
        yield events[start:]


def _is_separation(event: Event) -> bool:
    return event.name == Names.PEOPLE_SEPARATED and event.source == SOURCE


def _forgets(resolved: ResolvedEvent) -> bool:
    return resolved.event.name == Names.PERSON_FORGOTTEN and resolved.person is not None


def standing(people: People, events: Sequence[Event]) -> Standing:
    """Return what is known of the identifiers that these events name."""
    asked = {identifier for event in events for identifier in identifiers(event)}
    asked |= {number for event in events if event.person_id for number in named_people(event)}
    return people.ties.standing(asked)


def resolve(people: People, events: Sequence[Event], limits: Identity) -> Resolution:
    """Return who did these events, and what that says about who is who."""
    return Resolver(standing(people, events), people.next_person(), limits).resolve(events)


def settle(people: People, resolution: Resolution) -> None:
    """Keep what events say about who is who."""
    people.create(resolution.created)
    people.ties.link((kind, value, owner) for (kind, value), owner in resolution.links.items())
    people.ties.merge(resolution.merges)
    people.ties.share(resolution.sharings)
    people.ties.flag(
        (given, Flag(given[0], b"", event.position, event.at, reason, holder))
        for given, (event, reason, holder) in resolution.flags.items()
    )


def _separate(people: People, event: Event) -> None:
    """Make two of one, where the event says so and both exist."""
    one, two = event.person_id, loser_of(event)
    if not _is_separation(event) or len(people.ties.standing(named_people(event)).owners) < 2:
        return
    said = {name: str(event.properties.get(name) or "") for name in ("reason", "author")}
    people.ties.separate(Separation(one, two, event.position, event.at, **said))


def _of_all_parts(people: People, events: list[ResolvedEvent]) -> list[ResolvedEvent]:
    """Return the events; one that forgets a person comes once for each whom she was made of then.

    So it reaches the same parts at a rebuild, whoever is one or two by that time.
    """
    if not any(map(_forgets, events)):
        return events
    found: list[ResolvedEvent] = []
    for each in events:
        owner = each.owner or each.person
        if each.event.name != Names.PERSON_FORGOTTEN or owner is None:
            found.append(each)
            continue
        parts = people.ties.parts_at(owner, each.event.position)
        found += [ResolvedEvent(each.event, part) for part in parts]
    return _at_home(people, found)


def _at_home(people: People, events: Sequence[ResolvedEvent]) -> list[ResolvedEvent]:
    """Return the events with their owners' homes as they are after the last separation."""
    owners = {each.owner or each.person for each in events}
    homes = people.ties.homes(owner for owner in owners if owner)
    found = []
    for each in events:
        owner = each.owner or each.person
        home = homes.get(owner, owner) if owner else None
        found.append(ResolvedEvent(each.event, home, owner if owner != home else None))
    return found


def first_sights(people: People, events: Sequence[Event]) -> list[Event]:
    """Return the events whose message ids were not seen before."""
    firsts = people.first_seen([(_key(event.message_id), event.position) for event in events])
    return [event for event, first in zip(events, firsts, strict=True) if first]


def _key(message_id: str) -> bytes:
    """Return 16 bytes that stand for a message id; the id of a file's row is as many by itself."""
    if message_id.startswith(ROW_ID) and _ROW.fullmatch(message_id):
        return bytes.fromhex(message_id.removeprefix(ROW_ID))
    return hashlib.blake2b(message_id.encode(), digest_size=16).digest()


def _tells(resolved: ResolvedEvent) -> bool:
    """Return whether there is anything to keep about the person, beyond that it happened."""
    event = resolved.event
    return bool(resolved.person and (event.name in _TELLING or event.traits or event.consents))


def _keep(
    people: People, events: Sequence[ResolvedEvent], unproven: set[Position], limits: Identity
) -> None:
    """Keep traits and consents, and bar the addresses that must not be written to again."""
    people.set_traits(
        (each.owner or each.person, name, value, each.event.at, each.event.source)
        for each in events
        if each.person
        for name, value in _declared(each.event, limits).items()
    )
    _keep_consents(people, events, unproven)
    people.forget(
        (each.owner or each.person, each.event.at)
        for each in events
        if each.person and _forgets(each)
    )
    barred = {each.person: each.event for each in events if each.person and _bars(each.event)}
    profiles = people.profiles(sorted(barred))
    people.suppress(
        (profile.email, _reason(barred[person]), barred[person].at)
        for person, profile in profiles.items()
        if profile.email
    )


def _keep_consents(
    people: People, events: Sequence[ResolvedEvent], unproven: set[Position]
) -> None:
    consents: list[Consent] = []
    for resolved in events:
        event, person = resolved.event, resolved.owner or resolved.person
        if person is None:
            continue
        consents += [
            Consent(
                person, claim.purpose, claim.granted, event.at, event.source,
                claim.wording_version, claim.evidence,
            )
            for claim in event.consents
            if not (claim.granted and claim.purpose == MARKETING and event.position in unproven)
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
MARKETING: Purpose = "email_marketing"


def withdrawal(person: PersonId, send_id: str, at: int) -> Consent:
    """Return the receipt of an unsubscribe; one for each mail, however often it is clicked."""
    return Consent(person, "email_marketing", False, at, f"{UNSUBSCRIBE}{send_id}")


def _declared(event: Event, limits: Identity) -> dict[str, Scalar]:
    if event.name != Names.IDENTIFY:
        return event.traits
    traits = dict(event.traits)
    if event.user_id:
        traits[USER_ID] = event.user_id
    if event.email and not stands_for_nobody(event.email, limits, address=True):
        traits[EMAIL] = event.email
    return traits


def _bars(event: Event) -> bool:
    """Return whether our own delivery or tracking says that the address must rest."""
    if not event.person_id:
        return False
    if event.name == Names.EMAIL_BOUNCED:
        return event.properties.get("hard", True) is not False
    return event.name in (Names.UNSUBSCRIBED, Names.EMAIL_COMPLAINED)


def _reason(event: Event) -> SuppressionReason:
    if event.name == Names.EMAIL_COMPLAINED:
        return COMPLAINT
    return HARD_BOUNCE if event.name == Names.EMAIL_BOUNCED else Names.UNSUBSCRIBED
