"""Days that people write, where they are sure: 3/4/2011 is in March or in April, and stays so."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

_NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS: Final = {
    spelling: number
    for number, name in enumerate(_NAMES, start=1)
    for spelling in (name, name[:3], name[:4] if name == "september" else name)
}
_ISO: Final = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:[t ].*)?")
_POINTS: Final = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
_STROKES: Final = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -](?:of )?([a-z]{3,9})\.?,?[ -](\d{4})")
_MONTH_DAY: Final = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


@lru_cache(maxsize=4096)
def day(text: str) -> str | None:
    """Return a day as `YYYY-MM-DD`, None where it is none, or could be two.

    Points put the day first; with strokes only a number above 12 tells. Years have four digits.

    >>> day("13/05/1980"), day("05/13/1980"), day("5.3.1980"), day("5 May 1980"), day("5/3/1980")
    ('1980-05-13', '1980-05-13', '1980-03-05', '1980-05-05', None)
    """
    written = text.strip().lower()
    if found := _ISO.fullmatch(written):
        return _day(found[1], found[3], found[4])
    if found := _POINTS.fullmatch(written):
        return _day(found[3], found[2], found[1])
    if found := _STROKES.fullmatch(written):
        one, two = int(found[1]), int(found[3])
        if one <= 12 and two <= 12 and one != two:
            return None
        return _day(found[4], *((two, one) if one > 12 else (one, two)))
    if found := _DAY_MONTH.fullmatch(written):
        return _named(found[3], found[2], found[1])
    if found := _MONTH_DAY.fullmatch(written):
        return _named(found[3], found[1], found[2])
    return None


def _named(year: str, month: str, of_month: str) -> str | None:
    return _day(year, _MONTHS.get(month, 0), of_month)


def _day(year: str | int, month: str | int, of_month: str | int) -> str | None:
    try:
        return date(int(year), int(month), int(of_month)).isoformat()
    except ValueError:
        return None


def of_mail(text: str) -> datetime | None:
    """Return a time as mails and HTTP write it (RFC 2822, RFC 9110), None for any other.

    >>> str(of_mail("Tue, 05 Mar 2024 10:00:00 +0100"))
    '2024-03-05 10:00:00+01:00'
    """
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
