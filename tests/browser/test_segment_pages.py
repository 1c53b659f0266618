"""Segments in Chromium: one definition as tree and text, with its figures."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.shown import shown

pytestmark = pytest.mark.browser


def size(page: Page) -> Locator:
    """Return the figure of the size, once it is exact."""
    expect(page.locator(".figures-of .chip")).to_have_text("exact")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    return page.locator(".live-count strong")


def holding(part: str) -> re.Pattern[str]:
    """Return a pattern of values with this in them."""
    return re.compile(re.escape(part))


def test_an_edit_of_the_tree_shows_in_the_text_and_one_of_the_text_in_the_tree(
    page: Page, shop: str
) -> None:
    shown(page, f"{shop}/segments/lapsing/edit")
    text = page.get_by_label("Definition in YAML")
    most = int(size(page).inner_text())
    page.get_by_label("Value, condition 1").fill("4")
    expect(text).to_have_value(holding("at_least: 4"))
    expect(size(page)).not_to_have_text(str(most))
    expect(page.locator(".facts")).to_contain_text("Against version 2")
    text.fill(text.input_value().replace("120d", "30d"))
    expect(page.get_by_label("in the last, condition 2", exact=True)).to_have_value("30")


def test_a_slip_marks_its_line_and_condition_and_cannot_be_saved(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments/lapsing/edit")
    text = page.get_by_label("Definition in YAML")
    expect(page.get_by_label("Name", exact=True)).to_be_visible()  # the tree stands
    right = text.input_value()
    text.fill(right.replace("purchase", "purchse"))
    expect(page.locator(".figures-of .trouble")).to_contain_text("did you mean 'purchase'?")
    expect(page.get_by_text("Version 2 stays in force.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("button", name="Go to line").click()
    assert "purchse" in str(page.evaluate("document.getSelection().toString()"))
    text.fill(right)
    page.get_by_label("in the last, condition 2", exact=True).fill("")
    expect(page.locator(".leaf-wrong .leaf-number")).to_have_text("2")


def test_saving_makes_a_version_that_says_who_and_why(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/segments/lapsing/edit")
    page.get_by_label("Value, condition 1").fill("3")
    page.get_by_label("Why").fill("two orders are chance")
    page.get_by_label("Your name").fill("Cleo")
    size(page)
    page.get_by_role("button", name="Save as version 3").click()
    row = page.get_by_role("row", name="3, in force")
    expect(row).to_contain_text("two orders are chance")
    expect(row).to_contain_text("Cleo")


def test_a_condition_is_added_grouped_and_removed_by_the_keyboard(page: Page, shop: str) -> None:
    shown(page, f"{shop}/new-segment")
    page.get_by_role("button", name="Add a condition to the whole").focus()
    page.keyboard.press("Enter")
    text = page.get_by_label("Definition in YAML")
    expect(text).to_have_value(holding("- did: purchase"))
    page.get_by_role("button", name="Put condition 3 into a group").focus()
    page.keyboard.press("Enter")
    expect(text).to_have_value(holding("- any:"))
    page.get_by_role("button", name="Remove condition 3").focus()
    page.keyboard.press("Enter")
    expect(text).not_to_have_value(holding("any"))
    expect(page.locator(".leaf")).to_have_count(2)


def test_a_condition_that_no_form_knows_is_edited_as_its_text(page: Page, shop: str) -> None:
    def newer(route: Route) -> None:
        answer = route.fetch()
        forms = answer.json()
        if answer.ok and "tree" in forms and forms["tree"].get("where", {}).get("all"):
            forms["tree"]["where"]["all"][0] = {"sang": "a song", "loudly": True}
        route.fulfill(response=answer, body=json.dumps(forms))

    page.route("**/segments/convert", newer)
    shown(page, f"{shop}/segments/lapsing/edit")
    expect(page.get_by_label("YAML of condition 1")).to_have_value("sang: a song\nloudly: true")
    expect(page.get_by_label("in the last, condition 2", exact=True)).to_have_value("120")


def test_an_edit_aborts_what_was_asked_before_it(page: Page, shop: str) -> None:
    aborted: list[str] = []
    page.on("requestfailed", lambda request: aborted.append(request.url))
    shown(page, f"{shop}/segments/lapsing/edit")
    page.route("**/segments/preview", lambda route: None)
    field = page.get_by_label("Value, condition 1")
    with page.expect_request("**/segments/preview"):
        field.fill("5")
    with page.expect_event("requestfailed", lambda request: "preview" in request.url):
        field.fill("6")
    assert any(url.endswith("/preview") for url in aborted)


def test_a_segment_that_is_named_cannot_be_taken_away(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments/lapsing")
    expect(page.locator(".uses")).to_contain_text("Segment engaged (condition)")
    page.get_by_label("Why it is given up").fill("nobody needs it")
    expect(page.get_by_role("button", name="Take it away")).to_be_disabled()


def test_a_segment_page_says_who_was_in_at_another_time_and_why(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments/lapsing?person=18")
    expect(page.locator(".outlook")).to_contain_text("no purchase for 12 days more")
    expect(page.get_by_role("region", name="When this person was in")).to_be_visible()
    page.get_by_label("As of (UTC)", exact=True).fill("2011-06-01T00:00")
    figures = page.locator(".figures-of")
    expect(figures).to_contain_text("At 1 Jun 2011, 00:00 UTC")
    expect(figures.locator(".chip")).to_have_text("exact")


def test_segments_are_chosen_to_compare_and_their_combinations_are_a_table_too(
    page: Page, shop: str
) -> None:
    shown(page, f"{shop}/overlap")
    page.get_by_label("gold").uncheck()
    expect(page).to_have_url(re.compile("segment=lapsing&segment=new"))
    page.get_by_label("lapsing").uncheck()
    expect(page.get_by_text("Choose another segment to compare with.")).to_be_visible()
    page.get_by_label("gold").check()
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("region", name="Combinations, as a table")).to_contain_text(
        "gold and new"
    )


def test_two_who_may_be_one_are_told_apart_with_a_reason(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/matches")
    page.get_by_role("link", name="8 and 13").click()
    expect(page.get_by_role("heading", name="Are 8 and 13 one person?")).to_be_visible()
    apart = page.get_by_role("button", name="Two people")
    expect(apart).to_be_disabled()
    page.get_by_label("Why").fill("mother and daughter")
    page.get_by_label("Your name").fill("Eve")
    apart.click()
    expect(page.get_by_text("Rejected by Eve: mother and daughter")).to_be_visible()
    expect(page.get_by_role("link", name="8 and 13")).to_have_count(0)


def test_two_who_are_one_are_merged(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/matches/9-14")
    page.get_by_label("Why").fill("she told us")
    page.get_by_role("button", name="One person").click()
    expect(page.get_by_text("Merged: she told us")).to_be_visible()


def test_steps_of_a_sequence_have_a_form(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments/patterns/edit")
    text = page.get_by_label("Definition in YAML")
    expect(page.get_by_label("YAML of condition 1")).to_have_count(0)
    page.get_by_label("Event, step 2, condition 1").select_option("cart_viewed")
    page.get_by_label("Whether it happened, step 3, condition 1").select_option("did")
    page.get_by_label("within, step 3, condition 1", exact=True).fill("5")
    expect(text).to_have_value(holding("did: cart_viewed"))
    expect(text).to_have_value(re.compile(r"- did: purchase\s+within: 5d"))
    page.get_by_role("button", name="Add a step to condition 1").click()
    page.get_by_role("button", name="Move step 4 up, condition 1").click()
    page.get_by_role("button", name="Remove step 2, condition 1").click()
    expect(text).not_to_have_value(holding("cart_viewed"))
    size(page)


def test_k_of_the_last_n_habits_and_points_have_forms(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments/patterns/edit")
    text = page.get_by_label("Definition in YAML")
    expect(page.get_by_label(re.compile("^YAML of condition"))).to_have_count(0)
    page.get_by_label("of the last, condition 2", exact=True).fill("8")
    expect(text).to_have_value(holding("of_last: 8"))
    page.get_by_role("button", name="Add “answered within” to condition 2").click()
    expect(text).to_have_value(holding("answered_within: 7d"))
    page.get_by_label("in each, condition 3", exact=True).fill("14")
    page.get_by_label("in at least, condition 3", exact=True).fill("3")
    expect(text).to_have_value(re.compile(r"every: 14d\s+periods: 4\s+in_at_least: 3"))
    page.get_by_label("Points of event 2, condition 4").fill("-2")
    page.get_by_label("halving every, condition 4", exact=True).fill("30")
    page.get_by_label("Value, condition 4").fill("7")
    expect(text).to_have_value(holding("points: -2"))
    expect(text).to_have_value(re.compile(r"half_life: 30d\s+at_least: 7"))
    size(page)


def test_every_kind_of_condition_starts_right(page: Page, shop: str) -> None:
    shown(page, f"{shop}/new-segment")
    kind = page.get_by_label("Kind of condition 1")
    for choice in kind.locator("option").all_inner_texts():
        kind.select_option(choice)
        expect(page.get_by_label("YAML of condition 1")).to_have_count(0)
        if choice in ("trait, a list", "is in the segment", "score of the model", "is on the list"):
            continue
        size(page)
