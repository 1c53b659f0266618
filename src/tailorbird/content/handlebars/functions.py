"""Helpers: the functions that a Handlebars template may call. There are no others.

Adding one is a function here and a line in the table.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from tailorbird.content import comparison
from tailorbird.content.filters.dates import date as date_text
from tailorbird.content.filters.money import money as money_text
from tailorbird.content.filters.texts import capitalize, truncate, url_encode
from tailorbird.content.handlebars.values import (
    filled,
    js_text,
    looked_up,
    number_of,
    truthy,
)
from tailorbird.content.lists import DataLists, Lists
from tailorbird.content.meter import LARGE, spend
from tailorbird.content.scope import Scope
from tailorbird.content.tree import Place
from tailorbird.content.values import fits
from tailorbird.errors import TemplateError

_NOT_IN_CODES = re.compile(r"\W+", re.ASCII)
BLOCKS: Final = frozenset({"if", "unless", "each", "with"})
_MOST_PRODUCTS = 100


@dataclass(frozen=True, slots=True)
class Helper:
    """A helper's function and what it may be given. `scoped`: it takes the scope first.

    As the head of a block a `test` decides, a `list` is run over, and a `text` cannot be one.
    """

    function: Callable[..., object]
    kind: Literal["test", "list", "text"]
    least: int
    most: int
    named: tuple[str, ...] = ()
    scoped: bool = False


# -- tests ----------------------------------------------------------------------------------------


def equal(left: object, right: object) -> bool:
    """Return whether two values are the same; the number 1 is not the text `1`."""
    return comparison.equal(left, right)


def unequal(left: object, right: object) -> bool:
    """Return whether two values differ."""
    return not comparison.equal(left, right)


def less(left: object, right: object) -> bool:
    """Return whether left < right; texts by their letters, else as numbers."""
    one, other = _comparable(left, right)
    return bool(one < other)


def less_or_equal(left: object, right: object) -> bool:
    """Return whether left <= right, as `lt`."""
    one, other = _comparable(left, right)
    return bool(one <= other)


def more(left: object, right: object) -> bool:
    """Return whether left > right, as `lt`."""
    return less(right, left)


def more_or_equal(left: object, right: object) -> bool:
    """Return whether left >= right, as `lt`."""
    return less_or_equal(right, left)


def _comparable(left: object, right: object) -> tuple[Any, Any]:
    """Return both as texts or as numbers; what is missing compares with nothing."""
    if left is None or right is None:
        return math.nan, math.nan
    if isinstance(left, str) and isinstance(right, str):
        return left, right
    return number_of(left), number_of(right)


def every(*values: object) -> object:
    """Return the first value that is not true, or the last."""
    return next((each for each in values if not truthy(each)), values[-1])


def some(*values: object) -> object:
    """Return the first value that is true, or the last."""
    return next((each for each in values if truthy(each)), values[-1])


def opposite(value: object) -> bool:
    """Return whether a value is not true."""
    return not truthy(value)


def includes(values: object, value: object) -> bool:
    """Return whether a list holds a value, or a text another."""
    return comparison.contains(values, value)


# -- texts ----------------------------------------------------------------------------------------


def default(value: object, *others: object) -> object:
    """Return the first value that is there: not missing, empty or false."""
    return next((each for each in (value, *others) if filled(each)), None)


def pluralize(count: object, one: object, many: object = None) -> str:
    """Return the word for so many things."""
    if number_of(count) == 1:
        return js_text(one)
    return js_text(one) + "s" if many is None else js_text(many)


def uppercase(value: object) -> str:
    """Return the text in large letters."""
    return _whole(value).upper()


def lowercase(value: object) -> str:
    """Return the text in small letters."""
    return _whole(value).lower()


def trimmed(value: object) -> str:
    """Return the text without blanks at its ends."""
    return _whole(value).strip()


def _whole(value: object) -> str:
    """Return the text of a value that is gone through as a whole."""
    written = js_text(value)
    if len(written) > LARGE:
        spend(len(written))
    return written


def joined(values: object, between: object = ", ") -> str:
    """Return the texts of a list with something between them."""
    if not isinstance(values, list | range):
        return js_text(values)
    return concat(js_text(between).join([js_text(each) for each in values]))


def concat(*values: object) -> str:
    """Return the texts of all values in a row."""
    written = "".join([js_text(each) for each in values])
    fits(len(written))
    spend(len(written))
    return written


def length(value: object) -> int:
    """Return how long a list or a text is, or how many fields there are."""
    return len(value) if isinstance(value, str | list | dict | range) else 0


def money(scope: Scope, value: object, currency: object = None) -> str:
    """Return an amount in minor units as people read it; without a currency in the shop's own."""
    if currency is None:
        shop = scope.data.get("shop") if isinstance(scope.data, dict) else None
        currency = shop.get("currency") if isinstance(shop, dict) else None
    if value.__class__ is int and currency.__class__ is str:
        return _amount(value, currency)
    return money_text({}, value, _NOT_IN_CODES.sub("", js_text(currency)))


@lru_cache(maxsize=8192)
def _amount(value: object, currency: str) -> str:
    """Return a price; the same few thousand stand in every mail of a campaign."""
    return money_text({}, value, _NOT_IN_CODES.sub("", currency))


def number(value: object, digits: object = None) -> str:
    """Return a number with commas between thousands, and so many digits behind the point."""
    found = number_of(value)
    if value is None or not math.isfinite(found):
        return js_text(value)
    if digits is None:
        whole, point, rest = js_text(value).partition(".")
        return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else js_text(value)
    return f"{found:,.{max(0, min(20, int(number_of(digits) or 0)))}f}"


def date(scope: Scope, value: object, form: object = "%-d %B %Y") -> object:
    """Return a date in the form of strftime directives."""
    return date_text(scope.now, value, form)


def form(
    scope: Scope,
    value: object,
    kind: object,
    pattern: object = None,
    *,
    currency: object = None,
    digits: object = None,
) -> object:
    """Return a value as `money`, `number` or `date` writes it.

    Raises:
        TemplateError: there is no such form.
    """
    match kind:
        case "money":
            return money(scope, value, pattern if currency is None else currency)
        case "number":
            return number(value, pattern if digits is None else digits)
        case "date":
            return date(scope, value) if pattern is None else date(scope, value, pattern)
    raise TemplateError(
        f"format cannot write a value as {js_text(kind)!r}", mend='use "money", "number" or "date"'
    )


# -- lists ----------------------------------------------------------------------------------------


def products_in_category(scope: Scope, category: object, *, limit: object = None) -> object:
    """Return this person's products of a category, the best first."""
    return _lists(scope).products_in_category(js_text(category), _most(limit))


def recommendations(scope: Scope, *, limit: object = None) -> object:
    """Return the products recommended to this person, the best first."""
    return _lists(scope).recommendations(_most(limit))


def slot(scope: Scope, name: object) -> object:
    """Return what the block in a slot reads: everything, the slot's own values on top."""
    found = scope.data.get("slot_values")
    own = found.get(js_text(name)) if isinstance(found, dict) else None
    return {**scope.data, **own} if isinstance(own, dict) else scope.data


def _lists(scope: Scope) -> Lists:
    return scope.lists or DataLists(scope.data if isinstance(scope.data, dict) else {})


def _most(limit: object) -> int:
    most = number_of(limit) if limit is not None else math.nan
    return int(min(_MOST_PRODUCTS, max(0, most))) if math.isfinite(most) else _MOST_PRODUCTS


_EQ = Helper(equal, "test", 2, 2)
_NE = Helper(unequal, "test", 2, 2)
_MANY = 50
HELPERS: Final[Mapping[str, Helper]] = {
    "eq": _EQ,
    "equals": _EQ,
    "ne": _NE,
    "notEquals": _NE,
    "lt": Helper(less, "test", 2, 2),
    "lessThan": Helper(less, "test", 2, 2),
    "lte": Helper(less_or_equal, "test", 2, 2),
    "gt": Helper(more, "test", 2, 2),
    "greaterThan": Helper(more, "test", 2, 2),
    "gte": Helper(more_or_equal, "test", 2, 2),
    "and": Helper(every, "test", 1, _MANY),
    "or": Helper(some, "test", 1, _MANY),
    "includes": Helper(includes, "test", 2, 2),
    "not": Helper(opposite, "test", 1, 1),
    "blank": Helper(comparison.is_blank, "test", 1, 1),
    "empty": Helper(comparison.is_empty, "test", 1, 1),
    "default": Helper(default, "text", 2, _MANY),
    "format": Helper(form, "text", 2, 3, ("currency", "digits"), scoped=True),
    "money": Helper(money, "text", 1, 2, ("currency",), scoped=True),
    "number": Helper(number, "text", 1, 2, ("digits",)),
    "date": Helper(date, "text", 1, 2, ("form",), scoped=True),
    "pluralize": Helper(pluralize, "text", 2, 3),
    "uppercase": Helper(uppercase, "text", 1, 1),
    "lowercase": Helper(lowercase, "text", 1, 1),
    "trim": Helper(trimmed, "text", 1, 1),
    "capitalize": Helper(capitalize, "text", 1, 1),
    "truncate": Helper(truncate, "text", 1, 3),
    "join": Helper(joined, "text", 1, 2),
    "concat": Helper(concat, "text", 1, _MANY),
    "length": Helper(length, "text", 1, 1),
    "url_encode": Helper(url_encode, "text", 1, 1),
    "lookup": Helper(looked_up, "text", 2, 2),
    "slot": Helper(slot, "text", 1, 1, scoped=True),
    "products_in_category": Helper(products_in_category, "list", 1, 1, ("limit",), scoped=True),
    "recommendations": Helper(recommendations, "list", 0, 0, ("limit",), scoped=True),
}


def check_helper(name: str, given: int, named: Sequence[str], place: Place) -> Helper:
    """Return a helper that can be called so.

    Raises:
        TemplateError: there is no such helper, or it does not take these arguments.
    """
    found = HELPERS.get(name)
    where = str(place)
    if found is None:
        near = difflib.get_close_matches(name, [*HELPERS, *BLOCKS], n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(HELPERS))}"
        raise TemplateError(f"there is no helper {name!r}", where=where, mend=mend)
    for key in named:
        if key not in found.named:
            allowed = f"it takes {', '.join(found.named)}" if found.named else "it takes none"
            raise TemplateError(
                f"helper {name!r} has no argument named {key!r}", where=where, mend=allowed
            )
    if not found.least <= given <= found.most:
        wanted = str(found.least) if found.least == found.most else f"{found.least} to {found.most}"
        raise TemplateError(
            f"helper {name!r} takes {wanted} arguments, got {given}",
            where=where,
            mend="arguments stand behind the name, with blanks between them",
        )
    return found
