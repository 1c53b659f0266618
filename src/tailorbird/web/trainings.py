"""Trainings that somebody asked for: they go on behind the requests, one after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec.structs import replace

from tailorbird.errors import TailorbirdError
from tailorbird.schema import Instant
from tailorbird.views import moment
from tailorbird.views.clusters import ClusterTraining

log = logging.getLogger("tailorbird.trainings")

UNEXPECTED: Final = "it broke off unexpectedly; the log of the server says where"


class Trainings:
    """Trains clusters, or models, for who asks; `done` is called after what went well.

    For any thread.
    """

    def __init__(
        self,
        clock: Callable[[], Instant],
        train: Callable[[str, Instant], object],
        done: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._train = train
        self._done = done
        self._guard = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._known: dict[str, ClusterTraining] = {}

    def begin(self, name: str) -> ClusterTraining:
        """Begin to train anew, unless that is under way; return how far it is."""
        with self._guard:
            if self._of(name).state != "running":
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(1, thread_name_prefix="tailorbird-training")
                asked = ClusterTraining(name, "running", moment(self._clock()))
                self._known[name] = asked
                self._pool.submit(self._run, asked)
            return self._of(name)

    def look(self, name: str) -> ClusterTraining:
        """Return how far the latest training of this name is that was asked for here."""
        with self._guard:
            return self._of(name)

    def close(self) -> None:
        """Give up what has not begun, and end when the present training does."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _of(self, name: str) -> ClusterTraining:
        return self._known.get(name) or ClusterTraining(name)

    def _run(self, asked: ClusterTraining) -> None:
        why = ""
        try:
            self._train(asked.name, self._clock())
            self._done()
        except TailorbirdError as error:
            why = error.sentence()
        except Exception:
            # Whoever asks again must learn that it has ended.
            log.exception("a training failed")
            why = UNEXPECTED
        ended = moment(self._clock())
        with self._guard:
            state = "failed" if why else "done"
            self._known[asked.name] = replace(asked, state=state, ended_at=ended, why=why)
