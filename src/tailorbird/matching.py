"""People who may be one: found by what they have in common, merged when sure, else asked about.

What is compared is personal. It is opened in memory, and nothing of it is kept: of each pair only
how alike its fields are. A decision stands in the system of record first and goes into the log
then, so that a kill between the two loses neither.
"""

from __future__ import annotations

import importlib.util
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tailorbird import profiles
from tailorbird.errors import ConflictError, UsageError
from tailorbird.profiles.changes import By
from tailorbird.profiles.matching_people import FIELDS, Crowd, crowd, values_of
from tailorbird.registries import Matches
from tailorbird.schema import DAY, HOUR, Body, Instant, PersonId, Profile
from tailorbird.ties import Likeness, Match, MatchState
from tailorbird.world import World

if TYPE_CHECKING:
    from tailorbird.profiles.matching import Found

EVERY: Final = DAY
FIRST: Final = HOUR
LIKELY: Final = 0.99
"""From this probability on it is said why a pair is not sure."""
READER: Final = "matching"
CHUNK: Final = 5_000
MOST_WAITING: Final = 10_000
"""The most probable pairs that wait for somebody at a time."""

SURE: Final = "sure"
UNSURE: Final = "unsure"
TWINS: Final = "no name in common: twins, a household, neighbours"
ACCOUNTS: Final = "together they would have too many accounts or addresses"
KIN: Final = "another of the same group stands against it"
ASKED: Final = "somebody said before that they are two; something has changed since"
Pair: TypeAlias = tuple[PersonId, PersonId]


class Run(msgspec.Struct, frozen=True):
    """What one run found."""

    people: int
    pairs: int
    """How many pairs were compared."""
    merged: int
    waiting: int


class Shown(msgspec.Struct, frozen=True):
    """A match with both people's values as they are now, in clear."""

    match: Match
    one: dict[str, str]
    two: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Who would be one if all that is sure were merged."""

    found: Found
    held: list[bool]
    groups: list[int]
    sure: set[int]
    """The pairs that make the groups."""
    many: set[int]
    """Groups that would be known by too much."""

    def is_one(self, pair: int) -> bool:
        """Return whether both would be one person."""
        one, two = self._both(pair)
        return one == two and one not in self.many

    def why(self, pair: int, before: Match | None) -> str:
        """Return why a pair waits, or that it is sure."""
        one, two = self._both(pair)
        if before:
            return ASKED
        if self.held[pair]:
            return TWINS
        if one == two and one in self.many:
            return ACCOUNTS
        if pair in self.sure:
            return SURE
        return KIN if one != two and self.found.likelihood(pair) >= LIKELY else UNSURE

    def _both(self, pair: int) -> tuple[int, int]:
        return self.groups[int(self.found.one[pair])], self.groups[int(self.found.two[pair])]


@dataclass(frozen=True, slots=True)
class Matching:
    """Finds people who may be one in one data folder, and keeps what is decided of them."""

    world: World
    now: Instant

    def run(self, *, merge: bool | None = None) -> Run:
        """Look at everybody, and return what was found.

        Sure pairs are merged if `merge`, or where it is None the setting `identity.matching`, says
        so; the next ingest does it. All others wait for somebody.

        Raises:
            UsageError: Splink is not installed.
        """
        from tailorbird.profiles import matching

        self.finish()
        unasked = self.world.settings.identity.matching == "merge" if merge is None else merge
        everybody = crowd(self._profiles(), self.world.settings.identity)
        found = matching.find(everybody.table(), FIELDS)
        matches = self._judged(everybody, found, merge=unasked)
        self.world.matches.keep(matches)
        self.finish()
        self._put_off(EVERY)
        merged = sum(match.state == "merging" for match in matches)
        return Run(len(everybody.people), len(found.weight), merged, len(matches) - merged)

    def due(self) -> bool:
        """Return whether it is time for a run, or a decision has not reached the log.

        The first run comes an hour after the first look.
        """
        if self.world.matches.page("merging", 0, 1):
            return True
        if self.world.settings.identity.matching == "off" or not available():
            return False
        due_at = self.world.log.progress(READER)
        if not due_at:
            self._put_off(FIRST)
        return bool(due_at) and self.now >= int(due_at)

    def page(self, state: MatchState | None, skip: int = 0, limit: int = 50) -> list[Match]:
        """Return matches in a state (None: in any), the most probable first."""
        return self.world.matches.page(state, skip, limit)

    def counts(self) -> dict[str, int]:
        """Return how many matches are in each state."""
        return self.world.matches.counts()

    def show(self, one: PersonId, two: PersonId) -> Shown:
        """Return a match with what both people say now.

        Raises:
            UsageError: there is none of these two.
        """
        match = self._found(one, two)
        return Shown(match, self._values(match.one), self._values(match.two))

    def accept(
        self, one: PersonId, two: PersonId, *, reason: str = "", author: str = "", by: By = "hand"
    ) -> Match:
        """Make one person of two who wait; return the match. The next ingest does it.

        Raises:
            UsageError: there is no match of these two.
            ConflictError: they do not wait.
        """
        self._decide(self._found(one, two), "merging", reason or "accepted", author, by)
        self.finish()
        return self._found(one, two)

    def reject(
        self, one: PersonId, two: PersonId, *, reason: str = "", author: str = "", by: By = "hand"
    ) -> Match:
        """Keep two who wait two, and ask no more until one of them changes; return the match.

        Raises:
            UsageError: there is no match of these two.
            ConflictError: they do not wait.
        """
        self._decide(self._found(one, two), "rejected", reason or "rejected", author, by)
        return self._found(one, two)

    def finish(self) -> int:
        """Bring every decided merge into the log that is not there yet; return how many."""
        done = 0
        while decided := self.world.matches.page("merging", 0, CHUNK):
            # The word of a match is the same whenever it is said: said twice, it counts once.
            self.world.log.append([_body(match) for match in decided])
            self.world.matches.mark_merged(decided)
            done += len(decided)
        return done

    def _put_off(self, wait: Instant) -> None:
        self.world.log.append_from(READER, [], str(self.now + wait))

    # -- one run ----------------------------------------------------------------------------------

    def _profiles(self) -> Iterator[Profile]:
        people = self.world.people
        for low in range(1, people.next_person(), CHUNK):
            found = people.profiles(list(range(low, low + CHUNK)))
            yield from (found[person] for person in sorted(found))

    def _judged(self, everybody: Crowd, found: Found, *, merge: bool) -> list[Match]:
        """Return what becomes of each pair that is probably one person."""
        from tailorbird.profiles.matching import UNSURE as LEAST

        people, rejected, separated = everybody.people, self._rejected(), self._separated()
        grouping = self._grouping(people, found, [*rejected, *separated])
        merging, waiting = [], []
        for pair in found.rows(LEAST).tolist():
            one, two = int(found.one[pair]), int(found.two[pair])
            named = (people[one], people[two])
            seen = everybody.seen(self.world.token_key, one, two)
            before = rejected.get(named)
            if named in separated or (
                before and before.state == "rejected" and before.seen == seen
            ):
                continue
            match = self._match(named, found, pair, grouping.why(pair, before), seen)
            if not (merge and grouping.is_one(pair)):
                waiting.append(_again(match, before))
            elif pair in grouping.sure:
                merging.append(self._decided(match))
            # Where it is not sure itself, others of her records make them one.
        return [*merging, *waiting[:MOST_WAITING]]

    def _grouping(self, people: list[PersonId], found: Found, apart: Iterable[Pair]) -> _Grouping:
        from tailorbird.profiles import matching

        rows = {person: row for row, person in enumerate(people)}
        foes = [(rows[one], rows[two]) for one, two in apart if one in rows and two in rows]
        grouped, joined = matching.sure_groups(found, len(rows), apart=foes)
        groups = grouped.tolist()
        many = self._too_many(people, groups)
        return _Grouping(found, found.held().tolist(), groups, set(joined), many)

    def _match(self, both: Pair, found: Found, pair: int, why: str, seen: bytes) -> Match:
        evidence = tuple(
            Likeness(field, likeness, bits)
            for field, (likeness, bits) in found.evidence(pair).items()
        )
        probability = round(found.likelihood(pair), 6)
        return Match(*both, "waiting", probability, evidence, why, seen, self.now)

    def _decided(self, match: Match) -> Match:
        return msgspec.structs.replace(
            match, state="merging", decided_at=self.now, reason="sure match", by="matching"
        )

    def _rejected(self) -> dict[Pair, Match]:
        """Return the matches of whom somebody has said that they are two, also if asked again.

        Where one of them has become another person since, they are as they are found now.
        """
        matches = self.world.matches
        said = [*_all(matches, "rejected"), *(m for m in _all(matches, "waiting") if m.decided_at)]
        homes = self._homes((match.one, match.two) for match in said)
        return {pair: match for pair, match in zip(homes, said, strict=True) if pair[0] != pair[1]}

    def _separated(self) -> set[Pair]:
        """Return the pairs whom somebody has separated, as they are found now."""
        separations = self.world.people.ties.separations()
        return set(self._homes((each.survivor, each.loser) for each in separations))

    def _homes(self, pairs: Iterable[Pair]) -> list[Pair]:
        found = []
        for pair in pairs:
            one, two = sorted(self.world.people.survivor(person) or person for person in pair)
            found.append((one, two))
        return found

    def _too_many(self, people: list[PersonId], groups: list[int]) -> set[int]:
        """Return the groups that would be known by more accounts or addresses than one may have."""
        members: dict[int, list[PersonId]] = defaultdict(list)
        for person, group in zip(people, groups, strict=True):
            members[group].append(person)
        return {
            group
            for group, several in members.items()
            if len(several) > 1 and self._is_beyond(self.world.people.claims(several))
        }

    def _is_beyond(self, claims: Mapping[PersonId, Mapping[str, int]]) -> bool:
        limits = self.world.settings.identity
        together: Counter[str] = Counter()
        for kinds in claims.values():
            together.update(kinds)
        return (
            together["user_id"] > limits.accounts_per_address
            or together["email"] > limits.addresses_per_person
        )

    # -- decisions --------------------------------------------------------------------------------

    def _values(self, person: PersonId) -> dict[str, str]:
        profile = self.world.people.profiles([person]).get(person)
        values = values_of(profile) if profile else ()
        return {name: value for name, value in zip(FIELDS, values, strict=False) if value}

    def _found(self, one: PersonId, two: PersonId) -> Match:
        found = self.world.matches.get(min(one, two), max(one, two))
        if found is None:
            raise UsageError(
                f"{one} and {two} are no match", mend="`tailorbird matches list` names them"
            )
        return found

    def _decide(self, match: Match, state: MatchState, reason: str, author: str, by: By) -> None:
        kept = self.world.matches.decide(
            match, state, at=self.now, author=author, reason=reason, by=by
        )
        if not kept:
            now = self._found(match.one, match.two).state
            raise ConflictError(
                f"{match.one} and {match.two} do not wait: they are {now}",
                mend="`tailorbird profiles merge` and `unmerge` decide about anybody",
            )


def _all(matches: Matches, state: MatchState) -> list[Match]:
    found: list[Match] = []
    while page := matches.page(state, len(found), CHUNK):
        found += page
    return found


def _again(match: Match, before: Match | None) -> Match:
    """Return a match with what was said of it before."""
    if before is None:
        return match
    return msgspec.structs.replace(
        match, decided_at=before.decided_at, author=before.author, reason=before.reason
    )


def available() -> bool:
    """Return whether Splink is installed."""
    return importlib.util.find_spec("splink") is not None


def run_due(world: World, now: Instant) -> bool:
    """Do what is due; return whether there was anything."""
    matching = Matching(world, now)
    if not matching.due():
        return False
    if not matching.finish():
        matching.run()
    return True


def _body(match: Match) -> Body:
    told = "; ".join(f"{each.field} {each.likeness} {each.bits:+.1f}" for each in match.evidence)
    by: By = "matching" if match.by == "matching" else "api" if match.by == "api" else "hand"
    return profiles.merged_body(
        match.one,
        match.two,
        reason=match.reason,
        at=match.decided_at,
        author=match.author,
        by=by,
        evidence=f"probability {match.probability:.4f}: {told}",
    )
