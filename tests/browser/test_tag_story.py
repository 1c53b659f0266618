"""From a visitor's browser to what is known of her: the tag, the banner and the pixel on a shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tailorbird.app import Tailorbird
from tailorbird.schema import Names
from tailorbird.web import serve

pytestmark = pytest.mark.browser

NewContext = Callable[..., BrowserContext]
HEAD = """
<script>window.tailorbird = function () { (tailorbird.q = tailorbird.q || []).push(arguments) }
window.tailorbirdConsent = { wording: "2026-11" }</script>
<script async src="%s/tb.js?key=shop-web"></script>
<script async src="%s/tb-consent.js"></script>"""
KETTLE = """<script type="application/ld+json">{"@type": "Product", "sku": "p7", "name": "Kettle",
  "offers": {"price": 19.9, "priceCurrency": "EUR"}}</script>"""
SIGN_UP = """<form data-tb-fields="email" onsubmit="event.preventDefault()">
  <input name="email" value="ada@people.example"><button>Sign up</button></form>"""


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "shop", environment={}) as opened:
        yield opened


@pytest.fixture
def server(tb: Tailorbird, built: Path, listening: Any, served: Any) -> Iterator[str]:
    """Return the address of the whole server over an empty shop; its worker stands still."""
    with listening() as (socket_, address), served(serve.site(tb), socket_):
        yield address


def delivered(page: Page) -> None:
    """Wait until the browser keeps nothing back."""
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('tailorbird.'))")


def history(tb: Tailorbird, person: int) -> list[str]:
    """Return what a person did, in order."""
    sql = 'SELECT event FROM facts WHERE person = ? ORDER BY "at", position'
    return [str(row["event"]) for row in tb.world.facts.read(sql, (person,)).to_pylist()]


def test_a_visitor_who_agrees_is_known_with_what_she_did_before(
    tb: Tailorbird, server: str, site: Any, new_context: NewContext
) -> None:
    site.pages |= {"head": HEAD % (server, server), "/kettle": KETTLE, "/letter": SIGN_UP}
    page = new_context().new_page()
    page.goto(f"{site.url}/kettle?utm_source=friend")
    page.get_by_role("button", name="Accept all").click()
    delivered(page)
    page.mouse.move(10, 10)
    page.goto(f"{site.url}/letter")
    page.get_by_role("button", name="Sign up").click()
    page.evaluate("""
      tailorbird("purchase", {order_id: "o1", total: 19.9, currency: "EUR", products: [
        {product_id: "p7", price: 19.9}]});
    """)
    delivered(page)
    tb.ingest()
    person = tb.person("ada@people.example")
    done = history(tb, person)
    assert [name for name in done if name not in (Names.IDENTIFY, "page_left")] == [
        Names.PAGE_VIEWED, Names.PRODUCT_VIEWED, Names.PAGE_VIEWED, "form_submitted",
        Names.PURCHASE,
    ]  # fmt: skip
    receipts = {each.purpose: each for each in tb.world.people.consents(person)}
    assert receipts["tracking"].granted
    assert receipts["tracking"].wording_version == "2026-11"
    assert receipts["tracking"].evidence.endswith("/kettle: Accept all")


def test_a_browser_without_scripts_is_seen_by_the_pixel(
    tb: Tailorbird, server: str, site: Any, new_context: NewContext
) -> None:
    query = f"key=shop-web&amp;anonymousId=visitor-1&amp;url={site.url}/start"
    site.pages |= {
        "head": "",
        "/start": f'<noscript><img alt="" src="{server}/v1/pixel.gif?{query}&amp;consent=tracking">'
        "</noscript>",
        "/asked": f'<noscript><img alt="" src="{server}/v1/pixel.gif?{query}"></noscript>',
    }
    page = new_context(java_script_enabled=False).new_page()
    for path in ("/asked", "/start"):
        with page.expect_response(lambda answer: "/v1/pixel.gif" in answer.url) as answer:
            page.goto(site.url + path)
        assert answer.value.status == 200
    tb.ingest()
    assert history(tb, tb.person("visitor-1")) == [Names.PAGE_VIEWED]
