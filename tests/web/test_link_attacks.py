"""No link of a mail leads where nobody sealed it to, and no request says where links begin."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from typing import get_args
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers

from tailorbird.schema import Body, Instant
from tailorbird.tracking.answers import Sent
from tailorbird.tracking.tokens import NoteUse, Sealer, TokenUse
from tailorbird.web import guard
from tailorbird.web.page_texts import PageTexts
from tailorbird.web.tracking import routes

SEALER = Sealer(b"s" * 32)
SEND_ID = b"k" * 16
GOOD = "https://shop.example/p?a=1"
EVIL = "https://evil.example/"


class Room:
    """A mailroom that knows one send and keeps what it is told."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    def now(self) -> Instant:
        return 1

    def lookup(self, send_id: bytes) -> Sent | None:
        return Sent(7, "spring", "b", 0) if send_id == SEND_ID else None

    def record(self, body: Body) -> None:
        self.bodies.append(body)

    def unsubscribe(self, send_id: bytes, at: Instant) -> bool:
        raise AssertionError("nobody asked")

    def stop_personalisation(self, send_id: bytes, at: Instant) -> bool:
        raise AssertionError("nobody asked")

    def locale(self, send_id: bytes) -> str:
        return ""

    def rendered(self, send_id: bytes) -> str | None:
        return None


def asked(path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
    app = Starlette(routes=routes(Room(), SEALER, PageTexts("Shop", "en")))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://go.shop.example"
        ) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


def sealed(url: str = GOOD) -> str:
    return SEALER.seal("click", SEND_ID, url=url)


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


FORGED = {
    "an address": quote(EVIL, safe=""),
    "an address in base64": b64(EVIL.encode()),
    "a send and an address": b64(SEND_ID + b"\0\0" + EVIL.encode()),
    "zeros": b64(bytes(60)),
    "another key": Sealer(b"x" * 32).seal("click", SEND_ID, url=EVIL),
    "another use": SEALER.seal("open", SEND_ID),
    "leaving": SEALER.seal("unsubscribe", SEND_ID),
    "cut": sealed()[:-1],
    "longer": sealed() + "A",
    "two in one": sealed() + sealed(EVIL),
    "other spelling": sealed() + "=",
    "blank before": "%20" + sealed(),
    "line end behind": sealed() + "%0d%0aLocation:%20" + quote(EVIL, safe=""),
    "nul": sealed() + "%00",
    "upper case": sealed().upper(),
    "empty": "%20",
    "huge": "A" * 20_000,
    "not ascii": quote("é" * 43),
    "dots": "..%2f..%2fetc%2fpasswd",
    "scheme relative": "%2f%2fevil.example",
    "backslashes": "%5c%5cevil.example",
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_forged_link_leads_nowhere(name: str, method: str) -> None:
    answer = asked(f"/c/{FORGED[name]}", method)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text


def test_forged_and_forgotten_are_answered_alike() -> None:
    pages = {asked(f"/u/{FORGED[name]}").text for name in ("zeros", "another key", "cut")}
    pages.add(asked(f"/u/{SEALER.seal('unsubscribe', b'f' * 16)}").text)
    assert len(pages) == 1


@pytest.mark.parametrize(
    "extra",
    [
        "?url=" + EVIL,
        "?u=//evil.example",
        "?next=" + EVIL,
        "#" + EVIL,
        "?redirect=https:evil.example",
    ],
)
def test_nothing_beside_the_token_changes_where_it_leads(extra: str) -> None:
    answer = asked(f"/c/{sealed()}{extra}")
    assert (answer.status_code, answer.headers["location"]) == (302, GOOD)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-host": "evil.example"},
        {"x-original-url": EVIL},
        {"x-rewrite-url": EVIL},
        {"forwarded": "host=evil.example"},
        {"referer": EVIL},
        {"host": "evil.example"},
    ],
)
def test_no_header_changes_where_it_leads(headers: dict[str, str]) -> None:
    assert asked(f"/c/{sealed()}", headers=headers).headers["location"] == GOOD


@pytest.mark.parametrize(
    "url", ["https://shop.example/\\@evil", "https://shop.example/%0d%0aSet-Cookie:a", GOOD + "é"]
)
def test_what_was_sealed_cannot_add_a_header(url: str) -> None:
    answer = asked(f"/c/{sealed(url)}")
    assert answer.status_code == 302
    assert "set-cookie" not in answer.headers
    assert answer.headers["location"].startswith("https://shop.example/")


def test_a_token_is_good_for_its_own_use_and_no_other() -> None:
    uses: tuple[TokenUse, ...] = get_args(TokenUse)
    notes: tuple[NoteUse, ...] = get_args(NoteUse)
    for use in uses:
        token = SEALER.seal(use, SEND_ID, url=GOOD)
        assert [each for each in uses if SEALER.open(token, each)] == [use]
        assert not any(SEALER.open_note(token, each) for each in notes)
    for note in notes:
        token = SEALER.seal_note(note, SEND_ID)
        assert not any(SEALER.open(token, each) for each in uses)
        assert [each for each in notes if SEALER.open_note(token, each)] == [note]


def test_hosts_of_brands_are_answered_and_no_other() -> None:
    hosts = guard.public_hosts("https://go.shop.example", "https://go.outlet.example/", "")
    for host, answered in {
        "go.shop.example": True, "go.outlet.example:443": True, "GO.OUTLET.example": True,
        "evil.example": False, "go.outlet.example.evil.example": False, "": False,
        "go.outlet.example@evil.example": False,
    }.items():  # fmt: skip
        assert (guard.refusal(Headers({"host": host}), hosts) == "") == answered, host
