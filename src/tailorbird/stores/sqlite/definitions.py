"""Definitions in SQLite: every version of every file that an author wrote."""

from __future__ import annotations

from typing import Any

from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("definitions")


class SqliteDefinitions:
    """`registries.Definitions` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, kind: DefinitionKind, name: str, text: str, *, author: str, reason: str, now: Instant
    ) -> Definition:
        """Keep a new version when the text differs from the latest; return the latest."""
        with self._database.write():
            latest = self._newest(kind, name)
            if latest is not None and latest.text == text and not latest.removed:
                return latest
            version = latest.version + 1 if latest else 1
            return self._add(Definition(kind, name, version, text, author, reason, now))

    def remove(
        self, kind: DefinitionKind, name: str, *, author: str, reason: str, now: Instant
    ) -> Definition | None:
        """Keep that a definition is no more; return what it was, None where there is none."""
        with self._database.write():
            latest = self.get(kind, name)
            if latest is not None:
                version = latest.version + 1
                self._add(Definition(kind, name, version, "", author, reason, now, removed=True))
            return latest

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        """Return one version, or the latest; None where it was removed."""
        found = self._versions(kind, name, version, 1)
        return found[0] if found and not found[0].removed else None

    def versions(self, kind: DefinitionKind, name: str, limit: int = 100) -> list[Definition]:
        """Return the versions of a name, removals among them, the newest first."""
        return self._versions(kind, name, None, limit)

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        """Return the latest version of every name of this kind that is not removed, by name."""
        return [
            _definition(row) for row in self._database.current().execute(SQL["latest"], (kind,))
        ]

    def _newest(self, kind: DefinitionKind, name: str) -> Definition | None:
        return next(iter(self._versions(kind, name, None, 1)), None)

    def _versions(
        self, kind: DefinitionKind, name: str, version: int | None, limit: int
    ) -> list[Definition]:
        asked = (kind, name, version, version, limit)
        rows = self._database.current().execute(SQL["versions"], asked)
        return [_definition(row) for row in rows]

    def _add(self, new: Definition) -> Definition:
        row = (
            new.kind, new.name, new.version, new.text, new.author, new.reason, new.created_at,
            new.removed,
        )  # fmt: skip
        (log_end,) = self._database.current().execute(SQL["put"], row).fetchone()
        return Definition(*row[:-1], log_end, new.removed)


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition(*(*row[:-1], bool(row[-1])))
