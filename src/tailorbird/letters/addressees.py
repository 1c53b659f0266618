"""Those to whom a batch of mails goes, read ahead a few together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tailorbird.ports import People
from tailorbird.schema import ConsentState, PersonId, Profile

FIRST_AHEAD: Final = 1
MOST_AHEAD: Final = 128


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person as she stands in the folder now, by the number under which she is found now."""

    person: PersonId
    profile: Profile | None
    consent: ConsentState | None


class Addressees:
    """Looks people up in the order in which they come.

    Whenever anybody has written to the folder, all that was read ahead is forgotten: who has gone
    by then is never found as she was. Then it reads one ahead, and twice as many each time that
    nobody has, so that little is read in vain however often somebody writes.
    """

    def __init__(self, people: People) -> None:
        self._people = people
        self._coming: Sequence[PersonId] = ()
        self._places: dict[PersonId, int] = {}
        self._known: dict[PersonId, Addressee] = {}
        self._version: tuple[int, int] | None = None
        self._ahead = FIRST_AHEAD

    def expect(self, people: Iterable[PersonId]) -> None:
        """Take note of who comes next, as numbered at first."""
        self._coming = list(dict.fromkeys(people))
        self._places = {person: place for place, person in enumerate(self._coming)}

    def find(self, person: PersonId) -> Addressee:
        """Return a person as she stands now, whoever she was merged into."""
        version = self._people.version()
        if version is None or version != self._version:
            self._known, self._ahead = {}, FIRST_AHEAD
        elif person not in self._known:
            self._ahead = min(self._ahead * 2, MOST_AHEAD)
        self._version = version
        if person not in self._known:
            self._known = self._read(self._next_after(person))
        return self._known[person]

    def _next_after(self, person: PersonId) -> Sequence[PersonId]:
        place = self._places.get(person)
        return [person] if place is None else self._coming[place : place + self._ahead]

    def _read(self, numbers: Sequence[PersonId]) -> dict[PersonId, Addressee]:
        moved = self._people.ties.homes(numbers)
        homes = {number: moved.get(number, number) for number in numbers}
        asked = list(dict.fromkeys(homes.values()))
        profiles, states = self._people.profiles(asked), self._people.consent_states(asked)
        return {
            number: Addressee(home, profiles.get(home), states.get(home))
            for number, home in homes.items()
        }
