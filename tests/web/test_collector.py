"""The collector answers as SDKs of the Segment spec expect."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird.collect.decode import decode
from tailorbird.errors import StoreError
from tailorbird.schema import Body, LogRecord, Names
from tailorbird.web.collector import BODY_LIMIT, KINDS, Gate, Refusal, routes

NOW = 1_760_000_000_000_000
EVENT = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"}
Sending: TypeAlias = Callable[..., httpx.Response]


class Door:
    """A collector over a list, and a way to knock at it."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.full = False

    async def append(self, body: Body) -> int:
        if self.full:
            raise StoreError("the disk is full", where="log.sqlite", mend="free some space")
        self.bodies.append(body)
        return len(self.bodies)

    def send(self, path: str, content: Any, method: str = "POST", **headers: str) -> httpx.Response:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return asyncio.run(self._send(path, raw, method, headers))

    async def _send(
        self, path: str, content: bytes, method: str, headers: dict[str, str]
    ) -> httpx.Response:
        app = Starlette(routes=list(routes(self.append, lambda: NOW)))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, path, content=content, headers=named)


@pytest.fixture
def door() -> Door:
    return Door()


def test_an_event_is_kept_as_it_came_and_answered_with_200(door: Door) -> None:
    raw = json.dumps(EVENT, indent=3).encode()
    answer = door.send("/v1/track", raw)
    assert answer.status_code == 200
    assert answer.json() == {"success": True}
    assert door.bodies == [Body("web", NOW, raw)]


@pytest.mark.parametrize("name", KINDS)
def test_every_path_of_the_spec_is_there(door: Door, name: str) -> None:
    content = {"batch": [EVENT]} if not KINDS[name] else EVENT
    assert door.send(f"/v1/{name}", content).status_code == 200


@pytest.mark.parametrize(
    ("path", "content", "name"),
    [
        ("/v1/track", {"event": "Order Completed", "userId": "u"}, Names.PURCHASE),
        ("/v1/t", {"event": "Order Completed", "userId": "u"}, Names.PURCHASE),
        ("/v1/identify", {"userId": "u"}, Names.IDENTIFY),
        ("/v1/p", {"userId": "u"}, Names.PAGE_VIEWED),
        ("/v1/alias", {"userId": "u", "previousId": "a"}, "alias"),
        ("/v1/page", {"type": "track", "event": "Signed Up", "userId": "u"}, "signed_up"),
    ],
)
def test_the_path_says_the_type_where_the_body_does_not(
    door: Door, path: str, content: object, name: str
) -> None:
    assert door.send(path, content).status_code == 200
    (event,) = decode([LogRecord(1, door.bodies[0])]).events
    assert event.name == name


def test_gzip_is_known_by_its_first_bytes(door: Door) -> None:
    packed = gzip.compress(json.dumps(EVENT).encode())
    answer = door.send("/v1/batch", packed, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert json.loads(door.bodies[0].content) == EVENT


@pytest.mark.parametrize(
    "content",
    [
        {"batch": [EVENT, {"type": "nonsense"}, 3, None]},
        {},
        [],
        b'{"batch":[{"type":"track","properties":{"x":NaN}}]}',
        b'{"type":"track","event":"\xff"}',
        b'{"type":"track","event":"\\ud800"}',
        b'{"type":"track","properties":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=range(7),
)
def test_one_bad_event_is_never_an_error(door: Door, content: object) -> None:
    assert door.send("/v1/batch", content).status_code == 200
    assert len(door.bodies) == 1


@pytest.mark.parametrize("content", [b"", b"hello", b"<xml/>", b"5", b'"x"', b"{", b"a=1&b=2"])
def test_what_is_no_json_is_told_so(door: Door, content: bytes) -> None:
    answer = door.send("/v1/track", content)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_json"
    assert answer.json()["message"]
    assert door.bodies == []


@pytest.mark.parametrize("packed", [gzip.compress(b"{}", mtime=0)[:-9], b"\x1f\x8bnonsense"])
def test_broken_gzip_is_told_so(door: Door, packed: bytes) -> None:
    answer = door.send("/v1/track", packed)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("incomplete", "invalid_gzip")


@pytest.mark.parametrize(
    "content",
    [b" " * (BODY_LIMIT + 1), gzip.compress(b" " * (BODY_LIMIT * 20), mtime=0)],
    ids=["plain", "packed"],
)
def test_a_body_that_is_too_large_is_turned_down_before_it_is_unpacked(
    door: Door, content: bytes
) -> None:
    answer = door.send("/v1/batch", content)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert door.bodies == []


def test_nothing_is_acknowledged_that_is_not_stored(door: Door) -> None:
    door.full = True
    answer = door.send("/v1/track", EVENT, origin="https://shop.example")
    assert (answer.status_code, answer.json()["code"]) == (503, "store")
    assert int(answer.headers["retry-after"]) > 0
    assert "log.sqlite" not in answer.text


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(key.encode()).decode()


@pytest.mark.parametrize(
    ("content", "headers", "source"),
    [
        (EVENT, {}, "web"),
        (EVENT, {"authorization": basic("key1:")}, "web:key1"),
        (EVENT | {"writeKey": "key2"}, {}, "web:key2"),
        ({"batch": [EVENT], "writeKey": "key3"}, {}, "web:key3"),
        (EVENT, {"authorization": basic("import:")}, "web:import"),
        (EVENT, {"authorization": basic("k" * 65 + ":")}, "web"),
        (EVENT, {"authorization": "Basic !!"}, "web"),
        (EVENT, {"authorization": basic("a\nb:")}, "web"),
        (EVENT | {"writeKey": {"a": 1}}, {}, "web"),
    ],
)
def test_the_write_key_names_the_source_and_nothing_more(
    door: Door, content: object, headers: dict[str, str], source: str
) -> None:
    assert door.send("/v1/track", content, **headers).status_code == 200
    assert door.bodies[0].source == source


def test_any_site_may_send_with_the_headers_that_it_asks_for(door: Door) -> None:
    asked = {"origin": "https://shop.example", "access_control_request_method": "POST"}
    answer = door.send(
        "/v1/batch", b"", "OPTIONS", **asked, access_control_request_headers="authorization,x-a"
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-a"
    assert "POST" in answer.headers["access-control-allow-methods"]
    sent = door.send("/v1/batch", EVENT, origin="https://shop.example")
    assert sent.headers["access-control-allow-origin"] == "*"
    assert sent.headers["access-control-expose-headers"] == "Retry-After"
    assert "access-control-allow-credentials" not in sent.headers


def test_only_posts_are_taken(door: Door) -> None:
    assert door.send("/v1/track", b"", "GET").status_code == 405


def test_a_log_that_is_far_behind_turns_down_what_it_cannot_take(door: Door) -> None:
    async def crowd() -> list[httpx.Response]:
        stored = asyncio.Event()

        async def slow(body: Body) -> int:
            await stored.wait()
            return await door.append(body)

        gate = Gate(slow, bodies=2)
        app = Starlette(routes=list(routes(gate.append, lambda: NOW)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            waiting = [asyncio.create_task(client.post("/v1/track", json=EVENT)) for _ in range(2)]
            while gate.free_bodies:
                await asyncio.sleep(0)
            busy = await client.post("/v1/track", json=EVENT)
            stored.set()
            return [busy, *await asyncio.gather(*waiting), await client.post("/v1/t", json=EVENT)]

    busy, *taken = asyncio.run(crowd())
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert int(busy.headers["retry-after"]) > 0
    assert [answer.status_code for answer in taken] == [200, 200, 200]
    assert len(door.bodies) == 3


def test_few_large_bodies_fill_the_queue_too(door: Door) -> None:
    gate = Gate(door.append, content_bytes=10)
    with pytest.raises(Refusal, match="retry"):
        asyncio.run(gate.append(Body("web", NOW, b"x" * 11)))
    assert asyncio.run(gate.append(Body("web", NOW, b"x" * 10))) == 1
    assert asyncio.run(gate.append(Body("web", NOW, b"x" * 10))) == 2


def test_a_body_that_could_not_be_stored_leaves_its_place(door: Door) -> None:
    gate = Gate(door.append, bodies=1)
    door.full = True
    with pytest.raises(StoreError):
        asyncio.run(gate.append(Body("web", NOW, b"{}")))
    door.full = False
    assert asyncio.run(gate.append(Body("web", NOW, b"{}"))) == 1
