"""What a declared trait says beside its text: as a number, a day, an instant, a list.

Each reading is made once, here, so that no engine ever has to read a text. What a value cannot be
read as is missing in that column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from tailorbird.schema import DAY, SECOND, Instant, Scalar
from tailorbird.traits.marks import mark, text_of
from tailorbird.traits.terms import MILLION

LONGEST_NUMBER: Final = 12
"""Digits before the point: what is longer is an id, and would not fit in millionths."""
BIRTHDAY: Final = "birthday"
BORN: Final = 2000
"""The leap year under which the facts keep the day and the month of a birth, and nothing more."""

_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,18})?")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?")
_ZONE: Final = re.compile(r"Z|[+-]\d{2}:?\d{2}")
_EPOCH: Final = date(1970, 1, 1)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES: Final = ((1e8, None), (1e11, SECOND), (1e14, 1_000), (1e17, 1))
"""Numbers up to which are how many microseconds apiece, as times since 1970."""


def number_in(text: str) -> int | None:
    """Return a number written out, in millionths (further decimals are cut); None for none.

    >>> number_in("12.50"), number_in("1e3"), number_in("DE")
    (12500000, None, None)
    """
    return int(Decimal(text) * MILLION) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=65_536, typed=True)
def day_and_instant(value: Scalar) -> tuple[int | None, Instant | None]:
    """Return the calendar day as it is written, in days since 1970, and the instant.

    A day without a time is the instant at which it begins in UTC; a time without a zone is UTC. A
    number is a time since 1970 by its size: seconds, milliseconds or microseconds.

    >>> day_and_instant("1970-01-02"), day_and_instant("1970-01-02T01:00+02:00")
    ((1, 86400000000), (1, 82800000000))
    """
    if isinstance(value, str):
        return _written(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, None
    for limit, unit in _SCALES:
        if abs(value) < limit:
            instant = None if unit is None else round(value * unit)
            return (None, None) if instant is None else (instant // DAY, instant)
    return None, None


def elements(value: Scalar) -> str | None:
    """Return the elements of a list, each between two marks; None for what is no list.

    Lists come as JSON text. Numbers and truths are their text, lists within are their JSON.

    >>> elements('["a", 2]') == mark("a") + mark("2")[1:]
    True
    """
    if not isinstance(value, str) or value[:1] != "[":
        return None
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
    return _joined(found) if isinstance(found, list) else None


def birthday(value: Scalar) -> int | None:
    """Return the day and month of a birth as a day of the year 2000; None where it is no day."""
    day, _ = day_and_instant(value)
    if day is None:
        return None
    born = date.fromordinal(_EPOCH.toordinal() + day)
    return (born.replace(year=BORN) - _EPOCH).days


def _written(text: str) -> tuple[int | None, Instant | None]:
    try:
        if _DAY.fullmatch(text):
            day = (date.fromisoformat(text) - _EPOCH).days
            return day, day * DAY
        found = _TIME.match(text)
        if found is None or (text[found.end() :] and not _ZONE.fullmatch(text[found.end() :])):
            return None, None
        at = datetime.fromisoformat(text)
        since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _START
        instant = (since.days * 86_400 + since.seconds) * SECOND + since.microseconds
        return (date.fromisoformat(found[1]) - _EPOCH).days, instant
    except ValueError:
        return None, None


def _joined(found: Iterable[Any]) -> str:
    """Return `|a|b|`, where `|` stands for the mark; an empty list is one mark."""
    whole = mark("")[0]
    for each in found:
        if each is not None:
            whole += mark(text_of(each))[1:]
    return whole
