"""What tells a machine from a visitor, without asking her anything.

A hidden field that only machines fill, the time that filling took, and how often one address is
given. Who falls into the trap is held in quarantine and sees what everybody sees.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from tailorbird.collect.fields import Refusal
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant

HONEYPOT: Final = "website"
"""The hidden field: a name that machines like to fill."""
FASTEST: Final = SECOND
"""Nobody reads and answers a page in less."""
OPEN_FOR: Final = DAY
"""How long a page may stay open; then it is shown again with everything that was typed."""
PER_ADDRESS: Final = (5, HOUR)
PER_VISITOR: Final = (30, 10 * MINUTE)
REMEMBERED: Final = 50_000

Suspicion: TypeAlias = Literal["", "honeypot", "too_fast", "address_rate"]
REASONS: Final[dict[Suspicion, str]] = {
    "honeypot": "a field that people do not see was filled in",
    "too_fast": "it was sent faster than a person can answer",
    "address_rate": "this address was given too often in an hour",
}
CODE: Final = "bot_suspected"


def suspicion(honeypot: str, shown_at: Instant | None, now: Instant) -> Suspicion:
    """Return why a submission looks like a machine's, or ''; `shown_at` is None for a snippet."""
    if honeypot:
        return "honeypot"
    if shown_at is not None and now - shown_at < FASTEST:
        return "too_fast"
    return ""


def hold_back(context: Mapping[str, Any]) -> None:
    """Refuse a message whose context says that a machine is suspected, until somebody clears it."""
    suspected = context.get("suspected")
    if suspected is not None:
        reason = REASONS.get(suspected, "a machine is suspected")
        raise Refusal(CODE, reason, "if it was a person, delete context.suspected and replay it")


class Rates:
    """How often each of many things happened lately; forgets the least recent beyond a number."""

    def __init__(self, most: int, within: Instant, remembered: int = REMEMBERED) -> None:
        self._most = most
        self._within = within
        self._remembered = remembered
        self._seen: OrderedDict[bytes, deque[Instant]] = OrderedDict()

    def exceeded(self, key: bytes, now: Instant) -> bool:
        """Note that it happened now, and return whether that was too often."""
        times = self._seen.setdefault(key, deque(maxlen=self._most + 1))
        self._seen.move_to_end(key)
        while len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        times.append(now)
        return len(times) > self._most and now - times[0] < self._within
