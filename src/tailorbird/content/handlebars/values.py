"""How plain values behave in a Handlebars template: the rules of JavaScript.

What `generate` writes for a Handlebars template calls these functions.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Final

from tailorbird.content.meter import LARGE, spend
from tailorbird.content.scope import Scope
from tailorbird.content.values import Html, text

NOTHING: Final[dict[str, object]] = {}
"""What `this` is in a test inside of nothing: an object without fields."""
_NESTED = (dict, list, range)
_INDEXES = 2**32 - 1
_ELEMENT = 100
"""What an element that is gone through costs, beside one character."""


# -- text -----------------------------------------------------------------------------------------


def js_text(value: object) -> str:
    """Return what a template prints for a value.

    Raises:
        TemplateError: the value is not plain data.
    """
    kind = value.__class__
    if kind is str:
        return str(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, list | range):
        spend(len(value) * _ELEMENT)
        return ",".join([js_text(each) for each in value])
    if isinstance(value, dict):
        return "[object Object]"
    return text(value)


def float_text(value: float) -> str:
    """Return a number as JavaScript writes it."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    size = abs(value)
    if value.is_integer() and size < 1e21:
        return str(int(value))
    written = repr(value)
    mantissa, _, exponent = written.partition("e")
    if not exponent:
        return written
    power = int(exponent)
    if power < -6 or power >= 21:
        return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"
    sign = "-" if value < 0 else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0")
    return f"{sign}0.{'0' * (-power - 1)}{digits}"


def escape_mustache(value: object) -> str:
    """Return the text of a value, escaped as `{{ }}` does it in handlebars.js."""
    if value.__class__ is Html:
        return str(value)
    plain: str = value if value.__class__ is str else js_text(value)
    if len(plain) > LARGE:
        spend(len(plain))
    if "&" in plain:
        plain = plain.replace("&", "&amp;")
    if "<" in plain:
        plain = plain.replace("<", "&lt;")
    if ">" in plain:
        plain = plain.replace(">", "&gt;")
    if '"' in plain:
        plain = plain.replace('"', "&quot;")
    if "'" in plain:
        plain = plain.replace("'", "&#x27;")
    if "`" in plain:
        plain = plain.replace("`", "&#x60;")
    if "=" in plain:
        plain = plain.replace("=", "&#x3D;")
    return plain


def indented(written: str, indent: str) -> str:
    """Return what a partial printed, each of its lines moved in."""
    lines = written.split("\n")
    last = lines.pop()
    moved = "".join([f"{indent}{line}\n" for line in lines])
    return f"{moved}{indent}{last}" if last else moved


# -- truth ----------------------------------------------------------------------------------------


def truthy(value: object) -> bool:
    """Return whether a value counts as true in `if`."""
    if isinstance(value, dict | dt.date):
        return True
    return bool(value) and value == value


def true(value: object) -> bool:
    """Return whether JavaScript takes a value for true."""
    return truthy(value) or isinstance(value, list)


def filled(value: object) -> bool:
    """Return whether `with` takes a value, and `if` with `includeZero`."""
    if value.__class__ in (int, float):
        return value == 0 or truthy(value)
    return truthy(value)


def same(left: object, right: object) -> bool:
    """Return whether two contexts are one, so that `../` passes over the second.

    That is JavaScript's `==`: of two values of different kinds their texts or numbers decide.
    """
    if left is right or (left is NOTHING and right is None):
        return True
    nested = isinstance(left, _NESTED), isinstance(right, _NESTED)
    if all(nested) or left is None or right is None:
        return False
    left = js_text(left) if nested[0] else left
    right = js_text(right) if nested[1] else right
    if left.__class__ is right.__class__:
        return left == right
    return number_of(left) == number_of(right)


def number_of(value: object) -> float:
    """Return the number that JavaScript sees in a value; NaN where there is none."""
    if isinstance(value, bool | int | float):
        return float(value)
    written = js_text(value).strip()
    try:
        return float(written) if written else 0.0
    except ValueError:
        return math.nan


# -- look-up --------------------------------------------------------------------------------------


def own(value: object, name: str) -> object:
    """Return a value's own field; nothing that its type knows is ever found."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list | range):
        if name == "length":
            return len(value)
        place = _place(name)
        return value[place] if 0 <= place < len(value) else None
    if isinstance(value, str):
        return _of_text(value, name)
    return None


def _place(name: str) -> int:
    """Return the index that a name is, or -1."""
    if not (name.isascii() and name.isdigit()) or (name[0] == "0" and name != "0"):
        return -1
    return int(name) if len(name) <= 10 else -1


def _of_text(value: str, name: str) -> object:
    units = value if value.isascii() or max(value) < "\U00010000" else _units(value)
    if name == "length":
        return len(units)
    place = _place(name)
    return units[place] if 0 <= place < len(units) else None


def _units(value: str) -> str:
    """Return a text with a replacement character for each half that JavaScript sees."""
    return "".join([each if each < "\U00010000" else "\ufffd\ufffd" for each in value])


def getter(value: object) -> Callable[[str], object]:
    """Return what looks up the fields of one value."""
    return lambda name: own(value, name)


def further(value: object, name: str) -> object:
    """Return a field of a private value, as `value && value.name` does."""
    return own(value, name) if true(value) else value


def key_text(value: object) -> str:
    """Return the name that a computed key stands for."""
    return "null" if value is None else js_text(value)


def looked_up(value: object, key: object) -> object:
    """Return what `lookup` gives."""
    if not true(value):
        return value
    return own(value, key_text(key))


def merged(context: object, named: dict[str, object]) -> dict[str, object]:
    """Return the context of a partial with the named values on top."""
    if isinstance(context, dict | list | str | range):
        spend(len(context) * _ELEMENT)
    if isinstance(context, dict):
        return {**context, **named}
    if isinstance(context, str):
        context = list(_units(context))
    if isinstance(context, list | range):
        return {**{str(place): each for place, each in enumerate(context)}, **named}
    return named


# -- loops ----------------------------------------------------------------------------------------


def turns(scope: Scope, value: object) -> list[object] | range:
    """Return what `each` runs over, taken from the budget."""
    found: list[object] | range
    if value.__class__ is list:
        found = value
    elif isinstance(value, dict):
        found = [value[key] for key in keys(value) or ()]
    elif isinstance(value, list | range):
        found = value
    else:
        return []
    scope.charge(len(found))
    return found


def keys(value: object) -> list[str] | None:
    """Return the names that `each` runs over: whole numbers first, as JavaScript keeps them."""
    if not isinstance(value, dict):
        return None
    numbers = [key for key in value if key.isdigit() and 0 <= _place(key) < _INDEXES]
    if not numbers:
        return list(value)
    numbers.sort(key=int)
    seen = set(numbers)
    return [*numbers, *(key for key in value if key not in seen)]
