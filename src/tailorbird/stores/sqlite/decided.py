"""How decisions lie in SQLite: some 60 bytes each, and what they were made from packed beside them.

A decision's id follows from its campaign, person and occurrence; only where it does not is it kept.
A *run* is what was recorded together of one campaign, a *ground* a verdict with its reason, variant
and probability. The view `decisions` puts it all together again. `tag` is the beginning of an id:
by it one is found.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from tailorbird.ids import decision_id
from tailorbird.schema import Decision, Instant
from tailorbird.stores.sqlite import given
from tailorbird.stores.statements import load

SQL = load("decided")
PACKS_KEPT: Final = 8
PARTS_KEPT: Final = 20_000


def tag_of(decision: bytes) -> int:
    """Return the number under which a decision's id is looked for; few share one."""
    return int.from_bytes(decision[:4].ljust(4, b"\0"), "big", signed=True)


class Connection(sqlite3.Connection):
    """A connection that can be referred to weakly."""


def install(connection: Connection) -> Given:
    """Give a connection the functions that the view `decisions` asks; return what it remembers."""
    found = Given(connection)
    connection.create_function("tag_of", 1, tag_of, deterministic=True)
    connection.create_function("id_of", 3, decision_id, deterministic=True)
    connection.create_function("given_of", 1, found.of)
    connection.create_aggregate("packed", 2, _Packing)  # type: ignore[arg-type] # of a pair
    return found


class Given:
    """What decisions were made from, the latest packs kept as they were read."""

    def __init__(self, connection: Connection) -> None:
        # The connection holds this by its functions, where no collector sees the circle: were it
        # held in turn, the connection of a thread that has ended would stay open for ever.
        self._held = weakref.ref(connection)
        self._packs: dict[int, given.Pack] = {}
        self._parts: dict[int, bytes] = {}

    def of(self, sequence: int) -> bytes:
        """Return the row of one decision."""
        (first,) = self._one("pack_of", sequence)
        if first is None:
            return given.NOTHING
        if first not in self._packs:
            while len(self._packs) >= PACKS_KEPT:
                self._packs.pop(next(iter(self._packs)))
            (content,) = self._one("pack", first)
            self._packs[first] = given.Pack(content, self._part)
        pack = self._packs[first]
        return pack.row(sequence - first) if sequence - first < len(pack) else given.NOTHING

    def forget(self) -> None:
        """Forget what was read; a transaction that was rolled back may have written it."""
        self._packs.clear()
        self._parts.clear()

    def _part(self, number: int) -> bytes:
        if number not in self._parts:
            if len(self._parts) >= PARTS_KEPT:
                self._parts.clear()
            (content,) = self._one("part", number)
            self._parts[number] = content
        return self._parts[number]

    def _one(self, statement: str, number: int) -> Sequence[Any]:
        connection = self._held()
        if connection is None:
            raise sqlite3.ProgrammingError("the connection is closed")
        found: Sequence[Any] = connection.execute(SQL[statement], (number,)).fetchone()
        return found


class _Packing:
    """Packs the rows of a group; used once, to bring older files up to date."""

    def __init__(self) -> None:
        self._rows: dict[int, bytes] = {}

    def step(self, sequence: int, row: bytes) -> None:
        """Take one row."""
        self._rows[sequence] = row

    def finalize(self) -> bytes:
        """Return the pack, a row for every sequence from the first to the last."""
        first, last = min(self._rows), max(self._rows)
        return given.pack([self._rows.get(n, given.NOTHING) for n in range(first, last + 1)])


# -- recording ------------------------------------------------------------------------------------


def sequence_of(connection: sqlite3.Connection, decision: bytes) -> int:
    """Return where a decision stands, 0 where there is none of this id."""
    row = connection.execute(SQL["sequence_of"], (decision,)).fetchone()
    return int(row[0]) if row else 0


def record(
    connection: sqlite3.Connection, decisions: Sequence[Decision], due: Mapping[bytes, Instant]
) -> int:
    """Add the decisions that are not there yet, with the sends that they cause; say how many."""
    (last,) = connection.execute(SQL["last"]).fetchone()
    fresh: dict[bytes, Decision] = {}
    for made in decisions:
        fresh.setdefault(made.id, made)
    new = [made for made in fresh.values() if not sequence_of(connection, made.id)]
    rows = list(enumerate(new, last + 1))
    grounds = {key: _ground(connection, key) for key in {_key(made) for made in new}}
    for _, run in groupby(rows, key=lambda row: _shared(row[1])):
        _add_run(connection, list(run))
    connection.executemany(
        SQL["add"],
        ((n, d.person, tag_of(d.id), grounds[_key(d)], d.receipt) for n, d in rows),
    )
    for start in range(0, len(rows), given.AT_ONCE):
        _add_pack(connection, rows[start : start + given.AT_ONCE])
    connection.executemany(
        SQL["enqueue"],
        ((n, d.campaign, due.get(d.id, d.at)) for n, d in rows if d.verdict == "send"),
    )
    return len(new)


_Shared = tuple[str, int, Instant]
_Key = tuple[str, str, str, float, bool]


def _shared(made: Decision) -> _Shared:
    return made.campaign, made.campaign_version, made.at


def _key(made: Decision) -> _Key:
    says = made.inputs != given.NOTHING
    return made.verdict, made.reason, made.variant, made.probability, says


def _add_run(connection: sqlite3.Connection, run: Sequence[tuple[int, Decision]]) -> None:
    (first, made), (last, _) = run[0], run[-1]
    occurrence = made.occurrence
    connection.execute(SQL["add_run"], (first, last, *_shared(made), occurrence))
    odd = (
        (n, None if d.id == decision_id(d.campaign, d.person, d.occurrence) else d.id,
         None if d.occurrence == occurrence else d.occurrence)
        for n, d in run
    )  # fmt: skip
    connection.executemany(SQL["add_odd"], (row for row in odd if row[1:] != (None, None)))


def _ground(connection: sqlite3.Connection, key: _Key) -> int:
    connection.execute(SQL["add_ground"], key)
    (number,) = connection.execute(SQL["ground"], key).fetchone()
    return int(number)


def _add_pack(connection: sqlite3.Connection, rows: Sequence[tuple[int, Decision]]) -> None:
    if all(made.inputs == given.NOTHING for _, made in rows):
        return

    def numbers(parts: Iterable[bytes]) -> dict[bytes, int]:
        found = {}
        for part in parts:
            connection.execute(SQL["add_part"], (part,))
            (found[part],) = connection.execute(SQL["part_number"], (part,)).fetchone()
        return found

    content = given.pack([made.inputs for _, made in rows], numbers)
    connection.execute(SQL["add_pack"], (rows[0][0], content))
