"""Pixels: the picture always comes; what is recorded has a consent, and somebody who did it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp

from tailorbird.collect.decode import decode
from tailorbird.errors import StoreError
from tailorbird.schema import Body, Event, LogRecord, Names
from tailorbird.web import collector, pixel

Ask = Callable[..., httpx.Response]
NOW = 1_790_000_000_000_000
OURS = (
    "/v1/pixel.gif?key=shop-web&consent=tracking&anonymousId=v1"
    "&url=https://shop.example/a?utm_source=letter%26b=1"
)


class Log:
    """A log in memory; it may be full, or too busy."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.error: Exception | None = None

    async def append(self, body: Body) -> int:
        if self.error is not None:
            raise self.error
        self.bodies.append(body)
        return len(self.bodies)

    def events(self) -> list[Event]:
        decoded = decode([LogRecord(n, body) for n, body in enumerate(self.bodies, 1)])
        assert decoded.refused == []
        return decoded.events


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def app(log: Log) -> ASGIApp:
    return Starlette(routes=pixel.routes(log.append, lambda: NOW))


def packed(message: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(message).encode()).decode().rstrip("=")


def is_picture(got: httpx.Response) -> bool:
    uncached = "no-store" in got.headers["cache-control"]
    return uncached and got.headers["content-type"] == "image/gif" and got.content[:3] == b"GIF"


def test_a_page_view_is_recorded(ask: Ask, app: ASGIApp, log: Log) -> None:
    got = ask(f"{OURS}&title=A&section=shoes", to=app, headers={"user-agent": "Lynx/2.9"})
    assert got.status_code == 200
    assert is_picture(got)
    (event,) = log.events()
    assert (event.name, event.anonymous_id, event.source) == (
        Names.PAGE_VIEWED, "v1", "web:shop-web",
    )  # fmt: skip
    assert event.properties["path"] == "/a"
    assert event.properties["section"] == "shoes"
    context = json.loads(log.bodies[0].content)["context"]
    assert context["campaign"] == {"source": "letter"}
    assert context["userAgent"] == "Lynx/2.9"
    assert context["consent"] == {"categoryPreferences": {"tracking": True}}


def test_an_event_can_be_named(ask: Ask, app: ASGIApp, log: Log) -> None:
    ask(
        "/v1/pixel.gif?consent=personalisation,tracking&userId=u1&event=Order+Completed"
        "&order_id=o1&total=12.50&currency=EUR&messageId=m1",
        to=app,
    )
    (event,) = log.events()
    assert (event.name, event.user_id, event.message_id) == (Names.PURCHASE, "u1", "m1")
    assert (event.order_id, event.value_minor) == ("o1", 1250)


def test_the_page_is_where_the_picture_stands_when_nobody_says(
    ask: Ask, app: ASGIApp, log: Log
) -> None:
    page = {"referer": "https://shop.example/here?q=1"}
    ask("/v1/pixel.gif?consent=tracking&anonymousId=v1", to=app, headers=page)
    (event,) = log.events()
    assert event.properties["url"] == "https://shop.example/here?q=1"


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        (OURS.replace("consent=tracking", ""), {}, "GET"),
        (OURS.replace("consent=tracking", "consent=personalisation"), {}, "GET"),
        (OURS.replace("anonymousId=v1", ""), {}, "GET"),
        (OURS, {"sec-gpc": "1"}, "GET"),
        (OURS, {"dnt": "1"}, "GET"),
        (OURS, {"sec-purpose": "prefetch;prerender"}, "GET"),
        (f"/v1/pixel/page?data={packed({'userId': 'u1'})}", {"sec-gpc": "1"}, "GET"),
        (OURS, {}, "HEAD"),
    ],
    ids=["no consent", "another", "nobody", "gpc", "dnt", "ahead", "segment gpc", "head"],
)
def test_what_may_not_be_recorded_is_not(
    ask: Ask, app: ASGIApp, log: Log, path: str, headers: dict[str, str], method: str
) -> None:
    got = ask(path, method, to=app, headers=headers)
    assert got.status_code == 200
    assert method == "HEAD" or is_picture(got)
    assert log.bodies == []


@pytest.mark.parametrize(
    "error", [StoreError("the disk is full"), collector.Refusal(503, "b", "b")]
)
def test_what_is_not_durable_is_no_200(ask: Ask, app: ASGIApp, log: Log, error: Exception) -> None:
    log.error = error
    got = ask(OURS, to=app)
    assert got.status_code == 503
    assert is_picture(got)


def test_segments_pixel_is_the_message_in_base_64(ask: Ask, app: ASGIApp, log: Log) -> None:
    message = {
        "writeKey": "key-9", "userId": "u1", "event": "Order Completed",
        "properties": {"order_id": "o1", "total": 12.5, "currency": "EUR"},
    }  # fmt: skip
    assert is_picture(ask(f"/v1/pixel/track?data={packed(message)}", to=app))
    ask(f"/v1/pixel/page?data={packed({'userId': 'u1', 'name': 'Home'})}", to=app)
    ask(f"/v1/pixel/identify?data={packed({'userId': 'u1', 'traits': {'plan': 'x'}})}", to=app)
    bought, viewed, told = log.events()
    assert (bought.name, bought.value_minor, bought.source) == (
        Names.PURCHASE, 1250, "web:key-9",
    )  # fmt: skip
    assert (viewed.name, viewed.properties["name"]) == (Names.PAGE_VIEWED, "Home")
    assert told.traits["plan"] == "x"


def test_standard_base_64_is_taken_too(ask: Ask, app: ASGIApp, log: Log) -> None:
    message = json.dumps({"userId": "u1", "event": "Ünïcode ?>?>"}).encode()
    data = base64.b64encode(message).decode()
    ask(f"/v1/pixel/track?data={data}", to=app)
    assert len(log.events()) == 1


@pytest.mark.parametrize("data", ["", "%%%", "bm90IGpzb24", packed([1]), "W" * 9001])
def test_what_cannot_be_read_is_a_picture_all_the_same(
    ask: Ask, app: ASGIApp, log: Log, data: str
) -> None:
    got = ask(f"/v1/pixel/track?data={data}", to=app)
    assert got.status_code == 400
    assert is_picture(got)
    assert log.bodies == []


def test_a_secret_key_in_a_page_is_turned_away(ask: Ask, log: Log) -> None:
    def admit(_request: Request, key: str, _events: int) -> str:
        return f"server:{key}"

    app = Starlette(routes=pixel.routes(log.append, lambda: NOW, admit))
    got = ask(OURS, to=app)
    assert got.status_code == 403
    assert is_picture(got)
    assert log.bodies == []
