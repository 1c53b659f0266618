"""How plain values compare in a template: as in Shopify's Liquid."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from tailorbird.content.faults import Unfit
from tailorbird.content.meter import LARGE, spend
from tailorbird.content.values import float_text, inspect, text, to_text

_SIZED: Final = (str, list, dict)


def equal(left: object, right: object) -> bool:
    """Return whether two values are the same; true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def is_empty(value: object) -> bool:
    """Return whether a value equals `empty`."""
    return isinstance(value, _SIZED) and not value


def is_blank(value: object) -> bool:
    """Return whether a value equals `blank`."""
    if value is None or value is False:
        return True
    if isinstance(value, str):
        return not value.strip()
    return is_empty(value)


def less(left: Any, right: Any) -> bool:
    """Return whether left < right.

    Raises:
        Unfit: one is a text and the other a number.
    """
    return _ordered(left, right) and bool(left < right)


def less_or_equal(left: Any, right: Any) -> bool:
    """Return whether left <= right. Raises as `less`."""
    return _ordered(left, right) and bool(left <= right)


def more(left: Any, right: Any) -> bool:
    """Return whether left > right. Raises as `less`."""
    return _ordered(left, right) and bool(left > right)


def more_or_equal(left: Any, right: Any) -> bool:
    """Return whether left >= right. Raises as `less`."""
    return _ordered(left, right) and bool(left >= right)


def _ordered(left: object, right: object) -> bool:
    """Return whether two values can be compared; nil and truths never can, and are not less."""
    if left.__class__ is int and right.__class__ is int:
        return True
    first, second = _rank(left), _rank(right)
    if not first or not second:
        return False
    if first != second:
        raise Unfit(
            f"cannot compare {_kind(left)} with {_kind(right)}",
            shopify=f"comparison of {_ruby_class(left)} with {_ruby_operand(right)} failed",
            mend="turn the text into a number with | plus: 0",
        )
    return True


def _rank(value: object) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        return 1
    if isinstance(value, str):
        return 2
    return 3 if isinstance(value, dt.date) else 0


def _kind(value: object) -> str:
    return f"the text {value!r}" if isinstance(value, str) else f"the number {text(value)}"


def _ruby_class(value: object) -> str:
    if isinstance(value, str):
        return "String"
    return "Float" if isinstance(value, float) else "Integer"


_BOXED = 2**62
"""From here on a whole number is an object to Ruby."""


def _ruby_operand(value: object) -> str:
    """Return how Ruby names what it could not compare with: small things by value."""
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, int):
        return inspect(value) if abs(value) < _BOXED else "Integer"
    return "String"


def is_text(value: object) -> bool:
    """Return whether a value holds `empty` and `blank`, as every text does."""
    return isinstance(value, str)


def contains(left: object, right: object) -> bool:
    """Return whether a text holds a text, a list an element, or a dictionary a key."""
    if left is None or right is None or left is False or right is False:
        return False
    if isinstance(left, str):
        if len(left) > LARGE:
            spend(len(left))
        return to_text(right) in left
    if isinstance(left, list):
        return any(equal(element, right) for element in left)
    if isinstance(left, dict):
        return isinstance(right, str) and right in left
    return isinstance(left, range) and right.__class__ is int and right in left
