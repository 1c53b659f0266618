"""Who is in which journey, in PostgreSQL, where several machines may move people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

import msgspec

from tailorbird.enrolments import (
    LONG,
    NEVER,
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
    Way,
    ways,
)
from tailorbird.schema import Instant, PersonId
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.versions import set_up
from tailorbird.stores.statements import load

SQL = load("enrolments_postgres")
SCHEMA = load("enrolments_postgres_schema")
VERSION: Final = 1
"""Of the tables; whoever changes them adds one."""


class PostgresEnrolments:
    """`enrolments.Enrolments` on a server.

    `around` is entered before a transaction that the caller opens, and left after it: a home holds
    its own record there, so that what it writes with a move is on the disk before the move is.
    """

    def __init__(
        self,
        server: Server,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._server = server
        self._around = around
        set_up(server, "enrolments", VERSION, SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store for one transaction; durable when the block ends without an exception."""
        with self._around(), self._server.transaction():
            yield

    def enter(
        self, journey: str, version: int, entries: Sequence[Entry], now: Instant
    ) -> list[EnrolmentId]:
        """Record durably who enters, once each; return the number of each new one, 0 of others."""
        said = {each for e in entries for each in (e.step, e.outcome, e.reason, e.ended)}
        with self.transaction():
            code = self._codes({journey, *said})
            rows = [
                (
                    e.person, _text(e.key), code[e.step], e.entered_at, e.due_at, e.until_at,
                    e.cause, e.check_at, code[e.ended], e.kept.hex(), code[e.outcome],
                    code[e.reason],
                )
                for e in entries
            ]  # fmt: skip
            bound = (code[journey], version, now, _json(rows))
            return [int(number) for (number,) in self._server.rows(SQL["enter"], bound)]

    def get(self, numbers: Sequence[EnrolmentId]) -> list[Enrolment]:
        """Return enrolments by number; of those that there are not, nothing."""
        return self._read("get", _json(numbers))

    def stood(self, journey: str, people: Sequence[PersonId]) -> list[Stood]:
        """Return for each of these people and each key when she last entered a journey."""
        return [Stood(*row) for row in self._server.rows(SQL["stood"], (journey, _json(people)))]

    def of_people(self, people: Sequence[PersonId]) -> list[Enrolment]:
        """Return what these people are in now, by number."""
        return self._read("of_people", _json(people))

    def of_person(self, person: PersonId, limit: int = 1000) -> list[Enrolment]:
        """Return what somebody is and was in, the newest first."""
        return self._read("of_person", person, limit)

    def places(self) -> dict[Place, int]:
        """Return where people are now, and how many."""
        return {Place(*place): people for *place, people in self._server.rows(SQL["places"])}

    def firsts(self) -> dict[Place, Instant]:
        """Return where people are now, and when the first of them is due; cheap."""
        return {place: first for place, first in self._firsts(-1) if first is not None}

    def due(
        self, place: Place, now: Instant, limit: int, *, to_check: bool = False
    ) -> list[Enrolment]:
        """Return who is due at a place, the longest first; or those who are to be checked."""
        return self._read("due", *_place(place), now, now if to_check else NEVER, limit)

    def at(self, place: Place, after: EnrolmentId, limit: int) -> list[Enrolment]:
        """Return who is at a place, due or not, by number above `after`."""
        return self._read("at", *_place(place), after, limit)

    def next_due(self, now: Instant, but: Sequence[str] = ()) -> Instant | None:
        """Return when somebody is due after this instant, in journeys `but` not these; cheap."""
        found = [first for place, first in self._firsts(now) if place.journey not in but]
        return min((first for first in found if first is not None), default=None)

    def pass_on(
        self, place: Place, limit: int, now: Instant, *, to: str, outcome: Outcome,
        due_at: Instant, until_at: Instant, ended: str = "",
    ) -> int:  # fmt: skip
        """Move durably those whose time at a place is over to one step; return how many."""
        with self.transaction():
            code = self._codes({place.journey, place.step, to, outcome, ended})
            bound = (
                code[place.journey], place.version, code[place.step], now, limit, code[to], due_at,
                until_at, code[ended], code[outcome],
            )  # fmt: skip
            return int(self._server.rows(SQL["pass_on"], bound)[0][0])

    def move(self, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably, with a record each; return which moves were made."""
        return self._move(moves, now, 0)

    def remap(self, place: Place, version: int, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably from a place into another version of its journey; return which moved."""
        return self._move(moves, now, version)

    def _move(self, moves: Sequence[Move], now: Instant, version: int) -> list[bool]:
        if going := ways(moves):
            unmade = self._move_together(going, now, version)
            return [m.enrolment not in unmade for m in moves]
        said = {each for m in moves for each in (m.to, m.outcome, m.reason, m.ended)}
        with self.transaction():
            code = self._codes(said)
            rows = [
                (
                    m.enrolment, m.moves, code[m.to], m.due_at, m.until_at, m.check_at,
                    m.kept.hex(), code[m.ended], code[m.outcome], code[m.reason],
                )
                for m in moves
            ]  # fmt: skip
            made = self._server.rows(SQL["move"], (now, version, _json(rows)))
        return [bool(each) for (each,) in made]

    def _move_together(
        self, going: Mapping[Way, Sequence[EnrolmentId]], now: Instant, version: int
    ) -> set[EnrolmentId]:
        """Make moves, each way by one statement; return whose were not made."""
        said = {each for w in going for each in (w.to, w.outcome, w.reason, w.ended)}
        unmade: set[EnrolmentId] = set()
        with self.transaction():
            code = self._codes(said)
            for way, people in going.items():
                bound = (
                    now, version, f"{{{','.join(map(str, people))}}}", way.moves, code[way.to],
                    way.due_at, way.until_at, way.check_at, way.kept.hex(), code[way.ended],
                    code[way.outcome], code[way.reason],
                )  # fmt: skip
                made = self._server.rows(SQL["move_all"], bound)
                if len(made) < len(people):
                    unmade |= {*people} - {each for (each,) in made}
        return unmade

    def look_later(self, those: Sequence[Later]) -> None:
        """Keep when enrolments that have not moved since are to be looked at again."""
        if those:
            rows = [msgspec.structs.astuple(each) for each in those]
            self._server.run(SQL["later"], (_json(rows),))

    def rehome(self, homes: Sequence[tuple[EnrolmentId, PersonId]]) -> None:
        """Keep whose enrolments these are now; not where she has the very same one already."""
        with self.transaction():
            for home in homes:
                self._server.run(SQL["rehome"], home)

    def records(self, enrolment: EnrolmentId) -> list[StepRecord]:
        """Return every step of one enrolment, in order."""
        return [StepRecord(*row) for row in self._server.rows(SQL["records"], (enrolment,))]

    def flows(self, journey: str, after: Instant = 0) -> list[Flow]:
        """Return how many left each step after an instant, for where and why."""
        rows = self._server.rows(SQL["flows"], (journey, after))
        return [Flow(Place(journey, row[0], row[1]), *row[2:]) for row in rows]

    def passages(self, journey: str, after: Instant = 0) -> list[Passage]:
        """Return the ways of all who entered a journey after an instant, in order of entry."""
        return [Passage(*row) for row in self._server.rows(SQL["passages"], (journey, after))]

    def draws(self, journey: str, step: str) -> list[Draw]:
        """Return all draws at a split, in order of time; of step '', those that entry made."""
        return [Draw(*row) for row in self._server.rows(SQL["draws"], (journey, step))]

    def _read(self, name: str, *bound: object) -> list[Enrolment]:
        return [Enrolment(*row) for row in self._server.rows(SQL[name], bound)]

    def _firsts(self, after: Instant) -> list[tuple[Place, Instant | None]]:
        rows = self._server.rows(SQL["firsts"], (after,))
        return [(Place(*place), first) for *place, first in rows]

    def _codes(self, words: Iterable[str]) -> dict[str, int]:
        """Return the codes of words; new ones are kept in one order, so that none deadlock."""
        asked = {word: _text(word[:LONG]) for word in words}
        given = _json(sorted({*asked.values()}))
        self._server.run(SQL["keep_words"], (given,))
        found = {word: int(code) for word, code in self._server.rows(SQL["words"], (given,))}
        return {word: found[short] for word, short in asked.items()}


def _place(place: Place) -> tuple[str, int, str]:
    return place.journey, place.version, place.step


def _text(said: str) -> str:
    # A text of PostgreSQL holds no NUL.
    return said.replace("\x00", "")


def _json(values: Sequence[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()
