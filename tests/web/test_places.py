"""A browser's request says where it comes from; its address is not kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird.collect.context_place import NOWHERE, Place
from tailorbird.collect.decode import decode
from tailorbird.schema import Body, LogRecord
from tailorbird.web import places
from tailorbird.web.collector import routes

NOW = 1_760_000_000_000_000
LYON = Place("FR", "Auvergne-Rhône-Alpes", "Lyon", "Europe/Paris")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
EVENT = {"type": "track", "event": "x", "userId": "u", "context": {"userAgent": BROWSER}}


def sent(
    content: object,
    *,
    agent: str = BROWSER,
    peer: str = "203.0.113.9",
    **headers: str,
) -> Body:
    bodies: list[Body] = []

    async def append(body: Body) -> int:
        bodies.append(body)
        return len(bodies)

    def find(address: str) -> Place:
        return LYON if address == "203.0.113.9" else NOWHERE

    app = Starlette(routes=list(routes(append, lambda: NOW, place=places.PlacedBy(find))))

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            named = {"user-agent": agent, **{k.replace("_", "-"): v for k, v in headers.items()}}
            return await client.post("/v1/batch", content=json.dumps(content), headers=named)

    assert asyncio.run(post()).status_code == 200
    (body,) = bodies
    return body


def city(body: Body) -> str:
    (event,) = decode([LogRecord(1, body)]).events
    return event.context.city


@pytest.mark.parametrize("content", [EVENT, [EVENT], {"batch": [EVENT]}])
def test_the_place_stands_beside_the_body_and_the_address_nowhere(
    content: object,
) -> None:
    body = sent(content)
    assert city(body) == "Lyon"
    assert b"203.0.113.9" not in body.content


def test_our_own_proxy_says_who_asked() -> None:
    forwarded = "198.51.100.7, 203.0.113.9"
    assert city(sent(EVENT, peer="127.0.0.1", x_forwarded_for=forwarded)) == "Lyon"
    elsewhere = sent(EVENT, peer="198.51.100.1", x_forwarded_for="203.0.113.9")
    assert city(elsewhere) == ""


def test_a_server_is_not_where_its_people_are() -> None:
    body = sent(EVENT, agent="analytics-python/2.3.0")
    assert body.content == json.dumps(EVENT).encode()


def test_without_a_file_nothing_is_added() -> None:
    assert places.placing(Path(), "") is places.anywhere
