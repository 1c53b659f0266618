"""The outer shape of a body: one message, a list of messages, or `{"batch": [...]}`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

LEADING_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"

DEEPEST: Final = 100
"""Levels of a body that are read; no event that is taken has nearly as many."""
# Possessive: a text without an end costs no more than its length.
_NESTING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|\[+|\]+|\{+|\}+', re.DOTALL)
_DEEP: Final = re.compile(rb'"deeper-than-any-event-(\d{1,7})"')
MOST_DIGITS: Final = 400
"""Python itself reads no number of more than 4,300."""


class BodyError(Exception):
    """The body as a whole cannot be read. `json` is true when it may be JSON all the same."""

    def __init__(self, what: str, *, json: bool = False) -> None:
        super().__init__(what)
        self.json = json


@dataclass(frozen=True, slots=True)
class Shape:
    """A body's messages, each still JSON, and what its envelope says about all of them."""

    messages: Sequence[bytes | Raw]
    sent_at: Any = None
    write_key: str = ""
    typed: bool = True
    """False when it is one message that does not say what type it is."""
    received_from: Any = None
    """Where the sender was, as the door through which it came has found out."""


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[Raw] | UnsetType | None = UNSET
    sent_at: Raw | UnsetType = UNSET
    write_key: Raw | UnsetType = UNSET
    received_from: Raw | UnsetType = UNSET
    type: Raw | UnsetType = UNSET
    action: Raw | UnsetType = UNSET


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_LIST: Final = msgspec.json.Decoder(list[Raw])
_ANY: Final = msgspec.json.Decoder()


def shape(content: bytes) -> Shape:
    """Return a body's messages without decoding them.

    What strict JSON forbids (NaN, half a surrogate pair, a bare NUL, bad UTF-8) or is nested beyond
    reading costs the message that holds it, not its neighbours.

    Raises:
        BodyError: it is no JSON object or list.
    """
    content = content.lstrip(LEADING_BLANKS)
    try:
        if content[:1] == b"[":
            return Shape(_LIST.decode(content))
        return _shape_of(_ENVELOPE.decode(content), content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _salvaged(content)
    except RecursionError:
        return _shallow(content)


def _shallow(content: bytes) -> Shape:
    """Return the messages of a body that is nested beyond reading in parts, these as they are."""
    pruned, deep = _pruned(content)
    if not deep:
        raise BodyError("it is nested more deeply than any event", json=True)

    def restored(mark: re.Match[bytes]) -> bytes:
        number = int(mark[1])
        return deep[number] if number < len(deep) else mark[0]

    found = shape(pruned)
    return replace(
        found, messages=[_DEEP.sub(restored, bytes(message)) for message in found.messages]
    )


def _pruned(content: bytes) -> tuple[bytes, list[bytes]]:
    """Return JSON with a mark for every part below `DEEPEST`, and these parts."""
    kept: list[bytes] = []
    deep: list[bytes] = []
    depth = start = done = 0
    for token in _NESTING.finditer(content):
        first, size = content[token.start()], token.end() - token.start()
        if first in b"[{":
            if depth < DEEPEST <= depth + size:
                start = token.start() + DEEPEST - depth - 1
            depth += size
        elif first in b"]}":
            if depth >= DEEPEST > depth - size:
                end = token.start() + depth - DEEPEST + 1
                kept += [content[done:start], b'"deeper-than-any-event-%d"' % len(deep)]
                deep.append(content[start:end])
                done = end
            depth -= size
    return b"".join([*kept, content[done:]]), deep


def _shape_of(envelope: _Envelope, content: bytes) -> Shape:
    one = not isinstance(envelope.batch, list)
    return Shape(
        messages=envelope.batch if isinstance(envelope.batch, list) else [content],
        sent_at=None if one else _value(envelope.sent_at),
        write_key=_text(_value(envelope.write_key)),
        typed=not one or envelope.type is not UNSET or envelope.action is not UNSET,
        received_from=_value(envelope.received_from),
    )


def _value(raw: Raw | UnsetType) -> Any:
    try:
        return None if isinstance(raw, UnsetType) else _ANY.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _salvaged(content: bytes) -> Shape:
    """Return the messages of a body that only a lenient reader takes, each written anew."""
    try:
        body = json.loads(
            content.decode("utf-8", "surrogateescape"), strict=False, parse_int=_whole
        )
    except RecursionError:
        raise BodyError("it is nested more deeply than any event", json=True) from None
    except ValueError as error:
        raise BodyError(f"it is no JSON: {error}") from None
    if isinstance(body, list):
        return Shape([_written(message) for message in body])
    if not isinstance(body, dict):
        raise BodyError(f"it is a JSON {type(body).__name__}, not an object or a list")
    batch = body.get("batch")
    write_key = _text(body.get("writeKey"))
    if isinstance(batch, list):
        messages = [_written(message) for message in batch]
        place = body.get("receivedFrom")
        return Shape(messages, body.get("sentAt"), write_key=write_key, received_from=place)
    return Shape([content], write_key=write_key, typed="type" in body or "action" in body)


def _whole(digits: str) -> int | float:
    """Return a whole number; one longer than any stays too large, and is refused as such."""
    return int(digits) if len(digits) <= MOST_DIGITS else float("inf")


def _written(message: object) -> bytes:
    text = json.dumps(message, ensure_ascii=False)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return json.dumps(message).encode()
