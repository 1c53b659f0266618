"""The tree that defines a segment; YAML, JSON, Python and the UI are views of it.

Durations are microseconds here and `90d`, `24h`, `30m` in YAML. Comparison values are as the author
wrote them: money in minor units, scores and points as decimals, instants as ISO 8601 text in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from tailorbird.traits.terms import Amount, Op

Duration: TypeAlias = int
"""Microseconds."""
Operand: TypeAlias = str | int | float | bool


class Comparison(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a value must compare: `in` and `not in` take several operands, `exists` none."""

    op: Op
    operands: tuple[Operand, ...] = ()


class Filter(msgspec.Struct, frozen=True):
    """What a property of the event must be."""

    property: str
    comparison: Comparison


class Total(msgspec.Struct, frozen=True):
    """What the sum of a property over the events must be."""

    of: Amount
    comparison: Comparison


class Did(msgspec.Struct, frozen=True, tag="did", omit_defaults=True):
    """The person did this: at least once, or so often, or to such a measure, or first or last then.

    The window holds what is younger than `within` and at least as old as `older_than`. With `per`,
    the events that share one value of that property must be so many, or sum up so.
    """

    event: str
    where: tuple[Filter, ...] = ()
    times: Comparison | None = None
    total: Total | None = None
    within: Duration | None = None
    older_than: Duration = 0


class DidNot(msgspec.Struct, frozen=True, tag="did_not", omit_defaults=True):
    """The person did not do this in the window."""

    event: str
    where: tuple[Filter, ...] = ()
    within: Duration | None = None
    older_than: Duration = 0


class Then(msgspec.Struct, frozen=True, tag="then", omit_defaults=True):
    """The person did one thing and then, within a while, did another (or, if `absent`, did not).

    `since`, `older_than` and `when` bound the first event. Without `within` the second may come
    until the instant asked about. With `absent` and `within` the answer waits until the
    while is over.
    """

    event: str
    then: str
    absent: bool = False
    where: tuple[Filter, ...] = ()
    then_where: tuple[Filter, ...] = ()
    within: Duration | None = None
    since: Duration | None = None
    older_than: Duration = 0


class TraitIs(msgspec.Struct, frozen=True, tag="trait"):
    """A trait, computed or declared, compares so."""

    trait: str
    comparison: Comparison


class InSegment(msgspec.Struct, frozen=True, tag="segment"):
    """The person is in another segment."""

    segment: str


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every condition holds."""

    conditions: tuple[Condition, ...]


class Any(msgspec.Struct, frozen=True, tag="any"):
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Did | DidNot | Then | TraitIs | InSegment | All | Any | Not


class Segment(msgspec.Struct, frozen=True):
    """A named condition. `version` is that of the definition that it was read from."""

    name: str
    condition: Condition
    description: str = ""
    version: int = 0


def parts(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that this one is made of; none for a leaf."""
    match condition:
        case All(conditions) | Any(conditions):
            return conditions
        case Not(inner):
            return (inner,)
        case _:
            return ()


def leaves(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions that are not made of others, from the first to the last."""
    inner = parts(condition)
    if not inner:
        yield condition
    for part in inner:
        yield from leaves(part)


def named(condition: Condition) -> frozenset[str]:
    """Return the segments that a condition names itself."""
    return frozenset(leaf.segment for leaf in leaves(condition) if isinstance(leaf, InSegment))
