"""How much one sender may send: a leaky bucket of one number for each, in memory."""

from __future__ import annotations

import math
from typing import Final

BURST_SECONDS: Final = 10.0
"""Seconds' worth that may come at once."""
SENDERS: Final = 100_000
"""Most senders that are remembered; those who are not over their rate are forgotten first."""


class Rates:
    """Remembers for each sender until when its events so far have used up its rate."""

    def __init__(self, burst_seconds: float = BURST_SECONDS, senders: int = SENDERS) -> None:
        self._burst = burst_seconds
        self._senders = senders
        self._full_at: dict[str, float] = {}

    def wait(self, sender: str, rate: int, now: float) -> int:
        """Return the whole seconds after which the sender may go on, 0 when it may now.

        `now` is in seconds, of any clock that only goes forward. A rate of 0 is no limit.
        """
        if not rate:
            return 0
        ahead = self._full_at.get(sender, now) - now
        return max(0, math.ceil(ahead - self._burst)) if ahead > self._burst else 0

    def count(self, sender: str, rate: int, events: int, now: float) -> None:
        """Count events that were let through. A batch may go over: then the sender waits longer."""
        if not rate:
            return
        if sender not in self._full_at and len(self._full_at) >= self._senders:
            self._forget(now)
        self._full_at[sender] = max(self._full_at.get(sender, now), now) + events / rate

    def _forget(self, now: float) -> None:
        self._full_at = {sender: at for sender, at in self._full_at.items() if at > now}
        while len(self._full_at) >= self._senders:
            self._full_at.pop(next(iter(self._full_at)))
