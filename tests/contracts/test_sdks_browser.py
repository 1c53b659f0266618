"""The browser SDKs that shops already have work unchanged, in Chromium, from another origin.

They are the real ones, `@segment/analytics-next` and `@rudderstack/analytics-js`, and get their
settings from us by their own options.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tailorbird.schema import Names

pytestmark = pytest.mark.browser

SEGMENT = "node_modules/@segment/analytics-next/dist/umd/index.js"
RUDDER = "node_modules/@rudderstack/analytics-js/dist/npm/legacy/umd/index.js"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
CALLS = """
  sdk.identify('u1', {email: 'ada@people.example', first_name: 'Ada'});
  sdk.page('Docs', 'Start');
  sdk.track('Order Completed', {order_id: 'o1', total: 12.5, currency: 'EUR'});
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return one browser; its event loop ends with the module."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        missing = "there is no chromium (Debian: apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def page(chromium: Browser, serving: Callable[..., Any], shop: Any) -> Iterator[Page]:
    """Return a page of a shop on another origin; it may ask nobody but itself and us."""

    async def bare(_request: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>Shop</title>")

    hosts: list[str] = []
    with ExitStack() as stack:
        port = stack.enter_context(serving(Starlette(routes=[Route("/start", bare)])))
        context = stack.enter_context(chromium.new_context())
        opened = context.new_page()
        opened.on("request", lambda request: hosts.append(request.url.split("/")[2]))
        opened.goto(f"http://127.0.0.1:{port}/start")
        yield opened
    assert set(hosts) <= {f"127.0.0.1:{port}", f"127.0.0.1:{shop.port}"}


def call(page: Page, script: str, url: str, paths: tuple[str, str, str]) -> None:
    """Run a script; return when each of these paths has answered 200."""
    identify, view, track = (f"{url}/v1/{path}" for path in paths)
    with (
        page.expect_response(identify) as first,
        page.expect_response(view) as second,
        page.expect_response(track) as third,
    ):
        page.evaluate(script, url)
    assert [first.value.status, second.value.status, third.value.status] == [200, 200, 200]


def check(shop: Any, key: str) -> None:
    """Check that identify, page and order are there, and all on the same person."""
    events = shop.events()
    assert len(events) == 3
    assert {event.source for event in events} == {f"web:{key}"}
    assert {event.user_id for event in events} == {"u1"}
    assert len({event.anonymous_id for event in events}) == 1
    assert shop.event(Names.PURCHASE).value_minor == 1250
    assert shop.event(Names.PAGE_VIEWED).properties["path"] == "/start"
    assert shop.profile("u1").traits["first_name"] == "Ada"
    assert shop.tb.person(events[0].anonymous_id) == shop.tb.person("u1")


def test_analytics_next_sends_here_and_nowhere_else(sdks: Path, shop: Any, page: Page) -> None:
    page.add_script_tag(path=sdks / SEGMENT)
    script = f"""async (url) => {{
      const settings = {{writeKey: 'key-1', cdnURL: url}};
      const [sdk] = await AnalyticsNext.AnalyticsBrowser.load(settings);
      {CALLS}
    }}"""
    call(page, script, shop.url, ("i", "p", "t"))
    check(shop, "key-1")


def test_rudderstacks_sdk_sends_here_and_nowhere_else(sdks: Path, shop: Any, page: Page) -> None:
    page.add_script_tag(path=sdks / RUDDER)
    script = f"""(url) => {{
      const sdk = new rudderanalytics.RudderAnalytics();
      sdk.load('key-2', url, {{configUrl: url, plugins: ['XhrQueue']}});
      {CALLS}
    }}"""
    call(page, script, shop.url, ("identify", "page", "track"))
    check(shop, "key-2")
