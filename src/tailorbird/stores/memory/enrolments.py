"""Who is in which journey, in memory, with the same rules as the durable stores."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from tailorbird.enrolments import (
    LONG,
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
    """`enrolments.Enrolments` without a disk."""

    def __init__(self) -> None:
        self._all: dict[EnrolmentId, Enrolment] = {}
        self._records: dict[EnrolmentId, list[StepRecord]] = defaultdict(list)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo what the block did where it ends with an exception."""
        before = dict(self._all), {number: [*made] for number, made in self._records.items()}
        try:
            yield
        except BaseException:
            self._all, records = before
            self._records = defaultdict(list, records)
            raise

    def enter(
        self, journey: str, version: int, entries: Sequence[Entry], now: Instant
    ) -> list[EnrolmentId]:
        """Record who enters, once each; return the number of each new one, 0 of others."""
        return [self._enter(journey, version, each, now) for each in entries]

    def _enter(self, journey: str, version: int, entry: Entry, now: Instant) -> EnrolmentId:
        if self._once(entry.person, journey, entry.key, entry.cause):
            return 0
        number = len(self._all) + 1
        self._all[number] = Enrolment(
            number, journey, version, entry.person, entry.key, entry.step, entry.entered_at,
            entry.entered_at, entry.due_at, entry.until_at, entry.cause, entry.check_at, 0,
            entry.kept, entry.ended,
        )  # fmt: skip
        record = StepRecord(number, 0, "", now, entry.outcome, entry.step, entry.reason[:LONG])
        self._records[number].append(record)
        return number

    def _once(self, person: PersonId, journey: str, key: str, cause: int) -> bool:
        wanted = (person, journey, key, cause)
        return any((e.person, e.journey, e.key, e.cause) == wanted for e in self._all.values())

    def get(self, numbers: Sequence[EnrolmentId]) -> list[Enrolment]:
        """Return enrolments by number; of those that there are not, nothing."""
        return [self._all[number] for number in sorted({*numbers}) if number in self._all]

    def stood(self, journey: str, people: Sequence[PersonId]) -> list[Stood]:
        """Return for each of these people and each key when she last entered a journey."""
        latest: dict[tuple[PersonId, str], Stood] = {}
        for each in self._all.values():
            if each.journey != journey or each.person not in people:
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
        return [each for each in self._standing() if each.person in people]

    def of_person(self, person: PersonId, limit: int = 1000) -> list[Enrolment]:
        """Return what somebody is and was in, the newest first."""
        found = [each for each in self._all.values() if each.person == person]
        return found[::-1][:limit]

    def places(self) -> dict[Place, int]:
        """Return where people are now, and how many."""
        return dict(Counter(_place(each) for each in self._standing()))

    def firsts(self) -> dict[Place, Instant]:
        """Return where people are now, and when the first of them is due."""
        found: dict[Place, Instant] = {}
        for each in self._standing():
            place = _place(each)
            found[place] = min(found.get(place, each.due_at), each.due_at)
        return found

    def due(
        self, place: Place, now: Instant, limit: int, *, to_check: bool = False
    ) -> list[Enrolment]:
        """Return who is due at a place, the longest first; or those who are to be checked."""
        found = [
            each
            for each in self._standing()
            if _place(each) == place
            and each.due_at <= now
            and (each.check_at <= now or not to_check)
        ]
        return sorted(found, key=lambda each: (each.due_at, each.id))[:limit]

    def at(self, place: Place, after: EnrolmentId, limit: int) -> list[Enrolment]:
        """Return who is at a place, due or not, by number above `after`."""
        found = [e for e in self._standing() if _place(e) == place and e.id > after]
        return found[:limit]

    def next_due(self, now: Instant, but: Sequence[str] = ()) -> Instant | None:
        """Return when somebody is due after this instant, in journeys `but` not these."""
        dues = [e.due_at for e in self._standing() if e.due_at > now and e.journey not in but]
        return min(dues, default=None)

    def pass_on(
        self, place: Place, limit: int, now: Instant, *, to: str, outcome: Outcome,
        due_at: Instant, until_at: Instant, ended: str = "",
    ) -> int:  # fmt: skip
        """Move those whose time at a place is over to one step; return how many."""
        over = [
            each
            for each in self.due(place, now, len(self._all))
            if each.until_at <= now < each.check_at
        ][:limit]
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
        self._records[each.id].append(
            StepRecord(
                each.id, each.moves + 1, each.step, now, move.outcome, move.to, move.reason[:LONG]
            )
        )
        self._all[each.id] = replace(
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
        return True

    def look_later(self, those: Sequence[Later]) -> None:
        """Keep when enrolments that have not moved since are to be looked at again."""
        for later in those:
            if (each := self._as_read(later.enrolment, later.moves)) is not None:
                looked = replace(each, due_at=later.due_at, check_at=later.check_at)
                self._all[each.id] = looked

    def rehome(self, homes: Sequence[tuple[EnrolmentId, PersonId]]) -> None:
        """Keep whose enrolments these are now; not where she has the very same one already."""
        for number, person in homes:
            each = self._all.get(number)
            if each is None or each.ended:
                continue
            if not self._once(person, each.journey, each.key, each.cause):
                self._all[number] = replace(each, person=person)

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

    def _standing(self) -> list[Enrolment]:
        return [each for each in self._all.values() if not each.ended]

    def _as_read(self, number: EnrolmentId, moves: int) -> Enrolment | None:
        each = self._all.get(number)
        return each if each is not None and each.moves == moves and not each.ended else None


def _place(each: Enrolment) -> Place:
    return Place(each.journey, each.version, each.step)
