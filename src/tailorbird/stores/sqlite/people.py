"""People in SQLite: identities by blind index, personal fields sealed, consents in a hash chain."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from tailorbird.privacy.vault import Vault
from tailorbird.schema import (
    Consent,
    ConsentState,
    Instant,
    Merge,
    PersonId,
    Position,
    Profile,
    Refused,
    Scalar,
)
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people_rows import Rows
from tailorbird.stores.statements import load

SQL = load("people")
GENESIS = b"\x00" * 16
"""What the first receipt's hash is chained to."""


class SqlitePeople:
    """`ports.People` over one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._rows = Rows(database, vault)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a write transaction; durable when it ends without an exception."""
        with self._database.write():
            yield

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
        with self._database.write() as connection:
            connection.execute(SQL["make_asked"])
            connection.execute(SQL["clear_asked"])
            connection.executemany(SQL["ask"], keys)
            firsts = [True] * len(keys)
            if connection.execute(SQL["remember"]).rowcount < len(keys):
                for (row,) in connection.execute(SQL["seconds"]):
                    firsts[row - 1] = False
        return firsts

    # -- identities -----------------------------------------------------------------------------

    def known(self, identifiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], PersonId]:
        """Return the (surviving) person of each known (kind, value) identifier."""
        by_key: dict[tuple[str, bytes], tuple[str, str]] = {}
        numbers: list[PersonId] = []
        for kind, value in identifiers:
            if kind == "person":
                numbers.append(int(value))
            else:
                by_key[kind, self._vault.blind(kind, value)] = (kind, value)
        with self._database.write() as connection:
            connection.execute(SQL["make_asked_identity"])
            connection.execute(SQL["clear_asked_identity"])
            connection.executemany(SQL["ask_identity"], by_key)
            rows = connection.execute(SQL["known"]).fetchall()
            survivors = connection.execute(SQL["survivors"], (_json(numbers),)).fetchall()
        people = {by_key[kind, key]: person for kind, key, person in rows}
        return people | {("person", str(number)): person for number, person in survivors}

    def next_person(self) -> PersonId:
        """Return the number that the next new person gets."""
        return int(self._database.current().execute(SQL["next_person"]).fetchone()[0])

    def create(self, people: Sequence[tuple[PersonId, Instant]]) -> None:
        """Create people with these numbers, taken from `next_person` upwards."""
        rows = ((person, at, self._vault.new_key()) for person, at in people)
        with self._database.write() as connection:
            connection.executemany(SQL["create"], rows)

    def link(self, links: Iterable[tuple[str, str, PersonId]]) -> None:
        """Give identifiers (kind, value) to people."""
        rows = ((kind, self._vault.blind(kind, value), person) for kind, value, person in links)
        with self._database.write() as connection:
            connection.executemany(SQL["link"], rows)

    def claims(self, people: Sequence[PersonId]) -> dict[PersonId, dict[str, int]]:
        """Return how many identifiers of each kind each person holds."""
        held: dict[PersonId, dict[str, int]] = defaultdict(dict)
        rows = self._database.current().execute(SQL["claims"], (_json(people),))
        for person, kind, number in rows:
            held[person][kind] = number
        return held

    def merge(self, merges: Sequence[Merge]) -> None:
        """Move identifiers, traits and consents of each loser to its survivor."""
        with self._database.write() as connection:
            for merge in merges:
                pair = (merge.survivor, merge.loser)
                self._rows.merge(*pair)
                connection.execute(SQL["relink"], pair)
                connection.execute(SQL["rebury"], pair)
                connection.execute(SQL["bury"], pair)
                connection.execute(SQL["note_merge"], (merge.position, *pair))

    def merges(self, after: Position) -> list[Merge]:
        """Return the merges at positions above `after`, in order."""
        return [Merge(*row) for row in self._database.current().execute(SQL["merges"], (after,))]

    def find(self, identifier: str) -> PersonId | None:
        """Return the person with this address, user id or anonymous id, else with this number."""
        connection = self._database.current()
        for kind in ("email", "user_id", "anonymous_id"):
            key = self._vault.blind(kind, identifier)
            row = connection.execute(SQL["identity"], (kind, key)).fetchone()
            if row:
                return int(row[0])
        if identifier.isascii() and identifier.isdigit() and len(identifier) < 19:
            return self.survivor(int(identifier))
        return None

    def survivor(self, person: PersonId) -> PersonId | None:
        """Return this person, or the one into whom she was merged; None when there is none."""
        row = self._database.current().execute(SQL["survivors"], (_json([person]),)).fetchone()
        return int(row[1]) if row else None

    def count(self) -> int:
        """Return how many people there are, merged ones not counted."""
        return int(self._database.current().execute(SQL["count"]).fetchone()[0])

    # -- traits, consents -----------------------------------------------------------------------

    def set_traits(self, traits: Iterable[tuple[PersonId, str, Scalar, Instant]]) -> None:
        """Keep each declared trait's latest value; older instants never overwrite newer ones."""
        with self._database.write():
            self._rows.set_traits(traits)

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
        rows = self._database.current().execute(SQL["states"], (_json(people),))
        return {person: self._rows.state(person, consent, why) for person, consent, why in rows}

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

    def suppress(self, addresses: Iterable[tuple[str, str, Instant]]) -> None:
        """Bar (address, reason, at) from every later send."""
        rows = ((self._vault.blind("email", email), why, at) for email, why, at in addresses)
        with self._database.write() as connection:
            connection.executemany(SQL["suppress"], rows)

    def lift(self, addresses: Iterable[str], reason: str) -> None:
        """Let addresses be written to again that are suppressed for this reason and no other."""
        rows = ((self._vault.blind("email", email), reason) for email in addresses)
        with self._database.write() as connection:
            connection.executemany(SQL["lift"], rows)

    def profiles(self, people: Sequence[PersonId]) -> dict[PersonId, Profile]:
        """Return profiles in clear; people who do not exist or were erased are absent."""
        rows = self._rows.load(people)
        return {person: row.profile() for person, row in rows.items() if row.merged_into is None}

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
