"""The thread that looks into the mailbox of bounces, as often as the settings say."""

from __future__ import annotations

import time
from collections.abc import Callable

from tailorbird import returning
from tailorbird.schema import Instant
from tailorbird.web.worker import Worker
from tailorbird.world import World


class MailboxReader(Worker):
    """Visits the mailbox while the server runs; `arrived` hears when a mail came."""

    def __init__(
        self, world: World, clock: Callable[[], Instant], arrived: Callable[[], None]
    ) -> None:
        super().__init__(self.tick, "tailorbird-mailbox")
        self._world = world
        self._clock = clock
        self._arrived = arrived
        self._next = 0.0

    def tick(self) -> bool:
        """Visit the mailbox when it is time; return whether there may be more at once."""
        settings = self._world.settings.feedback
        if not settings.mailbox or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + max(settings.mailbox_every_seconds, 1)
        taken = returning.visit(self._world.log, settings, self._clock())
        if taken:
            self._arrived()
            self._next = 0.0  # a visit takes some only: look again until nothing is left
        return bool(taken)
