"""Definitions in SQLite: every version of every file that an author wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tailorbird.edits import MADE_BY_MACHINES, Edit, EditSet, How, KeptEdit, Key
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

    def standing(self) -> dict[Key, int]:
        """Return the last version of all that authors wrote, also of what was removed."""
        return self._versions_by_key("standing")

    def put_together(
        self,
        edits: Sequence[Edit],
        standing: Mapping[Key, int] | None,
        *,
        how: How,
        author: str,
        reason: str,
        now: Instant,
    ) -> EditSet | None:
        """Keep these edits as one, all or none; a text that is in force already adds no version.

        None, and nothing is kept, where the definitions do not stand any more as in `standing`.
        """
        with self._database.write() as connection:
            if standing is not None and self.standing() != dict(standing):
                return None
            given = (how, now, author, reason)
            (number,) = connection.execute(SQL["put_set"], given).fetchone()
            kept = [self._edit(edit, author=author, reason=reason, now=now) for edit in edits]
            rows = [(number, each.kind, each.name, each.before, each.version) for each in kept]
            connection.executemany(SQL["put_edit"], rows)
        return EditSet(number, how, now, author, reason, tuple(kept))

    def edit_sets(self, limit: int = 100, number: int | None = None) -> list[EditSet]:
        """Return what was kept together, the latest first; or the one of a number."""
        connection = self._database.current()
        rows = connection.execute(SQL["sets"], (number, number, limit)).fetchall()
        found = []
        for one, how, at, author, reason in rows:
            edits = tuple(KeptEdit(*each) for each in connection.execute(SQL["edits"], (one,)))
            found.append(EditSet(one, how, at, author, reason, edits))
        return found

    def bases(self) -> dict[Key, int]:
        """Return the last version of each definition that was put or pulled together."""
        return self._versions_by_key("bases")

    def _edit(self, edit: Edit, *, author: str, reason: str, now: Instant) -> KeptEdit:
        said: dict[str, Any] = {"author": author, "reason": reason, "now": now}
        before = self._newest(*edit.key)
        version = before.version if before else 0
        if edit.text is not None:
            version = self.put(*edit.key, edit.text, **said).version
        elif before is not None and self.remove(*edit.key, **said):
            version += 1
        return KeptEdit(*edit.key, before.version if before else 0, version)

    def _versions_by_key(self, statement: str) -> dict[Key, int]:
        rows = self._database.current().execute(SQL[statement])
        return {(kind, name): v for kind, name, v in rows if kind not in MADE_BY_MACHINES}

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
