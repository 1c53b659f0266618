"""What clients of Customer.io's Track API send becomes messages of the Segment spec."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tailorbird.collect.decode import decode
from tailorbird.schema import Body, LogRecord
from tailorbird.views import Readings
from tailorbird.web.customerio import routes
from tailorbird.web.server import application

NOW = 1_760_000_000_000_000


def door(bodies: list[Body]) -> list[Route]:
    async def append(body: Body) -> int:
        bodies.append(body)
        return len(bodies)

    return routes(append, lambda: NOW)


def send(method: str, path: str, content: bytes) -> tuple[httpx.Response, list[Body]]:
    bodies: list[Body] = []

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=list(door(bodies))))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, f"/api/v1{path}", content=content)

    return asyncio.run(go()), bodies


def test_attributes_come_through_as_they_were_written() -> None:
    answer, (body,) = send("PUT", "/customers/u1", b'\xef\xbb\xbf {"plan": 1.50, "big": 1e400}')
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert (
        body.content == b'{"type":"identify","userId":"u1","traits":{"plan": 1.50, "big": 1e400}}'
    )


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"name": "A"}, {"type": "track", "event": "A"}),
        ({"name": "A", "id": "m"}, {"type": "track", "event": "A", "messageId": "m"}),
        ({"name": "A", "timestamp": 5}, {"type": "track", "event": "A", "timestamp": 5}),
        ({"name": "A", "data": {"x": 1}}, {"type": "track", "event": "A", "properties": {"x": 1}}),
        ({"name": "A", "type": "page"}, {"type": "page", "name": "A"}),
        ({"name": "A", "type": "screen"}, {"type": "screen", "name": "A"}),
        ({"name": "A", "type": "event"}, {"type": "track", "event": "A"}),
        ({"name": "A", "anonymous_id": "v"}, {"type": "track", "event": "A", "anonymousId": "v"}),
    ],
    ids=range(8),
)
def test_an_event_is_told_in_the_words_of_the_spec(
    event: dict[str, Any], message: dict[str, Any]
) -> None:
    answer, (body,) = send("POST", "/customers/u1/events", json.dumps(event).encode())
    assert answer.status_code == 200
    assert json.loads(body.content) == message | {"userId": "u1"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"name":"A","data":{"x":NaN}}', "bad_json"),
        (b'{"name":"\xff"}', "bad_text"),
        (b"[1]", "no_name"),
    ],
    ids=range(3),
)
def test_a_bad_event_is_kept_and_refused_later(content: bytes, code: str) -> None:
    answer, (body,) = send("POST", "/customers/u1/events", content)
    assert answer.status_code == 200
    (refused,) = decode([LogRecord(1, body)]).refused
    assert refused.code == code
    assert content in refused.raw


def test_what_is_no_json_is_told_so() -> None:
    answer, bodies = send("POST", "/events", b"name=A")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert bodies == []


def test_our_own_api_keeps_the_other_methods_of_these_paths(
    sample: Readings, ask: Callable[..., httpx.Response]
) -> None:
    bodies: list[Body] = []
    site = application(
        public=door(bodies), readings=sample, base_url="http://127.0.0.1", clock=lambda: NOW
    )
    assert ask("/api/v1/events", "POST", to=site, json={"name": "A"}).status_code == 200
    ours = ask("/api/v1/events/x", to=site)
    assert ours.status_code == 404
    assert ours.headers["content-type"] == "application/problem+json"
    assert len(bodies) == 1
