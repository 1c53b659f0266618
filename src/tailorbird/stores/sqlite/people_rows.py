"""One person's row: how sealed fields, declared traits and consents are kept in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from tailorbird.privacy.vault import PERSONAL_FIELDS, Vault
from tailorbird.schema import Consent, ConsentState, Instant, PersonId, Profile, Purpose, Scalar
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("people")

Dated: TypeAlias = dict[str, tuple[Scalar, Instant]]
"""Field -> (value, since when it is known)."""
Words: TypeAlias = dict[Purpose, tuple[int, bool, Instant]]
"""Purpose -> (receipt, granted, at): the latest word."""

_DATED = msgspec.json.Decoder(Dated)
_WORDS = msgspec.json.Decoder(Words)


@dataclass(slots=True)
class Row:
    """A row of `people`, opened."""

    person: PersonId
    created_at: Instant
    merged_into: PersonId | None
    email_key: bytes | None
    person_key: bytes | None
    personal: Dated = field(default_factory=dict)
    declared: Dated = field(default_factory=dict)
    consent: Words = field(default_factory=dict)

    def profile(self) -> Profile:
        """Return the row as a profile."""
        traits = {name: value for name, (value, _) in {**self.declared, **self.personal}.items()}
        email = traits.pop("email", "")
        return Profile(self.person, str(email or ""), traits, self.created_at, self.merged_into)

    def set(self, name: str, value: Scalar, at: Instant) -> None:
        """Keep a value unless a newer one is known."""
        fields = self.personal if name in PERSONAL_FIELDS else self.declared
        if name not in fields or fields[name][1] <= at:
            fields[name] = (value, at)


class Rows:
    """Reads rows, changes them and writes them back, inside the caller's transaction."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def load(self, people: Sequence[PersonId]) -> dict[PersonId, Row]:
        """Return the rows of these people."""
        asked = msgspec.json.encode(people).decode()
        rows = self._database.current().execute(SQL["rows"], (asked,))
        return {row[0]: self._opened(*row) for row in rows}

    def set_traits(self, traits: Iterable[tuple[PersonId, str, Scalar, Instant]]) -> None:
        """Keep each trait's latest value."""
        by_person: dict[PersonId, list[tuple[str, Scalar, Instant]]] = defaultdict(list)
        for person, name, value, at in traits:
            by_person[person].append((name, value, at))

        def change(row: Row) -> None:
            for name, value, at in by_person[row.person]:
                row.set(name, value, at)

        self._change(list(by_person), change)

    def set_consents(self, consents: Iterable[tuple[int, Consent]]) -> None:
        """Keep the latest word on each purpose; at the same instant a withdrawal wins."""
        by_person: dict[PersonId, list[tuple[int, Consent]]] = defaultdict(list)
        for receipt, consent in consents:
            by_person[consent.person].append((receipt, consent))

        def change(row: Row) -> None:
            for receipt, consent in by_person[row.person]:
                word = (receipt, consent.granted, consent.at)
                row.consent[consent.purpose] = _later(row.consent.get(consent.purpose), word)

        self._change(list(by_person), change)

    def merge(self, survivor: PersonId, loser: PersonId) -> None:
        """Give the loser's fields and words to the survivor, the newer of each winning."""
        gone = self.load([loser])[loser]

        def change(row: Row) -> None:
            for fields in (gone.personal, gone.declared):
                for name, (value, at) in fields.items():
                    row.set(name, value, at)
            for purpose, word in gone.consent.items():
                row.consent[purpose] = _later(row.consent.get(purpose), word)
            row.created_at = min(row.created_at, gone.created_at)

        self._change([survivor], change)

    def state(self, person: PersonId, consent: str, suppressed: str) -> ConsentState:
        """Return the consent column as the permit reads it."""
        words = _WORDS.decode(consent)
        return ConsentState(
            person,
            granted={purpose: word[0] for purpose, word in words.items() if word[1]},
            withdrawn={purpose: word[0] for purpose, word in words.items() if not word[1]},
            suppressed=suppressed,
        )

    def _change(self, people: Sequence[PersonId], change: Callable[[Row], None]) -> None:
        rows = self.load(people)
        for row in rows.values():
            change(row)
        self._database.current().executemany(SQL["keep"], map(self._closed, rows.values()))

    def _opened(
        self,
        person: PersonId,
        created_at: Instant,
        merged_into: PersonId | None,
        email_key: bytes | None,
        person_key: bytes | None,
        personal: bytes | None,
        declared: str,
        consent: str,
    ) -> Row:
        fields: Dated = {}
        if personal is not None and person_key is not None:
            fields = _DATED.decode(self._vault.unseal(person_key, personal))
        return Row(
            person, created_at, merged_into, email_key, person_key,
            fields, _DATED.decode(declared), _WORDS.decode(consent),
        )  # fmt: skip

    def _closed(self, row: Row) -> tuple[Instant, bytes | None, bytes | None, str, str, PersonId]:
        sealed = None
        email_key = row.email_key
        if row.personal and row.person_key is not None:
            sealed = self._vault.seal(row.person_key, msgspec.json.encode(row.personal))
            email, _ = row.personal.get("email", ("", 0))
            email_key = self._vault.blind("email", str(email)) if email else None
        declared = msgspec.json.encode(row.declared).decode()
        consent = msgspec.json.encode(row.consent).decode()
        return row.created_at, email_key, sealed, declared, consent, row.person


def _later(
    old: tuple[int, bool, Instant] | None, new: tuple[int, bool, Instant]
) -> tuple[int, bool, Instant]:
    if old is None:
        return new
    # A withdrawal at the same instant outranks the grant: when in doubt, no mail.
    return max(old, new, key=lambda word: (word[2], not word[1], word[0]))
