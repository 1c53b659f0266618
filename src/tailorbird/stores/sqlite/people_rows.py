"""One person's row: how sealed fields, declared traits and consents are kept in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from tailorbird.privacy.sources import is_public
from tailorbird.privacy.vault import PERSONAL_FIELDS, Vault
from tailorbird.schema import Consent, ConsentState, Instant, PersonId, Profile, Purpose, Scalar
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.sayings import (
    EMAIL,
    Entries,
    Policy,
    joined,
    say,
    without,
    words_of,
)
from tailorbird.stores.statements import load

SQL = load("people") | load("ties")
INVALID = "email_invalid"
MARKETING: Purpose = "email_marketing"

Word: TypeAlias = list[Any]
"""[receipt, granted, at], and true where a browser said so."""
Words: TypeAlias = dict[Purpose, Word]
"""Purpose -> the latest word."""

_ENTRIES = msgspec.json.Decoder(Entries)
_WORDS = msgspec.json.Decoder(Words)


@dataclass(slots=True)
class Row:
    """A row of `people`, opened."""

    person: PersonId
    created_at: Instant
    merged_into: PersonId | None
    email_key: bytes | None
    person_key: bytes | None
    personal: Entries = field(default_factory=dict)
    declared: Entries = field(default_factory=dict)
    consent: Words = field(default_factory=dict)

    def profile(self, policy: Policy) -> Profile:
        """Return the row as a profile."""
        traits = {
            name: policy.value(name, entry)
            for name, entry in {**self.declared, **self.personal}.items()
        }
        email = traits.pop(EMAIL, "")
        return Profile(self.person, str(email or ""), traits, self.created_at, self.merged_into)

    def email(self, policy: Policy) -> str:
        """Return the address that counts, '' for none."""
        entry = self.personal.get(EMAIL)
        return str(policy.value(EMAIL, entry) or "") if entry else ""

    def proven(self, word: Word, email: str) -> bool:
        """Return whether a word on mails holds for an address.

        What a browser has agreed to holds for the address that a browser has given, no other.
        """
        if not (word[1] and word[3:]):
            return True
        given = words_of(self.personal[EMAIL]) if EMAIL in self.personal else []
        return any(is_public(source) and value == email for value, _, source in given)

    def set(self, name: str, value: Scalar, at: Instant, source: str) -> None:
        """Keep a value unless its source has said a newer one."""
        say(self.personal if name in PERSONAL_FIELDS else self.declared, name, value, at, source)
        marked = self.declared.get(INVALID) if name == EMAIL and value else None
        if marked and marked[0] is True:
            # A good address takes back what was said of a bad one before.
            say(self.declared, INVALID, False, at, marked[2] if len(marked) > 2 else "")


def opened(
    vault: Vault,
    person: PersonId,
    created_at: Instant,
    merged_into: PersonId | None,
    email_key: bytes | None,
    person_key: bytes | None,
    personal: bytes | None,
    declared: str,
    consent: str,
) -> Row:
    """Return a row as it is kept, with its personal fields in clear."""
    fields: Entries = {}
    if personal is not None and person_key is not None:
        fields = _ENTRIES.decode(vault.unseal(person_key, personal))
    return Row(
        person, created_at, merged_into, email_key, person_key,
        fields, _ENTRIES.decode(declared), _WORDS.decode(consent),
    )  # fmt: skip


def whole(parts: Sequence[Row], policy: Policy) -> Row:
    """Return one row of all whom the standing merges make one person; the survivor comes first."""
    if len(parts) == 1:
        return parts[0]
    survivor = parts[0]
    together = Row(
        survivor.person, min(part.created_at for part in parts), None, None, None,
        joined([part.personal for part in parts]), joined([part.declared for part in parts]),
    )  # fmt: skip
    email = together.email(policy)
    for part in parts:
        for purpose, word in part.consent.items():
            if purpose != MARKETING or part.proven(word, email):
                together.consent[purpose] = _later(together.consent.get(purpose), word)
    return together


class Rows:
    """Reads rows, changes them and writes them back, inside the caller's transaction."""

    def __init__(self, database: Database, vault: Vault, policy: Policy) -> None:
        self._database = database
        self._vault = vault
        self._policy = policy

    def load(self, people: Sequence[PersonId]) -> dict[PersonId, Row]:
        """Return the rows of these people."""
        asked = msgspec.json.encode(people).decode()
        rows = self._database.current().execute(SQL["rows"], (asked,))
        return {row[0]: opened(self._vault, *row) for row in rows}

    def wholes(self, people: Sequence[PersonId]) -> dict[PersonId, Row]:
        """Return the rows of these survivors, each with all who were merged into her."""
        parts: dict[PersonId, list[Row]] = {}
        asked = msgspec.json.encode(people).decode()
        kin = dict(self._database.current().execute(SQL["kin"], (asked,)).fetchall())
        rows = self.load([*people, *kin])
        for person in sorted(rows):
            row = rows[person]
            if row.merged_into is None or person in kin:
                parts.setdefault(kin.get(person, person), []).append(row)
        return {home: whole(rows, self._policy) for home, rows in parts.items()}

    def set_traits(self, traits: Iterable[tuple[PersonId, str, Scalar, Instant, str]]) -> None:
        """Keep each source's latest word on each trait."""
        by_person: dict[PersonId, list[tuple[str, Scalar, Instant, str]]] = defaultdict(list)
        for person, name, value, at, source in traits:
            by_person[person].append((name, value, at, source))

        def change(row: Row) -> None:
            for name, value, at, source in by_person[row.person]:
                row.set(name, value, at, source)

        self._change(list(by_person), change)

    def forget(self, people: Iterable[tuple[PersonId, Instant]]) -> None:
        """Drop each person's fields up to an instant; what is newer goes under a new key."""
        until = dict(people)
        rows = self.load(list(until)).values()
        for row in rows:
            row.personal = without(row.personal, until[row.person])
            row.declared = without(row.declared, until[row.person])
            row.person_key, row.email_key = self._vault.new_key(), None
        connection = self._database.current()
        connection.executemany(SQL["rekey"], [(row.person_key, row.person) for row in rows])
        connection.executemany(SQL["keep"], map(self._closed, rows))

    def set_consents(self, consents: Iterable[tuple[int, Consent]]) -> None:
        """Keep the latest word on each purpose; at the same instant a withdrawal wins."""
        by_person: dict[PersonId, list[tuple[int, Consent]]] = defaultdict(list)
        for receipt, consent in consents:
            by_person[consent.person].append((receipt, consent))

        def change(row: Row) -> None:
            for receipt, consent in by_person[row.person]:
                word: Word = [receipt, consent.granted, consent.at]
                if is_public(consent.source):
                    word.append(True)
                row.consent[consent.purpose] = _later(row.consent.get(consent.purpose), word)

        self._change(list(by_person), change)

    def state(
        self, person: PersonId, consent: str, suppressed: str, address_key: bytes | None
    ) -> ConsentState:
        """Return the consent column as the permit reads it."""
        return state_of(person, _WORDS.decode(consent), suppressed, address_key or b"")

    def _change(self, people: Sequence[PersonId], change: Callable[[Row], None]) -> None:
        rows = self.load(people)
        for row in rows.values():
            change(row)
        self._database.current().executemany(SQL["keep"], map(self._closed, rows.values()))

    def _closed(self, row: Row) -> tuple[Instant, bytes | None, bytes | None, str, str, PersonId]:
        sealed = None
        email_key = row.email_key
        if row.personal and row.person_key is not None:
            sealed = self._vault.seal(row.person_key, msgspec.json.encode(row.personal))
            email = row.email(self._policy)
            email_key = self._vault.blind(EMAIL, email) if email else None
            agreed = row.consent.get(MARKETING)
            if agreed and not row.proven(agreed, email):
                del row.consent[MARKETING]
        declared = msgspec.json.encode(row.declared).decode()
        consent = msgspec.json.encode(row.consent).decode()
        return row.created_at, email_key, sealed, declared, consent, row.person


def state_of(person: PersonId, words: Words, suppressed: str, address_key: bytes) -> ConsentState:
    """Return the latest words as the permit reads them."""
    return ConsentState(
        person,
        granted={purpose: word[0] for purpose, word in words.items() if word[1]},
        withdrawn={purpose: word[0] for purpose, word in words.items() if not word[1]},
        suppressed=suppressed,
        has_address=bool(address_key),
        address_key=address_key,
    )


def _later(old: Word | None, new: Word) -> Word:
    if old is None:
        return new
    # A withdrawal at the same instant outranks the grant: when in doubt, no mail.
    return max(old, new, key=lambda word: (word[2], not word[1], word[0]))
