"""The composed server: who may ask, what every response says, which page answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tailorbird.views import Readings
from tailorbird.web import guard
from tailorbird.web.server import SECTIONS, application

ROUTER = Path(__file__).parents[2] / "web" / "src" / "App.tsx"
Ask = Callable[..., httpx.Response]


async def _answer(request: Request) -> Response:
    return PlainTextResponse(request.url.path, headers={"referrer-policy": "origin"})


@pytest.fixture
def whole(sample: Readings, pages: Path) -> ASGIApp:
    return application(
        public=(
            Route("/v1/track", _answer, methods=["POST", "OPTIONS"]),
            Route("/o/{token}.gif", _answer),
        ),
        readings=sample,
        base_url="https://mail.shop.example:8443/x",
        clock=lambda: 0,
        static=pages,
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8400", "localhost:1", "LOCALHOST", "[::1]:8400", "localhost."]
)
def test_the_console_answers_to_loopback_names(ask: Ask, host: str) -> None:
    assert ask("/api/v1/status", headers={"host": host}).status_code == 200
    assert ask("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "mail.shop.example", "localhost@evil.x"]
)
def test_the_console_answers_to_no_other_name(ask: Ask, host: str) -> None:
    for path in ("/api/v1/status", "/", "/people", "/assets/index-abc.js"):
        answer = ask(path, headers={"host": host})
        assert answer.status_code == 421
        assert answer.json()["code"] == "host"


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "forwarded", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via",
     "cf-connecting-ip"],
)  # fmt: skip
def test_the_console_does_not_answer_through_a_proxy(ask: Ask, header: str) -> None:
    assert ask("/api/v1/people", headers={header: "10.0.0.1"}).status_code == 421


def test_collector_and_tracking_answer_to_the_address_in_the_mails(
    ask: Ask, whole: ASGIApp
) -> None:
    for host in ("mail.shop.example", "mail.shop.example:8443", "127.0.0.1:8400"):
        headers = {"host": host, "x-forwarded-for": "10.0.0.1"}
        assert ask("/v1/track", "POST", to=whole, headers=headers).text == "/v1/track"
        assert ask("/o/abc.gif", to=whole, headers=headers).text == "/o/abc.gif"
    assert ask("/o/abc.gif", to=whole, headers={"host": "evil.example"}).status_code == 421


def test_another_site_may_link_to_the_console_but_not_call_it(ask: Ask) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    call = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    assert ask("/people", headers=link).status_code == 200
    assert ask("/people", headers=call).status_code == 421
    assert ask("/api/v1/status", headers=link).status_code == 421
    assert ask("/api/v1/status", headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/assets/index-abc.js", "/api/v1/status", "/api/v1/x"]
)
def test_every_answer_of_the_console_carries_the_policy(ask: Ask, path: str) -> None:
    headers = ask(path).headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_a_public_route_keeps_its_own_headers_and_may_be_embedded(ask: Ask, whole: ASGIApp) -> None:
    headers = ask("/o/abc.gif", to=whole).headers
    assert headers["referrer-policy"] == "origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "cross-origin-resource-policy" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/people", "/people/17", "/segments/a.b", "/campaigns/x", "/inbox", "/templates"]
)
def test_every_address_of_the_router_gets_the_page(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status_code == 200
    assert "<title>Tailorbird</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_the_server_knows_every_section_that_the_router_knows() -> None:
    router = ROUTER.read_text()
    assert set(re.findall(r'<Route path="/([a-z-]*)', router)) == SECTIONS


def test_an_unknown_address_gets_the_page_and_says_so(ask: Ask) -> None:
    answer = ask("/nowhere")
    assert answer.status_code == 404
    assert "<title>Tailorbird</title>" in answer.text


def test_built_files_are_kept_for_ever_because_their_names_change(ask: Ask) -> None:
    assert "immutable" in ask("/assets/index-abc.js").headers["cache-control"]
    assert ask("/theme.js").headers["cache-control"] == "no-cache"
    assert ask("/assets/gone.js").status_code == 404
    assert ask("/favicon.ico").status_code == 404


@pytest.mark.parametrize("path", ["/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt"])
def test_no_path_leads_out_of_the_folder(ask: Ask, pages: Path, path: str) -> None:
    (pages.parent / "secret.txt").write_text("secret")
    answer = ask(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


def test_pages_that_were_not_built_say_how_to_build_them(
    ask: Ask, sample: Readings, tmp_path: Path
) -> None:
    site = application(
        public=(),
        readings=sample,
        base_url="http://127.0.0.1",
        clock=lambda: 0,
        static=tmp_path / "none",
    )
    answer = ask("/", to=site)
    assert answer.status_code == 503
    assert "not built" in answer.text
    assert ask("/api/v1/status", to=site).status_code == 200


def test_pages_are_only_read(ask: Ask) -> None:
    assert ask("/people", "POST").status_code == 405


def test_the_server_is_healthy(ask: Ask) -> None:
    assert ask("/healthz").text == "ok\n"


@pytest.mark.parametrize(
    ("value", "name"),
    [("A.Example:80", "a.example"), ("[::1]", "::1"), ("[::1", ""), ("", ""), ("x.", "x")],
)
def test_host_names_are_read_without_port_and_case(value: str, name: str) -> None:
    assert guard.host_name(value) == name
