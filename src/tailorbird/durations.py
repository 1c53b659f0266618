"""Lengths of time as authors write them: `90d`, `24h`, `30m`, `45s`, `2w`."""

from __future__ import annotations

import re
from typing import Final

from tailorbird.schema import DAY, HOUR, MINUTE, SECOND

UNITS: Final = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
LONGEST: Final = 36_525 * DAY
"""A hundred years: beyond it, an instant in microseconds could overflow."""


def read(text: str) -> int | None:
    """Return the microseconds, or None where the text is no length of time."""
    match = re.fullmatch(r"(\d{1,10})\s*([wdhms])", text.strip())
    return int(match[1]) * UNITS[match[2]] if match else None


def written(duration: int) -> str:
    """Return the shortest exact text: the largest unit of days and below that fits."""
    unit = next((u for u in "dhms" if duration % UNITS[u] == 0), None)
    if unit is None:
        raise ValueError(f"{duration} microseconds are no whole seconds")
    return f"{duration // UNITS[unit]}{unit}"
