"""People in SQLite: identities by blind index, personal fields sealed, consents in a hash chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from tailorbird.privacy.vault import Vault
from tailorbird.schema import (
    Consent,
    ConsentState,
    Instant,
    PersonId,
    Position,
    Profile,
    Refused,
    Scalar,
)
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people_rows import Rows, state_of
from tailorbird.stores.sqlite.people_ties import Ties
from tailorbird.stores.sqlite.sayings import Policy
from tailorbird.stores.sqlite.seen import Seen
from tailorbird.stores.sqlite.suppressions import SqliteSuppressions
from tailorbird.stores.statements import load
from tailorbird.suppression_words import SuppressionReason, SuppressionWord, bars
from tailorbird.ties import Saying

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SQL = load("people") | load("ties")
GENESIS = b"\x00" * 16
"""What the first receipt's hash is chained to."""


class SqlitePeople:
    """`ports.People` over one database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        conflict: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._vault = vault
        self._seen = Seen(database)
        self._suppressions = SqliteSuppressions(database, vault)
        self._policy = Policy(conflict)
        self._rows = Rows(database, vault, self._policy)
        self.ties = Ties(database, vault)

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Open a write transaction; durable when it ends without an exception.

        Or else, if not `durable`, whole, and on the disk with the next that is.
        """
        with self._database.write(durable=durable):
            yield

    def make_durable(self) -> None:
        """Have everything on the disk that was written."""
        with self._database.write() as connection:
            connection.execute(SQL["change"])

    def version(self) -> tuple[int, int] | None:
        """Return what is another as soon as anybody has written; None inside a transaction."""
        connection = self._database.current()
        if connection.in_transaction:
            return None
        # Each connection counts for itself.
        return id(connection), connection.execute("PRAGMA data_version").fetchone()[0]

    # -- the log's cursor and what was seen -----------------------------------------------------

    def cursor(self) -> int:
        """Return the offset of the last log record that was folded in."""
        row = self._database.current().execute(SQL["cursor"]).fetchone()
        return int(row[0]) if row else 0

    def advance(self, offset: int) -> None:
        """Keep `offset` as the cursor."""
        with self._database.write() as connection:
            connection.execute(SQL["advance"], (str(offset),))

    def first_seen(self, keys: Sequence[tuple[bytes, Position]]) -> list[bool]:
        """Return for each (message key, position) whether that position was its first sight."""
        return self._seen.first(keys)

    def first_seen_columns(
        self,
        offset: int,
        rows: npt.NDArray[np.int64],
        at: npt.NDArray[np.int64],
        keys: npt.NDArray[np.uint64],
    ) -> npt.NDArray[np.bool_]:
        """Return which events of a body of columns are seen there first."""
        return self._seen.first_of_columns(offset, rows, at, keys)

    # -- who is who -------------------------------------------------------------------------------

    def next_person(self) -> PersonId:
        """Return the number that the next new person gets."""
        return int(self._database.current().execute(SQL["next_person"]).fetchone()[0])

    def create(self, people: Sequence[tuple[PersonId, Instant]]) -> None:
        """Create people with these numbers, taken from `next_person` upwards."""
        rows = ((person, at, self._vault.new_key()) for person, at in people)
        with self._database.write() as connection:
            connection.executemany(SQL["create"], rows)

    def find(self, identifier: str) -> PersonId | None:
        """Return the person with this address, user id or anonymous id, else with this number."""
        for kind in ("email", "user_id", "anonymous_id"):
            owner = self.ties.owner(kind, identifier)
            if owner is not None:
                return self.survivor(owner)
        if identifier.isascii() and identifier.isdigit() and len(identifier) < 19:
            return self.survivor(int(identifier))
        return None

    def survivor(self, person: PersonId) -> PersonId | None:
        """Return this person, or the one into whom she was merged; None when there is none."""
        row = self._database.current().execute(SQL["survivors"], (_json([person]),)).fetchone()
        return int(row[1]) if row else None

    def claims(self, people: Sequence[PersonId]) -> dict[PersonId, dict[str, int]]:
        """Return how many identifiers of each kind lead to each person."""
        return self.ties.claims(people)

    def count(self) -> int:
        """Return how many people there are, merged ones not counted."""
        return int(self._database.current().execute(SQL["count"]).fetchone()[0])

    # -- traits, consents -----------------------------------------------------------------------

    def set_traits(self, traits: Iterable[tuple[PersonId, str, Scalar, Instant, str]]) -> None:
        """Keep each source's latest word on each trait; older instants never overwrite newer."""
        with self._database.write():
            self._rows.set_traits(traits)

    def forget(self, people: Iterable[tuple[PersonId, Instant]]) -> None:
        """Drop what each, as numbered at first, has said up to an instant; destroy her key."""
        with self._database.write():
            self._rows.forget(people)

    def add_consents(self, consents: Sequence[Consent]) -> None:
        """Append receipts to the hash chain."""
        with self._database.write() as connection:
            row = connection.execute(SQL["last_hash"]).fetchone()
            chain = row[0] if row else GENESIS
            numbered: list[tuple[int, Consent]] = []
            for consent in consents:
                chain = receipt_hash(chain, consent)
                cursor = connection.execute(
                    SQL["add_consent"], (*msgspec.structs.astuple(consent), chain)
                )
                numbered.append((int(cursor.lastrowid or 0), consent))
            self._rows.set_consents(numbered)

    def receipts_from(self, source: str, people: Sequence[PersonId]) -> set[tuple[PersonId, str]]:
        """Return the (person, purpose) pairs that have a receipt from this source."""
        rows = self._database.current().execute(SQL["receipts_from"], (source, _json(people)))
        return {(person, purpose) for person, purpose in rows}

    def consent_states(self, people: Sequence[PersonId]) -> dict[PersonId, ConsentState]:
        """Return each person's latest word on every purpose, and the suppression of the address."""
        asked = _json(people)
        rows = self._database.current().execute(SQL["states"], (asked,))
        states = {row[0]: self._rows.state(*row) for row in rows}
        several = self._database.current().execute(SQL["with_kin"], (asked,)).fetchall()
        for person, row in self._rows.wholes([home for (home,) in several]).items():
            email = row.email(self._policy)
            key = self._vault.blind("email", email) if email else b""
            states[person] = state_of(person, row.consent, self.suppression(email), key)
        return states

    def consents(self, person: PersonId) -> list[Consent]:
        """Return one person's receipts, oldest first."""
        rows = self._database.current().execute(SQL["consents"], (person,))
        return [_consent(row) for row in rows]

    def broken_receipts(self) -> int:
        """Return how many receipts do not fit the hash chain: 0 unless somebody changed them."""
        chain, broken = GENESIS, 0
        for *row, kept in self._database.read().execute(SQL["chain"]):
            chain = receipt_hash(chain, _consent(tuple(row)))
            broken += chain != kept
        return broken

    def suppress(self, addresses: Iterable[tuple[str, SuppressionReason, Instant]]) -> None:
        """Bar (address, reason, at) from every later send; who unsubscribed, from marketing."""
        self._suppressions.say(
            SuppressionWord(self._vault.blind("email", email), why, at, bars(why), source="log")
            for email, why, at in addresses
        )

    def suppression(self, address: str) -> str:
        """Return why an address may not be written to, or ''."""
        key = self._vault.blind("email", address)
        return self._suppressions.barred([key]).get(key, "")

    def lift(self, addresses: Iterable[str], reason: SuppressionReason, at: Instant) -> None:
        """Take this reason from addresses; one that has others stays barred for those."""
        self._suppressions.say(
            SuppressionWord(key, reason, at, bars(reason), barred=False, source="log")
            for key in (self._vault.blind("email", email) for email in addresses)
        )

    def say(self, words: Iterable[SuppressionWord]) -> None:
        """Keep what was said of addresses, as it was said; what is known already is so."""
        self._suppressions.say(words)

    def addresses(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """Return the addresses, in clear, of blind indexes that somebody has still."""
        connection = self._database.current()
        asked = ((key, connection.execute(SQL["by_address"], (key,))) for key in keys)
        owners = {key: row[0] for key, rows in asked if (row := rows.fetchone())[0]}
        profiles = self.profiles(list(owners.values()))
        return {key: profiles[person].email for key, person in owners.items() if person in profiles}

    def profiles(self, people: Sequence[PersonId]) -> dict[PersonId, Profile]:
        """Return profiles in clear; people who do not exist or were erased are absent."""
        rows = self._rows.wholes(people)
        return {person: row.profile(self._policy) for person, row in rows.items()}

    def sayings(self, person: PersonId) -> list[Saying]:
        """Return what every source says of each trait of a survivor, by name."""
        row = self._rows.wholes([person]).get(person)
        entries = {**row.declared, **row.personal} if row else {}
        return [
            saying
            for name, entry in sorted(entries.items())
            for saying in self._policy.sayings(name, entry)
        ]

    # -- quarantine -----------------------------------------------------------------------------

    def quarantine(self, refused: Sequence[Refused]) -> None:
        """Keep refused records with their raw bytes until somebody mends or discards them."""
        with self._database.write() as connection:
            connection.executemany(SQL["quarantine"], map(msgspec.structs.astuple, refused))

    def quarantined(self, after: Position, limit: int) -> list[Refused]:
        """Return refused records in order of position."""
        rows = self._database.read().execute(SQL["quarantined"], (after, limit))
        return [Refused(*row) for row in rows]

    def quarantine_counts(self) -> dict[str, int]:
        """Return how many records are held under each code."""
        return dict(self._database.read().execute(SQL["count_quarantined"]))


def receipt_hash(chain: bytes, consent: Consent) -> bytes:
    """Return the 16 bytes that seal a receipt and, through `chain`, every receipt before it."""
    row = msgspec.json.encode(msgspec.structs.astuple(consent))
    return hashlib.blake2b(chain + row, digest_size=16).digest()


def _consent(row: tuple[object, ...]) -> Consent:
    return msgspec.convert(
        dict(zip(Consent.__struct_fields__, row, strict=True)), Consent, strict=False
    )


def _json(people: Sequence[PersonId]) -> str:
    return msgspec.json.encode(people).decode()
