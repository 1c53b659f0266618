"""Keys open doors: what is registered, from where, how much, and until when."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird import keys
from tailorbird.access import Key, KeyKind
from tailorbird.errors import UsageError
from tailorbird.schema import Body
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.keys import SqliteKeys
from tailorbird.web import customerio
from tailorbird.web.collector import routes
from tailorbird.web.keys import KeyRing
from tailorbird.web.rates import Rates

NOW = 1_760_000_000_000_000
EVENT = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"}
SHOP = "https://shop.example"


class Door:
    """A collector with a registry of keys, and a clock that only we move."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "record.sqlite")
        self.registry = SqliteKeys(self.database)
        self.seconds = 0.0
        self.now = NOW
        self.bodies: list[Body] = []
        ring = KeyRing(self.registry, lambda: self.now, lambda: self.seconds)
        admit = ring.admit
        self.app = Starlette(
            routes=[
                *routes(self.append, lambda: NOW, admit),
                *customerio.routes(self.append, lambda: NOW, admit),
            ]
        )

    async def append(self, body: Body) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def make(self, name: str, kind: KeyKind = "public", **more: Any) -> str:
        key, text = keys.make(name, kind, now=NOW, entropy=os.urandom, **more)
        self.registry.add(key)
        self.seconds += 1
        return text

    def send(
        self, key: str = "", content: Any = EVENT, path: str = "/v1/batch", **headers: str
    ) -> httpx.Response:
        return asyncio.run(self._send(key, content, path, headers))

    async def _send(
        self, key: str, content: Any, path: str, headers: dict[str, str]
    ) -> httpx.Response:
        if key:
            headers["authorization"] = "Basic " + b64encode(f"{key}:".encode()).decode()
        transport = httpx.ASGITransport(self.app, client=(headers.pop("client", "1.2.3.4"), 9))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.post(path, content=json.dumps(content), headers=headers)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    found = Door(tmp_path)
    yield found
    found.database.close()


def test_where_no_key_was_made_any_key_names_its_source(door: Door) -> None:
    assert door.send("anything").status_code == 200
    assert door.send().status_code == 200
    assert [body.source for body in door.bodies] == ["web:anything", "web"]


def test_from_the_first_public_key_on_strangers_are_told_what_to_do(door: Door) -> None:
    text = door.make("shop")
    assert door.send(text).status_code == 200
    for key, code in (("anything", "unknown_key"), ("", "no_key"), ("shop", "unknown_key")):
        answer = door.send(key, origin=SHOP)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert "tailorbird keys list" in answer.json()["message"]
        assert answer.headers["access-control-allow-origin"] == "*"
    assert [body.source for body in door.bodies] == ["web:shop"]


def test_a_secret_key_alone_leaves_the_quick_start_open(door: Door) -> None:
    secret = door.make("backend", "secret")
    assert door.send("anything").status_code == 200
    assert door.send(secret).status_code == 200
    assert door.bodies[-1].source == "server:backend"


def test_a_bearer_token_and_a_write_key_in_the_body_open_too(door: Door) -> None:
    secret, public = door.make("backend", "secret"), door.make("shop")
    assert door.send(authorization=f"Bearer {secret}").status_code == 200
    assert door.send(content={"batch": [EVENT], "writeKey": public}).status_code == 200
    assert [body.source for body in door.bodies] == ["server:backend", "web:shop"]


def test_customer_io_clients_may_show_a_secret_key_as_their_api_key(door: Door) -> None:
    secret = door.make("backend", "secret")
    basic = b64encode(f"site:{secret}".encode()).decode()
    assert door.send(path="/api/v1/events", authorization=f"Basic {basic}").status_code == 200
    assert door.bodies[0].source == "server:backend"


def test_a_secret_key_that_comes_from_a_browser_is_refused(door: Door) -> None:
    answer = door.send(door.make("backend", "secret"), origin=SHOP)
    assert (answer.status_code, answer.json()["code"]) == (403, "secret_key_in_browser")


def test_a_secret_key_without_the_scope_does_not_write(door: Door) -> None:
    answer = door.send(door.make("reports", "secret", scopes=("read",)))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_pages_of_other_sites_may_not_show_a_key_and_can_read_why(door: Door) -> None:
    text = door.make("shop", origins=(SHOP, "https://*.shop.example"))
    for origin in (SHOP, "https://de.shop.example"):
        assert door.send(text, origin=origin).status_code == 200
    for origin in (
        "https://evil.example",
        "https://evilshop.example",
        "http://shop.example",
        "null",
    ):
        answer = door.send(text, origin=origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin")
        assert answer.headers["access-control-allow-origin"] == "*"
    assert len(door.bodies) == 2


def test_a_sender_over_its_rate_waits_as_long_as_it_is_told(door: Door) -> None:
    text = door.make("shop", rate=10, address_rate=0)
    batch = {"batch": [EVENT] * 150}
    assert door.send(text, batch).status_code == 200
    answer = door.send(text, origin=SHOP)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    door.seconds += int(answer.headers["retry-after"])
    assert door.send(text).status_code == 200


def test_one_address_over_its_rate_does_not_keep_others_out(door: Door) -> None:
    text = door.make("shop", rate=0, address_rate=1)
    batch = {"batch": [EVENT] * 20}
    assert door.send(text, batch, client="2001:db8::1").status_code == 200
    assert door.send(text, client="2001:db8::2").status_code == 429
    assert door.send(text, client="2001:db8:0:1::1").status_code == 200
    assert door.send(text, client="5.6.7.8").status_code == 200


def test_a_revoked_key_is_refused_within_a_second_and_does_not_reopen_the_door(door: Door) -> None:
    text = door.make("shop")
    assert door.send(text).status_code == 200
    SqliteKeys(door.database).end("shop", NOW)
    door.seconds += 1
    assert door.send(text).status_code == 401
    assert door.send("anything").status_code == 401


def test_a_rotated_key_overlaps_with_the_new_one(door: Door) -> None:
    old = door.make("shop", origins=(SHOP,))
    (key,) = door.registry.all()
    fresh, new = keys.renewed(key, now=NOW, entropy=os.urandom)
    door.registry.replace(fresh, NOW + 60)
    door.seconds += 1
    assert {door.send(text).status_code for text in (old, new)} == {200}
    assert {body.source for body in door.bodies} == {"web:shop"}
    door.now += 60
    assert [door.send(text).status_code for text in (old, new)] == [401, 200]
    assert fresh.origins == (SHOP,)


def test_the_text_of_a_secret_key_is_not_kept(door: Door, tmp_path: Path) -> None:
    text = door.make("backend", "secret")
    door.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert text.encode() not in kept
    assert text[:12].encode() in kept


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("public", {"scopes": ("read",)}),
        ("secret", {"origins": (SHOP,)}),
        ("public", {"rate": -1}),
        ("public", {"origins": ("shop.example",)}),
        ("public", {"origins": ("https://shop.example/path",)}),
        ("public", {"origins": ("https://a.*.example",)}),
        ("public", {"origins": ("https://shop.example:x",)}),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(kind: KeyKind, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        keys.make("shop", kind, now=NOW, entropy=os.urandom, **more)


@pytest.mark.parametrize("name", ["", "Shop", "a b", "-a", "x" * 41, "a:b"])
def test_a_name_is_plain_because_it_becomes_a_source(name: str) -> None:
    with pytest.raises(UsageError, match="name of a key"):
        keys.make(name, "public", now=NOW, entropy=os.urandom)


def test_origins_are_compared_as_browsers_send_them() -> None:
    assert keys.origin_of(" HTTPS://Shop.Example:443/ ") == SHOP
    assert keys.origin_of("http://localhost:8080") == "http://localhost:8080"


def test_the_memory_of_rates_is_bounded() -> None:
    rates = Rates(senders=3)
    for number in range(10):
        rates.count(f"s{number}", 1, 100, 0.0)
    assert rates.wait("s9", 1, 0.0) == 90
    assert rates.wait("s0", 1, 0.0) == 0


def test_a_key_keeps_everything_that_was_said_of_it(door: Door) -> None:
    door.make("shop", origins=(SHOP,), rate=7, address_rate=3)
    door.make("backend", "secret", scopes=("admin", "read"))
    backend, shop = door.registry.all()
    assert (shop.origins, shop.rate, shop.address_rate) == ((SHOP,), 7, 3)
    assert (backend.kind, backend.scopes) == ("secret", ("admin", "read"))
    assert isinstance(shop, Key)
