"""The `date` filter: what an author or a shop writes as a date, printed by strftime directives.

The clock is never read: `now` and the parts that a written date leaves out come from the instant of
rendering. Without a zone a date is in UTC.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Callable

from tailorbird.content.faults import Unfit
from tailorbird.content.filters.register import Filter
from tailorbird.content.values import text
from tailorbird.schema import SECOND

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7}
_ZONES |= {"mdt": -6, "pst": -8, "pdt": -7}
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<m>\d{1,2})-(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>\d{4})/(?P<m>\d{1,2})/(?P<day>\d{1,2})(?!\d)",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+(?P<year>\d{{4}})\b(?!:))?",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH}(?:[\s-]+(?P<year>\d{{4}})\b(?!:))?",
        rf"\b{_MONTH}\s+(?P<year>\d{{4}})\b",
        r"(?<!\d)(?P<year>\d{4})(?P<m>\d{2})(?P<day>\d{2})(?=t\d|$)",
        r"(?<!\d)(?P<year>\d{4})-(?P<m>\d{2})(?![\d-])",
        rf"\b{_MONTH}(?![a-z])",
    )
)
_TIME = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d+))?)?"
    r"\s*(?P<half>[ap]m)?\s*(?P<zone>[+-]\d{2}:?\d{2}|z\b|[a-z]{3,4}\b)?",
    re.I,
)
_YEAR_BEHIND = re.compile(r"\b(\d{4})\s*$")
_DIRECTIVE = re.compile(r"%([-0^#_]*)(\d+)?(:{0,2})([a-zA-Z%+])")


def date(now: int, value: object, form: object, *, zone: object = None) -> object:
    """Return a date in the form of strftime directives; what is no date comes back as it is.

    `value` may be seconds since 1970, a date, a written date, `now` or `today`; `zone` the name of
    a time zone, such as Europe/Berlin.

    Raises:
        Unfit: there is no such zone.
    """
    layout = text(form)
    if not layout or value is None:
        return value
    found = moment(value, dt.datetime.fromtimestamp(now / SECOND, dt.UTC))
    if found is not None and zone is not None:
        found = found.astimezone(zone_named(text(zone)))
    return value if found is None else _format(found, layout)


@functools.lru_cache(maxsize=256)
def zone_named(name: str) -> dt.tzinfo:
    """Return a time zone.

    Raises:
        Unfit: there is no such zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit(f"there is no time zone {name!r}", mend="write it as Europe/Berlin") from None


def moment(value: object, now: dt.datetime) -> dt.datetime | None:
    """Return the instant that a value names, or None; `now` fills in what it leaves out."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_seconds(value)
    if not isinstance(value, str):
        return None
    written = value.strip().lower()
    if written in ("now", "today"):
        return now
    if re.fullmatch(r"\d+", written):
        return _from_seconds(int(written[:20]))
    return _parse(written, now)


def _from_seconds(seconds: int) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _parse(written: str, now: dt.datetime) -> dt.datetime | None:
    """Return the moment that a text names, or None."""
    day = next(filter(None, (pattern.search(written) for pattern in _DATES)), None)
    rest = written[: day.start()] + " " + written[day.end() :] if day else written
    time = _TIME.search(rest.replace("t", " ", 1) if day and rest.strip().startswith("t") else rest)
    if day is None and time is None:
        return None
    parts = day.groupdict() if day else {}
    year, month = parts.get("year"), parts.get("m")
    if day and not year and (behind := _YEAR_BEHIND.search(rest)):
        year = behind[1]
    named = parts.get("month")
    try:
        return dt.datetime(
            int(year or now.year),
            int(month) if month else _MONTHS.index(named.lower()) + 1 if named else now.month,
            int(parts.get("day") or (1 if day else now.day)),
            *(_clock(time) if time else (0, 0, 0, 0)),
            tzinfo=_zone(time["zone"] if time else None),
        )
    except ValueError:
        return None


def _clock(time: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(time["hour"])
    if time["half"]:
        hour = hour % 12 + (12 if time["half"].lower() == "pm" else 0)
    part = int((time["part"] or "").ljust(6, "0")[:6] or 0)
    return hour, int(time["minute"]), int(time["second"] or 0), part


def _zone(written: str | None) -> dt.timezone:
    if not written:
        return dt.UTC
    if written[0] in "+-":
        digits = written[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return dt.timezone(dt.timedelta(minutes=-minutes if written[0] == "-" else minutes))
    return dt.timezone(dt.timedelta(hours=_ZONES.get(written.lower(), 0)))


# -- printing -------------------------------------------------------------------------------------


def _format(moment: dt.datetime, layout: str) -> str:
    return _DIRECTIVE.sub(lambda match: _directive(moment, match), layout)


def _directive(moment: dt.datetime, match: re.Match[str]) -> str:
    flags, width, colons, letter = match.groups()
    if letter == "%":
        return "%"
    if letter in _COMPOUND:
        written, pad, wide = _format(moment, _COMPOUND[letter]), " ", 0
    elif letter in _NUMBERS:
        number, pad, wide = _NUMBERS[letter]
        written = str(number(moment))
    elif letter in _WORDS:
        written, pad, wide = _WORDS[letter](moment), " ", 0
    elif letter in "zNL":
        return _fine(moment, letter, colons, int(width or 0))
    else:
        return match[0]
    if "^" in flags or ("#" in flags and letter not in "pZ"):
        written = written.upper()
    elif "#" in flags:
        written = written.swapcase()
    if "-" in flags:
        return written
    pad = "0" if "0" in flags else " " if "_" in flags else pad
    return written.rjust(min(int(width or wide), 60), pad)


def _fine(moment: dt.datetime, letter: str, colons: str, width: int) -> str:
    if letter != "z":
        return f"{moment.microsecond:06d}000000"[: width or (3 if letter == "L" else 9)][:12]
    seconds = round((moment.utcoffset() or dt.timedelta()).total_seconds())
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    tail = f":{rest % 60:02d}" if colons == "::" else ""
    return f"{sign}{hours:02d}{':' if colons else ''}{rest // 60:02d}{tail}"


_COMPOUND = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "v": "%e-%^b-%Y",
    "x": "%m/%d/%y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}
_Moment = dt.datetime
_NUMBERS: dict[str, tuple[Callable[[_Moment], int], str, int]] = {
    "Y": (lambda at: at.year, "0", 4),
    "C": (lambda at: at.year // 100, "0", 2),
    "y": (lambda at: at.year % 100, "0", 2),
    "m": (lambda at: at.month, "0", 2),
    "d": (lambda at: at.day, "0", 2),
    "e": (lambda at: at.day, " ", 2),
    "j": (lambda at: at.timetuple().tm_yday, "0", 3),
    "H": (lambda at: at.hour, "0", 2),
    "k": (lambda at: at.hour, " ", 2),
    "I": (lambda at: at.hour % 12 or 12, "0", 2),
    "l": (lambda at: at.hour % 12 or 12, " ", 2),
    "M": (lambda at: at.minute, "0", 2),
    "S": (lambda at: at.second, "0", 2),
    "s": (lambda at: int(at.timestamp()), "0", 0),
    "u": (lambda at: at.isoweekday(), "0", 1),
    "w": (lambda at: at.isoweekday() % 7, "0", 1),
    "G": (lambda at: at.isocalendar().year, "0", 4),
    "g": (lambda at: at.isocalendar().year % 100, "0", 2),
    "V": (lambda at: at.isocalendar().week, "0", 2),
    "U": (lambda at: (at.timetuple().tm_yday + 6 - at.isoweekday() % 7) // 7, "0", 2),
    "W": (lambda at: (at.timetuple().tm_yday + 6 - (at.isoweekday() - 1)) // 7, "0", 2),
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _zone_name(at: dt.datetime) -> str:
    if isinstance(at.tzinfo, zoneinfo.ZoneInfo):
        return at.tzname() or ""
    return "UTC" if not at.utcoffset() else ""


_WORDS: dict[str, Callable[[_Moment], str]] = {
    "A": lambda at: _DAYS[at.weekday()],
    "a": lambda at: _DAYS[at.weekday()][:3],
    "B": lambda at: _MONTH_NAMES[at.month - 1],
    "b": lambda at: _MONTH_NAMES[at.month - 1][:3],
    "h": lambda at: _MONTH_NAMES[at.month - 1][:3],
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "P": lambda at: "am" if at.hour < 12 else "pm",
    "Z": _zone_name,
    "n": lambda _: "\n",
    "t": lambda _: "\t",
}

DATES = {"date": Filter(date, 1, 1, ("zone",), wants="now")}
