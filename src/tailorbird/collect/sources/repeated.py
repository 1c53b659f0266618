"""The landing of what is read again and again: a query, whose rows come back until they change.

What the last reading told is not told again. That is thrift, not the guarantee: a message that does
reach the log twice (after a kill) has the same id, and counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from tailorbird.collect.sources.history import Message
from tailorbird.collect.sources.landing import as_of
from tailorbird.collect.sources.sql import Cursor
from tailorbird.ports import EventLog
from tailorbird.schema import Body, Instant

DIGEST_BYTES: Final = 8
TOLD_LIMIT: Final = 500_000
"""Messages of a reading that are remembered; of a larger one none is."""


class Progress(msgspec.Struct, frozen=True):
    """How far a query has been read, kept in the transaction that keeps its messages."""

    cursor: Cursor | None = None
    told: bytes = b""
    """Digests of the messages of the last reading, one after the other."""


def progress_of(text: str) -> Progress:
    """Return what `RepeatedLanding` kept."""
    return msgspec.json.decode(text, type=Progress) if text else Progress()


class RepeatedLanding:
    """Lands the messages that the last reading did not tell; the cursor moves with the last."""

    def __init__(
        self, log: EventLog, reader: str, now: Instant, *, source: str, cursor: Cursor | None
    ) -> None:
        self._log = log
        self._reader = reader
        self._now = now
        self._source = source
        self._cursor = cursor
        self._kept = log.progress(reader)
        before = progress_of(self._kept).told
        self._before = frozenset(
            before[i : i + DIGEST_BYTES] for i in range(0, len(before), DIGEST_BYTES)
        )
        self._told = bytearray()
        self._waiting: list[tuple[bytes, int]] = []

    def told(self, message: Message) -> list[Message]:
        """Return a message that is new; what has no time of its own is so as of now."""
        digest = hashlib.blake2b(
            str(message["messageId"]).encode(), digest_size=DIGEST_BYTES
        ).digest()
        if len(self._told) <= TOLD_LIMIT * DIGEST_BYTES:
            self._told += digest
        return [] if digest in self._before else as_of(message, self._now)

    def land(self, bodies: Sequence[tuple[bytes, int]]) -> int:
        """Append what waits, and let these wait: the last ones go with the cursor."""
        landed = self._append(self._kept) if self._waiting else 0
        self._waiting = list(bodies)
        return landed

    def finish(self) -> int:
        """Append what waits together with the new cursor."""
        remembered = len(self._told) <= TOLD_LIMIT * DIGEST_BYTES
        progress = Progress(self._cursor, bytes(self._told) if remembered else b"")
        after = msgspec.json.encode(progress).decode()
        return self._append(after) if self._waiting or after != self._kept else 0

    def _append(self, progress: str) -> int:
        contents = [Body(self._source, self._now, content) for content, _ in self._waiting]
        self._log.append_from(self._reader, contents, progress)
        return sum(messages for _, messages in self._waiting)
