"""Whatever comes, nothing raises, nothing is lost, and what is taken fits every store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird.collect.decode import Decoded, decode
from tailorbird.schema import DAY, Body, Event, LogRecord

Decoding: TypeAlias = Callable[..., Decoded]
NOW = 1_760_000_000_000_000
GOOD = b'{"type":"track","event":"Coupon Entered","userId":"u1","messageId":"good"}'
KEYS = (
    "type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "properties",
    "traits", "context", "products", "total", "price", "quantity", "product_id", "currency",
    "consent", "email", "address", "personId", "email_marketing", "batch", "previousId",
)  # fmt: skip
WORDS = ("track", "identify", "alias", "page", "Order Completed", "product_updated", "u1", "EUR")

# How long an example takes says nothing on a busy machine.
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(WORDS)
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=8)
    ),
    max_leaves=15,
)
messages = st.dictionaries(st.sampled_from(KEYS), values, max_size=10).map(
    lambda message: {"type": "track", "event": "Order Completed", "userId": "u1"} | message
)


def accounted(content: bytes, source: str) -> Decoded:
    decoded = decode([LogRecord(3, Body(source, NOW, content))])
    positions = [e.position for e in decoded.events] + [r.position for r in decoded.refused]
    assert sorted(positions) == [*range(3 << 20, (3 << 20) + len(positions))]
    for refused in decoded.refused:
        assert refused.code
        assert refused.reason
        assert refused.mend
        assert isinstance(refused.raw, bytes)
    for event in decoded.events:
        fits_every_store(event)
    return decoded


def fits_every_store(event: Event) -> None:
    assert event.message_id
    assert event.name
    assert 0 < event.at <= event.received_at + DAY
    numbers: list[object] = [event.value_minor, event.quantity, event.person_id]
    texts: list[object] = [event.user_id, event.anonymous_id, event.order_id, event.currency]
    for line in event.lines:
        numbers += [line.quantity, line.price_minor, line.quantity * line.price_minor]
        texts += [line.item, line.name, line.category]
    for value in [*numbers, *texts, *event.traits.values(), *event.properties.values()]:
        if isinstance(value, int):
            assert -(2**63) <= value < 2**63
        if isinstance(value, float):
            assert value == value
            assert abs(value) != float("inf")
        if isinstance(value, str):
            assert "\x00" not in value
            value.encode()


@unhurried
@given(messages, st.sampled_from(["web", "import", "tracking"]))
def test_no_message_raises(message: dict[str, Any], source: str) -> None:
    decoded = accounted(json.dumps(message).encode(), source)
    assert decoded.events or decoded.refused or message.get("batch") == []


@unhurried
@given(st.lists(messages, max_size=4))
def test_a_bad_message_costs_no_neighbour(batch: list[dict[str, Any]]) -> None:
    bad = ",".join(json.dumps(message) for message in batch if "batch" not in message)
    content = f'{{"batch":[{bad}{"," if bad else ""}{GOOD.decode()}]}}'.encode()
    decoded = accounted(content, "web")
    assert "good" in [event.message_id for event in decoded.events]


@unhurried
@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    accounted(content, "web")


@unhurried
@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=3))
def test_no_damage_raises(at: int, damage: bytes) -> None:
    accounted(GOOD[:at] + damage + GOOD[at:], "web")
    accounted(b'{"batch":[' + GOOD[:at] + damage + GOOD[at:] + b"]}", "web")


@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"track","event":"a","userId":"\xff"}',
        b'{"type":"track","event":"a","userId":"u","properties":{"x":"\\ud800"}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"\\udc00":1}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"x":NaN}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"x":Infinity}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"x":1e999}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"x":18446744073709551616}}',
        b'{"type":"track","event":"a","userId":"u\\u0000"}',
        b'{"type":"track","event":"a","userId":"u","properties":'
        + b'{"a":' * 50
        + b"1"
        + b"}" * 51,
        b'{"type":"track","event":"a","userId":"u","properties":{"' + b"k" * 100_000 + b'":1}}',
        b"null",
        b"[]",
        b'"text"',
    ],
    ids=range(13),
)
def test_poison_is_refused_and_its_neighbours_are_taken(bad: bytes) -> None:
    decoded = accounted(b'{"batch":[' + GOOD + b"," + bad + b"," + GOOD + b"]}", "web")
    assert len(decoded.events) == 2
    assert len(decoded.refused) == 1
    assert decoded.refused[0].position == (3 << 20) + 1


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"5", b'"x"', b"{", b"[" * 100_000, b"\x00", b"{}}", b"\xff\xfe{}"],
    ids=range(9),
)
def test_a_body_that_is_no_json_is_refused_whole(content: bytes) -> None:
    decoded = accounted(content, "web")
    assert [(r.code, r.raw) for r in decoded.refused] == [("bad_body", content)]


def test_a_long_text_with_no_address_costs_no_time(decoding: Decoding) -> None:
    # A pattern that backtracks would take minutes here, and the test run would time out.
    message = {
        "type": "track", "event": "a", "userId": "u",
        "properties": {f"p{i}": "a" * 30_000 + " @ " + "a." * 1000 for i in range(20)},
    }  # fmt: skip
    assert len(decoding(message).events) == 1
