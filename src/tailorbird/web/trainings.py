"""Trainings that somebody asked for: they go on behind the requests, one of a kind at a time.

What is asked is kept in the record before it is answered: a server that is stopped, or dies, begins
it anew when it comes back, or says that it failed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tailorbird.errors import ConflictError, Stopped, TailorbirdError
from tailorbird.schema import DAY, Instant
from tailorbird.trainings import Training, TrainingKind, TrainingRecord

log = logging.getLogger("tailorbird.trainings")

UNEXPECTED: Final = "it broke off unexpectedly; the log of the server says where"
MOST_BEGUN: Final = 3
BROKEN_OFF: Final = (
    f"the server ended each of the {MOST_BEGUN} times that it was begun; "
    "see why in the log of the server, then ask again"
)
HALF_DONE: Final = (
    "the server ended while it ran, and it may have been kept and paid for; "
    "look at the model's versions, then ask again"
)
_IN_WORDS: Final = {"anew": "anew", "privately": "privately", "on": "on what came since"}
Work = Callable[[Training, Instant], object]


class Trainings:
    """Trains what is asked for; `done` is called after what went well. For any thread."""

    def __init__(
        self,
        record: TrainingRecord,
        clock: Callable[[], Instant],
        work: Mapping[TrainingKind, Work],
        done: Callable[[], None],
    ) -> None:
        self._record = record
        self._clock = clock
        self._work = work
        self._done = done
        self._guard = threading.Lock()
        self._pools: dict[TrainingKind, ThreadPoolExecutor] = {}
        self._under_way: set[int] = set()
        self._closing = False

    def resume(self) -> int:
        """Go on with what had not ended when the server did; return how much there was.

        What was begun too often is told as failed instead; so is, once begun, what would be paid
        for twice.
        """
        with self._guard:
            left = self._record.running()
            for each in left:
                if each.begun >= (MOST_BEGUN if each.how == "anew" else 1):
                    why = BROKEN_OFF if each.how == "anew" else HALF_DONE
                    self._record.end(each.id, "failed", why, self._clock())
                else:
                    self._submit(each)
        return len(left)

    def begin(self, asked: Training) -> Training:
        """Begin a training, unless it is under way or the same request has asked for it before.

        Raises:
            ConflictError: the same is being trained in another way.
        """
        with self._guard:  # else what ends meanwhile could be begun twice
            kept = self._record.ask(asked, asked.asked_at - DAY)
            if kept.state == "running" and _way(kept) != _way(asked):
                raise ConflictError(
                    f"{asked.name!r} is being trained {_IN_WORDS[kept.how]}",
                    mend="ask again once `/training` is no longer `running`",
                )
            if kept.state == "running":
                self._submit(kept)
        return kept

    def close(self) -> None:
        """Leave what has not begun to the next server, and end when the present training does."""
        with self._guard:
            self._closing = True
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown()

    def _submit(self, asked: Training) -> None:
        """Have it done after what was asked for before. Called by who holds the guard."""
        if asked.id in self._under_way or self._closing:
            return
        if asked.kind not in self._pools:
            name = "tailorbird-training"
            self._pools[asked.kind] = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._under_way.add(asked.id)
        self._pools[asked.kind].submit(self._run, asked)

    def _run(self, asked: Training) -> None:
        why = ""
        try:
            self._record.begin(asked.id)
            self._work[asked.kind](asked, self._clock())
            self._done()
        except Stopped:
            return  # the server ends: the next one goes on with it
        except TailorbirdError as error:
            why = error.sentence()
        except Exception:
            # Whoever asks again must learn that it has ended.
            log.exception("a training failed")
            why = UNEXPECTED
        self._end(asked, why)

    def _end(self, asked: Training, why: str) -> None:
        with self._guard:
            try:
                self._record.end(asked.id, "failed" if why else "done", why, self._clock())
            except TailorbirdError as error:
                # A disk that is full: it stays under way here, and the next server sees to it.
                told = error.sentence()
                log.error("the end of a training could not be kept: %s", told)
                return
            self._under_way.discard(asked.id)


def _way(asked: Training) -> tuple[str, int]:
    return asked.how, asked.epsilon_micro
