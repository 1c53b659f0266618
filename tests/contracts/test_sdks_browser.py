"""The browser SDKs that shops already have work unchanged, in Chromium, from another origin.

They are the real ones, `@segment/analytics-next` and `@rudderstack/analytics-js`, and get their
settings from us by their own options. Segment's classic snippet, as `@segment/snippet` writes it,
has its host replaced and nothing else; it loads our own `analytics.js`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
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


# -- the classic snippet --------------------------------------------------------------------------

WRITE = "console.log(require('@segment/snippet').min({apiKey: 'key-3', host: process.argv[1]}))"
STARTED = "window.analytics && analytics.initialized === true"


@pytest.fixture
def snippet(sdks: Path, secure_shop: Any) -> str:
    """Return the snippet for our host. It speaks TLS only, as the snippet does."""
    node = shutil.which("node")
    assert node
    host = f"127.0.0.1:{secure_shop.port}"
    command = [node, "-e", WRITE, host]
    said = subprocess.run(command, cwd=sdks, capture_output=True, text=True, check=True)
    assert f"https://{host}" in said.stdout.replace('"+', "").replace('+"', "")
    return said.stdout


@pytest.fixture
def classic(
    chromium: Browser, serving: Callable[..., Any], secure_shop: Any, snippet: str
) -> Iterator[Callable[..., Page]]:
    """Return `classic(more="", *scripts)`: a page with the snippet; `more` follows it at once.

    It may ask nobody but itself and us.
    """
    content: list[str] = []

    async def page_of_the_shop(_request: Request) -> HTMLResponse:
        return HTMLResponse(
            f"<!doctype html><title>Shop</title><script>{snippet}{content[0]}</script>"
            '<a id="more" href="#more">more</a>'
        )

    hosts: list[str] = []
    with ExitStack() as stack:
        application = Starlette(routes=[Route("/start", page_of_the_shop)])
        port = stack.enter_context(serving(application))

        def opened(more: str = "", *scripts: str) -> Page:
            content[:] = [more]
            context = stack.enter_context(chromium.new_context(ignore_https_errors=True))
            page = context.new_page()
            page.on("request", lambda request: hosts.append(request.url.split("/")[2]))
            for script in scripts:
                page.add_init_script(script)
            page.goto(f"http://127.0.0.1:{port}/start?q=1")
            page.wait_for_function(STARTED)
            return page

        yield opened
    assert set(hosts) <= {f"127.0.0.1:{port}", f"127.0.0.1:{secure_shop.port}"}


def arrived(page: Page, shop: Any, count: int) -> list[Any]:
    """Return the events once the browser keeps none of them back."""
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('tailorbird.'))")
    events: list[Any] = shop.events()
    assert len(events) == count
    return events


def test_the_classic_snippet_works_with_its_host_replaced(
    classic: Callable[..., Page], secure_shop: Any
) -> None:
    page = classic(CALLS.replace("sdk.page('Docs', 'Start');", "").replace("sdk.", "analytics."))
    page.evaluate("analytics.track('Coupon Entered', {coupon: 'X'})")
    events = arrived(page, secure_shop, 4)
    assert {event.source for event in events} == {"web:key-3"}
    assert len({event.anonymous_id for event in events}) == 1
    assert secure_shop.event("coupon_entered").user_id == "u1"
    assert secure_shop.event(Names.PURCHASE).value_minor == 1250
    assert secure_shop.event(Names.PAGE_VIEWED).properties["path"] == "/start"
    assert secure_shop.event(Names.PAGE_VIEWED).properties["search"] == "?q=1"
    assert secure_shop.profile("u1").traits["first_name"] == "Ada"


def test_every_method_of_the_snippet_is_there(
    classic: Callable[..., Page], secure_shop: Any
) -> None:
    page = classic("window.stubs = analytics.methods.slice(); window.before = analytics;")
    assert page.evaluate("stubs.filter(name => typeof analytics[name] != 'function')") == []
    said = page.evaluate("""new Promise(done => {
      const said = [];
      analytics.once('track', (event, properties) => said.push([event, properties.n]));
      before.track('Stale', {n: 1}, () => said.push('called back'));
      analytics.track('Second', {n: 2});
      analytics.page('Docs', 'Start', {section: 's'});
      analytics.screen('Basket');
      analytics.group('g1', {plan: 'pro'});
      analytics.alias('u1');
      analytics.trackLink(document.querySelector('#more'), 'More', {n: 3});
      document.querySelector('#more').click();
      analytics.ready(() => done(said));
    })""")
    assert said == [["Stale", 1], "called back"]
    events = {event.name: event for event in arrived(page, secure_shop, 8)}
    assert {"stale", "second", "screen_viewed", "group", "alias", "more"} < set(events)
    assert events["group"].properties["group_id"] == "g1"
    assert events["alias"].user_id == "u1"
    named = [e.properties for e in secure_shop.events() if e.name == Names.PAGE_VIEWED]
    assert [each.get("name") for each in named] == [None, "Start"]
    assert [each.get("category") for each in named] == [None, "Docs"]


def test_visitors_of_the_old_snippet_stay_who_they_are(
    classic: Callable[..., Page], secure_shop: Any
) -> None:
    page = classic(
        "", "localStorage.ajs_anonymous_id = '\"old-1\"'; localStorage.ajs_user_id = '\"u1\"'"
    )
    (event,) = arrived(page, secure_shop, 1)
    assert (event.anonymous_id, event.user_id) == ("old-1", "u1")
    assert page.evaluate("[analytics.user().id(), analytics.user().anonymousId()]") == [
        "u1", "old-1",
    ]  # fmt: skip


def test_an_id_that_the_page_sets_comes_first(
    classic: Callable[..., Page], secure_shop: Any
) -> None:
    page = classic("analytics.setAnonymousId('visitor-9');")
    (event,) = arrived(page, secure_shop, 1)
    assert event.anonymous_id == "visitor-9"


def test_the_classic_snippet_too_obeys_global_privacy_control(
    classic: Callable[..., Page], secure_shop: Any
) -> None:
    page = classic(
        CALLS.replace("sdk.", "analytics."),
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})",
    )
    assert page.evaluate("localStorage.length") == 0
    page.goto("about:blank")
    assert secure_shop.bodies() == []
