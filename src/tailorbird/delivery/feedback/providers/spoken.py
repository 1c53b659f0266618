"""Reading the loose JSON of providers: what is not as expected is empty, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import msgspec

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why, bounce
from tailorbird.delivery.feedback.providers.posted import body_id
from tailorbird.delivery.feedback.reasons import Reason, reason_of
from tailorbird.schema import SECOND, Instant

Spoken: TypeAlias = Mapping[str, Any]
NOTHING: Final[Spoken] = {}
LATEST: Final = 4_102_444_800
"""The year 2100, in seconds: a larger number counts milliseconds."""
_ZONE: Final = re.compile(r"(\.\d{6})\d+")


class Unread(msgspec.Struct, frozen=True):
    """An event that cannot be read, and why."""

    why: str


def decoded(content: bytes) -> object:
    """Return JSON as it stands, or the fields of a form; None where it is neither."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return form(content)


def form(content: bytes) -> object:
    """Return a form's fields, each with its first value; None where there are none."""
    try:
        pairs = parse_qsl(content.decode("utf-8"), max_num_fields=1000)
    except (UnicodeDecodeError, ValueError):
        return None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields or None


def each(spoken: object) -> Iterator[object]:
    """Yield the events of a list, or the one that there is."""
    if isinstance(spoken, list):
        yield from spoken
    else:
        yield spoken


def at_path(spoken: object, path: str) -> Any:
    """Return what stands at `a.b.c`, None where nothing does."""
    for name in path.split("."):
        if not isinstance(spoken, dict):
            return None
        spoken = spoken.get(name)
    return spoken


def text(spoken: object, *paths: str) -> str:
    """Return the text or number at the first of these paths that has one, or ''."""
    for path in paths:
        found = at_path(spoken, path)
        if isinstance(found, str) and found:
            return found[:4000]
        if isinstance(found, int | float):
            return str(found)
    return ""


def part(spoken: object, path: str) -> Spoken:
    """Return the object at a path; of a text, the object that it encodes."""
    found = at_path(spoken, path)
    if isinstance(found, str) and found[:1] == "{":
        found = decoded(found.encode("utf-8", "replace"))
    return found if isinstance(found, dict) else NOTHING


def metadata(*given: Spoken) -> tuple[tuple[str, str], ...]:
    """Return what we gave a provider to hand back."""
    return tuple(
        (str(name)[:100], text(values, name)[:500])
        for values in given
        for name in list(values)[:50]
        if "." not in name
    )


def instant(said: object) -> Instant:
    """Return when something happened, by seconds, milliseconds or ISO 8601; 0 where unclear."""
    if isinstance(said, str):
        try:
            return instant(float(said))
        except ValueError:
            return _iso(said)
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 < said < 1e14:
        return 0
    return int((said / 1000 if said > LATEST else said) * SECOND)


def event_id(spoken: object, *paths: str) -> str:
    """Return the provider's id of an event, or one made of all that it says."""
    return text(spoken, *paths)[:200] or body_id(msgspec.json.encode(spoken, order="sorted"))


def bounced(
    words: str, status: str = "", *, hard: bool | None = None, trying: bool = False
) -> tuple[OutcomeKind, Reason]:
    """Return what a failure is by the server's words, and by the provider's where these say less.

    A provider that calls it hard is believed unless the server's words lay it on the sender.
    """
    reason = reason_of(words, status)
    if hard and reason.why in ("unknown", "recipient_policy", "network", "server"):
        why: Why = "domain_missing" if "domain" in words.lower() else "mailbox_missing"
        reason = Reason(why, reason.status, reason.reply)
    kind = bounce(reason.why, trying=trying)
    if hard is False and kind == "hard_bounce":
        kind = "soft_bounce"
    return kind, reason


def failure(
    known: Outcome,
    words: str,
    status: str = "",
    *,
    hard: bool | None = None,
    trying: bool = False,
) -> Outcome:
    """Return an outcome as the bounce that these words make of it."""
    kind, reason = bounced(words, status, hard=hard, trying=trying)
    return msgspec.structs.replace(
        known, kind=kind, why=reason.why, status=reason.status, reply=reason.reply,
        diagnostic=words,
    )  # fmt: skip


def dropped(known: Outcome, words: str, why: Why = "sender_suppressed") -> Outcome:
    """Return an outcome as a message that was not even tried: mostly because an earlier failed."""
    return msgspec.structs.replace(known, kind="dropped", why=why, diagnostic=words)


def _iso(said: str) -> Instant:
    try:
        found = datetime.fromisoformat(_ZONE.sub(r"\1", said.strip()[:40]))
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
        return round(zoned.timestamp() * SECOND)
    except (ValueError, OverflowError):
        return 0
