"""Every example of the Segment spec decodes: as the HTTP body, and as the SDKs send the call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorbird.collect.bodies import shape
from tailorbird.collect.decode import decode
from tailorbird.schema import Body, LogRecord, Names

NOW = 1_760_000_000_000_000
NOBODY = {
    ("spec/group", "", "payload"),
    ("spec/screen", "", "payload"),
    ("spec/track", "", "payload"),
}
"""Examples that name nobody: they are refused."""


def examples(shared_data: Path) -> list[dict[str, Any]]:
    file = shared_data / "protocol" / "segment_payloads.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def body_of(example: dict[str, Any]) -> dict[str, Any]:
    """Return the HTTP body of an example; of a call, the one that analytics.js makes of it."""
    if example["kind"] == "payload":
        payload: dict[str, Any] = example["payload"]
        return payload
    method, (first, *rest) = example["method"], example["args"]
    body: dict[str, Any] = {"type": method, "anonymousId": "a1", "messageId": "ajs-1"}
    if isinstance(first, dict):
        return body | (first if method == "track" else {_keeps(method): first})
    if method == "track":
        return body | {"event": first, "properties": rest[0] if rest else {}}
    if method == "page":
        name = rest[0] if rest and isinstance(rest[0], str) else first
        return body | {"name": name, "properties": {}}
    named = {"group": "groupId"}.get(method, "userId")
    return body | {named: first} | ({"traits": rest[0]} if rest else {})


def _keeps(method: str) -> str:
    return "properties" if method == "page" else "traits"


@pytest.mark.shared
def test_every_example_of_the_spec_decodes(shared_data: Path) -> None:
    found = examples(shared_data)
    assert len(found) == 98
    for example in found:
        content = json.dumps(body_of(example)).encode()
        decoded = decode([LogRecord(1, Body("web", NOW, content))])
        nameless = (example["page"], example["heading"], example["kind"]) in NOBODY
        assert [r.code for r in decoded.refused] == (["no_identifier"] if nameless else []), example
        assert len(decoded.events) == (not nameless)


@pytest.mark.shared
def test_the_orders_of_the_spec_have_their_worth(shared_data: Path) -> None:
    bodies = [json.dumps(body_of(example)).encode() for example in examples(shared_data)]
    records = [LogRecord(n, Body("web", NOW, content)) for n, content in enumerate(bodies, 1)]
    worth = [
        (event.name, event.value_minor, event.currency, len(event.lines))
        for event in decode(records).events
        if event.name in (Names.PURCHASE, Names.RETURN)
    ]
    assert worth == [
        (Names.PURCHASE, 2000, "USD", 2),
        (Names.PURCHASE, 2500, "USD", 2),
        (Names.PURCHASE, 2750, "USD", 2),
        (Names.RETURN, 3000, "USD", 2),
    ]


@pytest.mark.shared
def test_an_example_alone_and_in_a_batch_is_the_same_event(shared_data: Path) -> None:
    for example in examples(shared_data):
        body = body_of(example)
        batch = json.dumps({"batch": [body]}).encode()
        (raw,) = shape(batch).messages
        alone = decode([LogRecord(1, Body("web", NOW, bytes(raw)))])
        assert alone == decode([LogRecord(1, Body("web", NOW, batch))])
