"""Receivers of webhooks in SQLite, and the notices that wait for them; secrets are sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tailorbird.access import Hook, Notice, NoticeState
from tailorbird.privacy.vault import Vault
from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("hooks")
KEPT = 30 * DAY
"""How long a notice that ended is kept."""
_LAST = 2**63 - 1


class SqliteHooks:
    """`registries.Hooks` over one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def all(self) -> list[Hook]:
        """Return every hook, oldest first."""
        rows = self._database.current().execute(SQL["all"])
        return [_hook(row) for row in rows]

    def add(self, hook: Hook, secret: bytes) -> None:
        """Keep a hook durably, its secret sealed."""
        key = self._vault.new_key()
        row = (
            hook.id, hook.url, _json(hook.types), _json(hook.fields), hook.created_at, key,
            self._vault.seal(key, secret),
        )  # fmt: skip
        with self._database.write() as connection:
            connection.execute(SQL["add"], row)

    def secret(self, hook: str) -> bytes | None:
        """Return the secret with which a hook's notices are signed."""
        row = self._database.current().execute(SQL["secret"], (hook,)).fetchone()
        return self._vault.unseal(*row) if row else None

    def mark(self, hook: str, *, failing_since: Instant = 0, disabled: str = "") -> None:
        """Keep since when a hook fails, and why it is disabled; '' enables it."""
        with self._database.write() as connection:
            connection.execute(SQL["mark"], (hook, failing_since, disabled))

    def remove(self, hook: str, now: Instant) -> bool:
        """Forget a hook and give up what waits for it; return whether there was one."""
        with self._database.write() as connection:
            connection.execute(SQL["give_up"], (hook, "the hook was removed", now))
            return bool(connection.execute(SQL["remove"], (hook,)).rowcount)

    def progress(self, reader: str) -> str:
        """Return how far a reader has come, or ''."""
        row = self._database.current().execute(SQL["progress"], (f"hooks:{reader}",)).fetchone()
        return str(row[0]) if row else ""

    def told(self, people: Sequence[PersonId]) -> dict[PersonId, bytes]:
        """Return what the receivers were told of each person last."""
        asked = msgspec.json.encode(people).decode()
        return dict(self._database.current().execute(SQL["told"], (asked,)).fetchall())

    def keep(
        self,
        notices: Sequence[Notice],
        progress: Mapping[str, str],
        told: Mapping[PersonId, bytes | None],
        now: Instant,
    ) -> None:
        """Keep notices, how far the readers came, and what is told now, durably and together."""
        rows = [(n.id, n.hook, n.type, n.content, n.created_at, n.due_at) for n in notices]
        with self._database.write() as connection:
            connection.executemany(SQL["enqueue"], rows)
            named = [(f"hooks:{reader}", value) for reader, value in progress.items()]
            connection.executemany(SQL["keep_progress"], named)
            kept = [(person, fields) for person, fields in told.items() if fields is not None]
            connection.executemany(SQL["keep_told"], kept)
            gone = [(person,) for person, fields in told.items() if fields is None]
            connection.executemany(SQL["drop_told"], gone)
            connection.execute(SQL["forget_old"], (now - KEPT,))

    def start_anew(self) -> None:
        """Forget how far the readers came and what was told: nobody listens."""
        with self._database.write() as connection:
            connection.execute(SQL["forget_progress"])
            connection.execute(SQL["forget_told"])

    def due(self, hook: str, now: Instant, limit: int) -> list[Notice]:
        """Return what waits for a hook, in order; nothing while the first of it rests."""
        rows = self._database.current().execute(SQL["due"], (hook, limit)).fetchall()
        found = [Notice(*row) for row in rows]
        return found if found and found[0].due_at <= now else []

    def settle(self, notice: Notice) -> None:
        """Keep durably how one attempt ended."""
        row = (
            notice.id, notice.state, notice.status, notice.reply, notice.due_at, notice.ended_at,
        )  # fmt: skip
        with self._database.write() as connection:
            connection.execute(SQL["settle"], row)

    def states(self, notices: Sequence[str]) -> dict[str, NoticeState]:
        """Return in which state these notices are; of those that there are not, nothing."""
        asked = msgspec.json.encode(notices).decode()
        return dict(self._database.current().execute(SQL["states"], (asked,)).fetchall())

    def page(self, hook: str, before: int, limit: int) -> list[Notice]:
        """Return notices below a sequence (0: all), the newest first; '' is every hook."""
        asked = (before or _LAST, hook, limit)
        return [Notice(*row) for row in self._database.current().execute(SQL["page"], asked)]

    def again(self, notice: str, now: Instant) -> bool:
        """Have a notice sent again under its id; return whether there is one."""
        with self._database.write() as connection:
            return bool(connection.execute(SQL["again"], (notice, now)).rowcount)


def _hook(row: tuple[Any, ...]) -> Hook:
    id_, url, types, fields, *rest = row
    return Hook(id_, url, _names(types), _names(fields), *rest)


def _json(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _names(text: str) -> Any:
    return msgspec.json.decode(text, type=tuple[str, ...])
