"""The sender of webhooks: a thread of its own, and one at most for each receiver.

A receiver that is slow keeps nobody else waiting, least of all those who send us events.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from tailorbird import notify
from tailorbird.posting import Poster
from tailorbird.schema import Instant
from tailorbird.settings import HooksOut
from tailorbird.web.worker import Worker
from tailorbird.world import World

AT_ONCE: Final = 8
"""Receivers that are posted to at the same time."""


def sending_of(rules: HooksOut) -> notify.Sending:
    """Return with what webhooks are sent: the network, the real clock, chance."""
    return notify.Sending(
        Poster(rules), time.time, random.SystemRandom().uniform, rules.give_up_after_days
    )


class HookSender:
    """Sends what waits, until it is stopped."""

    def __init__(self, world: World, clock: Callable[[], Instant]) -> None:
        self._world = world
        self._clock = clock
        self._sending = sending_of(world.settings.hooks_out)
        self._running: dict[str, Future[int]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tailorbird-hook")
        self._worker = Worker(self.tick)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._worker.stop()
        self._pool.shutdown(cancel_futures=True)

    def tick(self) -> bool:
        """Begin to send to each receiver that has something due; return whether any took one."""
        took = False
        for hook in self._world.hooks.all():
            before = self._running.get(hook.id)
            if before is not None and not before.done():
                continue
            took = took or bool(before and not before.exception() and before.result())
            if before is not None:
                before.result()  # what went wrong is the worker's to tell
                del self._running[hook.id]
            now = self._clock()
            if not hook.disabled and self._world.hooks.due(hook.id, now, 1):
                self._running[hook.id] = self._pool.submit(
                    notify.send_due, self._world, hook, self._sending, now
                )
        return took
