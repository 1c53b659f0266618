"""Messages of the user's own shape, told by a mapping: each as if it were a file of its own.

What one message says depends on no other: which messages come together in a batch is chance.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb
import msgspec

from tailorbird.collect.mapping import folded
from tailorbird.collect.mapping_schema import Column, Mapping
from tailorbird.collect.messages import HELD
from tailorbird.collect.sources.history import History, Message, iso
from tailorbird.collect.sources.jsonl import rows_of
from tailorbird.collect.sources.landing import Terms, body_of, staged
from tailorbird.collect.sources.queues import Arrival
from tailorbird.collect.sources.refusals import NO_OBJECT, Refusals
from tailorbird.collect.sources.rows import Table, chunked
from tailorbird.collect.sources.staging import batched
from tailorbird.errors import DefinitionError
from tailorbird.schema import Instant, Names

ROW_BITS: Final = 20
MOST_ROWS: Final = (1 << ROW_BITS) - 1
"""Rows that one message may make."""
MESSAGES_PER_BODY: Final = 300
MEMORY_LIMIT: Final = "512MB"
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BREAKS: Final = (
    duckdb.Error, ArithmeticError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What nobody has foreseen, and only a message can be to blame for."""

Why: TypeAlias = tuple[str, str]
"""Why a message or a row of it is refused, and the mend."""


class Unfit(Exception):  # noqa: N818 - a message is refused, which is no error of ours
    """A message fits the mapping in no part."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.why: Why = (reason, mend)


class MappedReader:
    """`queues.Reader` by a mapping. `folder` is where what needs more than memory is spilled.

    Raises:
        DefinitionError: the mapping can only tell what it means by many messages.
    """

    def __init__(self, mapping: Mapping, folder: Path, name: str) -> None:
        _check(mapping)
        # Two equal rows of one message were both meant.
        self._mapping = msgspec.structs.replace(mapping, keep_duplicates=True)
        self._errors_to = folder / f"{name}.csv"
        self._spellings = [(c, tuple(map(folded, c.spellings))) for c in mapping.columns]

    def __call__(self, arrivals: Sequence[Arrival], now: Instant) -> list[bytes]:
        """Return what the messages say as bodies, with what is refused, and why, beside it.

        A message that breaks what reads it is found and held: no other waits for it.
        """
        try:
            return self.told(arrivals, now)
        except _BREAKS as error:
            if len(arrivals) == 1:
                why = (f"it breaks what reads it: {type(error).__name__}", "tell us, with this one")
                return [body_of([_held(arrivals[0], [why])])]
            half = len(arrivals) // 2
            return self(arrivals[:half], now) + self(arrivals[half:], now)

    def told(self, arrivals: Sequence[Arrival], now: Instant) -> list[bytes]:
        """Return what the messages say as bodies, with what is refused, and why, beside it."""
        rows: list[tuple[int, list[str]]] = []
        refused: dict[int, list[Why]] = {}
        for number, arrival in enumerate(arrivals):
            try:
                cells = list(self._rows(arrival.content))
            except Unfit as unfit:
                refused[number] = [unfit.why]
            else:
                rows += [(number << ROW_BITS | place, row) for place, row in enumerate(cells)]
        said = list(self._told(rows, refused, arrivals, now)) if rows else []
        said += [_held(arrivals[number], whys) for number, whys in refused.items()]
        return [body_of(some) for some in batched(said, MESSAGES_PER_BODY)]

    def _rows(self, content: bytes) -> Iterator[list[str]]:
        """Yield a message's rows, cell by cell as the mapping has its columns."""
        try:
            record = _OBJECT.decode(content)
        except _ERRORS:
            raise Unfit(NO_OBJECT, "publish one JSON object a message") from None
        found = list(islice(rows_of(record, self._mapping.layout.each), MOST_ROWS + 1))
        if len(found) > MOST_ROWS:
            raise Unfit(f"it makes more than {MOST_ROWS:,} rows", "publish smaller messages")
        for row in found:
            by_spelling = {_folded(path): cell for path, cell in reversed(row.items())}
            yield [_cell(column, names, by_spelling) for column, names in self._spellings]

    def _told(
        self,
        rows: list[tuple[int, list[str]]],
        refused: dict[int, list[Why]],
        arrivals: Sequence[Arrival],
        now: Instant,
    ) -> Iterator[bytes]:
        """Yield what the rows say; add to `refused` those that say nothing."""
        columns = [column.spellings[0] for column in self._mapping.columns]
        table = Table(
            self._errors_to,
            "json",
            columns,
            lambda: chunked(rows, len(columns), lambda: 1.0),
            part_bits=ROW_BITS,
        )
        terms = Terms(now, self._errors_to, memory_limit=MEMORY_LIMIT)
        with staged(table, self._mapping, terms) as staging:
            for line, *why in Refusals(staging, table).reasons():
                refused.setdefault(line >> ROW_BITS, []).append((why[0], why[1]))
            seen: Counter[tuple[int, str]] = Counter()
            for part, message in History(staging).told():
                key = (part, message["messageId"])
                yield msgspec.json.encode(self._named(message, arrivals[part], seen[key], now))
                seen[key] += 1

    def _named(self, message: Message, arrival: Arrival, times: int, now: Instant) -> Message:
        """Return what a message says with an id that is of this message, and with its time."""
        timed = {"timestamp": iso(arrival.at or now), **message}
        orders = self._mapping.orders
        if orders and orders.once and message.get("event") in (Names.PURCHASE, Names.RETURN):
            return timed
        given = msgspec.json.encode([message["messageId"], arrival.id, times])
        return {**timed, "messageId": hashlib.blake2b(given, digest_size=16).hexdigest()}


def _check(mapping: Mapping) -> None:
    if mapping.products and mapping.products.places:
        what, mend = "one message cannot tell a sum", "publish the sum, and take `places` out"
        raise DefinitionError(what, where=mapping.name, mend=mend)
    for column in mapping.columns:
        if len(column.formats) > 1:
            what, mend = "one message cannot tell which format is meant", "keep one of `formats`"
            raise DefinitionError(what, where=column.where, mend=mend)


def _cell(column: Column, names: tuple[str, ...], by_spelling: dict[str, str]) -> str:
    for name in names:
        if name in by_spelling:
            return by_spelling[name]
    if column.optional:
        return ""
    reason = f"it has no {' or '.join(column.spellings)}"
    raise Unfit(reason, "publish it, or say `optional: true` in the mapping")


def _held(arrival: Arrival, whys: Sequence[Why]) -> bytes:
    """Return a message that is refused, as it came, for the quarantine."""
    reasons, mends = (dict.fromkeys(texts) for texts in zip(*whys, strict=True))
    said: dict[str, Any] = {
        "type": HELD,
        "messageId": arrival.id,
        "properties": {"reason": "; ".join(reasons), "mend": "; ".join(mends)},
    }
    try:
        _OBJECT.decode(arrival.content)
        said["message"] = msgspec.Raw(arrival.content)
    except _ERRORS:
        try:
            said["message"] = arrival.content.decode()
        except UnicodeDecodeError:
            said["base64"] = base64.b64encode(arrival.content).decode()
    return msgspec.json.encode(said)


@lru_cache(maxsize=4096)
def _folded(path: str) -> str:
    return folded(path)
