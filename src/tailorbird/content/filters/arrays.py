"""Filters over lists."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from decimal import Decimal

from tailorbird.content.comparison import equal
from tailorbird.content.faults import Unfit
from tailorbird.content.filters.register import Filter
from tailorbird.content.meter import LARGE, spend
from tailorbird.content.values import (
    WIDEST,
    Number,
    bound,
    fits,
    inspect,
    number,
    plain_number,
    size_of,
    special,
    text,
    to_text,
)

_WORK = 100
"""An element counts like so many characters."""
_SORTING = 2_000
"""An element that is put in its place counts like so many."""


class _NoStep(Exception):  # noqa: N818 - never leaves this module
    """An element that one cannot look into: the whole filter then gives nil."""


def elements(value: object) -> list[object]:
    """Return what a filter runs over: nested lists flattened, one value as a list of one.

    Raises:
        TemplateError: there are too many.
    """
    if isinstance(value, list):
        if len(value) > LARGE:
            spend(len(value) * _WORK)
        return list(_flat(value)) if any(isinstance(each, list) for each in value) else value
    if isinstance(value, range):
        fits(len(value))
        return list(value)
    return [] if value is None else [value]


def _flat(value: list[object]) -> Iterator[object]:
    for each in value:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def _look(element: object, name: object) -> object:
    """Return `element[name]`.

    Raises:
        _NoStep: the element has no parts.
        Unfit: it has none of that kind.
    """
    if isinstance(element, dict):
        return element.get(name) if isinstance(name, str | int | float) else None
    if element is None or isinstance(element, bool | float):
        raise _NoStep
    if isinstance(element, str) and isinstance(name, str):
        return name if name in element else None
    if isinstance(element, str | int) and name.__class__ in (int, float):
        return _numbered(element, bound(name))
    raise Unfit(
        f"cannot select the property {inspect(name)} of {inspect(element)[:60]}",
        shopify=f"cannot select the property '{to_text(name)}'",
        mend="the list must hold dictionaries",
    )


def _numbered(element: str | int, place: int) -> object:
    """Return a character of a text, or a bit of a whole number, as Ruby does."""
    if isinstance(element, str):
        return element[place] if -len(element) <= place < len(element) else None
    return element >> min(place, WIDEST) & 1 if place >= 0 else 0


# -- one value of a list --------------------------------------------------------------------------


def size(value: object) -> int:
    """Return how many characters, elements or pairs the value has; of a number, its bytes."""
    return size_of(value) or 0


def first(value: object) -> object:
    """Return the first element; of a dictionary its first pair."""
    if isinstance(value, dict):
        return next(([key, each] for key, each in value.items()), None)
    return special(value, "first")


def last(value: object) -> object:
    """Return the last element."""
    return None if isinstance(value, dict) else special(value, "last")


def join(value: object, glue: object = " ") -> str:
    """Return the elements as one text.

    Raises:
        TemplateError: it would be too long.
    """
    parts = [text(each) for each in elements(value)]
    between = to_text(glue)
    fits(sum(map(len, parts)) + len(parts) * len(between))
    return between.join(parts)


def sum_(value: object, name: object = None) -> int | float:
    """Return the sum of the elements, or of one property of each."""
    total: Number = 0
    found = [_property(each, name) for each in elements(value)]
    for each in elements(found):
        term = number(each)
        if isinstance(total, Decimal) or isinstance(term, Decimal):
            total = Decimal(total) + Decimal(term)
        else:
            total += term
    return plain_number(total)


def _property(element: object, name: object) -> object:
    if name is None:
        return element
    try:
        return _look(element, name)
    except _NoStep:
        return 0


# -- another list ---------------------------------------------------------------------------------


def concat(value: object, other: object) -> list[object]:
    """Return the elements with those of another list behind them.

    Raises:
        Unfit: the other value is no list.
    """
    if not isinstance(other, list):
        raise Unfit(
            "concat needs a list",
            shopify="concat filter requires an array argument",
            mend="make one with split or map",
        )
    found = elements(value)
    fits(len(found) + len(other))
    return [*found, *other]


def reverse(value: object) -> list[object]:
    """Return the elements from the last to the first."""
    return elements(value)[::-1]


def map_(value: object, name: object) -> list[object]:
    """Return one property of every element."""
    return [
        None if each is None or isinstance(each, bool | float) else _look(each, name)
        for each in elements(value)
    ]


def compact(value: object, name: object = None) -> object:
    """Return the elements that are not nil, or whose property is not."""
    found = elements(value)
    if name is None:
        return [each for each in found if each is not None]
    return _guarded(lambda: [each for each in found if _look(each, name) is not None])


def uniq(value: object, name: object = None) -> object:
    """Return the elements without those that came before."""

    every = elements(value)
    if len(every) < 2:  # Ruby looks into none of them
        return every

    def kept() -> list[object]:
        seen: set[str] = set()
        found = []
        for each in every:
            mark = inspect(each if name is None else _look(each, name))
            if mark not in seen:
                seen.add(mark)
                found.append(each)
        return found

    return _guarded(kept)


def sort(value: object, name: object = None) -> object:
    """Return the elements in order, nil last.

    Raises:
        Unfit: some cannot be compared.
    """
    return _sorted(value, name, _compare)


def sort_natural(value: object, name: object = None) -> object:
    """Return the elements in the order of their texts, large and small letters alike."""
    return _sorted(value, name, _compare_natural)


def _sorted(value: object, name: object, order: Callable[[object, object], int]) -> object:
    found = elements(value)
    if len(found) > LARGE:
        spend(len(found) * _SORTING)
    key = functools.cmp_to_key(order)
    if name is None:
        return sorted(found, key=key)
    if any(each is None or isinstance(each, bool | float) for each in found):
        return None
    if len(found) < 2:  # Ruby looks into none of them
        return found
    return sorted(found, key=lambda each: key(_look(each, name)))


def _compare(left: object, right: object) -> int:
    if left is None or right is None:
        return (left is None) - (right is None)
    if isinstance(left, bool) or isinstance(right, bool):
        comparable = left is right
    elif isinstance(left, list) and isinstance(right, list):
        pairs = [_compare(a, b) for a, b in zip(left, right, strict=False)]
        return next(filter(None, pairs), len(left) - len(right))
    else:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        comparable = numbers or (isinstance(left, str) and isinstance(right, str))
    if not comparable and not equal(left, right):
        raise Unfit(
            f"cannot sort {inspect(left)[:40]} with {inspect(right)[:40]}",
            shopify="cannot sort values of incompatible types",
            mend="sort by a property that has one type",
        )
    return (left > right) - (left < right) if comparable else 0  # type: ignore[operator]


def _compare_natural(left: object, right: object) -> int:
    if left is None or right is None:
        return (left is None) - (right is None)
    one, other = text(left).lower(), text(right).lower()
    return (one > other) - (one < other)


# -- choosing -------------------------------------------------------------------------------------


def where(value: object, name: object, target: object = None) -> object:
    """Return the elements whose property equals the target, or is true without one."""
    return _guarded(lambda: [each for each in elements(value) if _matches(each, name, target)])


def reject(value: object, name: object, target: object = None) -> object:
    """Return the elements that `where` would leave out."""
    return _guarded(lambda: [each for each in elements(value) if not _matches(each, name, target)])


def has(value: object, name: object, target: object = None) -> object:
    """Return whether `where` would keep any."""
    return _guarded(lambda: any(_matches(each, name, target) for each in elements(value)))


def find(value: object, name: object, target: object = None) -> object:
    """Return the first element that `where` would keep."""

    def found() -> object:
        return next((each for each in elements(value) if _matches(each, name, target)), None)

    return _guarded(found)


def find_index(value: object, name: object, target: object = None) -> object:
    """Return the place of the first element that `where` would keep."""

    def found() -> object:
        matches = (_matches(each, name, target) for each in elements(value))
        return next((place for place, match in enumerate(matches) if match), None)

    return _guarded(found)


def _matches(element: object, name: object, target: object) -> bool:
    got = _look(element, name)
    if target is None:
        return got is not None and got is not False
    return equal(got, target)


def _guarded(work: Callable[[], object]) -> object:
    try:
        return work()
    except _NoStep:
        return None


ARRAYS = {
    "size": Filter(size),
    "first": Filter(first),
    "last": Filter(last),
    "join": Filter(join, 0, 1),
    "sum": Filter(sum_, 0, 1),
    "concat": Filter(concat, 1, 1),
    "reverse": Filter(reverse),
    "map": Filter(map_, 1, 1),
    "compact": Filter(compact, 0, 1),
    "uniq": Filter(uniq, 0, 1),
    "sort": Filter(sort, 0, 1),
    "sort_natural": Filter(sort_natural, 0, 1),
    "where": Filter(where, 1, 2),
    "reject": Filter(reject, 1, 2),
    "has": Filter(has, 1, 2),
    "find": Filter(find, 1, 2),
    "find_index": Filter(find_index, 1, 2),
}
