"""The readers of queues beside the server: one thread for each queue that a source names."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from tailorbird.errors import TailorbirdError
from tailorbird.schema import Definition, Instant
from tailorbird.syncs import Syncs
from tailorbird.web.worker import Worker

log = logging.getLogger("tailorbird.queues")

WAIT_SECONDS: Final = 1.0
"""How long a reader waits for a message before it looks whether it is to end."""
FIRST_REST_SECONDS: Final = 1.0
LONGEST_REST_SECONDS: Final = 60.0
"""After an error a reader rests, twice as long each time."""


class QueueReaders:
    """Keeps one reader for each queue, by the latest version of its definition."""

    def __init__(
        self, sources: Syncs, clock: Callable[[], Instant], arrived: Callable[[], None]
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._arrived = arrived
        self._readers: dict[str, _Reader] = {}
        self._worker = Worker(self.tick, "tailorbird-queues")

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End every reader, each after what it has in hand."""
        self._worker.stop()
        for reader in self._readers.values():
            reader.end()
        for reader in self._readers.values():
            reader.join()

    def tick(self) -> bool:
        """Begin to read what is new, end what is changed or paused; return False: it may wait."""
        wanted = {kept.name: kept for kept in self._sources.queues()}
        for name, reader in [*self._readers.items()]:
            if name not in wanted or wanted[name].version != reader.version:
                reader.end()
            if not reader.is_alive():
                del self._readers[name]
        for name, kept in wanted.items():
            # The reader of an earlier version lets go of the queue first.
            if name not in self._readers:
                self._readers[name] = _Reader(self._sources, kept, self._clock, self._arrived)
                self._readers[name].start()
        return False


class _Reader(threading.Thread):
    """Reads one queue until it is ended."""

    def __init__(
        self,
        sources: Syncs,
        kept: Definition,
        clock: Callable[[], Instant],
        arrived: Callable[[], None],
    ) -> None:
        super().__init__(name=f"tailorbird-queue-{kept.name}", daemon=True)
        self.version = kept.version
        self._called = kept.name
        self._queue = sources.follow(kept)
        self._clock = clock
        self._arrived = arrived
        self._ended = threading.Event()

    def end(self) -> None:
        """Have the present wait be the last."""
        self._ended.set()

    def run(self) -> None:
        """Read, and rest after errors."""
        rest = FIRST_REST_SECONDS
        while not self._ended.is_set():
            try:
                if self._queue.take(self._clock, WAIT_SECONDS):
                    self._arrived()
                rest = FIRST_REST_SECONDS
            except TailorbirdError as error:
                log.error("%s rests for %.0f s: %s", self._called, rest, error.sentence())
                self._ended.wait(rest)
                rest = min(rest * 2, LONGEST_REST_SECONDS)
            except Exception:
                # The others must be read on; this one goes on from what is durable.
                log.exception("%s rests for %.0f s", self._called, rest)
                self._ended.wait(rest)
                rest = min(rest * 2, LONGEST_REST_SECONDS)
        try:
            self._queue.close()
        except Exception:
            log.exception("%s could not be closed", self._called)
