"""Conditions on traits, scores, lists and other segments in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any as Anything
from typing import Unpack

from tailorbird.segments.build_clauses import (
    Asked,
    Bounds,
    Leaf,
    Value,
    bounds_of,
    lengths_of,
    merged,
)


class Compared:
    """A value that must still be compared."""

    __slots__ = ("_keyed",)

    def __init__(self, keyed: Mapping[str, Anything]) -> None:
        self._keyed = keyed

    def is_(self, value: Value) -> Leaf:
        """Return that it is this."""
        return self._compared("is", value)

    def is_not(self, value: Value) -> Leaf:
        """Return that it is known and not this."""
        return self._compared("is_not", value)

    def less_than(self, value: Value) -> Leaf:
        """Return that it is less than this."""
        return self._compared("less_than", value)

    def at_most(self, value: Value) -> Leaf:
        """Return that it is this or less."""
        return self._compared("at_most", value)

    def more_than(self, value: Value) -> Leaf:
        """Return that it is more than this."""
        return self._compared("more_than", value)

    def at_least(self, value: Value) -> Leaf:
        """Return that it is this or more."""
        return self._compared("at_least", value)

    def is_in(self, *values: Value) -> Leaf:
        """Return that it is one of these.

        >>> trait("tier").is_in("gold", "silver")
        trait('tier').is_in('gold', 'silver')
        """
        return self._compared("in", list(values))

    def not_in(self, *values: Value) -> Leaf:
        """Return that it is known and none of these."""
        return self._compared("not_in", list(values))

    def exists(self) -> Leaf:
        """Return that it is known."""
        return self._compared("exists", True)

    def missing(self) -> Leaf:
        """Return that it is not known."""
        return self._compared("missing", True)

    def _compared(self, word: str, operand: Anything) -> Leaf:
        return Leaf({**self._keyed, word: operand})


class TraitNamed(Compared):
    """A trait that must still be compared."""

    __slots__ = ()

    def contains(self, text: str) -> Leaf:
        """Return that the text has this in it."""
        return self._compared("contains", text)

    def starts_with(self, text: str) -> Leaf:
        """Return that the text starts with this."""
        return self._compared("starts_with", text)

    def ends_with(self, text: str) -> Leaf:
        """Return that the text ends with this."""
        return self._compared("ends_with", text)

    def has(self, value: Value) -> Leaf:
        """Return that the list has this in it."""
        return self._compared("has", value)

    def has_any(self, *values: Value) -> Leaf:
        """Return that the list has one of these in it."""
        return self._compared("has_any", list(values))

    def has_all(self, *values: Value) -> Leaf:
        """Return that the list has all of these in it."""
        return self._compared("has_all", list(values))

    def ago(self, exactly: str | None = None, **bounds: str | Sequence[str]) -> Leaf:
        """Return that the instant is so long ago.

        >>> trait("last_order_at").ago(at_least="90d")
        trait('last_order_at').ago(at_least='90d')
        """
        return self._compared("ago", lengths_of(exactly, bounds))

    def ahead(self, exactly: str | None = None, **bounds: str | Sequence[str]) -> Leaf:
        """Return that the instant is so far ahead."""
        return self._compared("ahead", lengths_of(exactly, bounds))

    def days_ago(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Leaf:
        """Return that the day is so many days ago by the person's own calendar."""
        return self._compared("days_ago", bounds_of(exactly, bounds))

    def days_ahead(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Leaf:
        """Return that the day is so many days ahead by the person's own calendar."""
        return self._compared("days_ahead", bounds_of(exactly, bounds))

    def anniversary_in(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Leaf:
        """Return that the anniversary of the day is in so many days.

        >>> trait("birthday").anniversary_in(at_most=7)
        trait('birthday').anniversary_in(at_most=7)
        """
        return self._compared("anniversary_in", bounds_of(exactly, bounds))

    def years(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Leaf:
        """Return that so many full years have passed since the day."""
        return self._compared("years", bounds_of(exactly, bounds))

    def turning(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Leaf:
        """Return that the next anniversary is the so-manieth."""
        return self._compared("turning", bounds_of(exactly, bounds))


def trait(name: str) -> TraitNamed:
    """Return a trait, to be compared."""
    return TraitNamed({"trait": name})


def model(name: str) -> Compared:
    """Return the latest score of a model, to be compared.

    >>> model("churn").at_least(0.5)
    model('churn').at_least(0.5)
    """
    return Compared({"model": name})


class Worth:
    """What an event is worth in points."""

    __slots__ = ("keyed",)

    def __init__(self, keyed: Mapping[str, Anything]) -> None:
        self.keyed = keyed

    def where(self, properties: Mapping[str, Asked] | None = None, /, **others: Asked) -> Worth:
        """Return the same of events with these properties."""
        where = merged(self.keyed.get("where", {}), properties, others)
        return Worth({**self.keyed, "where": where})


def worth(event: str, points: int) -> Worth:
    """Return that an event gives so many points.

    >>> garden = worth("purchase", 5).where(category="garden")
    >>> points(garden, worth("return", -5), half_life="30d").at_least(10)
    points(worth('purchase', 5).where(category='garden'), worth('return', -5), ...).at_least(10)
    """
    return Worth({"did": event, "points": points})


def points(*events: Mapping[str, int] | Worth, half_life: str) -> Compared:
    """Return what events are worth, halved with every half-life, to be compared.

    >>> points({"email_opened": 1, "email_clicked": 3}, half_life="14d").at_least(5)
    points({'email_opened': 1, 'email_clicked': 3}, half_life='14d').at_least(5)
    """
    told = [
        keyed
        for each in events
        for keyed in (
            [each.keyed]
            if isinstance(each, Worth)
            else [{"did": event, "points": number} for event, number in each.items()]
        )
    ]
    return Compared({"points": told, "half_life": half_life})


def on_list(name: str) -> Leaf:
    """Return that a person is on a list."""
    return Leaf({"list": name})


def segment(name: str) -> Leaf:
    """Return that a person is in another segment."""
    return Leaf({"segment": name})
