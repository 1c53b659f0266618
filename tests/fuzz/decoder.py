"""Feeds the decoder with what nobody would send: `python tests/fuzz/decoder.py [CORPUS] [-runs=N]`.

The options are libFuzzer's. The first byte of an input chooses the source; when the second is even,
the rest is the body, else it chooses what messages are made of: fields that the decoder knows, with
values that it may not expect. Whatever comes must be an event or refused, and what is an event must
fit every store.
"""

from __future__ import annotations

import json
import sys

import atheris
import msgspec

with atheris.instrument_imports(include=["tailorbird.collect"]):
    from tailorbird.collect.decode import decode

from tailorbird.schema import Body, Event, LogRecord, ResolvedEvent
from tailorbird.stores.duckdb.rows import tables_of

NOW = 1_800_000_000_000_000
SOURCES = (
    "web",
    "web:key",
    "server:key",
    "import",
    "simulator",
    "shopify",
    "stripe",
    "woocommerce",
)
BIG = 2**63

# fmt: off
FIELDS = (
    "type", "event", "name", "userId", "user_id", "anonymousId", "previousId", "groupId",
    "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "properties", "traits",
    "context", "category",
)
NAMES = (
    "products", "product_id", "price", "quantity", "order_id", "value", "revenue", "total",
    "currency", "email", "phone", "first_name", "country", "birthday", "consent",
    "email_marketing", "tracking", "granted", "wordingVersion", "evidence", "page", "url",
    "referrer", "search", "campaign", "source", "userAgent", "timezone", "ip", "device", "os",
    "locale", "location", "latitude", "longitude", "sessionId", "personId", "send_id", "loser",
    "machine", "hard", "stock", "product", "score",
)
TEXTS = (
    "", "track", "identify", "page", "alias", "group", "held", "Order Completed", "Product Viewed",
    "Order Refunded", "Page Dwell", "People Merged", "people_separated", "Survey Answered",
    "purchase", "ann@example.com", "1", "19.90", "1,50", "EUR", "JPY", "null", "undefined", "NaN",
    "-1", "1e400", "2026-02-30", "2026-02-28T10:00:00Z", "1700000000", "Europe/London",
    "https://shop.example/?utm_source=a&x=a@b.co", "203.0.113.9", "+44 20 7946 0958", "a\x00b",
    "\ud800", "\u202e", "x" * 5000,
)
# fmt: on
NUMBERS = (0, -1, 1.5, 1e308, 1e400, 2**53, 2**63, 2**64, 10**30, float("nan"), -0.0, 1_700_000_000)
DEEPEST = 4


def one_input(data: bytes) -> None:
    """Decode one body, and keep what came of it as far as it goes without a disk."""
    if len(data) < 2:
        return
    source = SOURCES[data[0] % len(SOURCES)]
    content = data[2:] if data[1] % 2 == 0 else made(atheris.FuzzedDataProvider(data[2:]))
    decoded = decode([LogRecord(1, Body(source, NOW, content))], currency="EUR")
    for event in decoded.events:
        check(event)
    tables_of([ResolvedEvent(event, 1) for event in decoded.events])
    for refused in decoded.refused:
        assert refused.code
        assert refused.reason.encode()
        assert refused.mend.encode()


def made(draw: atheris.FuzzedDataProvider) -> bytes:
    """Return a body of some messages."""
    messages = [
        {chosen(draw, FIELDS): value(draw, 0) for _ in range(draw.ConsumeIntInRange(1, 8))}
        for _ in range(draw.ConsumeIntInRange(1, 3))
    ]
    body = {"batch": messages, "sentAt": value(draw, DEEPEST)} if len(messages) > 1 else messages[0]
    return json.dumps(body, ensure_ascii=draw.ConsumeBool()).encode("utf-8", "surrogatepass")


def value(draw: atheris.FuzzedDataProvider, depth: int) -> object:
    """Return a JSON value."""
    kind = draw.ConsumeIntInRange(0, 9 if depth < DEEPEST else 5)
    if kind >= 7:
        return {chosen(draw, NAMES): value(draw, depth + 1) for _ in range(kind - 5)}
    if kind == 6:
        return [value(draw, depth + 1) for _ in range(draw.ConsumeIntInRange(0, 3))]
    if kind <= 2:
        return chosen(draw, TEXTS)
    if kind == 3:
        return NUMBERS[draw.ConsumeIntInRange(0, len(NUMBERS) - 1)]
    return (None, True)[kind - 4]


def chosen(draw: atheris.FuzzedDataProvider, names: tuple[str, ...]) -> str:
    """Return one of the names, seldom something else."""
    place = draw.ConsumeIntInRange(0, len(names))
    return names[place] if place < len(names) else str(draw.ConsumeUnicode(20))


def check(event: Event) -> None:
    """Raise unless every store can keep the event: UTF-8 without NUL, 64 bits, no NaN."""
    for value in msgspec.structs.astuple(event):
        check_value(value)
    assert event.message_id
    assert event.name
    assert 0 < event.at <= event.received_at + 86_400_000_000


def check_value(value: object) -> None:
    """Raise unless a store can keep the value."""
    if isinstance(value, str):
        assert "\x00" not in value, value
        value.encode()
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        assert -BIG <= value < BIG, value
    elif isinstance(value, float):
        assert value == value, "NaN"
        assert abs(value) != float("inf"), value
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_value(name)
            check_value(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            check_value(inner)
    elif isinstance(value, msgspec.Struct):
        check_value(msgspec.structs.astuple(value))
    else:
        raise AssertionError(f"a {type(value).__name__} has got into an event")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
