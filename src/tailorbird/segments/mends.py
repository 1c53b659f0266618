"""What to write instead: the words with which a refused definition is mended."""

from __future__ import annotations

import re
from typing import Any as Anything
from typing import Final

from tailorbird import durations
from tailorbird.schema import DAY

LENGTHS: Final = "write a length such as 45s, 30m, 24h, 90d or 2w"
COMPARED: Final = {
    "text": "write `is: gold` or `in: [gold, silver]` below it",
    "flag": "write `is: true` below it",
    "instant": "write `ago: {at_most: 30d}` or `at_least: 2026-01-31` below it",
    "duration": "write `at_most: 30d` below it",
}
"""What a value of a kind is compared by, where nothing stands."""
_UNITS: Final = {"mi": (1, "m"), "mo": (30, "d"), "y": (365, "d")} | {
    unit: (1, unit) for unit in "wdhs"
}
_MOST: Final = 36_525


def said(value: Anything) -> str:
    """Return a value as an author writes it, no longer than an error can be.

    >>> said(True), said("gold"), said([1])
    ('true', "'gold'", 'a list')
    """
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            told = repr(value)
            return told if len(told) <= 80 else f"{told[:80]} ..."


def length(value: Anything) -> str:
    """Return how to write what was meant as a length of time.

    >>> length(30), length("3 weeks"), length("6 months")
    ('write `30d` for days, `30h` for hours', 'write `3w`', 'write `180d`')
    """
    found = re.fullmatch(r"(\d{1,5})\s*([a-z]*)", str(value).strip().lower())
    number = int(found[1]) if found else 0
    if not found or not number:
        return LENGTHS
    if not found[2]:
        return f"write `{number}d` for days, `{number}h` for hours"
    by, unit = _UNITS.get(found[2][:2]) or _UNITS.get(found[2][0]) or (0, "")
    return f"write `{number * by}{unit}`" if 0 < number * by <= _MOST else LENGTHS


def days(value: Anything) -> str:
    """Return how to write a number of days: of a length of time, how many days that is.

    >>> days("30d"), days("2w"), days("soon")
    ('write 30', 'write 14', 'write a whole number of days')
    """
    found = durations.read(value) if isinstance(value, str) else None
    if found is None or found % DAY:
        return "write a whole number of days"
    return f"write {found // DAY}"


def number(name: str, value: Anything) -> str:
    """Return how to write a whole number; money is in minor units.

    >>> number("revenue_minor", 12.5), number("orders", "5")
    ('write 1250: money is in minor units', 'write 5, without quotes')
    """
    if name.endswith("_minor"):
        known = isinstance(value, float) and (value * 100).is_integer()
        return f"write {round(value * 100) if known else 1250}: money is in minor units"
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
        return f"write {value}, without quotes"
    return "write a whole number"
