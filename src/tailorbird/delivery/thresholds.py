"""When bounces and complaints say stop.

A share of few is no share: sending stops only where even the lower end of its interval is above
the threshold (Wilson 1927, 95 % on one side), and not before a least number was sent.
Source of the defaults: Gmail's and Yahoo's rules for bulk senders (complaints below 0.3 %).
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import msgspec

Z: Final = 1.6449
"""Upper 5 % point of the normal distribution."""


class Thresholds(msgspec.Struct, frozen=True):
    """Shares of what was sent above which a stream is held. 0: that share never stops anything."""

    hard_bounces: float = 0.05
    complaints: float = 0.003
    window_hours: int = 24
    least_sent: int = 200


class Counts(msgspec.Struct, frozen=True):
    """What became of a stream's mails within the window."""

    sent: int
    hard_bounces: int = 0
    complaints: int = 0


def wilson_low(bad: int, of: int) -> float:
    """Return the lower end of the interval of a share; 0 of nothing.

    >>> round(wilson_low(1, 3), 3), round(wilson_low(80, 1000), 3)
    (0.084, 0.067)
    """
    if not bad or of <= 0:
        return 0.0
    share, z2 = min(1.0, bad / of), Z * Z
    middle = share + z2 / (2 * of)
    spread = Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z2 / of))


def alarm(counts: Counts, thresholds: Thresholds) -> str:
    """Return why a stream must stop, as a sentence, or ''."""
    if counts.sent < thresholds.least_sent:
        return ""
    kinds = (
        ("complaints", counts.complaints, thresholds.complaints),
        ("hard bounces", counts.hard_bounces, thresholds.hard_bounces),
    )
    for name, bad, threshold in kinds:
        if threshold and wilson_low(bad, counts.sent) > threshold:
            return (
                f"{bad:,} {name} of {counts.sent:,} mails in {thresholds.window_hours} hours:"
                f" {bad / counts.sent:.2%}, above {threshold:.2%}"
            )
    return ""
