"""A table into the log: laid out, judged, told as messages, appended in bodies."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from tailorbird.collect.mapping import located_columns, missing_column
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.messages import EARLIEST
from tailorbird.collect.sources.history import History, Message, iso
from tailorbird.collect.sources.refusals import REPEATED, Refusals
from tailorbird.collect.sources.rows import Table
from tailorbird.collect.sources.staging import Staging, batched
from tailorbird.errors import SourceError
from tailorbird.ports import EventLog
from tailorbird.schema import DAY, Body, Instant

SOURCE: Final = "import"
BODY_BYTES: Final = 256 * 1024
BODIES_AT_ONCE: Final = 8
PARTS: Final = 1000
"""Progress is told in thousandths: reading is the first third, writing the rest."""
READ_PARTS: Final = 350

Progress = Callable[[int, int], None]


class ImportReport(msgspec.Struct, frozen=True):
    """What an import found and did. `lines = taken + duplicates + the sum of refused`."""

    file: str
    mapping: str
    lines: int
    taken: int
    events: int
    """Messages that the file makes: products, people, orders, returns and others together."""
    orders: int
    guest_orders: int
    returns: int
    customers: int
    products: int
    refused: dict[str, int]
    """reason -> lines."""
    duplicates: int
    notes: tuple[str, ...]
    """What the author of the mapping should look at."""
    appended: int = 0
    """Events that this run put into the log; the others were there from an earlier run."""
    errors_file: str = ""
    """Where the refused lines are, '' when there are none or it was a dry run."""
    seconds: float = 0.0


class Landing(Protocol):
    """Where messages land; it alone knows what is there already."""

    def told(self, message: Message) -> list[Message]:
        """Return what is to be said of a message: itself, nothing, or several."""
        ...

    def land(self, bodies: Sequence[tuple[bytes, int]]) -> int:
        """Keep (body, messages in it) durably; return how many messages were new."""
        ...

    def finish(self) -> int:
        """Keep what is left, once everything has been said; return how many were new."""
        ...


class Telling(Protocol):
    """What tells messages, and how far it is."""

    @property
    def done(self) -> float:
        """Return the share that has been told, 0 to 1."""
        ...

    def messages(self) -> Iterator[Message]:
        """Yield the messages, always the same in the same order."""
        ...


class Terms(msgspec.Struct, frozen=True):
    """Under which terms a table is taken in."""

    now: Instant
    errors_to: Path
    """The CSV file of refused rows."""
    dry_run: bool = False
    """Nothing is written."""
    on_progress: Progress = lambda _done, _total: None
    chunk: int = 300
    """Events of one body."""
    memory_limit: str = "1GB"
    timer: Callable[[], float] = time.perf_counter
    empty_is_wrong: bool = True


def take(
    table: Table,
    mapping: Mapping,
    terms: Terms,
    landing: Callable[[], Landing],
) -> ImportReport:
    """Put what a table says has happened where it lands, and return what was found.

    Raises:
        SourceError: it cannot be read, or holds no row.
        DefinitionError: the mapping names a column that the table lacks.
    """
    started = terms.timer()
    with staged(table, mapping, terms) as staging:
        refusals = Refusals(staging, table)
        errors_file = "" if terms.dry_run else refusals.write(terms.errors_to)
        history = History(staging)
        appended = land(history, landing(), terms)
    terms.on_progress(PARTS, PARTS)
    found = _report(table, staging, history, refusals)
    return msgspec.structs.replace(
        found, appended=appended, errors_file=errors_file, seconds=terms.timer() - started
    )


def _report(table: Table, staging: Staging, history: History, refusals: Refusals) -> ImportReport:
    tally, by_reason = history.tally, refusals.by_reason
    return ImportReport(
        file=str(table.path),
        mapping=staging.mapping.name,
        lines=staging.lines,
        taken=staging.taken,
        events=tally.events,
        orders=tally.orders,
        guest_orders=tally.guest_orders,
        returns=tally.returns,
        customers=len(tally.customers),
        products=tally.products,
        duplicates=by_reason[REPEATED],
        refused={reason: n for reason, n in by_reason.most_common() if reason != REPEATED},
        notes=tuple(staging.notes),
    )


@contextmanager
def staged(table: Table, mapping: Mapping, terms: Terms) -> Iterator[Staging]:
    """Lend a table that is laid out and judged.

    Raises:
        DefinitionError: the mapping names a column that the table lacks.
    """
    with _staging(table, mapping, terms) as staging:
        _stage(table, staging, terms)
        yield staging


def _staging(table: Table, mapping: Mapping, terms: Terms) -> Staging:
    places = located_columns(mapping, table.columns)
    if places is None:
        raise missing_column(mapping, table.columns)
    scratch = _scratch(terms.errors_to)
    width = len(table.columns)
    return Staging(
        mapping,
        places,
        width,
        scratch=scratch,
        memory_limit=terms.memory_limit,
        part_bits=table.part_bits,
    )


def _scratch(errors_to: Path) -> Path:
    """Return where DuckDB may spill: in the data folder, as the file may hold personal data."""
    return errors_to.parent / f".{errors_to.stem}.scratch"


def _stage(table: Table, staging: Staging, terms: Terms) -> None:
    for rows in table.chunks():
        staging.add(rows)
        terms.on_progress(int(rows.read * READ_PARTS), PARTS)
    staging.judge(EARLIEST, terms.now + DAY)
    if staging.lines == 0 and terms.empty_is_wrong:
        mend = "export it again, with its rows"
        raise SourceError("the file has a header and no row", where=str(table.path), mend=mend)


def land(history: Telling, landing: Landing, terms: Terms) -> int:
    """Land what has happened; return how many messages were new."""
    appended = 0
    bodies = _bodies(history, landing, terms.chunk)
    for some in batched(bodies, BODIES_AT_ONCE):
        appended += landing.land(some)
        done = READ_PARTS + int((PARTS - READ_PARTS) * history.done)
        terms.on_progress(done, PARTS)
    return appended + landing.finish()


def _bodies(history: Telling, landing: Landing, chunk: int) -> Iterator[tuple[bytes, int]]:
    """Yield (body, messages in it), each of at most `chunk` messages and about `BODY_BYTES`."""
    encoder = msgspec.json.Encoder()
    waiting: list[bytes] = []
    size = 0
    for message in history.messages():
        for said in landing.told(message):
            waiting.append(encoder.encode(said))
            size += len(waiting[-1])
        if len(waiting) >= chunk or size >= BODY_BYTES:
            yield body_of(waiting), len(waiting)
            waiting, size = [], 0
    if waiting:
        yield body_of(waiting), len(waiting)


def body_of(messages: Sequence[bytes]) -> bytes:
    """Return messages in JSON as one body."""
    return b'{"batch":[' + b",".join(messages) + b"]}"


class Nowhere:
    """The landing of a dry run."""

    def told(self, message: Message) -> list[Message]:
        """Return the message."""
        return [message]

    def land(self, bodies: Sequence[tuple[bytes, int]]) -> int:
        """Keep nothing."""
        return 0 * len(bodies)

    def finish(self) -> int:
        """Keep nothing."""
        return 0


class CountedLanding:
    """Lands the bodies of a file that never changes: how many landed tells where to go on."""

    def __init__(
        self, log: EventLog, reader: str, now: Instant, *, source: str, occasion: Instant | None
    ) -> None:
        self._log = log
        self._reader = reader
        self._now = now
        self._source = source
        self._occasion = occasion
        self._written = int(log.progress(reader) or 0)
        self._made = 0

    def told(self, message: Message) -> list[Message]:
        """Return the message, with the time of the file where it has none of its own."""
        return [message] if self._occasion is None else as_of(message, self._occasion)

    def land(self, bodies: Sequence[tuple[bytes, int]]) -> int:
        """Append the bodies that the log does not have yet."""
        self._made += len(bodies)
        fresh = bodies[len(bodies) - max(0, self._made - self._written) :]
        if not fresh:
            return 0
        contents = [Body(self._source, self._now, content) for content, _ in fresh]
        self._log.append_from(self._reader, contents, str(self._made))
        self._written = self._made
        return sum(messages for _, messages in fresh)

    def finish(self) -> int:
        """Return 0: nothing is left."""
        return 0


def as_of(message: Message, occasion: Instant) -> list[Message]:
    """Return a message as it was true at an instant, where it has no time of its own.

    A list that is read again says of today what it said of yesterday: products, stock, traits and
    withdrawn consents count again, with the time of the list. A consent that it still grants is no
    new consent: it counts once, with the time at which it was first told.
    """
    if "timestamp" in message:
        return [message]
    granted, rest = _parted(message)
    again = f"{rest['messageId']}@{occasion}".encode()
    timed = {"timestamp": iso(occasion)}
    rest = rest | timed | {"messageId": hashlib.blake2b(again, digest_size=16).hexdigest()}
    return [rest, *(one | timed for one in granted)]


def _parted(message: Message) -> tuple[list[Message], Message]:
    """Return the consents that a message grants as a message of their own, and the rest."""
    consent: dict[str, Any] = message.get("context", {}).get("consent", {})
    granted = {purpose: answer for purpose, answer in consent.items() if answer is True}
    if not granted:
        return [], message
    others = {key: value for key, value in consent.items() if key not in granted}
    about = {key: value for key, value in others.items() if not isinstance(value, bool)}
    grants = {**message, "traits": {}, "context": {"consent": granted | about}}
    told = msgspec.json.encode([message.get("userId"), granted])
    grants["messageId"] = hashlib.blake2b(told, digest_size=16).hexdigest()
    return [grants], {**message, "context": {"consent": others}}
