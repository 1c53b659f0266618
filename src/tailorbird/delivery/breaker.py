"""A circuit breaker for each carrier: one that fails is left alone, then tried with a few.

closed: it sends. open: it failed several times in a row and is asked nothing until `until`.
half open: after that, one small batch tries it; success closes it, failure opens it for longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.schema import HOUR, MINUTE, Instant

FAILURES: Final = 3
"""In a row, before it opens."""
REST: Final = MINUTE
LONGEST_REST: Final = HOUR
PROBE: Final = 10
"""Mails with which a carrier is tried again."""

BreakerState: TypeAlias = Literal["closed", "open", "half_open"]


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of one carrier."""

    failures: int = 0
    """In a row."""
    opened: int = 0
    """How often in a row it opened."""
    until: Instant = 0
    reason: str = ""

    def state(self, now: Instant) -> BreakerState:
        """Return whether the carrier may be asked, and with how much."""
        if not self.opened:
            return "closed"
        return "open" if now < self.until else "half_open"


def failed(breaker: Breaker, reason: str, now: Instant) -> Breaker:
    """Return the breaker once its carrier could not be reached, or refused us altogether."""
    failures = breaker.failures + 1
    if failures < FAILURES and not breaker.opened:
        return msgspec.structs.replace(breaker, failures=failures, reason=reason)
    if breaker.state(now) == "open":  # another worker was under way when it opened
        return msgspec.structs.replace(breaker, failures=failures)
    opened = breaker.opened + 1
    rest = min(REST << min(opened - 1, 10), LONGEST_REST)
    return Breaker(failures, opened, now + rest, reason)


def succeeded(breaker: Breaker) -> Breaker:
    """Return the breaker once its carrier answered."""
    return Breaker() if breaker != Breaker() else breaker


def settled_clock(breaker: Breaker, now: Instant) -> Breaker:
    """Return the breaker with no rest that a clock put back would make endless."""
    if breaker.until <= now + LONGEST_REST:
        return breaker
    return msgspec.structs.replace(breaker, until=now + LONGEST_REST)


def choose(order: Sequence[str], breakers: Mapping[str, Breaker], now: Instant) -> str | None:
    """Return the first carrier that may be asked; None while all rest.

    One that is half open goes before those behind it, so that sending comes home.
    """
    for name in order:
        if breakers.get(name, Breaker()).state(now) != "open":
            return name
    return None
