"""Who entered and left segments, in SQLite: the record of what was seen, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import astuple

from tailorbird.access import Change
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("changes")


class SqliteChanges:
    """`registries.Changes` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, changes: Sequence[Change]) -> None:
        """Keep changes durably and together; one of a sequence that is there already is known."""
        with self._database.write() as connection:
            connection.executemany(SQL["keep"], [astuple(change) for change in changes])

    def last(self) -> int:
        """Return the sequence of the last change, 0 before the first."""
        return int(self._database.current().execute(SQL["last"]).fetchone()[0])

    def after(self, sequence: int, limit: int) -> list[Change]:
        """Return up to `limit` changes above a sequence, in order."""
        rows = self._database.current().execute(SQL["after"], (sequence, limit))
        return [_change(*row) for row in rows]

    def seen_before(self, at: Instant) -> int:
        """Return the sequence of the last change that was seen before an instant, 0 for none."""
        return int(self._database.current().execute(SQL["seen_before"], (at,)).fetchone()[0])

    def drop(self, sequences: Sequence[int]) -> None:
        """Forget these changes."""
        with self._database.write() as connection:
            connection.executemany(SQL["drop"], ((sequence,) for sequence in sequences))


def _change(segment: str, person: int, at: int, entered: int, *rest: Any) -> Change:
    return Change(segment, person, at, bool(entered), *rest)
