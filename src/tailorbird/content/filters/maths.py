"""Filters over numbers: whole numbers stay whole, the others are reckoned in decimal."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

from tailorbird.content.faults import Unfit
from tailorbird.content.filters.register import Filter
from tailorbird.content.values import WIDEST, Number, bound, float_text, number, plain_number

_DECIMAL = Context(prec=60, traps=[])
_MOST_PLACES = 30


def _pair(left: object, right: object) -> tuple[Number, Number]:
    """Return both numbers, as decimals when one of them is."""
    one, other = number(left), number(right)
    if isinstance(one, int) and isinstance(other, int):
        return one, other
    return Decimal(one), Decimal(other)


def plus(value: object, other: object) -> int | float:
    """Return the sum."""
    left, right = _pair(value, other)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return plain_number(_DECIMAL.add(left, right))
    return plain_number(left + right)


def minus(value: object, other: object) -> int | float:
    """Return the difference."""
    left, right = _pair(value, other)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return plain_number(_DECIMAL.subtract(left, right))
    return plain_number(left - right)


def times(value: object, other: object) -> int | float:
    """Return the product."""
    left, right = _pair(value, other)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return plain_number(_DECIMAL.multiply(left, right))
    return plain_number(left * right)


def divided_by(value: object, other: object) -> int | float:
    """Return the quotient; of whole numbers, rounded down.

    Raises:
        Unfit: a whole number is divided by 0; a decimal then gives Infinity.
    """
    left, right = _pair(value, other)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return plain_number(_DECIMAL.divide(left, right))
    _check_divisor(right)
    return plain_number(left // right)


def modulo(value: object, other: object) -> int | float:
    """Return what division leaves, with the sign of the divisor.

    Raises:
        Unfit: the divisor is 0.
    """
    left, right = _pair(value, other)
    _check_divisor(right)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        rest = _DECIMAL.remainder(left, right)
        if _known(rest) and _known(right) and rest and (rest < 0) != (right < 0):
            rest += right
        return plain_number(rest or Decimal(0))
    return plain_number(left % right)


def _check_divisor(divisor: Number) -> None:
    if divisor == 0:
        raise Unfit("divided by 0", mend="test the divisor with if first")


def absolute(value: object) -> int | float:
    """Return the number without its sign."""
    found = number(value)
    return plain_number(abs(found) if isinstance(found, int) else found.copy_abs())


def at_least(value: object, floor: object) -> int | float:
    """Return the number, or the floor when it is larger."""
    found, least = number(value), number(floor)
    return plain_number(least if _exceeds(least, found) else found)


def at_most(value: object, ceiling: object) -> int | float:
    """Return the number, or the ceiling when it is smaller."""
    found, most = number(value), number(ceiling)
    return plain_number(most if _exceeds(found, most) else found)


def _exceeds(one: Number, other: Number) -> bool:
    return Decimal(one) > Decimal(other) if _known(one) and _known(other) else False


def _known(value: Number) -> bool:
    return isinstance(value, int) or not value.is_nan()


def ceil(value: object) -> int:
    """Return the next whole number above."""
    return int(_finite(value).to_integral_value(ROUND_CEILING, _WIDE))


def floor(value: object) -> int:
    """Return the next whole number below."""
    return int(_finite(value).to_integral_value(ROUND_FLOOR, _WIDE))


def _finite(value: object) -> Decimal:
    """Return a number that can be rounded.

    Raises:
        Unfit: it is Infinity or no number at all.
    """
    found = Decimal(number(value))
    if not found.is_finite():
        name = float_text(float(found))
        tail = " (Not a Number)" if name == "NaN" else ""
        raise Unfit(
            f"{name} cannot be rounded", shopify=f"Computation results in '{name}'{tail}",
            mend="test the divisor with if first",
        )  # fmt: skip
    return found


def round_(value: object, places: object = 0) -> int | float:
    """Return the number rounded to so many decimal places, halves away from 0."""
    found = number(value)
    digits = max(-_MOST_PLACES, min(_MOST_PLACES, bound(places)))
    if isinstance(found, int) and digits >= 0:
        return plain_number(found)
    if digits > 0 and isinstance(found, Decimal) and not found.is_finite():
        return float(found)  # as Ruby: what has no places keeps them all
    found = _finite(value)
    step = Decimal(1).scaleb(-digits)
    rounded = found.quantize(step, ROUND_HALF_UP, _WIDE)
    return float(rounded) if digits > 0 else int(rounded)


_WIDE = Context(prec=math.ceil(WIDEST * math.log10(2)) + 2 * _MOST_PLACES)

MATHS = {
    "plus": Filter(plus, 1, 1),
    "minus": Filter(minus, 1, 1),
    "times": Filter(times, 1, 1),
    "divided_by": Filter(divided_by, 1, 1),
    "modulo": Filter(modulo, 1, 1),
    "abs": Filter(absolute),
    "at_least": Filter(at_least, 1, 1),
    "at_most": Filter(at_most, 1, 1),
    "ceil": Filter(ceil),
    "floor": Filter(floor),
    "round": Filter(round_, 0, 1),
}
