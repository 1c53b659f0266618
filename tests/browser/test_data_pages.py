"""The pages of the front door in Chromium: what they change is changed, and only when meant."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.looking import violations
from tests.shown import shown

pytestmark = pytest.mark.browser
FORM = "name: short\ntitle: Short\nfields:\n  - {name: email, kind: email, label: E-mail}\n"


def answering(content: object) -> Callable[[Route], None]:
    """Return what answers every request with this content."""
    return lambda route: route.fulfill(json=content)


def test_a_refused_record_is_mended_checked_and_brought_back(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/quarantine/1048578")
    expect(page.get_by_text("It would be refused: bad time")).to_be_visible()
    field = page.get_by_label("The record as it should be")
    message: dict[str, Any] = json.loads(field.input_value())
    keep = page.get_by_role("button", name="Keep it")
    back = page.get_by_role("button", name="Bring it back")
    field.fill(json.dumps(message | {"messageId": "another", "timestamp": "2011-12-01"}))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("keeps its message id")
    field.fill(json.dumps(message | {"timestamp": "2011-12-01T10:00:00Z"}))
    expect(page.get_by_text("Changed, and not checked yet.")).to_be_visible()
    expect(keep).to_be_disabled()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("It passes as it stands here.")).to_be_visible()
    expect(back).to_be_disabled()
    keep.click()
    expect(page.get_by_role("heading", name="As mended")).to_be_visible()
    back.click()
    expect(page.locator(".card-aside")).to_have_text("replayed")
    expect(page.get_by_role("heading", name="Mend it")).to_have_count(0)


def test_many_are_given_up_only_with_a_choice_and_a_reason(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/quarantine")
    expect(page.get_by_text("1–25 of 31")).to_be_visible()
    give_up = page.get_by_role("button", name="Give up")
    page.get_by_label("Why it is given up").fill("not ours")
    expect(give_up).to_be_disabled()
    for position in (1048579, 1048580):
        page.get_by_label(f"Choose record {position}").check()
    expect(page.get_by_text("Chosen: 2 records")).to_be_visible()
    give_up.click()
    expect(page.get_by_text("2 given up.")).to_be_visible()
    expect(page.get_by_text("1–25 of 29")).to_be_visible()
    page.get_by_label("State").select_option("discarded")
    expect(page.get_by_text("not ours").first).to_be_visible()


def test_a_rule_is_counted_then_applied_then_brought_back(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/quarantine")
    rule = page.get_by_label("Rule in YAML")
    apply = page.get_by_role("button", name="Apply it")
    rule.fill("rule: dates\nchange:\n  - {set: timestamp}\n")
    page.get_by_role("button", name="Count what it does").click()
    expect(page.get_by_text("Line 3", exact=True)).to_be_visible()
    expect(apply).to_be_disabled()
    rule.fill("rule: dates\nwhere: {code: bad_time}\nchange:\n  - {delete: timestamp}\n")
    page.get_by_role("button", name="Count what it does").click()
    expect(page.get_by_text("29 would be mended: 29 then pass, 0 do not.")).to_be_visible()
    apply.click()
    expect(page.get_by_text("29 mended: 29 then pass")).to_be_visible()
    page.get_by_role("button", name="Show those held as bad time").click()
    expect(page.get_by_text("Chosen: all held: bad time")).to_be_visible()
    page.get_by_role("button", name="Bring back those that pass").click()
    expect(page.get_by_text("29 brought back; 0 are still refused")).to_be_visible()


def test_a_source_is_read_paused_and_written_anew(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/sources")
    page.get_by_role("button", name="Read old_till now").click()
    row = page.get_by_role("row", name="old_till")
    expect(row.get_by_role("cell", name="3", exact=True)).to_be_visible()
    page.get_by_role("link", name="old_till").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("every 1d").first).to_be_visible()
    text = page.get_by_label("Source in YAML")
    expect(text).to_have_value(re.compile(r"every: 1d\n$"))
    text.press("Control+End")
    text.type("every: soon\n")
    expect(page.locator(".editor-said")).to_contain_text("Line ")
    expect(page.get_by_role("button", name="Keep it")).to_be_disabled()
    page.get_by_role("button", name="Undo all changes").click()
    page.get_by_role("button", name="Read it on trial").click()
    expect(page.get_by_text("3 rows in 1 files or queries; refused: 1")).to_be_visible()


def test_a_form_shows_its_results_and_a_new_one_is_kept(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/forms/opinion")
    expect(page.get_by_text("+42.9 (95 %:")).to_be_visible()
    answers = page.get_by_role("table", name="What about?")
    expect(answers.get_by_role("row", name="The price")).to_contain_text("42.9%")
    expect(page.get_by_label("the form's HTML", exact=True)).to_contain_text('<form method="post"')
    page.get_by_role("link", name="← Forms").click()
    text = page.get_by_label("Form in YAML")
    text.fill(FORM.replace("kind: email", "kind: mail"))
    expect(page.get_by_role("button", name="Go to line 4")).to_be_visible()
    text.fill(FORM)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("short")
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()


def test_pages_without_anything_say_what_to_do_and_troubles_are_told(page: Page, shop: str) -> None:
    nothing: dict[str, tuple[Any, str]] = {
        "sources": ([], "No source yet."),
        "forms": ([], "No form yet."),
        "quarantine": (
            {"records": [], "counts": [], "total": 0, "next": ""},
            "Nothing was ever refused.",
        ),
    }
    for name, (answer, said) in nothing.items():
        path = f"**/api/v1/{name}*"
        page.route(path, answering(answer))
        shown(page, f"{shop}/{name}")
        expect(page.get_by_text(said)).to_be_visible()
        page.unroute(path)
        page.route(path, lambda route: route.abort())
        shown(page, f"{shop}/{name}")
        expect(page.get_by_role("alert").first).to_contain_text("does not answer")
        page.unroute(path)
        page.get_by_role("button", name="Try again").first.click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("table").first).to_be_visible()


def test_keys_open_to_an_admins_key_and_a_secret_is_shown_once(
    page: Page, own_shop: str, admin_key: str, axe: str
) -> None:
    shown(page, f"{own_shop}/keys")
    page.get_by_label("Secret key").fill("tbs_wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    page.get_by_label("Secret key").fill(admin_key)
    page.get_by_role("button", name="Open").click()
    page.get_by_label("New key's name").fill("shop-web")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("it is not shown again")).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    expect(page.locator("code.secret")).to_have_count(0)
    page.get_by_role("button", name="Revoke shop-web").click()
    page.get_by_role("button", name="Revoke shop-web: are you sure?").click()
    expect(page.get_by_role("row", name="shop-web")).to_contain_text("ended")
    page.get_by_role("button", name="Deliveries to https://shop.example/h").click()
    expect(page.get_by_text("was told nothing yet")).to_be_visible()
    assert violations(page, axe, frames=False) == []
    page.reload()
    expect(page.get_by_label("Secret key")).to_have_value("")
