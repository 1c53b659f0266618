"""Rules that mend refused records: which ones, and what to change in each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType, field

from tailorbird import yaml_text
from tailorbird.collect import clean
from tailorbird.collect.bodies import LEADING_BLANKS, BodyError, shape
from tailorbird.errors import DefinitionError
from tailorbird.schema import Body, Refused

UNREADABLE_BODY: Final = "bad_body"
"""The code of records that are a whole body; all others are one message of a body."""
EVERY: Final = "*"
MESSAGE_ID: Final = "message_id"


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which records a rule is for; what is left out does not matter."""

    code: str = ""
    source: str = ""
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change: one of the five verbs with the dotted path of a field, and what it needs.

    `*` in a path stands for every element of a list.
    """

    set_: str = field(name="set", default="")
    rename: str = ""
    delete: str = ""
    date: str = ""
    multiply: str = ""
    to: Any = UNSET
    format: str = ""
    zone: str = "UTC"
    by: str | int | float | UnsetType = UNSET

    def verbs(self) -> dict[str, str]:
        """Return the verbs that are said, with their paths."""
        said = {
            "set": self.set_,
            "rename": self.rename,
            "delete": self.delete,
            "date": self.date,
            "multiply": self.multiply,
        }
        return {verb: path for verb, path in said.items() if path}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wrote to mend many records alike."""

    rule: str
    change: tuple[Change, ...]
    where: Where = Where()
    about: str = ""

    def mark(self) -> str:
        """Return the name under which a record remembers this rule; other text, other mark."""
        said = msgspec.json.encode((self.where, self.change))
        return f"{self.rule}@{hashlib.blake2b(said, digest_size=4).hexdigest()}"


# -- reading a rule -----------------------------------------------------------------------------


def parse_rule(text: str, name: str) -> Rule:
    """Return the rule that a YAML or JSON text says.

    Raises:
        DefinitionError: with the line and the mend.
    """
    document = yaml_text.read(text, name)
    rule = yaml_text.convert(document, Rule)
    if not rule.change:
        raise DefinitionError("the rule changes nothing", where=name, mend="add to `change`")
    for number, change in enumerate(rule.change):
        if wrong := _wrong(change):
            what, mend = wrong
            raise DefinitionError(what, where=document.where(("change", number)), mend=mend)
    return rule


def _wrong(change: Change) -> tuple[str, str] | None:
    """Return what is wrong with a change, and how to mend it."""
    verbs = change.verbs()
    if len(verbs) != 1:
        return "a change has one verb", "write set, rename, delete, date or multiply, once"
    ((verb, path),) = verbs.items()
    target = change.to if verb == "rename" else path
    if MESSAGE_ID in (_first(path), _first(target)):
        return "a mended record keeps its message id", "change another field"
    match verb:
        case "set" if change.to is UNSET:
            return "`set` says no value", "add `to: ...`"
        case "rename" if not isinstance(change.to, str) or not change.to:
            return "`rename` says no new name", "add `to: new.path`"
        case "rename" if EVERY in path.split(".") or EVERY in change.to.split("."):
            return "`rename` moves one field", "write the path without `*`"
        case "date" if not _reads_dates(change):
            return "`date` has no valid format or zone", 'add `format: "%d.%m.%Y %H:%M"`'
        case "multiply" if _number(None if change.by is UNSET else change.by) is None:
            return "`multiply` says no number", "add `by: 100`"
    return None


def _first(path: object) -> str:
    return clean.snake(path.partition(".")[0]) if isinstance(path, str) else ""


def _reads_dates(change: Change) -> bool:
    try:
        ZoneInfo(change.zone)
        written = datetime(2001, 2, 3, tzinfo=UTC).strftime(change.format)
        datetime.strptime(written, change.format)  # noqa: DTZ007 - only tried
    except (KeyError, ValueError, OSError):
        return False
    return bool(change.format)


# -- using it -----------------------------------------------------------------------------------


def mend(rule: Rule, raw: bytes) -> bytes | None:
    """Return a record as the rule changes it; None where the rule is not for it.

    What strict JSON forbids may stand in it: a rule can take it out.
    """
    record = _read(raw)
    if not isinstance(record, dict):
        return None
    if not all(_there(record, path) for path in rule.where.present):
        return None
    if any(_there(record, path) for path in rule.where.absent):
        return None
    try:
        before = _write(record)
        for change in rule.change:
            _apply(change, record)
        after = _write(record)
    except RecursionError:
        return None
    return None if after == before else after


def said_id(raw: bytes) -> str:
    """Return the message id that a record says, however spelled; '' for none."""
    record = _read(raw)
    if not isinstance(record, dict):
        return ""
    found = (value for key, value in record.items() if clean.snake(key) == MESSAGE_ID)
    return str(next(found, ""))


def body_of(refused: Refused, content: bytes, sent_at: bytes = b"") -> Body:
    """Return the body that brings a record back, as if it had been right at first.

    Source and time of receipt are the record's; `sent_at` is that of the body that held it.
    """
    if refused.code != UNREADABLE_BODY:
        sent = b',"sentAt":' + sent_at if sent_at else b""
        content = b'{"batch":[' + content.strip(LEADING_BLANKS) + b"]" + sent + b"}"
    return Body(refused.source, refused.received_at, content)


def sent_at_of(content: bytes) -> bytes:
    """Return, as JSON, when a body says that it was sent; empty where it does not say."""
    try:
        sent_at = shape(content).sent_at
        return b"" if sent_at is None else msgspec.json.encode(sent_at)
    except (BodyError, msgspec.MsgspecError, UnicodeEncodeError):
        return b""


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw.lstrip(LEADING_BLANKS).decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None


def _write(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode()


def _apply(change: Change, record: dict[str, Any]) -> None:
    ((verb, path),) = change.verbs().items()
    match verb:
        case "set":
            for holder, key in list(_places(record, path.split("."), make=True)):
                holder[key] = change.to
        case "rename":
            moved = list(_found(record, path))
            places = list(_places(record, change.to.split("."), make=True)) if moved else []
            if places:  # where a plain value is in the way, nothing is moved
                ((holder, key), (new_holder, new_key)) = (moved[0], places[0])
                new_holder[new_key] = holder.pop(key)
        case "delete":
            for holder, key in reversed(list(_found(record, path))):
                del holder[key]
        case "date":
            _replace(record, path, lambda value: _date(change, value))
        case _:
            by = _number(None if change.by is UNSET else change.by) or Decimal(1)
            _replace(record, path, lambda value: _times(value, by))


def _replace(record: dict[str, Any], path: str, read: Callable[[Any], Any]) -> None:
    for holder, key in list(_found(record, path)):
        holder[key] = read(holder[key])


def _there(record: dict[str, Any], path: str) -> bool:
    return next(iter(_found(record, path)), None) is not None


def _found(record: dict[str, Any], path: str) -> Iterator[tuple[Any, Any]]:
    """Yield (holder, key) of every field that stands at a path."""
    for holder, key in _places(record, path.split("."), make=False):
        if isinstance(holder, list) or key in holder:
            yield holder, key


def _places(holder: Any, parts: list[str], *, make: bool) -> Iterator[tuple[Any, Any]]:
    """Yield (holder, key) of every place that a path names; `make` adds missing objects."""
    part, *rest = parts
    if isinstance(holder, list):
        keys = range(len(holder)) if part == EVERY else _index(part, len(holder))
        for key in keys:
            yield from _places(holder[key], rest, make=make) if rest else iter([(holder, key)])
    elif isinstance(holder, dict):
        if not rest:
            yield holder, part
        elif part in holder or make:
            yield from _places(holder.setdefault(part, {}), rest, make=make)


def _index(part: str, size: int) -> range:
    index = int(part) if part.isascii() and part.isdigit() and len(part) < 8 else size
    return range(index, index + 1) if index < size else range(0)


def _date(change: Change, value: Any) -> Any:
    try:
        read = datetime.strptime(value.strip(), change.format)  # noqa: DTZ007 - zoned below
        zoned = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(change.zone))
        return zoned.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (AttributeError, ValueError, OverflowError):
        return value  # another form: it stays as it came, and is told by the refusal that remains


def _times(value: Any, by: Decimal) -> Any:
    number = _number(value)
    if number is None:
        return value
    product = number * by
    if isinstance(value, str):
        return f"{product:f}"
    return int(product) if product == product.to_integral_value() else float(product)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 40 else None
