"""Definitions as a machine that only sends sees them: read from the address book of a home."""

from __future__ import annotations

from tailorbird.schema import Definition, DefinitionKind
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.statements import load

SQL = load("book_postgres")


class PostgresDefinitions:
    """The part of `registries.Definitions` that only reads, over the book of a home."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        """Return one version, or the latest; None where it was removed."""
        found = self._versions(kind, name, version or 0, 1)
        return found[0] if found and not found[0].removed else None

    def versions(self, kind: DefinitionKind, name: str, limit: int = 100) -> list[Definition]:
        """Return the versions of a name, removals among them, the newest first."""
        return self._versions(kind, name, 0, limit)

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        """Return the latest version of every name of this kind that is not removed, by name."""
        return [Definition(*row) for row in self._server.rows(SQL["latest"], (kind,))]

    def _versions(
        self, kind: DefinitionKind, name: str, version: int, limit: int
    ) -> list[Definition]:
        bound = (kind, name, version, limit)
        return [Definition(*row) for row in self._server.rows(SQL["versions"], bound)]
