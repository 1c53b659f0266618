"""Keys in SQLite, and the answers that an Idempotency-Key gets again."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.access import Key
from tailorbird.schema import DAY, Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("keys")
KEPT = DAY
"""How long an answer is kept."""


class SqliteKeys:
    """`registries.Keys` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Key]:
        """Return every key, ended ones too, by name and then by age."""
        return [_key(row) for row in self._database.current().execute(SQL["all"])]

    def add(self, key: Key) -> None:
        """Keep a key durably."""
        with self._database.write() as connection:
            _add(connection, key)

    def end(self, name: str, at: Instant) -> int:
        """End the keys of this name at an instant, unless they end before; return how many."""
        with self._database.write() as connection:
            return int(connection.execute(SQL["end"], (name, at)).rowcount)

    def replace(self, key: Key, old_until: Instant) -> None:
        """End the other keys of this name at an instant and keep the new one, together."""
        with self._database.write() as connection:
            connection.execute(SQL["end"], (key.name, old_until))
            _add(connection, key)

    def answer(self, key: bytes, now: Instant) -> tuple[bytes, int, bytes, bytes] | None:
        """Return (fingerprint, status, headers, content) of what was answered within a day."""
        row = self._database.current().execute(SQL["answer"], (key, now - KEPT)).fetchone()
        return (row[0], row[1], row[2].encode(), row[3]) if row else None

    def keep_answer(
        self,
        key: bytes,
        fingerprint: bytes,
        answer: tuple[int, bytes, bytes],
        now: Instant,
    ) -> None:
        """Keep (status, headers, content) durably for a day, and forget older answers."""
        status, headers, content = answer
        with self._database.write() as connection:
            connection.execute(SQL["forget_answers"], (now - KEPT,))
            row = (key, fingerprint, status, headers.decode(), content, now)
            connection.execute(SQL["keep_answer"], row)


def _add(connection: Any, key: Key) -> None:
    connection.execute(
        SQL["add"],
        (
            key.digest, key.name, key.kind, key.shown, _json(key.scopes), _json(key.origins),
            key.rate, key.address_rate, key.created_at, key.ends_at,
        ),
    )  # fmt: skip


def _key(row: tuple[Any, ...]) -> Key:
    name, kind, shown, digest, scopes, origins, *rest = row
    return Key(name, kind, shown, digest, _names(scopes), _names(origins), *rest)


def _json(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _names(text: str) -> Any:
    return tuple(msgspec.json.decode(text, type=tuple[str, ...]))
