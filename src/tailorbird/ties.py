"""What makes people one and keeps them two: merges, separations, flags; and the port to them.

A merge changes no identifier and no word that anybody has said. It says in whom somebody, as
numbered at first, is found from now on; so it can be taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from tailorbird.schema import Instant, PersonId, Position, Scalar

Identifier: TypeAlias = tuple[str, str]
"""(kind, value), such as ("email", "ann@people.example")."""


class Merge(msgspec.Struct, frozen=True):
    """Two people turned out to be one: the event at `position` says so."""

    survivor: PersonId
    loser: PersonId
    position: Position
    at: Instant = 0
    by: str = "hand"
    """The kind of the identifier that both gave, or `hand`, `api`, `matching`."""
    key: bytes = b""
    """The blind index of that identifier."""
    source: str = ""
    reason: str = ""
    author: str = ""
    evidence: str = ""
    claimant: PersonId = 0
    """Whose event it was, 0 where nobody's."""
    undone: Position = 0
    """Where a separation took it back, 0 while it stands."""


class Separation(msgspec.Struct, frozen=True):
    """Two people are two: whatever joined them is undone, and events join them no more."""

    survivor: PersonId
    loser: PersonId
    position: Position
    at: Instant = 0
    reason: str = ""
    author: str = ""


class Home(msgspec.Struct, frozen=True, gc=False):
    """To whom the history of a person, as numbered at first, belongs since `position`."""

    owner: PersonId
    person: PersonId
    position: Position


class Flag(msgspec.Struct, frozen=True):
    """An identifier that says too little to join people: since when, and why."""

    kind: str
    key: bytes
    position: Position
    at: Instant
    reason: str
    person: PersonId = 0
    """Who holds it; 0 where nobody does."""


class Standing(msgspec.Struct, frozen=True):
    """What is known of some identifiers, and of the people who hold them, as numbered at first."""

    owners: dict[Identifier, PersonId] = {}
    homes: dict[PersonId, PersonId] = {}
    """In whom somebody who was merged is found now."""
    held: dict[PersonId, dict[str, int]] = {}
    """How many identifiers of each kind somebody brought; `joined`: people joined by an address."""
    sharers: dict[Identifier, set[PersonId]] = {}
    """Who gave an identifier that somebody else holds."""
    flagged: dict[Identifier, Position] = {}
    apart: tuple[tuple[PersonId, PersonId], ...] = ()
    """Pairs whom somebody has separated."""


class Saying(msgspec.Struct, frozen=True):
    """What one source says of a trait."""

    name: str
    value: Scalar
    at: Instant
    source: str
    counts: str = ""
    """Why this word is the one that counts; '' where another is."""


MatchState = Literal["waiting", "merging", "merged", "rejected"]


class Likeness(msgspec.Struct, frozen=True):
    """How alike two people are in one field, and how many bits that speaks for one person."""

    field: str
    likeness: str
    bits: float


class Match(msgspec.Struct, frozen=True):
    """Two people who may be one. `one` is the lower number; no value of a field is kept."""

    one: PersonId
    two: PersonId
    state: MatchState
    probability: float
    evidence: tuple[Likeness, ...]
    why: str
    """Why it waits, or that it is sure."""
    seen: bytes
    """Keyed hash of what was compared."""
    found_at: Instant
    decided_at: Instant = 0
    author: str = ""
    reason: str = ""
    by: str = ""
    """`hand`, `api` or `matching`; '' while it waits."""


def trees(people: Iterable[PersonId], edges: Iterable[Merge]) -> dict[PersonId, PersonId]:
    """Return each one's survivor: the lowest number of all with whom these edges join her.

    >>> trees([1, 2, 5], [Merge(2, 5, position=9)])
    {1: 1, 2: 2, 5: 2}
    """
    into = {person: person for person in people}

    def home(person: PersonId) -> PersonId:
        while into[person] != person:
            person = into[person]
        return person

    for edge in edges:
        one, two = home(edge.survivor), home(edge.loser)
        into[max(one, two)] = min(one, two)
    return {person: home(person) for person in into}


def latest_between(edges: Sequence[Merge], one: PersonId, two: PersonId) -> Merge:
    """Return the edge that joined two people last: without it they are apart.

    The two must be joined by these edges.
    """
    around: dict[PersonId, list[tuple[PersonId, Merge]]] = defaultdict(list)
    for edge in edges:
        around[edge.survivor].append((edge.loser, edge))
        around[edge.loser].append((edge.survivor, edge))
    reached: dict[PersonId, list[Merge]] = {one: []}
    ends = [one]
    while two not in reached:
        person = ends.pop()
        for other, edge in around[person]:
            if other not in reached:
                reached[other] = [*reached[person], edge]
                ends.append(other)
    return max(reached[two], key=lambda edge: (edge.position, edge.loser, edge.survivor))


class Ties(Protocol):
    """Who is who. The methods that change something are called inside `People.transaction`."""

    def standing(self, identifiers: Iterable[Identifier]) -> Standing:
        """Return what is known of these identifiers and of everybody behind them.

        The kind `person` asks for somebody by the number she had at first.
        """

    def homes(self, people: Iterable[PersonId]) -> dict[PersonId, PersonId]:
        """Return in whom those of these people who were merged are found now."""

    def parts(self, person: PersonId) -> list[PersonId]:
        """Return all whom the standing merges make one with this person, herself among them."""

    def parts_at(self, person: PersonId, position: Position) -> list[PersonId]:
        """Return all who were one with this person when the log had come to a position."""

    def owner(self, kind: str, value: str) -> PersonId | None:
        """Return who gave this identifier first."""

    def link(self, links: Iterable[tuple[str, str, PersonId]]) -> None:
        """Keep who gave each (kind, value) first."""

    def merge(self, merges: Iterable[tuple[Merge, Identifier | None]]) -> None:
        """Keep each merge with the identifier that shows it, and find the loser in the survivor.

        Where the two were separated, they are so no longer.
        """

    def separate(self, separation: Separation) -> None:
        """Take back the latest merge between the two, and remember that they are two."""

    def share(self, sharings: Iterable[tuple[Identifier, PersonId, Position]]) -> None:
        """Keep who gave an identifier that somebody else holds."""

    def flag(self, flags: Iterable[tuple[Identifier, Flag]]) -> None:
        """Keep which identifiers say too little, from where on and why."""

    def merges(self, person: PersonId | None = None) -> list[Merge]:
        """Return every merge in order, also those taken back; or those of one person's parts."""

    def separations(self) -> list[Separation]:
        """Return the pairs that are held apart, in order."""

    def flags(self) -> list[Flag]:
        """Return the flagged identifiers, in order of position."""

    def moved(self, first: Position, end: Position) -> list[Home]:
        """Return where everybody's history is now whom a change from `first` to `end` touched."""
