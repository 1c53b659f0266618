"""A mail of the local inbox from all sides, and what its reader is had to do, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from tests.browser.looking import violations

from tailorbird.app import Tailorbird
from tailorbird.schema import HOUR, SECOND, Body, Instant
from tailorbird.web.desk import Desk
from tailorbird.web.keys import KeyRing
from tailorbird.web.server import application

pytestmark = pytest.mark.browser

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]
HOSTILE = "<script>document.title = 'ran'</script>"
MAIL = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ person.first_name }}, "
    '<a href="https://shop.example/new">New things</a> '
    '<a href="{{ unsubscribe_url }}">Leave</a></mj-text>'
    '<mj-image src="https://shop.example/big.png" alt="New things" />'
    "</mj-column></mj-section></mj-body></mjml>"
)
EVERYBODY = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
CAMPAIGN = """\
name: news
audience: everybody
template: news
variants: {only: {subject: "News for {{ person.first_name }}"}}
holdout: 0
recommendations: 0
"""


class Shop:
    """A folder that has written to four people, with its console on loopback."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self.at: Instant = 1_750_000_000 * SECOND
        self.tb = Tailorbird.open(folder, clock=lambda: self.at, environment={})
        names = {"ada": "Ada", "ben": "Ben", "cyd": HOSTILE, "dan": "Dan"}
        told = [
            {
                "type": "identify", "messageId": who, "userId": who,
                "traits": {"email": f"{who}@mail.example", "first_name": name},
                "context": {"consent": {"email_marketing": True, "tracking": who != "dan"}},
            }
            for who, name in names.items()
        ]  # fmt: skip
        self.tb.world.log.append([Body("server", self.at, msgspec.json.encode({"batch": told}))])
        self.tb.ingest()
        self.tb.put(
            "segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
        )
        self.tb.put("template", "news", MAIL)
        self.tb.put("campaign", "news", CAMPAIGN)
        self.tb.refresh()
        self.tb.decide("news")
        self.tb.deliver()
        self.tb.ingest()
        self.at += HOUR

    def taken_in(self) -> None:
        self.tb.ingest()

    def url(self, who: str) -> str:
        (decision,) = self.tb.world.ledger.decisions(person=self.tb.person(who))
        return f"{self.address}/inbox/{decision.id.hex()}"

    def suppression(self, who: str) -> str:
        return self.tb.world.people.suppression(f"{who}@mail.example")


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, built: Path, listening: Any, served: Any
) -> Iterator[Shop]:
    with listening() as (socket_, address):
        made = Shop(tmp_path_factory.mktemp("inbox") / "data", address)
        tb = made.tb
        site = application(
            public=(),
            readings=tb.readings,
            base_url=address,
            clock=tb.clock,
            static=built,
            ring=KeyRing(tb.world.keys, tb.clock),
            desk=Desk(tb.world, tb.clock, made.taken_in),
        )
        with served(site, socket_):
            yield made
        tb.close()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tabpanel")).to_be_visible()
    expect(page.locator("[aria-busy=true], .waiting")).to_have_count(0)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_any_part_and_nothing_leaves_the_origin(
    new_context: NewContext, shop: Shop, axe: str, scheme: str, viewport: ViewportSize
) -> None:
    page = new_context(scheme, viewport).new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(shop.url("cyd"))
    expect(page.get_by_role("article").get_by_role("heading").first).to_contain_text("News for")
    for each in page.get_by_role("tab").all_inner_texts():
        tab(page, each)
        assert violations(page, axe, frames=False) == [], each
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), each
    assert [url for url in asked if not url.startswith((f"{shop.address}/", "data:"))] == []
    assert page.title() != "ran"


def test_a_message_is_found_by_its_campaign(new_context: NewContext, shop: Shop) -> None:
    page = new_context().new_page()
    page.goto(f"{shop.address}/inbox")
    finder = page.get_by_label("Find in address, subject or campaign")
    for sought, number in (("news", 4), ("ben@", 1), ("autumn", 0)):
        finder.fill(sought)
        page.get_by_role("button", name="Find").click()
        expect(page.locator(".messages li")).to_have_count(number)


def test_what_is_to_be_mended_is_told(new_context: NewContext, shop: Shop) -> None:
    page = new_context().new_page()
    page.goto(shop.url("ada"))
    tab(page, "Checks")
    expect(page.get_by_role("region", name="Leaving")).to_contain_text("Leaving takes one click")
    expect(page.get_by_role("region", name="Authentication")).to_contain_text("No DKIM signature")
    expect(page.get_by_role("region", name="Links")).to_contain_text("server.base_url")


def test_a_reader_opens_clicks_and_bounces(new_context: NewContext, shop: Shop) -> None:
    page = new_context().new_page()
    page.goto(shop.url("ada"))
    tab(page, "Reply as")
    said = page.get_by_text
    page.get_by_role("button", name="Open it").click()
    expect(said("It was opened.")).to_be_visible()
    page.get_by_role("button", name="Click", exact=True).click()
    expect(said("The link was followed.")).to_be_visible()
    page.get_by_role("button", name="Bounce for good").click()
    expect(said("It bounced: nobody is there.")).to_be_visible()
    assert shop.suppression("ada") == "hard_bounce"
    page.goto(shop.url("ben"))
    tab(page, "Reply as")
    page.get_by_role("button", name="Complain").click()
    expect(said("It was complained of.")).to_be_visible()
    assert shop.suppression("ben") == "complaint"
    sql = "SELECT event FROM facts WHERE person = ? AND send_id <> '' ORDER BY position"
    rows = shop.tb.world.facts.read(sql, (shop.tb.person("ada"),)).to_pylist()
    assert [row["event"] for row in rows] == [
        "email_sent", "email_opened", "email_clicked", "email_bounced",
    ]  # fmt: skip


def test_who_is_not_tracked_has_nothing_to_open(new_context: NewContext, shop: Shop) -> None:
    page = new_context().new_page()
    page.goto(shop.url("dan"))
    tab(page, "Reply as")
    expect(page.get_by_text("No link of this mail is counted.")).to_be_visible()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("the mail has no pixel")).to_be_visible()
