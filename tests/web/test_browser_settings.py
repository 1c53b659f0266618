"""Browser SDKs are told to send here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from starlette.types import ASGIApp

from tailorbird.views import Readings
from tailorbird.web.browser_settings import routes
from tailorbird.web.server import application

BASE_URL = "https://mail.shop.example"
PATHS = ("/v1/projects/key-1/settings", "/sourceConfig/?writeKey=key-1", "/sourceConfig")


@pytest.fixture
def site(sample: Readings) -> ASGIApp:
    return application(public=routes(BASE_URL), readings=sample, base_url=BASE_URL, clock=lambda: 0)


def test_segments_sdk_is_told_to_send_to_the_host_that_it_asked(
    ask: Callable[..., httpx.Response], site: ASGIApp
) -> None:
    for host, protocol in (("mail.shop.example", "https"), ("127.0.0.1:8400", "http")):
        told = ask("/v1/projects/key-1/settings", to=site, headers={"host": host}).json()
        assert told["integrations"] == {
            "Segment.io": {"apiKey": "key-1", "apiHost": f"{host}/v1", "protocol": protocol}
        }


def test_a_host_that_is_not_ours_is_never_told_on(
    ask: Callable[..., httpx.Response], site: ASGIApp
) -> None:
    for path in PATHS:
        assert ask(path, to=site, headers={"host": "evil.example"}).status_code == 421


def test_rudderstacks_sdk_gets_a_source_without_destinations(
    ask: Callable[..., httpx.Response], site: ASGIApp
) -> None:
    source = ask("/sourceConfig/?p=npm&writeKey=key-1", to=site).json()["source"]
    assert (source["writeKey"], source["enabled"], source["destinations"]) == ("key-1", True, [])


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_of_any_site_may_read_them(
    ask: Callable[..., httpx.Response], site: ASGIApp, path: str
) -> None:
    origin = {"origin": "https://shop.example"}
    assert ask(path, to=site, headers=origin).headers["access-control-allow-origin"] == "*"
    asked = {**origin, "access-control-request-headers": "authorization"}
    allowed = ask(path, "OPTIONS", to=site, headers=asked)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-headers"] == "authorization"
    assert "GET" in allowed.headers["access-control-allow-methods"]
