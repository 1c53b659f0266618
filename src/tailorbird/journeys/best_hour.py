"""The hour at which a person reads: her own, shrunk towards everybody's.

An hour's weight is what she opened and clicked in it, her neighbours' hours counted half, plus
`strength` times everybody's share of it. How strong is judged on what came later, against the naive
rule, everybody's best hour: where her own hours do not win, the naive rule serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Counts: TypeAlias = "npt.NDArray[np.int64]"
    Shares: TypeAlias = "npt.NDArray[np.float64]"
    Flags: TypeAlias = "npt.NDArray[np.bool_]"

HOURS: Final = 24
STRENGTHS: Final = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
LEAST_LATER: Final = 200
"""Fewer later opens and clicks cannot tell which rule wins."""
LEAST_GAIN: Final = 0.005
"""Nats by which an open must be foretold better, on average."""


class Rule(msgspec.Struct, frozen=True):
    """How hours are chosen, and how it was judged."""

    strength: float | None
    """None: everybody's best hour is everybody's."""
    gain: float
    """How much better later opens were foretold than by the naive rule: nats an open."""
    judged_on: int
    why: str


@dataclass(frozen=True, slots=True)
class BestHours:
    """When people's mails are due, and how sure that is; each of (people,)."""

    hours: Counts
    """Of their local days."""
    shares: Shares
    """Of one's opens and clicks that are expected within that hour and the next two."""
    seen: Counts
    """The opens and clicks that are known."""
    own: Flags
    """Whether one's own hours decided."""


def everybody(counts: Counts) -> Shares:
    """Return everybody's share of each hour; even where nothing is known."""
    total = _smooth(counts.sum(axis=0, dtype=np.float64)) + 1.0
    shares: Shares = total / total.sum()
    return shares


def judge(earlier: Counts, later: Counts) -> Rule:
    """Return the rule that foretold best at which hours people opened later.

    Both are (people, 24). The naive rule's shares are everybody's of before.
    """
    judged_on = int(later.sum())
    if judged_on < LEAST_LATER:
        return Rule(None, 0.0, judged_on, f"only {judged_on:,} later opens and clicks to judge by")
    shared = everybody(earlier)
    naive = float((later * np.log(shared)).sum()) / judged_on
    gains = [(_likelihood(earlier, later, shared, k) / judged_on - naive, k) for k in STRENGTHS]
    gain, strength = max(gains)
    if gain < LEAST_GAIN:
        return Rule(None, gain, judged_on, "people's own hours predict no better than everybody's")
    return Rule(strength, gain, judged_on, "people's own hours predict better than everybody's")


def choose(rule: Rule, counts: Counts, shared: Shares) -> BestHours:
    """Return the hour of each person; `counts` is (people, 24) in local hours."""
    expected = _expected(counts, shared, rule.strength)
    window = expected + np.roll(expected, -1, axis=1) + np.roll(expected, -2, axis=1)
    hours, seen = window.argmax(axis=1), counts.sum(axis=1)
    shares = np.take_along_axis(window, hours[:, None], axis=1)[:, 0]
    return BestHours(hours, shares, seen, (seen > 0) & (rule.strength is not None))


def _expected(counts: Counts, shared: Shares, strength: float | None) -> Shares:
    if strength is None:
        return np.broadcast_to(shared, counts.shape)
    weights = _smooth(counts.astype(np.float64)) + strength * shared
    expected: Shares = weights / weights.sum(axis=1, keepdims=True)
    return expected


def _likelihood(earlier: Counts, later: Counts, shared: Shares, strength: float) -> float:
    return float((later * np.log(_expected(earlier, shared, strength))).sum())


def _smooth(counts: Shares) -> Shares:
    """Return each hour with half of its neighbours'; a day is a circle, and the sum stays."""
    smooth: Shares = (2 * counts + np.roll(counts, 1, axis=-1) + np.roll(counts, -1, axis=-1)) / 4
    return smooth
