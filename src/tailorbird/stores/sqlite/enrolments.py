"""Who is in which journey, in SQLite: enrolments that move, and steps that are only added."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

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
    Way,
    ways,
)
from tailorbird.schema import Instant, PersonId
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("enrolments")
ALWAYS: Final = 2**63 - 1
_MOVES: Final = """
CREATE TEMP TABLE IF NOT EXISTS moves (
    id INTEGER PRIMARY KEY, moves INTEGER, step INTEGER, due_at INTEGER, until_at INTEGER,
    check_at INTEGER, kept BLOB, ended INTEGER, outcome INTEGER, reason INTEGER, version INTEGER)
"""
_MOVING: Final = "CREATE TEMP TABLE IF NOT EXISTS moving (id INTEGER PRIMARY KEY)"


class SqliteEnrolments:
    """`enrolments.Enrolments` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractContextManager[object]:
        """Hold the store for one transaction; durable when the block ends without an exception."""
        return self._database.write()

    def enter(
        self, journey: str, version: int, entries: Sequence[Entry], now: Instant
    ) -> list[EnrolmentId]:
        """Record durably who enters, once each; return the number of each new one, 0 of others."""
        said = {each for e in entries for each in (e.step, e.outcome, e.reason, e.ended)}
        with self._database.write() as connection:
            code = _codes(connection, {journey, *said})
            return [_enter(connection, code, journey, version, each, now) for each in entries]

    def get(self, numbers: Sequence[EnrolmentId]) -> list[Enrolment]:
        """Return enrolments by number; of those that there are not, nothing."""
        return self._read("get", (_json(numbers),))

    def stood(self, journey: str, people: Sequence[PersonId]) -> list[Stood]:
        """Return for each of these people and each key when she last entered a journey."""
        bound = {"journey": journey, "people": _json(sorted({*people}))}
        return [Stood(*row) for row in self._database.current().execute(SQL["stood"], bound)]

    def of_people(self, people: Sequence[PersonId]) -> list[Enrolment]:
        """Return what these people are in now, by number."""
        return self._read("of_people", (_json(sorted({*people})),))

    def of_person(self, person: PersonId, limit: int = 1000) -> list[Enrolment]:
        """Return what somebody is and was in, the newest first."""
        return self._read("of_person", (person, limit))

    def places(self) -> dict[Place, int]:
        """Return where people are now, and how many."""
        rows = self._database.current().execute(SQL["places"])
        return {Place(*place): people for *place, people in rows}

    def firsts(self) -> dict[Place, Instant]:
        """Return where people are now, and when the first of them is due; cheap."""
        return {place: first for place, first in self._firsts(-1) if first is not None}

    def due(
        self, place: Place, now: Instant, limit: int, *, to_check: bool = False
    ) -> list[Enrolment]:
        """Return who is due at a place, the longest first; or those who are to be checked."""
        bound = {"now": now, "limit": limit, "checked_at": now if to_check else ALWAYS}
        return self._read("due", msgspec.structs.asdict(place) | bound)

    def at(self, place: Place, after: EnrolmentId, limit: int) -> list[Enrolment]:
        """Return who is at a place, due or not, by number above `after`."""
        return self._read("at", msgspec.structs.asdict(place) | {"after": after, "limit": limit})

    def next_due(self, now: Instant, but: Sequence[str] = ()) -> Instant | None:
        """Return when somebody is due after this instant, in journeys `but` not these; cheap."""
        found = [first for place, first in self._firsts(now) if place.journey not in but]
        return min((first for first in found if first is not None), default=None)

    def pass_on(
        self, place: Place, limit: int, now: Instant, *, to: str, outcome: Outcome,
        due_at: Instant, until_at: Instant, ended: str = "",
    ) -> int:  # fmt: skip
        """Move durably those whose time at a place is over to one step; return how many."""
        with self._database.write() as connection:
            code = _codes(connection, {place.journey, place.step, to, outcome, ended})
            bound = {
                "journey": code[place.journey], "version": place.version, "now": now,
                "step": code[place.step], "limit": limit, "to": code[to], "due_at": due_at,
                "until_at": until_at, "outcome": code[outcome], "ended": code[ended],
                "reason": 0,
            }  # fmt: skip
            connection.execute(_MOVING)
            connection.execute("DELETE FROM temp.moving")
            connection.execute(SQL["choose"], bound)
            connection.execute(SQL["note_all"], bound)
            return connection.execute(SQL["pass_on"], bound).rowcount

    def move(self, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably, with a record each; return which moves were made."""
        with self._database.write() as connection:
            return _moved(connection, moves, now)

    def remap(self, place: Place, version: int, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably from a place into another version of its journey; return which moved."""
        with self._database.write() as connection:
            return _moved(connection, moves, now, version)

    def look_later(self, those: Sequence[Later]) -> None:
        """Keep when enrolments that have not moved since are to be looked at again."""
        with self._database.write() as connection:
            connection.executemany(SQL["later"], map(msgspec.structs.astuple, those))

    def rehome(self, homes: Sequence[tuple[EnrolmentId, PersonId]]) -> None:
        """Keep whose enrolments these are now; not where she has the very same one already."""
        with self._database.write() as connection:
            connection.executemany(SQL["rehome"], homes)

    def records(self, enrolment: EnrolmentId) -> list[StepRecord]:
        """Return every step of one enrolment, in order."""
        rows = self._database.current().execute(SQL["records"], (enrolment,))
        return [StepRecord(*row) for row in rows]

    def flows(self, journey: str, after: Instant = 0) -> list[Flow]:
        """Return how many left each step after an instant, for where and why."""
        bound = {"journey": journey, "after": after}
        rows = self._database.current().execute(SQL["flows"], bound)
        return [Flow(Place(journey, *at), *rest) for *at, rest in map(_parted, rows)]

    def passages(self, journey: str, after: Instant = 0) -> list[Passage]:
        """Return the ways of all who entered a journey after an instant, in order of entry."""
        rows = self._database.current().execute(SQL["passages"], (journey, after))
        return [Passage(*row) for row in rows]

    def draws(self, journey: str, step: str) -> list[Draw]:
        """Return all draws at a split, in order of time; of step '', those that entry made."""
        bound = {"journey": journey, "step": step}
        return [Draw(*row) for row in self._database.current().execute(SQL["draws"], bound)]

    def _read(self, name: str, bound: Any) -> list[Enrolment]:
        return [Enrolment(*row) for row in self._database.current().execute(SQL[name], bound)]

    def _firsts(self, after: Instant) -> list[tuple[Place, Instant | None]]:
        rows = self._database.current().execute(SQL["firsts"], {"after": after})
        return [(Place(*place), first) for *place, first in rows]


def _parted(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:2], row[2:])


def _codes(connection: sqlite3.Connection, words: Iterable[str]) -> dict[str, int]:
    """Return the codes of words, new ones kept; a code is not remembered beyond its transaction."""
    asked = {word: word[:LONG] for word in words}
    connection.executemany(SQL["keep_word"], ((word,) for word in asked.values()))
    found = dict(connection.execute(SQL["words"], (_json([*asked.values()]),)).fetchall())
    return {word: found[short] for word, short in asked.items()}


def _enter(
    connection: sqlite3.Connection,
    code: dict[str, int],
    journey: str,
    version: int,
    entry: Entry,
    now: Instant,
) -> EnrolmentId:
    """Return the number of who enters, 0 where she has entered by the same cause."""
    row = (
        code[journey], version, entry.person, entry.key, code[entry.step],
        entry.entered_at, entry.entered_at, entry.due_at, entry.until_at, entry.cause,
        entry.check_at, code[entry.ended], entry.kept,
    )  # fmt: skip
    entered = connection.execute(SQL["enter"], row)
    if not entered.rowcount:
        return 0
    number = int(entered.lastrowid or 0)
    noted = (number, now, code[entry.outcome], code[entry.step], code[entry.reason])
    connection.execute(SQL["note_entry"], noted)
    return number


def _moved(
    connection: sqlite3.Connection, moves: Sequence[Move], now: Instant, version: int = 0
) -> list[bool]:
    """Make moves, all at once; return which were made."""
    if not moves:
        return []
    if going := ways(moves):
        unmade = _moved_together(connection, going, now, version)
        return [m.enrolment not in unmade for m in moves]
    return _moved_each(connection, moves, now, version)


def _moved_together(
    connection: sqlite3.Connection,
    going: Mapping[Way, Sequence[EnrolmentId]],
    now: Instant,
    version: int,
) -> set[EnrolmentId]:
    """Make moves, each way by one statement; return whose were not made."""
    code = _codes(connection, {each for way in going for each in _words(way)})
    connection.execute(_MOVING)
    unmade: set[EnrolmentId] = set()
    for way, people in going.items():
        bound = way._asdict() | {"people": _json(people), "now": now, "version": version} | {
            name: code[word]
            for name, word in zip(("to", "outcome", "reason", "ended"), _words(way), strict=True)
        }  # fmt: skip
        connection.execute("DELETE FROM temp.moving")
        connection.execute(SQL["choose_some"], bound)
        connection.execute(SQL["note_all"], bound)
        if connection.execute(SQL["move_all"], bound).rowcount < len(people):
            unmade |= {*people} - {each for (each,) in connection.execute(SQL["chosen"])}
    return unmade


def _moved_each(
    connection: sqlite3.Connection, moves: Sequence[Move], now: Instant, version: int
) -> list[bool]:
    """Make moves that have little in common; return which were made."""
    code = _codes(connection, {each for m in moves for each in _words(m)})
    connection.execute(_MOVES)
    connection.execute("DELETE FROM temp.moves")
    rows = (
        (
            m.enrolment, m.moves, code[m.to], m.due_at, m.until_at, m.check_at, m.kept,
            code[m.ended], code[m.outcome], code[m.reason], version,
        )
        for m in moves
    )  # fmt: skip
    connection.executemany(SQL["moves"], rows)
    noted = connection.execute(SQL["note_moves"], {"now": now}).rowcount
    unmade: set[EnrolmentId] = set()
    if noted < len(moves):
        unmade = {each for (each,) in connection.execute(SQL["unmade"])}
    connection.execute(SQL["move"], {"now": now})
    return [m.enrolment not in unmade for m in moves]


def _words(move: Move | Way) -> tuple[str, ...]:
    return move.to, move.outcome, move.reason, move.ended


def _json(values: Sequence[int] | Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
