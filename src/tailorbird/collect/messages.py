"""One message of the Segment spec: its fields, its type, its time. Nothing of it is trusted yet."""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tailorbird.collect import clean
from tailorbird.collect.fields import Refusal, instant, mapping_of, text
from tailorbird.collect.names import NAME_LIMIT, canonical
from tailorbird.schema import DAY, Instant, Names

Kind: TypeAlias = Literal["track", "identify", "page", "screen", "group", "alias"]
KINDS: Final[dict[str, Kind]] = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
}
EARLIEST: Final[Instant] = 631_152_000_000_000
"""1990-01-01: no shop's history is older."""
ID_LIMIT: Final = 200
NOTHING: Final = "nothing"
"""A message of our own that says nothing, and keeps its neighbours' places in the body."""
HELD: Final = "held"
"""The type of what one of our own doors could not read."""
_IDS: Final = (int, str)

_NAMES: Final = {
    "identify": Names.IDENTIFY,
    "page": Names.PAGE_VIEWED,
    "screen": "screen_viewed",
    "group": "group",
    "alias": "alias",
}


class Message(msgspec.Struct, rename="camel"):
    """The fields that we read, whatever they hold."""

    type: Any = None
    action: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    group_id: Any = None
    message_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    received_at: Any = None
    properties: Any = None
    traits: Any = None
    context: Any = None


_FIELDS: Final = frozenset(Message.__struct_fields__)
_MESSAGE: Final = msgspec.json.Decoder(Message)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


def parse(raw: bytes | msgspec.Raw, *, strict: bool) -> Message:
    """Return a message. Unless `strict`, field names may come in any spelling (`user_id`)."""
    try:
        message = _MESSAGE.decode(raw)
        if strict or (message.type and (message.user_id or message.anonymous_id)):
            return message
        return _respelled(_OBJECT.decode(raw))
    except UnicodeDecodeError:
        raise Refusal("bad_text", "it is no UTF-8", "send UTF-8") from None
    except RecursionError:
        raise Refusal("too_deep", "it is nested too deeply", "send flat fields") from None
    except msgspec.MsgspecError as error:
        mend = "send strict JSON: no NaN, no half surrogate pairs"
        raise Refusal("bad_json", f"it is no message: {error}", mend) from None


def _respelled(fields: dict[str, Any]) -> Message:
    found = {clean.snake(key): value for key, value in fields.items() if len(key) <= NAME_LIMIT}
    return Message(**{name: value for name, value in found.items() if name in _FIELDS})


def held(message: Message) -> Refusal:
    """Return the refusal that one of our own doors tells of, beside what it could not read."""
    said = mapping_of(message.properties, "properties")
    reason = str(said.get("reason") or "it does not say why it was refused")
    mend = str(said.get("mend") or "mend the record and send it again")
    return Refusal("refused_by_mapping", reason, mend)


def kind_of(message: Message) -> Kind:
    """Return a message's type, inferred where it is not said."""
    said = message.type if message.type is not None else message.action
    if said is None:
        for kind, there in (
            ("track", message.event),
            ("alias", message.previous_id),
            ("group", message.group_id),
            ("identify", message.traits),
            ("page", message.name),
        ):
            if there is not None:
                return KINDS[kind]
    kind_found = KINDS.get(said.lower()) if isinstance(said, str) else None
    if kind_found is None:
        mend = "send type: track, identify, page, screen, group or alias"
        raise Refusal("unknown_type", "its type is not of the Segment spec", mend)
    return kind_found


def name_of(kind: Kind, message: Message) -> str:
    """Return our name of what happened."""
    if kind != "track":
        return _NAMES[kind]
    if not isinstance(message.event, str):
        raise Refusal("no_name", "a track message has no event", 'send event: "Order Completed"')
    name = canonical(text(message.event, "event", NAME_LIMIT))
    if not name:
        raise Refusal("no_name", "the event's name holds no letter", "give it a name")
    return name


def properties_in(kind: Kind, message: Message) -> dict[str, Any]:
    """Return the properties, with what other types keep beside them."""
    if kind == "group":
        return {
            "group_id": message.group_id,
            **{f"group_{k}": v for k, v in mapping_of(message.traits, "traits").items()},
        }
    properties = mapping_of(message.properties, "properties")
    if kind in ("page", "screen"):
        named = {"name": message.name, "category": message.category}
        return {**{k: v for k, v in named.items() if isinstance(v, str)}, **properties}
    return properties if kind == "track" else {}


def at_of(message: Message, sent_at: object, received_at: Instant) -> Instant:
    """Return when it happened, by our clock.

    The client's clock may be wrong: what counts is how long before sending it happened, as in
    Segment's `timestamp = receivedAt - (sentAt - originalTimestamp)`. A message that has been
    through Segment already (it has a `receivedAt`) is right as it stands.
    """
    said = instant(message.timestamp, "timestamp")
    original = instant(message.original_timestamp, "originalTimestamp")
    relayed = message.received_at is not None or (said is not None and original is not None)
    at = original if said is None else said
    if at is None:
        return received_at
    sent = None if relayed else _lenient(message.sent_at if message.sent_at else sent_at)
    if sent is not None and sent >= EARLIEST:
        at = received_at - (sent - at)
    if not EARLIEST <= at <= received_at + DAY:
        mend = "send the time at which it happened"
        raise Refusal("implausible_time", "it is older than 1990, or in the future", mend)
    # Nothing has happened after we heard of it: such a clock is merely fast.
    return min(at, received_at)


def _lenient(sent_at: object) -> Instant | None:
    try:
        return instant(sent_at, "sentAt")
    except Refusal:
        return None


def id_of(message: Message, raw: bytes | msgspec.Raw, received_at: Instant) -> str:
    """Return the sender's id of a message, or one made from what it says.

    Without a time of its own a message is told from its like by when it came.
    """
    said = message.message_id
    if isinstance(said, _IDS) and not isinstance(said, bool) and said != "":
        written = str(said) if isinstance(said, str) else f"{said:x}"
        if len(written) <= ID_LIMIT and "\x00" not in written:
            return written
        return f"long-{_digest(written.encode())}"
    timed = message.timestamp or message.original_timestamp
    return f"auto-{_digest(bytes(raw), b'' if timed else str(received_at).encode())}"


def _digest(*parts: bytes) -> str:
    return hashlib.blake2b(b"\x00".join(parts), digest_size=16).hexdigest()
