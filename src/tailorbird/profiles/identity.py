"""Who did it: from the identifiers on events to people, deterministically and in log order.

A user id outranks an address, an address outranks an anonymous id. What was anonymous joins the
person at `identify`. Two people become one when an event names both, unless that would join two
accounts: a kiosk device, or an address that several accounts share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tailorbird.schema import Event, Instant, Merge, PersonId, ResolvedEvent

USER_ID: Final = "user_id"
EMAIL: Final = "email"
ANONYMOUS_ID: Final = "anonymous_id"
PERSON: Final = "person"

ACCOUNTS_PER_PERSON: Final = 3
"""More user ids than this on one person look like a shared address: they are not joined."""


def identifiers(event: Event) -> list[tuple[str, str]]:
    """Return the event's (kind, value) identifiers, strongest first."""
    found = []
    if event.user_id:
        found.append((USER_ID, event.user_id))
    if event.email:
        # Mailbox providers do not tell capitals apart, whatever RFC 5321 allows.
        found.append((EMAIL, event.email.lower()))
    if event.anonymous_id:
        found.append((ANONYMOUS_ID, event.anonymous_id))
    return found


@dataclass(slots=True)
class Resolution:
    """What one batch of events says about who is who."""

    events: list[ResolvedEvent] = field(default_factory=list)
    created: list[tuple[PersonId, Instant]] = field(default_factory=list)
    links: dict[tuple[str, str], PersonId] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)


class Resolver:
    """Resolves events one after the other against what is known.

    `known` maps identifiers to people; `accounts` counts the user ids of each of these people.
    """

    def __init__(
        self,
        known: Mapping[tuple[str, str], PersonId],
        accounts: Mapping[PersonId, int],
        next_person: PersonId,
    ) -> None:
        self._known = dict(known)
        self._accounts = dict(accounts)
        self._next = next_person
        self._into: dict[PersonId, PersonId] = {}
        self.resolution = Resolution()

    def resolve(self, events: Iterable[Event]) -> Resolution:
        """Return the people of these events, and what must be created, linked and merged."""
        found = [(event, self._person(event)) for event in events]
        self.resolution.events = [
            ResolvedEvent(event, self._survivor(person) if person else None)
            for event, person in found
        ]
        return self.resolution

    def _person(self, event: Event) -> PersonId | None:
        if event.person_id:
            person = self._known.get((PERSON, str(event.person_id)))
            return self._survivor(person) if person else None
        given = identifiers(event)
        if not given:
            return None
        known = [self._known.get(identifier) for identifier in given]
        if known[0] is not None and known.count(known[0]) == len(known):
            return self._survivor(known[0])
        person = self._owner(given) or self._create(event)
        for kind, other in self._holders(given):
            if other != person and self._joins(person, other, kind):
                person = self._merge(person, other, event)
        self._link(given, person)
        return person

    def _owner(self, given: Sequence[tuple[str, str]]) -> PersonId | None:
        """Return the person that the event speaks of, None when it brings a new account."""
        holders = self._holders(given)
        strongest = given[0]
        if strongest[0] != USER_ID or strongest in self._known:
            return holders[0][1] if holders else None
        return next((p for kind, p in holders if self._takes_account(p, kind)), None)

    def _holders(self, given: Sequence[tuple[str, str]]) -> list[tuple[str, PersonId]]:
        return [(i[0], self._survivor(self._known[i])) for i in given if i in self._known]

    def _joins(self, person: PersonId, other: PersonId, kind: str) -> bool:
        accounts = self._accounts.get(other, 0)
        if not accounts:
            return True
        together = accounts + self._accounts.get(person, 0)
        return kind == EMAIL and together <= ACCOUNTS_PER_PERSON

    def _takes_account(self, person: PersonId, kind: str) -> bool:
        accounts = self._accounts.get(person, 0)
        return not accounts or (kind == EMAIL and accounts < ACCOUNTS_PER_PERSON)

    def _create(self, event: Event) -> PersonId:
        person = self._next
        self._next += 1
        self.resolution.created.append((person, event.at))
        return person

    def _link(self, given: Sequence[tuple[str, str]], person: PersonId) -> None:
        for identifier in given:
            if identifier in self._known:
                continue
            self._known[identifier] = person
            self.resolution.links[identifier] = person
            if identifier[0] == USER_ID:
                self._accounts[person] = self._accounts.get(person, 0) + 1

    def _merge(self, one: PersonId, two: PersonId, event: Event) -> PersonId:
        survivor, loser = min(one, two), max(one, two)
        self._into[loser] = survivor
        self._accounts[survivor] = self._accounts.get(one, 0) + self._accounts.get(two, 0)
        self.resolution.merges.append(Merge(survivor, loser, event.position))
        return survivor

    def _survivor(self, person: PersonId) -> PersonId:
        while person in self._into:
            person = self._into[person]
        return person
