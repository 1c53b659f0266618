"""A queue that is followed: opened, read, closed when it breaks; how it stands is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec

from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources.definition import QueueSource, Secrets
from tailorbird.collect.sources.queue_runs import Reading
from tailorbird.collect.sources.standing import keep, noted, standing_of
from tailorbird.errors import TailorbirdError
from tailorbird.ports import EventLog
from tailorbird.schema import SECOND, Instant

Clock: TypeAlias = Callable[[], Instant]


class Following:
    """One queue that is read all the time; how it stands is kept, at most once a second."""

    def __init__(
        self,
        log: EventLog,
        source: QueueSource,
        secrets: Secrets,
        folder: Path,
        mapping: Callable[[], Mapping | None],
    ) -> None:
        self._log = log
        self._mapping = mapping
        self._folder = folder
        self._source = source
        self._secrets = secrets
        self._reading: Reading | None = None
        self._standing = standing_of(log, source.source)
        self._shown = self._standing

    def take(self, clock: Clock, wait_seconds: float) -> int:
        """Put what has come into the log, durably; return how many messages it was.

        The queue is opened first where it is not. After an error it is closed, and the error kept.

        Raises:
            TailorbirdError: it cannot be opened, or gives nothing.
        """
        try:
            reading = self._reading or self._open(clock())
            taken = reading.take(clock(), wait_seconds)
        except Exception as error:
            self._fail(error, clock())
            raise
        self._count(taken, reading.notes(), clock())
        return taken

    def close(self) -> None:
        """Let go of the queue."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()
        self._show()

    def _open(self, now: Instant) -> Reading:
        self._standing = msgspec.structs.replace(self._standing, started_at=now, ended_at=now)
        self._reading = Reading(
            self._source, self._log, self._secrets, self._folder, mapping=self._mapping()
        )
        self._standing = msgspec.structs.replace(self._standing, error="", failures=0)
        self._show()
        return self._reading

    def _count(self, taken: int, notes: Sequence[str], now: Instant) -> None:
        self._standing = noted(self._standing, notes, now)
        if taken:
            messages = self._standing.messages + taken
            self._standing = msgspec.structs.replace(
                self._standing, messages=messages, message_at=now, succeeded_at=now, ended_at=now
            )
        if not taken or now - self._shown.message_at >= SECOND:
            self._show()

    def _fail(self, error: Exception, now: Instant) -> None:
        sentence = error.sentence() if isinstance(error, TailorbirdError) else type(error).__name__
        self._standing = msgspec.structs.replace(
            noted(self._standing, self._reading.notes() if self._reading else (), now),
            ended_at=now,
            failures=self._standing.failures + 1,
            error=sentence,
        )
        # The error that is being told matters more than what closing finds broken, too.
        with suppress(Exception):
            self.close()

    def _show(self) -> None:
        if self._standing != self._shown:
            keep(self._log, self._source.source, self._standing)
            self._shown = self._standing
