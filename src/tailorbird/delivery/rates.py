"""How many may leave in a second, a minute, an hour or a day, exactly.

What left is remembered for as long as it counts, so that no window of that length, wherever it
begins, holds more than the rate says. A bucket of tokens lets twice as many pass in some.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import msgspec

from tailorbird.errors import SettingsError
from tailorbird.schema import SECOND, Instant

RATE: Final = re.compile(r"(\d[\d_]{0,11})\s*/\s*(s|min|h|day)")
UNITS: Final[Mapping[str, int]] = {"s": 1, "min": 60, "h": 3600, "day": 86_400}
MOST_KEPT: Final = 64
"""Instants that are remembered of a window; more are merged, so that they count for longer."""

Spent: TypeAlias = tuple[tuple[Instant, int], ...]
"""(when, how many) that left, in order."""


class Rate(msgspec.Struct, frozen=True):
    """At most so many in any window of so many seconds."""

    count: int
    seconds: int

    @property
    def window(self) -> Instant:
        """Return the window's length."""
        return self.seconds * SECOND

    def slowed(self, halvings: int) -> Rate:
        """Return half of it, a quarter ... but at least one a window."""
        return Rate(max(1, self.count >> halvings), self.seconds)


def rates_of(text: str, where: str) -> tuple[Rate, ...]:
    """Return the rates of a text such as `20/s 30000/h`; none of ''.

    Raises:
        SettingsError: it says no rate.
    """
    rates = []
    for word in text.replace(",", " ").split():
        match = RATE.fullmatch(word)
        if match is None or int(match[1]) == 0:
            raise SettingsError(
                f"{word!r} is no rate", where=where, mend='write it as "20/s 30000/h"'
            )
        rates.append(Rate(int(match[1]), UNITS[match[2]]))
    return tuple(rates)


def room(rate: Rate, spent: Spent, now: Instant) -> int:
    """Return how many may leave now."""
    return max(0, rate.count - sum(n for at, n in spent if at > now - rate.window))


def next_room(rate: Rate, spent: Spent, now: Instant) -> Instant:
    """Return the first instant from `now` on at which at least one may leave."""
    over = rate.count - sum(n for at, n in spent if at > now - rate.window)
    for at, n in spent:
        if over > 0:
            break
        if at > now - rate.window:
            over += n
            now = max(now, at + rate.window)
    return now


def spending(spent: Spent, count: int, now: Instant, seconds: int) -> Spent:
    """Return what counts in a window of so many seconds once `count` more have left.

    The clock may have been put back: what left later than now left now.
    """
    kept = [(min(at, now), n) for at, n in spent if min(at, now) > now - seconds * SECOND]
    if count:
        kept.append((now, count))
    return tuple(_merged(kept))


def _merged(kept: Sequence[tuple[Instant, int]]) -> list[tuple[Instant, int]]:
    """Return at most so many instants, the nearest joined at the later of the two."""
    joined: list[tuple[Instant, int]] = []
    for at, n in kept:
        if joined and joined[-1][0] == at:
            n += joined.pop()[1]
        joined.append((at, n))
    while len(joined) > MOST_KEPT:
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(joined)]
        nearest = gaps.index(min(gaps))
        (_, first), (at, second) = joined[nearest : nearest + 2]
        joined[nearest : nearest + 2] = [(at, first + second)]
    return joined
