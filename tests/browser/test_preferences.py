"""The pages that a mail leads to, in Chromium: accessible on every screen, without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from starlette.applications import Starlette
from tests.browser.looking import violations

from tailorbird import lists
from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Body, Instant
from tailorbird.tracking.tokens import Sealer, TokenUse
from tailorbird.web import tracking
from tailorbird.web.preferences import routes, texts_of
from tailorbird.web.serve import Mailroom

pytestmark = pytest.mark.browser

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]
EVERYBODY = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
CAMPAIGN = """\
name: news
audience: everybody
template: news
variants: {only: {subject: News}}
holdout: 0
recommendations: 0
"""
ARABIC = """\
texts: ar
entries:
  page_language: العربية
  page_choices_heading: ماذا يمكننا أن نرسل إليك؟
  page_choices_purposes: ما توافق عليه
  page_choices_button: حفظ اختياراتي
"""
PATHS: dict[TokenUse, str] = {"unsubscribe": "u", "personalisation": "p", "preferences": "m"}


class Shop:
    """A folder with one mail to each of three people, and its public pages on loopback."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self.at: Instant = 1_750_000_000 * SECOND
        self.tb = Tailorbird.open(folder, clock=self.now, environment={})
        told = [_identify("ada", "de-AT"), _identify("ben", ""), _identify("fay", "ar")]
        self.tb.world.log.append([Body("server", self.at, msgspec.json.encode({"batch": told}))])
        self.tb.ingest()
        self.tb.put("segment", "everybody", EVERYBODY)
        self.tb.put("template", "news", '<p>News <a href="{{ preferences_url }}">x</a></p>')
        self.tb.put("campaign", "news", CAMPAIGN)
        self.tb.put("texts", "ar", ARABIC)
        found = lists.Lists(self.tb.world, self.at)
        found.create("running", offered={"en": "Running", "de": "Laufen"})
        found.create("cooking", offered={"en": "Cooking and <b>baking</b>"})
        self.tb.refresh()
        self.tb.decide("news")
        self.tb.deliver()
        self.tb.ingest()

    def now(self) -> Instant:
        self.at += SECOND
        return self.at

    def app(self) -> Starlette:
        world, sealer = self.tb.world, Sealer(self.tb.world.token_key)
        mails = tracking.routes(Mailroom(self.tb), sealer, texts_of(world))
        return Starlette(routes=[*routes(world, self.now), *mails])

    def url(self, who: str, use: TokenUse = "preferences") -> str:
        person = self.tb.person(who)
        (decision,) = self.tb.world.ledger.decisions(person=person)
        token = Sealer(self.tb.world.token_key).seal(use, decision.id)
        return f"{self.address}/{PATHS[use]}/{token}"


def _identify(who: str, locale: str) -> dict[str, Any]:
    granted = {"email_marketing": True, "tracking": True, "wordingVersion": "1"}
    traits = {"email": f"{who}@mail.example", "first_name": who.title()}
    return {
        "type": "identify", "messageId": who, "userId": who,
        "traits": traits | ({"locale": locale} if locale else {}),
        "context": {"consent": granted},
    }  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, listening: Any, served: Any) -> Iterator[Shop]:
    with listening() as (socket_, address):
        made = Shop(tmp_path_factory.mktemp("preferences") / "data", address)
        with served(made.app(), socket_):
            yield made
        made.tb.close()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_page_that_a_mail_leads_to(
    new_context: NewContext, shop: Shop, axe: str, scheme: str, viewport: ViewportSize
) -> None:
    page = new_context(scheme, viewport, bypass_csp=True).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for who in ("ada", "ben", "fay"):
        page.goto(shop.url(who))
        assert violations(page, axe) == []
        assert fits(page)
    page.goto(shop.url("ben"))
    page.get_by_role("button", name="Save my choices").click()
    expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    assert violations(page, axe) == []
    for use in PATHS:
        page.goto(shop.url("ada", use) + "x")  # a forged one
        assert violations(page, axe) == []
        page.goto(shop.url("ada", use))
        assert violations(page, axe) == []
    assert {url.rpartition("/")[0].rpartition("/")[0] for url in asked} == {shop.address}


def test_choices_are_made_without_a_script(shop: Shop, plain: Page) -> None:
    plain.goto(shop.url("ada"))
    expect(plain.locator("html")).to_have_attribute("lang", "de-AT")
    expect(plain.get_by_label("Öffnungen und Klicks")).to_be_checked()
    plain.get_by_label("Öffnungen und Klicks").uncheck()
    plain.get_by_label("Laufen").check()
    plain.get_by_label("Höchstens einmal im Monat").check()
    plain.get_by_label("Sprache").select_option("fr")
    plain.get_by_role("button", name="Auswahl speichern").click()
    expect(plain.get_by_role("status")).to_have_text("Vos choix sont enregistrés.")
    shop.tb.ingest()
    plain.goto(shop.url("ada"))
    expect(plain.get_by_label("Ouvertures et clics")).not_to_be_checked()
    expect(plain.get_by_label("Running")).to_be_checked()
    expect(plain.get_by_label("Une fois par mois au plus")).to_be_checked()


def test_arabic_runs_from_the_right(shop: Shop, plain: Page) -> None:
    plain.goto(shop.url("fay"))
    expect(plain.locator("html")).to_have_attribute("dir", "rtl")
    box = plain.get_by_label("Running").bounding_box()
    words = plain.get_by_text("Running").bounding_box()
    assert box
    assert words
    assert box["x"] > words["x"]


def test_one_button_ends_all_mails(shop: Shop, plain: Page) -> None:
    plain.goto(shop.url("ben"))
    plain.get_by_role("button", name="Unsubscribe from all mails").click()
    expect(plain.get_by_role("heading")).to_have_text("You are unsubscribed")
    person = shop.tb.person("ben")
    state = shop.tb.world.people.consent_states([person])[person]
    assert (state.suppressed, "email_marketing" in state.withdrawn) == ("unsubscribed", True)
