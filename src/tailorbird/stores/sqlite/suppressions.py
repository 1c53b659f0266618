"""Suppressions in SQLite: every word that was said of an address, and the one that stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tailorbird.privacy.vault import Vault
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load
from tailorbird.suppression_words import MailPurpose, SuppressionReason, SuppressionWord

SQL = load("suppressions")


class SqliteSuppressions:
    """`ports.Suppressions` over one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def key(self, address: str) -> bytes:
        """Return the 16 bytes that stand for an address, in whatever case it is written."""
        return self._vault.blind("email", address)

    def say(self, words: Iterable[SuppressionWord]) -> int:
        """Record durably what was not said before; return how many of the words were new."""
        new = 0
        with self._database.write() as connection:
            for word in words:
                bound = msgspec.structs.asdict(word) | {"id": word.id}
                cursor = connection.execute(SQL["say"], bound)
                if cursor.rowcount:
                    new += 1
                    connection.execute(SQL["keep"], bound | {"word": cursor.lastrowid})
        return new

    def barred(
        self, keys: Sequence[bytes], purpose: MailPurpose = "email_marketing"
    ) -> dict[bytes, SuppressionReason]:
        """Return why addresses get no mail of this purpose; who may be written to is absent."""
        connection = self._database.current()
        asked = ((key, connection.execute(SQL["barred"], (key, purpose))) for key in keys)
        return {key: why for key, rows in asked if (why := rows.fetchone()[0])}

    def standing(
        self, *, after: int = 0, limit: int = 1000, reason: str = ""
    ) -> list[tuple[int, SuppressionWord]]:
        """Return (sequence, word) of what bars addresses now, in order, above a sequence."""
        bound = {"after": after, "limit": limit, "reason": reason}
        rows = self._database.current().execute(SQL["standing"], bound)
        return [(sequence, _word(row)) for sequence, *row in rows]

    def said(self, key: bytes) -> list[SuppressionWord]:
        """Return everything that was ever said of an address, in the order in which it came."""
        return [_word(row) for row in self._database.current().execute(SQL["said"], (key,))]

    def counts(self) -> list[tuple[str, str, int]]:
        """Return (purpose, reason, addresses) of what bars now."""
        return self._database.current().execute(SQL["counts"]).fetchall()


def _word(row: Sequence[object]) -> SuppressionWord:
    fields = dict(zip(SuppressionWord.__struct_fields__, row, strict=True))
    return msgspec.convert(fields, SuppressionWord, strict=False)
