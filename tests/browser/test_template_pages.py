"""Templates in Chromium: written with the mail beside them, as any person gets it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.looking import violations
from tests.shown import shown

pytestmark = pytest.mark.browser


def test_a_template_is_shown_as_any_person_while_it_is_written(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates")
    page.get_by_role("link", name="win-back").click()
    mail = page.frame_locator("iframe")
    page.get_by_label("Person: number").fill("18")
    page.get_by_label("Variant").select_option("plain")
    expect(page.locator(".mail-subject")).to_contain_text("Come back")
    code = page.get_by_label("Template in MJML")
    code.click()
    page.keyboard.press("Control+Home")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.type("Servus, ")
    expect(mail.get_by_text("Servus, it was long ago.")).to_be_visible(timeout=20_000)
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
    expect(page.get_by_text("Kept: spring, version 1.")).to_be_visible()
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


def test_a_person_is_found_by_an_id_for_the_preview(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates/win-back")
    page.get_by_label("Person: number").fill("nobody-at-all")
    expect(page.get_by_text("Nobody has this number")).to_be_visible()
    page.get_by_label("Person: number").fill("18")
    expect(page.locator(".mail-subject")).to_contain_text("to ")


def test_what_the_lint_says_of_a_draft_leads_to_its_line(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates/win-back")
    code = page.get_by_label("Template in MJML")
    code.click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.type("<mj-image src='https://shop.example/a.png' />")
    said = page.get_by_role("listitem").filter(has_text="image-alt")
    expect(said).to_contain_text("error")
    said.get_by_role("button", name="go to line 2").click()
    expect(code).to_be_focused()


def test_everybodys_mail_is_made_and_a_dead_link_leads_to_its_people(
    page: Page, shop: str, axe: str
) -> None:
    shown(page, f"{shop}/templates/sale")
    page.get_by_label("For everybody in").select_option("lapsing")
    page.get_by_role("button", name="Make everybody's mail").click()
    row = page.get_by_role("row", name="dead link /cart")
    row.get_by_role("button").click()
    people = page.get_by_role("region", name="People: dead link /cart")
    expect(people.get_by_role("link").first).to_have_attribute("href", re.compile(r"/people/\d+"))
    assert violations(page, axe, frames=False) == []
    number = str(people.get_by_role("link").first.get_attribute("href")).rpartition("/")[2]
    people.get_by_role("button", name=f"show the mail of person {number}").click()
    expect(page.get_by_label("Person: number")).to_have_value(number)
    shown(page, f"{shop}/campaigns/win-back")
    page.get_by_role("button", name="Make everybody's mail").click()
    expect(page.locator(".audience")).to_contain_text("Longest subject")


def test_blocks_slots_and_texts_are_listed_in_words(page: Page, shop: str) -> None:
    shown(page, f"{shop}/templates")
    page.get_by_label("Tag").select_option("message")
    expect(page.get_by_role("row", name="A heading")).to_contain_text("title")
    expect(page.get_by_role("region", name="Slot offer")).to_contain_text("segment premium")
    expect(page.get_by_role("row", name="en", exact=False).last).to_contain_text("bye")
