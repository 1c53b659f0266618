"""The worker beside the server: one thread that does what is due, tick after tick."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence

from tailorbird.errors import TailorbirdError

log = logging.getLogger("tailorbird.worker")

SHORTEST_WAIT_SECONDS = 0.05
COMMON_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 2.0
WAIT_AFTER_ERROR_SECONDS = 5.0


def never() -> float:
    """Return that nothing is due by time alone."""
    return math.inf


class Worker:
    """Runs `tick` until it is stopped; soon again after work, seldom when idle.

    `due` says in how many seconds something is due by time alone: then the next tick comes, unless
    it comes before.
    """

    def __init__(
        self,
        tick: Callable[[], bool],
        name: str = "tailorbird-worker",
        due: Callable[[], float] = never,
    ) -> None:
        self._tick = tick
        self._due = due
        self._stopped = threading.Event()
        self._wanted = threading.Event()
        self._hurried = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._warned: set[str] = set()
        self.error = ""
        """What went wrong in the last tick; empty when it went well."""
        self.ticked_at = 0.0
        """When the last tick ended, by the monotonic clock."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """Return whether the present tick is to be the last."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Finish the present tick and end."""
        self._stopped.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Have the next tick come now: somebody waits for what was written."""
        self._wanted.set()
        self._hurried.set()

    def nudge(self) -> None:
        """Have the next tick come soon: something came. A tick takes what comes meanwhile too."""
        self._wanted.set()

    def warn(self, troubles: Sequence[str]) -> None:
        """Log what holds something up, once for as long as it does."""
        for each in troubles:
            if each not in self._warned:
                log.warning("%s", each)
        self._warned = {*troubles}

    def _run(self) -> None:
        wait = SHORTEST_WAIT_SECONDS
        while not self._stopped.is_set():
            self._wanted.clear()
            self._hurried.clear()
            began = time.monotonic()
            due = math.inf
            try:
                worked = self._tick()
                self.error = ""
                wait = COMMON_WAIT_SECONDS if worked else min(wait * 2, LONGEST_WAIT_SECONDS)
                due = self._due()
            except TailorbirdError as error:
                self._note(error.sentence())
            except Exception as error:
                # The server must go on; the next tick starts from what is durable.
                log.exception("a tick failed")
                self._note(type(error).__name__)
            self.ticked_at = time.monotonic()
            self._rest(self.ticked_at - began, min(wait, due))

    def _rest(self, spent: float, wait: float) -> None:
        """Wait a quarter of the tick's time, a quarter of a second at most; then for what comes."""
        if self._stopped.is_set():
            return
        least = max(SHORTEST_WAIT_SECONDS, min(spent / 4, COMMON_WAIT_SECONDS))
        if self.error:
            self._hurried.wait(WAIT_AFTER_ERROR_SECONDS)
        elif not self._hurried.wait(least):
            self._wanted.wait(max(0.0, wait - least))

    def _note(self, sentence: str) -> None:
        if sentence != self.error:
            log.error("the worker waits: %s", sentence)
        self.error = sentence
