"""Who did it: from the identifiers on events to people, deterministically and in log order.

A user id outranks an address, an address outranks an anonymous id. What was anonymous joins the
person at `identify`. Two people become one when an event names both, unless that would join two
accounts on one device, an address that many accounts share, or two whom somebody has separated.

An event belongs to its owner: the person, as numbered at first, who holds its strongest identifier.
A merge moves nobody's identifiers; it only says in whom the owner is found from now on. So it can
be taken back: then every event, early or late, is its owner's again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tailorbird.privacy.sources import is_public
from tailorbird.profiles.changes import SOURCE
from tailorbird.profiles.placeholders import stands_for_nobody
from tailorbird.schema import Event, Instant, Names, PersonId, Position, ResolvedEvent
from tailorbird.settings import Identity
from tailorbird.ties import Identifier, Merge, Standing

USER_ID: Final = "user_id"
EMAIL: Final = "email"
ANONYMOUS_ID: Final = "anonymous_id"
PERSON: Final = "person"
API: Final = "rest"
"""The source that may give a person whom it names by number another identifier."""
MATCHING: Final = "matching"
JOINED: Final = "joined"
"""Kind under which `Standing.held` counts the people joined by an address that somebody gave."""
DEFAULT: Final = Identity()


def identifiers(event: Event) -> list[Identifier]:
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


def named_people(event: Event) -> list[Identifier]:
    """Return the people whom an internal event names by number, the one it is about first."""
    if not event.person_id:
        return []
    other = loser_of(event)
    numbers = (event.person_id, other) if other else (event.person_id,)
    return [(PERSON, str(number)) for number in numbers]


def loser_of(event: Event) -> PersonId:
    """Return whom a merge or a separation names beside the event's person; 0 for other events."""
    said = event.properties.get("loser") if event.source == SOURCE else None
    return said if type(said) is int and said > 0 else 0


@dataclass(slots=True)
class Resolution:
    """What one batch of events says about who is who. Links go to owners, not to survivors."""

    events: list[ResolvedEvent] = field(default_factory=list)
    created: list[tuple[PersonId, Instant]] = field(default_factory=list)
    links: dict[Identifier, PersonId] = field(default_factory=dict)
    merges: list[tuple[Merge, Identifier | None]] = field(default_factory=list)
    """Each with the identifier that both gave."""
    sharings: list[tuple[Identifier, PersonId, Position]] = field(default_factory=list)
    """Identifiers that somebody else holds, with who gave them too."""
    flags: dict[Identifier, tuple[Event, str, PersonId]] = field(default_factory=dict)
    """Identifiers that say too little, with the event that showed it, why, and their holder."""
    unproven: set[Position] = field(default_factory=set)
    """Where a browser says that the owner of an address that we know has agreed."""


class Resolver:
    """Resolves events one after the other against what is known of their identifiers."""

    def __init__(
        self, standing: Standing, next_person: PersonId, limits: Identity = DEFAULT
    ) -> None:
        self._known = dict(standing.owners)
        self._into = dict(standing.homes)
        self._held = {person: dict(kinds) for person, kinds in standing.held.items()}
        self._sharers = {given: set(people) for given, people in standing.sharers.items()}
        self._flagged = dict(standing.flagged)
        self._apart = set(standing.apart)
        self._accounts: dict[PersonId, int] = {}
        self._addresses: dict[PersonId, int] = {}
        for person, kinds in self._held.items():
            self._count(person, kinds)
        self._next = next_person
        self._limits = limits
        self.resolution = Resolution()

    def resolve(self, events: Iterable[Event]) -> Resolution:
        """Return the people of these events, and what must be created, linked and merged."""
        found = [(event, self._owner(event)) for event in events]
        self.resolution.events = [self._resolved(event, owner) for event, owner in found]
        return self.resolution

    def replay(self, events: Iterable[Event]) -> list[ResolvedEvent]:
        """Return the people of events that were resolved before, by what was decided then."""
        return [self._resolved(event, self._decided(event)) for event in events]

    def _resolved(self, event: Event, owner: PersonId | None) -> ResolvedEvent:
        if owner is None:
            return ResolvedEvent(event, None)
        person = self._home(owner)
        return ResolvedEvent(event, person, owner if owner != person else None)

    def _decided(self, event: Event) -> PersonId | None:
        """Return the owner: the strongest identifier was linked to her when she was resolved."""
        given = named_people(event)[:1] or self._identifying(event)
        return next((self._known[one] for one in given if one in self._known), None)

    def _identifying(self, event: Event) -> list[Identifier]:
        given = identifiers(event)
        if self._flagged:
            given = [
                one
                for one in given
                if one[0] != ANONYMOUS_ID
                or event.position <= self._flagged.get(one, event.position)
            ]
        return given

    def _owner(self, event: Event) -> PersonId | None:
        if event.consents and is_public(event.source) and not self._brings_first_address(event):
            self.resolution.unproven.add(event.position)
        if event.person_id:
            return self._named(event)
        given = self._identifying(event)
        if not given:
            return None
        known = [self._known.get(identifier) for identifier in given]
        if known[0] is not None and known.count(known[0]) == len(known):
            return known[0]
        given = [one for one in given if one in self._known or not self._is_placeholder(one)]
        if not given:
            return None
        owner = self._strongest(given) or self._create(event)
        # The strongest is linked whatever the limits: by it the owner is found again.
        self._give(given[0], owner)
        for identifier in given[1:]:
            other = self._known.get(identifier)
            if other is not None and self._home(other) != self._home(owner):
                self._meet(event, owner, other, identifier)
        self._link(given[1:], owner, event)
        return owner

    def _brings_first_address(self, event: Event) -> bool:
        """Return whether nobody has given this address before, and its giver no other one."""
        given = (EMAIL, event.email.lower())
        if not event.email or given in self._known or self._is_placeholder(given):
            return False
        known = (self._known.get(identifier) for identifier in identifiers(event))
        return not any(self._addresses.get(self._home(owner)) for owner in known if owner)

    def _is_placeholder(self, identifier: Identifier) -> bool:
        kind, value = identifier
        return stands_for_nobody(value, self._limits, address=kind == EMAIL)

    # -- people named by number ------------------------------------------------------------------

    def _named(self, event: Event) -> PersonId | None:
        owner = self._known.get((PERSON, str(event.person_id)))
        if owner is None:
            return None
        if event.source == API:
            self._link(identifiers(event), owner, event)
        if event.source == SOURCE and event.name == Names.PEOPLE_MERGED:
            self._merge_as_told(event, owner)
        return owner

    def _merge_as_told(self, event: Event, owner: PersonId) -> None:
        other = self._known.get((PERSON, str(loser_of(event))))
        if other is None or self._home(other) == self._home(owner):
            return
        by, reason, author, evidence = (
            str(event.properties.get(name) or "") for name in ("by", "reason", "author", "evidence")
        )
        if self._is_apart(owner, other):
            if by == MATCHING:
                return
            both = {self._home(owner), self._home(other)}
            self._apart = {pair for pair in self._apart if set(map(self._home, pair)) != both}
        merge = self._merge(owner, other, event, by)
        merge = msgspec.structs.replace(merge, reason=reason, author=author, evidence=evidence)
        self.resolution.merges.append((merge, None))

    # -- who is meant, and who is one ------------------------------------------------------------

    def _strongest(self, given: Sequence[Identifier]) -> PersonId | None:
        """Return whom the event speaks of, None when it brings somebody new."""
        kind = given[0][0]
        holders = [self._known[one] for one in given if one in self._known]
        if given[0] in self._known:
            return holders[0]
        return next((holder for holder in holders if self._takes(holder, kind)), None)

    def _takes(self, holder: PersonId, kind: str) -> bool:
        """Return whether somebody may be known by one more identifier of this kind."""
        home = self._home(holder)
        if kind == USER_ID:
            return not self._accounts.get(home)
        return self._addresses.get(home, 0) < self._limits.people_per_device

    def _meet(self, event: Event, owner: PersonId, other: PersonId, given: Identifier) -> None:
        """Join the two whom an event names, or note what speaks against it."""
        if self._is_apart(owner, other):
            return
        one, two = self._home(owner), self._home(other)
        if given[0] == EMAIL:
            joins = self._joins_by_address(event, one, two, given, owner)
        else:
            joins = self._takes(other, USER_ID) and self._takes(other, EMAIL)
            if not joins:
                self._share(given, owner, event, self._limits.people_per_device)
        if joins:
            self.resolution.merges.append((self._merge(owner, other, event, given[0]), given))

    def _joins_by_address(
        self, event: Event, one: PersonId, two: PersonId, given: Identifier, owner: PersonId
    ) -> bool:
        accounts, addresses = self._accounts, self._addresses
        if is_public(event.source) and (accounts.get(one) or addresses.get(one)):
            return False  # anybody may write anybody's address into a browser
        if self._is_full(owner, EMAIL, event):
            return False
        if accounts.get(one) and accounts.get(two):
            return self._share(given, owner, event, self._limits.accounts_per_address)
        return True

    def _share(self, given: Identifier, owner: PersonId, event: Event, limit: int) -> bool:
        """Note that somebody else gave it too; return whether so many may."""
        sharers = self._sharers.setdefault(given, set())
        if owner not in sharers:
            sharers.add(owner)
            self.resolution.sharings.append((given, owner, event.position))
        if len(sharers) < limit:
            return True
        self._flag(given, event, "shared", self._known[given])
        return False

    def _is_full(self, owner: PersonId, kind: str, event: Event) -> bool:
        """Return whether somebody is known by as many addresses or devices as one may be."""
        held = self._held.get(owner, {})
        if kind == EMAIL:
            full = held.get(EMAIL, 0) + held.get(JOINED, 0) >= self._limits.addresses_per_person
        else:
            full = held.get(kind, 0) >= self._limits.devices_per_person
        if full:
            self._flag(identifiers(event)[0], event, f"too many of {kind}", owner)
        return full

    def _flag(self, given: Identifier, event: Event, reason: str, holder: PersonId) -> None:
        if given not in self._flagged:
            self._flagged[given] = event.position
            self.resolution.flags[given] = (event, reason, holder)

    def _create(self, event: Event) -> PersonId:
        person = self._next
        self._next += 1
        self.resolution.created.append((person, event.at))
        return person

    def _link(self, given: Sequence[Identifier], owner: PersonId, event: Event) -> None:
        for identifier in given:
            kind = identifier[0]
            if (
                kind == USER_ID
                or identifier in self._known
                or not self._is_full(owner, kind, event)
            ):
                self._give(identifier, owner)

    def _give(self, identifier: Identifier, owner: PersonId) -> None:
        if identifier in self._known:
            return
        kind = identifier[0]
        self._known[identifier] = owner
        self.resolution.links[identifier] = owner
        held = self._held.setdefault(owner, {})
        held[kind] = held.get(kind, 0) + 1
        self._count(owner, {kind: 1})

    def _merge(self, owner: PersonId, other: PersonId, event: Event, by: str) -> Merge:
        one, two = self._home(owner), self._home(other)
        survivor, loser = min(one, two), max(one, two)
        self._into[loser] = survivor
        for counted in (self._accounts, self._addresses):
            counted[survivor] = counted.get(survivor, 0) + counted.get(loser, 0)
        if by == EMAIL:
            held = self._held.setdefault(owner, {})
            held[JOINED] = held.get(JOINED, 0) + 1
        return Merge(
            min(owner, other), max(owner, other), event.position, event.at, by,
            source=event.source, claimant=owner,
        )  # fmt: skip

    def _count(self, owner: PersonId, kinds: Mapping[str, int]) -> None:
        home = self._home(owner)
        for kind, counted in ((USER_ID, self._accounts), (EMAIL, self._addresses)):
            if kind in kinds:
                counted[home] = counted.get(home, 0) + kinds[kind]

    def _is_apart(self, one: PersonId, two: PersonId) -> bool:
        both = {self._home(one), self._home(two)}
        return any({self._home(a), self._home(b)} == both for a, b in self._apart)

    def _home(self, person: PersonId) -> PersonId:
        while person in self._into:
            person = self._into[person]
        return person
