"""Files of addresses that may not be written to, as other mail services export them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain, islice
from typing import Final, cast, get_args

import msgspec

from tailorbird.collect import clean
from tailorbird.errors import SourceError
from tailorbird.schema import Instant
from tailorbird.suppression_words import SuppressionReason

SAMPLE: Final = 50
"""Lines by which columns are guessed."""
_ADDRESS: Final = ("email", "emailaddress", "address", "recipient", "suppressedaddress", "mail")
_REASON: Final = ("reason", "suppressionreason", "suppressiontype", "type", "bouncetype", "event")
_DETAIL: Final = ("status", "code", "errorcode", "enhancedcode")
_AT: Final = (
    "at", "created", "createdat", "timestamp", "date", "time", "datetime", "lastupdatetime",
    "updated", "updatedat", "suppressedat", "addedat", "unsubtime", "cleantime", "bouncedat",
)  # fmt: skip
_WORDS: Final[tuple[tuple[str, SuppressionReason], ...]] = (
    ("complain", "complaint"),
    ("abuse", "complaint"),
    ("spamreport", "complaint"),
    ("markedasspam", "complaint"),
    ("trap", "spam_trap"),
    ("unsub", "unsubscribed"),
    ("optout", "unsubscribed"),
    ("optedout", "unsubscribed"),
    ("invalid", "invalid"),
    ("bounce", "hard_bounce"),
    ("cleaned", "hard_bounce"),
    ("permanent", "hard_bounce"),
    ("nosuchuser", "hard_bounce"),
    ("manual", "manual"),
)
"""What the words of other services mean, the surest first; letters alone, in lower case."""
_SOFT: Final = re.compile(r"soft|transient|temporar|defer|throttl|blocked")
_STATUS: Final = re.compile(r"(?<![\d.])([245])(?:\d\d\b|\.\d{1,3}\.\d{1,3})")
_REASONS: Final = frozenset(get_args(SuppressionReason))


class Suppressed(msgspec.Struct, frozen=True):
    """One line of a file: an address as it is kept, why it rests, and since when."""

    line: int
    address: str
    reason: SuppressionReason
    at: Instant


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that says nothing of an address: why, and how to mend it."""

    line: int
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file say what, from 0; None where none does."""

    address: int
    reason: int | None = None
    detail: int | None = None
    at: int | None = None
    head: bool = True


def read(
    lines: Iterable[str], file: str, now: Instant, reason: SuppressionReason | None = None
) -> Iterator[tuple[Suppressed | RefusedLine, list[str]]]:
    """Yield what each line says, with its cells; `reason` holds for all lines when it is given.

    Without one it is read from the line, or else from the file's name: `bounces.csv`.

    Raises:
        SourceError: no column holds addresses.
    """
    sample = list(islice(iterator := iter(lines), SAMPLE))
    dialect = _dialect(sample)
    rows = csv.reader(chain(sample, iterator), dialect)
    columns = guess(list(csv.reader(sample, dialect)), file)
    named = _reason_in(file.rpartition("/")[2]) or "import"
    try:
        for row in rows:
            if any(row) and not (columns.head and rows.line_num == 1):
                yield _said(row, rows.line_num, columns, now, reason, named), row
    except csv.Error as error:
        what = f"line {rows.line_num} is no CSV: {error}"
        raise SourceError(what, where=file, mend="export the file again as CSV") from None


def guess(rows: Sequence[Sequence[str]], file: str) -> Columns:
    """Return which columns say what, by their names or else by what they hold.

    Raises:
        SourceError: none holds addresses.

    >>> guess([["Email Address", "Reason"], ["ada@example.com", "Bounce"]], "x.csv").reason
    1
    """
    head = [_letters(name) for name in rows[0]] if rows else []

    def named(names: Sequence[str]) -> int | None:
        return next((head.index(name) for name in names if name in head), None)

    address = named(_ADDRESS)
    if address is not None:
        return Columns(address, named(_REASON), named(_DETAIL), named(_AT))
    bare = bool(rows) and any(clean.email(cell) for cell in rows[0])
    held = [sum(bool(clean.email(cell)) for cell in column) for column in zip(*rows, strict=False)]
    if not held or not max(held):
        raise SourceError("no column holds addresses", where=file, mend="name one of them `email`")
    found = held.index(max(held))
    return Columns(found, named(_REASON), named(_DETAIL), named(_AT), head=not bare)


def _said(
    row: Sequence[str],
    line: int,
    columns: Columns,
    now: Instant,
    given: SuppressionReason | None,
    named: SuppressionReason,
) -> Suppressed | RefusedLine:
    address = clean.email(_cell(row, columns.address))
    if address is None:
        return RefusedLine(line, "no address", f"write one in column {columns.address + 1}")
    told, detail = _cell(row, columns.reason), _cell(row, columns.detail)
    if given is None and _is_soft(told, detail):
        return RefusedLine(line, "a bounce for now", "leave it out, or name a reason for all lines")
    reason = given or _reason_in(told) or _reason_of_status(detail, told) or named
    return Suppressed(line, address, reason, _instant(_cell(row, columns.at), now))


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _reason_in(text: str) -> SuppressionReason | None:
    """Return the reason that a text names, ours by its own name."""
    if text in _REASONS:
        return cast("SuppressionReason", text)
    letters = _letters(text)
    return next((reason for word, reason in _WORDS if word in letters), None)


def _reason_of_status(*texts: str) -> SuppressionReason | None:
    """Return that an address bounced for good, where a status of SMTP says so."""
    found = [match[1] for text in texts if (match := _STATUS.search(text))]
    return "hard_bounce" if "5" in found else None


def _is_soft(told: str, detail: str) -> bool:
    statuses = [match[1] for text in (detail, told) if (match := _STATUS.search(text))]
    return bool(_SOFT.search(_letters(told))) or statuses[:1] == ["4"]


def _instant(text: str, now: Instant) -> Instant:
    """Return the instant that a cell tells, never one to come; now where it tells none."""
    if text.isascii() and text.isdigit():
        number = int(text[:16])
        return min(now, number * 1_000_000 if number < 10**11 else number * 1000)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text.removesuffix(" UTC"))
        except (ValueError, IndexError):
            continue
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(now, int(zoned.timestamp() * 1_000_000))
    return now


def _dialect(sample: Sequence[str]) -> type[csv.Dialect]:
    """Return how cells are told apart: by the sign of the first line."""
    first = sample[0] if sample else ""
    sign = max(",;\t", key=first.count)

    class Found(csv.excel):
        delimiter = sign

    return Found
