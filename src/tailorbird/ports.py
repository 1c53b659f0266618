"""What we ask of the outside world; adapters live in `stores` and `delivery.carriers`.

Every method takes and gives batches. A method that says "durable" has fsynced when it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tailorbird.event_columns import ResolvedColumns
from tailorbird.outbox import Gate as Gate
from tailorbird.outbox import Ledger as Ledger
from tailorbird.schema import (
    Body,
    Consent,
    ConsentState,
    Instant,
    LogRecord,
    Outgoing,
    PersonId,
    Position,
    Product,
    Profile,
    Refused,
    Reply,
    ResolvedEvent,
    Scalar,
)
from tailorbird.stopping import Stop
from tailorbird.suppression_words import SuppressionReason, SuppressionWord
from tailorbird.ties import Home, Saying, Ties

SqlValue = str | int | float | bool | bytes | None
"""What may be bound to a statement."""

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Keys = npt.NDArray[np.uint64]
    Places = npt.NDArray[np.int64]


class EventLog(Protocol):
    """The durable, append-only log of raw bodies: the system of record."""

    def append(self, bodies: Sequence[Body]) -> int:
        """Append durably, in order, and return the offset of the last body."""

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        """As `append`, and keep `progress` for `reader` in the same transaction."""

    def progress(self, reader: str) -> str:
        """Return what `append_from` last kept for `reader`, or ''."""

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        """Return up to `limit` records with an offset above `after`, in order.

        With `size`, the first record that brings their bytes to it is the last.
        """

    def end(self) -> int:
        """Return the last offset, 0 when the log is empty."""


class People(Protocol):
    """Who is who: identities, declared traits, personal fields under encryption, consents.

    What changes something is called inside `transaction`: a batch is taken whole, with its cursor.
    """

    @property
    def ties(self) -> Ties:
        """Return who is who: identifiers, merges, separations."""

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[None]:
        """Open a write transaction; durable when it ends without an exception.

        Or else, if not `durable`, whole, and on the disk with the next that is.
        """

    def make_durable(self) -> None:
        """Have everything on the disk that was written."""

    def version(self) -> tuple[int, int] | None:
        """Return what is another as soon as anybody has written; None inside a transaction.

        Cheap: asked before every mail. It says nothing to another thread.
        """

    def cursor(self) -> int:
        """Return the offset of the last log record that was folded in."""

    def advance(self, offset: int) -> None:
        """Keep `offset` as the cursor."""

    def first_seen(self, keys: Sequence[tuple[bytes, Position]]) -> list[bool]:
        """Return for each (message key, position) whether that position was its first sight.

        Remembers the new ones; asked again with the same positions it gives the same answer.
        """

    def first_seen_columns(
        self, offset: int, rows: Places, at: Places, keys: Keys
    ) -> npt.NDArray[np.bool_]:
        """Return which rows of a body of columns are first sights, by the halves of their ids."""

    def next_person(self) -> PersonId:
        """Return the number that the next new person gets."""

    def create(self, people: Sequence[tuple[PersonId, Instant]]) -> None:
        """Create people with these numbers, taken from `next_person` upwards."""

    def claims(self, people: Sequence[PersonId]) -> dict[PersonId, dict[str, int]]:
        """Return how many identifiers of each kind lead to each person."""

    def set_traits(self, traits: Iterable[tuple[PersonId, str, Scalar, Instant, str]]) -> None:
        """Keep each source's latest word on each trait; older instants never overwrite newer.

        Rows are (person as numbered at first, trait, value, at, source).
        """

    def sayings(self, person: PersonId) -> list[Saying]:
        """Return what every source says of each trait of a survivor, by name."""

    def forget(self, people: Iterable[tuple[PersonId, Instant]]) -> None:
        """Drop what each, as numbered at first, has said up to an instant; destroy her key."""

    def add_consents(self, consents: Sequence[Consent]) -> None:
        """Append receipts to the hash chain."""

    def suppress(self, addresses: Iterable[tuple[str, SuppressionReason, Instant]]) -> None:
        """Bar (address, reason, at) from every later send; who unsubscribed, from marketing."""

    def lift(self, addresses: Iterable[str], reason: SuppressionReason, at: Instant) -> None:
        """Take this reason from addresses; one that has others stays barred for those."""

    def suppression(self, address: str) -> str:
        """Return why an address may not be written to, or ''."""

    def say(self, words: Iterable[SuppressionWord]) -> None:
        """Keep what was said of addresses, as it was said; what is known already is so."""

    def addresses(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """Return the addresses, in clear, of blind indexes that somebody has still."""

    def receipts_from(self, source: str, people: Sequence[PersonId]) -> set[tuple[PersonId, str]]:
        """Return the (person, purpose) pairs that have a receipt from this source."""

    def quarantine(self, refused: Sequence[Refused]) -> None:
        """Keep refused records with their raw bytes until somebody mends or discards them."""

    def quarantined(self, after: Position, limit: int) -> list[Refused]:
        """Return the records that are still held, in order of position."""

    def broken_receipts(self) -> int:
        """Return how many receipts do not fit the hash chain: 0 unless somebody changed them."""

    def quarantine_counts(self) -> dict[str, int]:
        """Return how many records are held back under each code."""

    def profiles(self, people: Sequence[PersonId]) -> dict[PersonId, Profile]:
        """Return profiles in clear; people who do not exist or were erased are absent."""

    def consent_states(self, people: Sequence[PersonId]) -> dict[PersonId, ConsentState]:
        """Return each person's latest word on every purpose, and the suppression of the address."""

    def consents(self, person: PersonId) -> list[Consent]:
        """Return one person's receipts, oldest first."""

    def find(self, identifier: str) -> PersonId | None:
        """Return the person with this address, user id or anonymous id, else with this number."""

    def survivor(self, person: PersonId) -> PersonId | None:
        """Return this person, or the one into whom she was merged; None when there is none."""

    def count(self) -> int:
        """Return how many people there are, merged ones not counted."""


class Facts(Protocol):
    """The analytical store, rebuilt from the log at will (`stores/sql/facts_schema.sql`)."""

    def offset(self) -> int:
        """Return the log offset up to which the facts are complete."""

    def append(
        self,
        events: Sequence[ResolvedEvent],
        homes: Sequence[Home],
        offset: int,
        columns: Sequence[ResolvedColumns] = (),
        odd: Mapping[str, pa.Table] = MappingProxyType({}),
    ) -> None:
        """Append facts, move histories home, and keep the offset, in one durable transaction.

        `odd`: new rows of `duplicates` and `violations`.
        """

    def read(
        self,
        sql: str,
        parameters: Sequence[SqlValue] = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """Run one statement that only reads; `tables` are visible to it by name."""

    def ask_apart(self, sql: str, columns: Mapping[str, Sequence[str]], seconds: float) -> pa.Table:
        """Return, as `person`, the numbers that a stranger's statement gives; it reaches no more.

        Raises:
            UsageError: it fails, or takes too long or too much memory.
        """

    def stopping(self, stop: Stop) -> AbstractContextManager[None]:
        """Have the reads of this thread, while the block runs, end with `Stopped` when asked."""

    def write(
        self,
        statements: Sequence[tuple[str, Sequence[SqlValue]]],
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        """Run statements in one durable transaction; `tables` are visible to them by name."""

    def products(self, items: Sequence[str]) -> dict[str, Product]:
        """Return the catalogue entries of these items."""

    def clear(self) -> None:
        """Forget everything, so that the log can be read again from its start."""

    def renew_state(self) -> None:
        """Make what is kept of each person beside the facts anew from them, in its best order."""


class Journal(Protocol):
    """The small file beside a carrier that says which final dots left this machine."""

    def dot(self, *send_ids: bytes) -> None:
        """Record that the final dots of these sends are about to leave."""

    def reply(self, *replies: Reply) -> None:
        """Record what was answered."""

    def last(self) -> dict[bytes, Reply | None]:
        """Return each send's last word: its reply, or None when only the dot was recorded."""

    def clear(self) -> None:
        """Forget all, once the ledger knows it."""

    def held(self) -> AbstractContextManager[None]:
        """Keep every other sender waiting: a living sender's claims look like a dead one's."""


class Machines(Protocol):
    """The other machines that send from the same ledger."""

    def tells(self) -> bool:
        """Return whether this process is the one that tells the log what became of sends."""

    def take(self, worker: str) -> tuple[str, Journal] | None:
        """Take what a worker had in hand who has been gone for long enough, None where it lives.

        Returns the name by which its claims are settled, and what is known of them.
        """


class Carrier(Protocol):
    """Takes finished messages and says what became of each."""

    @property
    def name(self) -> str:
        """Return the carrier's name in settings and in the ledger."""

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come, calling `journal.dot` before and `journal.reply` after each.

        Yields one reply a message, in any order. Never holds more than a few messages. A carrier
        that takes each send id once and whose `found` can tell does without the journal.
        """

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Say which sends this carrier knows it has taken, or None when it cannot tell."""


class Inbox(Protocol):
    """The local mailbox that stands in for the world until a carrier is set up."""

    def list(self, *, after: int = 0, limit: int = 50, query: str = "") -> list[InboxEntry]:
        """Return the newest first; `after` is the last sequence of the page before."""

    def count(self, query: str = "") -> int:
        """Return how many messages there are."""

    def read(self, send_id: bytes) -> bytes | None:
        """Return one message as it was sent."""

    def since(self, sequence: int, limit: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (sequence, send id, message) above `sequence`, oldest first."""


class InboxEntry(Protocol):
    """One row of the inbox's list."""

    @property
    def sequence(self) -> int:
        """Return its place in the order of arrival, from 1."""

    @property
    def send_id(self) -> bytes:
        """Return the send that it belongs to."""

    @property
    def to(self) -> str:
        """Return the address in the envelope."""

    @property
    def subject(self) -> str:
        """Return the decoded subject."""

    @property
    def size_bytes(self) -> int:
        """Return the message's size."""

    @property
    def campaign(self) -> str:
        """Return the campaign that sent it, '' where it does not say."""


class Models(Protocol):
    """Files of trained models, content-addressed, without pickle."""

    def put(self, name: str, files: Mapping[str, bytes], card: bytes) -> int:
        """Keep a new version (1, 2, ...) of a model and return its number."""

    def get(
        self, name: str, version: int | None = None
    ) -> tuple[int, dict[str, bytes], bytes] | None:
        """Return (version, files, card) of one version, or of the latest."""

    def card(self, name: str, version: int | None = None) -> tuple[int, bytes] | None:
        """Return (version, card) of one version, or of the latest; its files are not read."""

    def latest(self, name: str) -> int:
        """Return the number of a model's latest version, 0 when there is none."""

    def names(self) -> list[str]:
        """Return the names of all models."""


class Closeable(Protocol):
    """Something that holds a file or a connection."""

    def close(self) -> None:
        """Let go of it."""
