"""People as a machine that only sends sees them: the address book, read at the moment it is asked.

What such a machine needs is here: who is who, who agreed to what, to which address a mail goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from tailorbird.privacy.vault import Vault
from tailorbird.schema import ConsentState, PersonId, Profile
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.sqlite.people_rows import Row, opened, state_of, whole
from tailorbird.stores.sqlite.sayings import EMAIL, Policy
from tailorbird.stores.statements import load

SQL = load("book_postgres")


class PostgresPeople:
    """The part of `ports.People` that sending asks, over the book of a home."""

    def __init__(
        self,
        server: Server,
        vault: Vault,
        conflict: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._server = server
        self._vault = vault
        self._policy = Policy(conflict)
        self.ties = self

    def version(self) -> tuple[int, int] | None:
        """Return what is another as soon as the home has written."""
        return self._server.life, int(self._server.rows(SQL["changes"])[0][0])

    def homes(self, people: Iterable[PersonId]) -> dict[PersonId, PersonId]:
        """Return in whom those of these people who were merged are found now."""
        return dict(self._server.rows(SQL["homes"], (_json(list(people)),)))

    def survivor(self, person: PersonId) -> PersonId | None:
        """Return this person, or the one into whom she was merged; None when there is none."""
        home = self.homes([person]).get(person, person)
        return home if self._parts([home]) else None

    def consent_states(self, people: Sequence[PersonId]) -> dict[PersonId, ConsentState]:
        """Return each person's latest word on every purpose, and the suppression of the address."""
        found = {home: self._whole(parts) for home, parts in self._parts(people).items()}
        asked = _json([key.hex() for _, key in found.values() if key])
        why = dict(self._server.rows(SQL["barred"], (asked, "email_marketing")))
        return {
            person: state_of(person, row.consent, why.get(key, ""), key)
            for person, (row, key) in found.items()
        }

    def profiles(self, people: Sequence[PersonId]) -> dict[PersonId, Profile]:
        """Return profiles in clear; people who do not exist or were erased are absent."""
        return {
            home: whole(parts, self._policy).profile(self._policy)
            for home, parts in self._parts(people).items()
        }

    def _parts(self, people: Sequence[PersonId]) -> dict[PersonId, list[Row]]:
        found: dict[PersonId, list[Row]] = {}
        for home, *row in self._server.rows(SQL["parts"], (_json(list(people)),)):
            found.setdefault(home, []).append(opened(self._vault, *row))
        return found

    def _whole(self, parts: Sequence[Row]) -> tuple[Row, bytes]:
        """Return one person's row, and the blind index of the address that counts."""
        row = whole(parts, self._policy)
        if len(parts) == 1:
            return row, row.email_key or b""
        email = row.email(self._policy)
        return row, self._vault.blind(EMAIL, email) if email else b""


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()
