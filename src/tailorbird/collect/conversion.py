"""Cells into values: every distinct spelling of a column is converted once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from tailorbird.collect import clean, dates
from tailorbird.collect.fields import stands_for_nobody
from tailorbird.collect.mapping_schema import Column

Value: TypeAlias = str | int | bool | None

TEXT_LIMIT: Final = 1000
ID_LIMIT: Final = 200
LARGEST: Final = 10**15
MILLION: Final = 10**6

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}(?:\.0*)?")
_SPREADSHEET_ID: Final = re.compile(r"(\d+)\.0+")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "y", "1", "1.0", "t", "subscribed"), True),
    **dict.fromkeys(("false", "no", "n", "0", "0.0", "f", "unsubscribed"), False),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """How one column's cells are read."""

    column: Column
    missing: frozenset[str]
    read: Callable[[str], Value]
    note: str = ""
    """What an author should check, such as dates that fit two formats."""

    def converted(self, spelling: str) -> tuple[Value, str | None]:
        """Return what a cell means, or why it means nothing."""
        stripped = spelling.strip()
        return _one(self.column, self.read, "" if stripped in self.missing else stripped)


def reader_of(
    column: Column, missing: frozenset[str], spellings: Callable[[], Iterable[str]]
) -> Reader:
    """Return how a column is read, given a way to go through its distinct spellings.

    What it reads: decimals as millionths, times as instants.
    """
    if column.type not in ("time", "date"):
        return Reader(column, missing, _reader(column))
    read, note = _time_reader(
        column, lambda: (s.strip() for s in spellings() if s.strip() and s not in missing)
    )
    if column.type == "date":
        return Reader(column, missing, _dated(column, read), note)
    return Reader(column, missing, read, note)


def _one(column: Column, reader: Callable[[str], Value], spelling: str) -> tuple[Value, str | None]:
    value: Value = None
    if spelling:
        try:
            value = reader(spelling)
        except (ValueError, InvalidOperation, OverflowError):
            # The cell itself may hold personal data: the reason names its column only.
            return None, f"{column.spellings[0]} is no {_KINDS[column.type]}"
    if column.names_people and isinstance(value, str) and stands_for_nobody(value):
        value = None
    if value is None and column.required:
        return None, f"{column.spellings[0]} is empty"
    return value, None


_KINDS: Final = {
    "text": f"text of at most {TEXT_LIMIT} characters",
    "id": f"id of at most {ID_LIMIT} characters",
    "integer": "whole number",
    "decimal": "number",
    "time": "time in the formats of the mapping",
    "date": "date in the formats of the mapping",
    "boolean": "yes or no",
}


def _reader(column: Column) -> Callable[[str], Value]:
    match column.type:
        case "text":
            return _upper(_text) if column.upper else _text
        case "id":
            return _upper(_id) if column.upper else _id
        case "integer":
            return _integer_comma if column.decimal_comma else _integer
        case "decimal":
            return _decimal_comma if column.decimal_comma else _decimal
        case _:
            return _boolean


def _upper(reader: Callable[[str], str | None]) -> Callable[[str], Value]:
    def upper(spelling: str) -> Value:
        found = reader(spelling)
        return found.upper() if found else None

    return upper


def _text(spelling: str) -> str | None:
    found = clean.name(spelling)
    if len(found) > TEXT_LIMIT:
        raise ValueError
    return found or None


def _id(spelling: str) -> str | None:
    found = clean.name(spelling)
    if len(found) > ID_LIMIT or not found.isprintable():
        raise ValueError
    # Spreadsheets write whole numbers with a fraction: 17850.0.
    whole = _SPREADSHEET_ID.fullmatch(found)
    return (whole[1] if whole else found) or None


def _integer(spelling: str) -> int:
    spelling = _sign_first(spelling)
    if not _WHOLE.fullmatch(spelling):
        raise ValueError
    found = int(spelling.partition(".")[0])
    if abs(found) > LARGEST:
        raise ValueError
    return found


def _integer_comma(spelling: str) -> int:
    return _integer(spelling.replace(".", "").replace(",", "."))


def _sign_first(spelling: str) -> str:
    """Return a number with its sign in front: SAP prints it behind (`12.50-`)."""
    return f"-{spelling[:-1]}" if spelling[-1:] == "-" and spelling[:1].isdigit() else spelling


def _decimal(spelling: str) -> int:
    found = Decimal(_sign_first(spelling)) * MILLION
    if not found.is_finite() or abs(found) > LARGEST * MILLION // 10**4:
        raise ValueError
    return int(found.to_integral_value())


def _decimal_comma(spelling: str) -> int:
    return _decimal(spelling.replace(".", "").replace(",", "."))


def _boolean(spelling: str) -> bool:
    try:
        return _BOOLEANS[spelling.lower()]
    except KeyError:
        raise ValueError from None


# -- times --------------------------------------------------------------------------------------


def _time_reader(
    column: Column, spellings: Callable[[], Iterable[str]]
) -> tuple[Callable[[str], Value], str]:
    """Return a reader by the one format that fits most cells, and a note when two fit as many.

    3/4/2011 is in March or in April: only the other cells of the file can tell.
    """
    zone = UTC if column.zone == "UTC" else ZoneInfo(column.zone)
    fits = dict.fromkeys(column.formats, 0)
    for spelling in spellings() if fits else ():
        for pattern in fits:
            fits[pattern] += _by(pattern, spelling, zone) is not None
    best = max(fits, key=lambda pattern: fits[pattern], default="")
    note = ""
    for rival in fits:
        if fits[rival] == fits[best] > 0 and any(
            _by(rival, spelling, zone) != _by(best, spelling, zone) for spelling in spellings()
        ):
            note = f"{column.spellings[0]} fits {best} and {rival}: read as {best}"

    def read(spelling: str) -> Value:
        found = _by(best, spelling, zone) if best else None
        return _known(_iso(spelling, zone) if found is None else found)

    return read, note


def _dated(column: Column, read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return what reads a day, such as a birthday: however long ago, and in no zone."""
    zone = UTC if column.zone == "UTC" else ZoneInfo(column.zone)

    def day(spelling: str) -> Value:
        at = read(spelling)
        return (_EPOCH + timedelta(microseconds=int(at or 0))).astimezone(zone).date().isoformat()

    return day


def _known(at: int | None) -> int:
    if at is None:
        raise ValueError
    return at


def _iso(spelling: str, zone: tzinfo) -> int | None:
    try:
        return _instant(datetime.fromisoformat(spelling), zone)
    except (ValueError, OverflowError):
        return None


def _by(pattern: str, spelling: str, zone: tzinfo) -> int | None:
    if pattern in NAMED_FORMATS:
        return NAMED_FORMATS[pattern](spelling)
    try:
        return _instant(datetime.strptime(spelling, pattern), zone)  # noqa: DTZ007 - zone follows
    except (ValueError, OverflowError):
        return None


def _instant(at: datetime, zone: tzinfo) -> int:
    return ((at if at.tzinfo else at.replace(tzinfo=zone)) - _EPOCH) // _MICROSECOND


def _seconds(spelling: str) -> int | None:
    found = _EPOCH_SECONDS.fullmatch(spelling)
    return None if found is None else int(Decimal(spelling) * 1_000_000)


def _milliseconds(spelling: str) -> int | None:
    return int(spelling) * 1000 if _EPOCH_MILLISECONDS.fullmatch(spelling) else None


def _of_mail(spelling: str) -> int | None:
    found = dates.of_mail(spelling)
    return None if found is None else _instant(found, UTC)


_EPOCH_SECONDS: Final = re.compile(r"-?\d{1,11}(?:\.\d{1,9})?")
_EPOCH_MILLISECONDS: Final = re.compile(r"-?\d{12,14}")
NAMED_FORMATS: Final[dict[str, Callable[[str], int | None]]] = {
    "epoch": _seconds,
    "epoch_ms": _milliseconds,
    "rfc2822": _of_mail,
}
"""Formats that no pattern of `strptime` says: since 1970, and as mails write a time."""
