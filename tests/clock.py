"""A clock that a test moves."""

from __future__ import annotations

from tailorbird.schema import Instant


class Clock:
    """Stands where a test puts it; `step` goes by between any two looks."""

    def __init__(self, now: Instant, step: Instant = 0) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> Instant:
        self.now += self.step
        return self.now
