"""Templates in Chromium: written with the mail beside them, as any person gets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]


def shown(page: Page, address: str) -> None:
    """Open a page and wait until everything that it asks for has come."""
    page.goto(address)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[aria-busy=true], .waiting, main .stale")).to_have_count(0)


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """Return a page that takes every dialog for a failure, as none is ever opened."""
    opened = new_context().new_page()
    opened.on("dialog", lambda dialog: pytest.fail(dialog.message))
    return opened


def test_a_template_is_shown_as_any_person_while_it_is_written(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates")
    page.get_by_role("link", name="win-back").click()
    mail = page.frame_locator("iframe")
    page.get_by_label("Person's number").fill("18")
    page.get_by_label("Variant").select_option("plain")
    expect(page.locator(".mail-subject")).to_contain_text("Come back")
    code = page.get_by_label("Template in MJML")
    code.click()
    page.keyboard.press("Control+Home")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.type("Servus, ")
    expect(mail.get_by_text("Servus, it was long ago.")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == (
        "allow-popups allow-popups-to-escape-sandbox"
    )
    page.get_by_role("tab", name="Text").click()
    expect(page.get_by_role("region", name="Text part")).to_contain_text("Servus, it was")


def test_a_slip_leads_to_its_line_and_cannot_be_kept(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates/welcome")
    wrong = page.locator(".writing .trouble")
    expect(wrong).to_contain_text("defualt")
    expect(page.get_by_role("button", name="Keep it")).to_be_disabled()
    wrong.get_by_role("button", name="Go to line 1").click()
    expect(page.get_by_label("Template in MJML")).to_be_focused()


def test_a_template_is_kept_with_a_reason_and_a_used_one_stays(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/templates")
    page.get_by_label("Name").fill("spring")
    page.get_by_role("button", name="Write it").click()
    expect(page.locator("iframe")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("it is spring")
    page.get_by_label("Your name").fill("Cleo")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("row", name="1, in force")).to_contain_text("it is spring")
    shown(page, f"{own_shop}/templates/win-back")
    expect(page.locator(".uses")).to_contain_text("Campaign win-back (template)")
    page.get_by_label("Why it is given up").fill("old")
    expect(page.get_by_role("button", name="Take it away")).to_be_disabled()


def test_a_mail_is_looked_at_on_a_phone_and_in_the_dark(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates/win-back")
    wide = page.locator("iframe").bounding_box()
    page.get_by_text("Phone", exact=True).click()
    page.get_by_text("Dark", exact=True).last.click()
    expect(page.locator("iframe[src$='scheme=dark']")).to_be_visible()
    narrow = page.locator("iframe").bounding_box()
    assert wide
    assert narrow
    assert narrow["width"] < wide["width"]
