"""What many facts say together: chains of steps, answers, regular periods, points that fade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tailorbird.traits.history import (
    Duration,
    FactColumn,
    Op,
    Operand,
    Predicate,
    Property,
    Rows,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A step after the first: facts that come, or do not, within `gap` of the step before.

    A step that is `absent` is no step before: the next one is measured from the last that came, and
    nothing of the absent one may lie between the two.
    """

    rows: Rows
    gap: Duration | None
    absent: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """A fact of `first`, and then a fact of each link in turn; the links have no window."""

    first: Rows
    links: tuple[Link, ...]

    @property
    def wait(self) -> Duration:
        """How long after its last step the chain must wait before nothing more can break it."""
        waits = [0]
        for link in reversed(self.links):
            if not link.absent:
                break
            waits.append(link.gap or 0)
        return max(waits)


@dataclass(frozen=True, slots=True)
class LastChained:
    """The instant of the latest first step of a chain that holds."""

    chain: Chain


@dataclass(frozen=True, slots=True)
class NextChained:
    """The instant at which the earliest chain that does not hold yet will, by time alone."""

    chain: Chain


@dataclass(frozen=True, slots=True)
class Answered:
    """How many of the `last` latest facts have an answer: a fact of `by` with the same `link`.

    The answer comes at most `gap` after what it answers (None: whenever), and may stand before it:
    clocks differ. `by` has no window of its own.
    """

    rows: Rows
    last: int
    by: Rows
    link: FactColumn | Property
    gap: Duration | None


@dataclass(frozen=True, slots=True)
class OldestAsked:
    """The instant of the oldest of the latest facts that may have an answer."""

    answered: Answered


@dataclass(frozen=True, slots=True)
class Periods:
    """In how many of the latest `number` periods of a length the count of facts compares so.

    The periods lie end to end and end at `as_of`; the window of `rows` is all of them.
    """

    rows: Rows
    length: Duration
    number: int
    op: Op
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class NextPeriod:
    """The next instant at which a fact passes from one period into the one before."""

    periods: Periods


@dataclass(frozen=True, slots=True)
class Points:
    """How many points each fact of an event is worth, if it passes every predicate."""

    event: str
    each: int
    where: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Decayed:
    """The sum of the facts' points, in millionths, halving every so many days.

    Ages are whole UTC days, so that the sum changes at midnight only. Rows read by machines do not
    count. A fact that several entries name is worth all of them.
    """

    points: tuple[Points, ...]
    half_life_days: int


@dataclass(frozen=True, slots=True)
class Fading:
    """The midnight before which the sum cannot cross this threshold; missing if it never can.

    With points below zero, or without a `threshold`: the next midnight, while anything counts.
    """

    decayed: Decayed
    threshold: int | None = None


Pattern: TypeAlias = (
    LastChained | NextChained | Answered | OldestAsked | Periods | NextPeriod | Decayed | Fading
)
