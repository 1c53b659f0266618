"""Definitions in SQLite: every version of every file that an author wrote."""

from __future__ import annotations

from typing import Any

from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("definitions")


class SqliteDefinitions:
    """`ports.Definitions` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, kind: DefinitionKind, name: str, text: str, *, author: str, reason: str, now: Instant
    ) -> Definition:
        """Keep a new version when the text differs from the latest; return the latest."""
        with self._database.write() as connection:
            latest = self.get(kind, name)
            if latest is not None and latest.text == text:
                return latest
            version = latest.version + 1 if latest else 1
            row = (kind, name, version, text, author, reason, now)
            (log_end,) = connection.execute(SQL["put"], row).fetchone()
        return Definition(*row, log_end)

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        """Return one version, or the latest."""
        row = (
            self._database.current().execute(SQL["get"], (kind, name, version, version)).fetchone()
        )
        return _definition(row) if row else None

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        """Return the latest version of every name of this kind, by name."""
        return [
            _definition(row) for row in self._database.current().execute(SQL["latest"], (kind,))
        ]


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition(*row)
