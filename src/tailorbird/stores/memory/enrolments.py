"""Who is in which journey, in memory, with the same rules as the durable stores."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from heapq import heappop, heappush
from itertools import islice

from msgspec.structs import replace

from tailorbird.enrolments import (
    LONG,
    Draw,
    Enrolment,
    EnrolmentId,
    Entry,
    Flow,
    Later,
    Move,
    Outcome,
    Passage,
    Place,
    StepRecord,
    Stood,
)
from tailorbird.schema import Instant, PersonId


class MemoryEnrolments:
    """`enrolments.Enrolments` without a disk. What a batch costs does not grow with all of them.

    Each place has a heap of (due, number); an entry counts while it says what the enrolment says.
    """

    def __init__(self) -> None:
        self._all: dict[EnrolmentId, Enrolment] = {}
        self._records: dict[EnrolmentId, list[StepRecord]] = defaultdict(list)
        self._known: set[tuple[PersonId, str, str, int]] = set()
        self._of: dict[PersonId, set[EnrolmentId]] = defaultdict(set)
        self._here: dict[Place, set[EnrolmentId]] = {}
        self._dues: dict[Place, list[tuple[Instant, EnrolmentId]]] = {}
        self._undo: dict[EnrolmentId, tuple[Enrolment | None, int]] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo what the block did where it ends with an exception."""
        if self._undo is not None:
            yield
            return
        self._undo = {}
        try:
            yield
        except BaseException:
            for number, (before, records) in reversed(self._undo.items()):
                self._take_out(self._all[number])
                del self._records[number][records:]
                if before is None:
                    del self._all[number]
                else:
                    self._put_in(before)
            raise
        finally:
            self._undo = None

    def _keep(self, each: Enrolment) -> None:
        """Have an enrolment be so from now on, wherever it is looked up."""
        before = self._all.get(each.id)
        if self._undo is not None:
            self._undo.setdefault(each.id, (before, len(self._records[each.id])))
        if before is not None:
            self._take_out(before)
        self._put_in(each)

    def _put_in(self, each: Enrolment) -> None:
        self._all[each.id] = each
        self._known.add(_cause(each))
        self._of[each.person].add(each.id)
        if not each.ended:
            place = _place(each)
            self._here.setdefault(place, set()).add(each.id)
            heappush(self._dues.setdefault(place, []), (each.due_at, each.id))

    def _take_out(self, each: Enrolment) -> None:
        self._known.discard(_cause(each))
        self._of[each.person].discard(each.id)
        place = _place(each)
        if each.ended:
            return
        self._here[place].discard(each.id)
        if not self._here[place]:
            del self._here[place], self._dues[place]

    def enter(
        self, journey: str, version: int, entries: Sequence[Entry], now: Instant
    ) -> list[EnrolmentId]:
        """Record who enters, once each; return the number of each new one, 0 of others."""
        return [self._enter(journey, version, each, now) for each in entries]

    def _enter(self, journey: str, version: int, entry: Entry, now: Instant) -> EnrolmentId:
        if self._once(entry.person, journey, entry.key, entry.cause):
            return 0
        number = len(self._all) + 1
        made = Enrolment(
            number, journey, version, entry.person, entry.key, entry.step, entry.entered_at,
            entry.entered_at, entry.due_at, entry.until_at, entry.cause, entry.check_at, 0,
            entry.kept, entry.ended,
        )  # fmt: skip
        self._keep(made)
        record = StepRecord(number, 0, "", now, entry.outcome, entry.step, entry.reason[:LONG])
        self._records[number].append(record)
        return number

    def _once(self, person: PersonId, journey: str, key: str, cause: int) -> bool:
        return (person, journey, key, cause) in self._known

    def get(self, numbers: Sequence[EnrolmentId]) -> list[Enrolment]:
        """Return enrolments by number; of those that there are not, nothing."""
        return [self._all[number] for number in sorted({*numbers}) if number in self._all]

    def stood(self, journey: str, people: Sequence[PersonId]) -> list[Stood]:
        """Return for each of these people and each key when she last entered a journey."""
        latest: dict[tuple[PersonId, str], Stood] = {}
        for each in self._belonging(people):
            if each.journey != journey:
                continue
            place = (each.person, each.key)
            before = latest.get(place)
            under_way = max(before.enrolment if before else 0, 0 if each.ended else each.id)
            if before is None or each.entered_at > before.entered_at:
                before = Stood(each.person, each.key, each.entered_at, each.cause, 0)
            latest[place] = replace(before, enrolment=under_way)
        return list(latest.values())

    def of_people(self, people: Sequence[PersonId]) -> list[Enrolment]:
        """Return what these people are in now, by number."""
        return [each for each in self._belonging(people) if not each.ended]

    def of_person(self, person: PersonId, limit: int = 1000) -> list[Enrolment]:
        """Return what somebody is and was in, the newest first."""
        return self._belonging([person])[::-1][:limit]

    def places(self) -> dict[Place, int]:
        """Return where people are now, and how many."""
        return {place: len(numbers) for place, numbers in self._here.items()}

    def firsts(self) -> dict[Place, Instant]:
        """Return where people are now, and when the first of them is due."""
        return {place: self._first(place) for place in self._here}

    def due(
        self, place: Place, now: Instant, limit: int, *, to_check: bool = False
    ) -> list[Enrolment]:
        """Return who is due at a place, the longest first; or those who are to be checked."""
        with closing(self._due(place, now)) as dues:
            wanted = (each for each in dues if each.check_at <= now or not to_check)
            return [*islice(wanted, limit)]

    def at(self, place: Place, after: EnrolmentId, limit: int) -> list[Enrolment]:
        """Return who is at a place, due or not, by number above `after`."""
        above = sorted(number for number in self._here.get(place, ()) if number > after)
        return [self._all[number] for number in above[:limit]]

    def next_due(self, now: Instant, but: Sequence[str] = ()) -> Instant | None:
        """Return when somebody is due after this instant, in journeys `but` not these."""
        places = [place for place in self._here if place.journey not in but]
        return min((at for each in places if (at := self._next(each, now))), default=None)

    def pass_on(
        self, place: Place, limit: int, now: Instant, *, to: str, outcome: Outcome,
        due_at: Instant, until_at: Instant, ended: str = "",
    ) -> int:  # fmt: skip
        """Move those whose time at a place is over to one step; return how many."""
        with closing(self._due(place, now)) as due:
            over = [*islice((e for e in due if e.until_at <= now < e.check_at), limit)]
        moves = [
            Move(
                e.id, e.moves, to, outcome, "", min(due_at, e.check_at), until_at, e.check_at,
                e.kept, ended,
            )
            for e in over
        ]  # fmt: skip
        return sum(self.move(moves, now))

    def move(self, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move, with a record each; return which moves were made."""
        return [self._move(each, now) for each in moves]

    def _move(self, move: Move, now: Instant, version: int = 0) -> bool:
        each = self._as_read(move.enrolment, move.moves)
        if each is None:
            return False
        self._keep(
            replace(
                each,
                step=move.to,
                since=each.since if version else now,
                due_at=move.due_at,
                until_at=move.until_at,
                check_at=move.check_at,
                kept=move.kept,
                ended=move.ended,
                moves=each.moves + 1,
                version=version or each.version,
            )
        )
        self._records[each.id].append(
            StepRecord(
                each.id, each.moves + 1, each.step, now, move.outcome, move.to, move.reason[:LONG]
            )
        )
        return True

    def look_later(self, those: Sequence[Later]) -> None:
        """Keep when enrolments that have not moved since are to be looked at again."""
        for later in those:
            if (each := self._as_read(later.enrolment, later.moves)) is not None:
                self._keep(replace(each, due_at=later.due_at, check_at=later.check_at))

    def rehome(self, homes: Sequence[tuple[EnrolmentId, PersonId]]) -> None:
        """Keep whose enrolments these are now; not where she has the very same one already."""
        for number, person in homes:
            each = self._all.get(number)
            if each is None or each.ended:
                continue
            if not self._once(person, each.journey, each.key, each.cause):
                self._keep(replace(each, person=person))

    def remap(self, place: Place, version: int, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move from a place into another version of its journey; return which moved."""
        return [self._move(each, now, version) for each in moves]

    def records(self, enrolment: EnrolmentId) -> list[StepRecord]:
        """Return every step of one enrolment, in order."""
        return [*self._records.get(enrolment, [])]

    def flows(self, journey: str, after: Instant = 0) -> list[Flow]:
        """Return how many left each step after an instant, for where and why."""
        counts = Counter(
            (Place(journey, each.version, r.step), r.outcome, r.to, r.reason)
            for each in self._all.values()
            if each.journey == journey
            for r in self._records[each.id]
            if r.at > after
        )
        return [Flow(*key, people) for key, people in counts.items()]

    def passages(self, journey: str, after: Instant = 0) -> list[Passage]:
        """Return the ways of all who entered a journey after an instant, in order of entry."""
        found = []
        for each in self._all.values():
            if each.journey == journey and each.entered_at > after:
                last = self._records[each.id][-1]
                step = last.step if each.ended else each.step
                way = (step, last.outcome, last.reason, each.ended)
                found.append(Passage(each.person, each.entered_at, *way))
        return found

    def draws(self, journey: str, step: str) -> list[Draw]:
        """Return all draws at a split, in order of time; of step '', those that entry made."""
        found = [
            (r.at, each.id, r.number,
             Draw(each.person, each.version, each.entered_at, r.at, r.outcome, r.reason))
            for each in self._all.values()
            if each.journey == journey
            for r in self._records[each.id]
            if (not r.number and r.outcome in ("entered", "holdout") and not step)
            or (step and r.step == step and r.outcome == "drew")
        ]  # fmt: skip
        return [draw for *_, draw in sorted(found, key=lambda each: each[:3])]

    def _belonging(self, people: Sequence[PersonId]) -> list[Enrolment]:
        """Return the enrolments of people, ended ones too, by number."""
        numbers = [n for person in {*people} for n in self._of.get(person, ())]
        return [self._all[number] for number in sorted(numbers)]

    def _counts(self, place: Place, due_at: Instant, number: EnrolmentId) -> bool:
        """Return whether an entry of a heap still says what its enrolment says."""
        return number in self._here[place] and self._all[number].due_at == due_at

    def _first(self, place: Place) -> Instant:
        """Return when the first at a place is due; somebody is there."""
        heap = self._dues[place]
        while not self._counts(place, *heap[0]):
            heappop(heap)
        return heap[0][0]

    def _due(self, place: Place, now: Instant) -> Generator[Enrolment]:
        """Yield who is due at a place, the longest first; nothing moves until the end of it."""
        heap = self._dues.get(place, [])
        taken: list[tuple[Instant, EnrolmentId]] = []
        try:
            while heap and heap[0][0] <= now:
                entry = heappop(heap)
                if self._counts(place, *entry) and entry not in taken[-1:]:
                    taken.append(entry)
                    yield self._all[entry[1]]
        finally:
            for entry in taken:
                heappush(heap, entry)

    def _next(self, place: Place, now: Instant) -> Instant | None:
        """Return when somebody at a place is due after this instant."""
        if (first := self._first(place)) > now:
            return first
        dues = (self._all[number].due_at for number in self._here[place])
        return min((at for at in dues if at > now), default=None)

    def _as_read(self, number: EnrolmentId, moves: int) -> Enrolment | None:
        each = self._all.get(number)
        return each if each is not None and each.moves == moves and not each.ended else None


def _cause(each: Enrolment) -> tuple[PersonId, str, str, int]:
    return each.person, each.journey, each.key, each.cause


def _place(each: Enrolment) -> Place:
    return Place(each.journey, each.version, each.step)
