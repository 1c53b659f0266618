"""Groups, clusters and lists in Chromium: seen, changed, ended where nothing rests on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.shown import shown

pytestmark = pytest.mark.browser


def test_one_finds_groups_clusters_and_lists_beside_segments(page: Page, shop: str) -> None:
    shown(page, f"{shop}/segments")
    beside = page.get_by_role("navigation", name="Kinds of groups of people")
    for word in ("Groups", "Clusters", "Lists", "Overlap", "Segments"):
        beside.get_by_role("link", name=word).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(word)
        expect(beside.get_by_role("link", name=word)).to_have_attribute("aria-current", "page")


def test_a_list_of_groups_shows_order_sizes_and_shares(page: Page, shop: str) -> None:
    shown(page, f"{shop}/groups")
    page.get_by_role("link", name="loyalty").click()
    table = page.get_by_role("table", name="Groups of loyalty")
    expect(table.get_by_role("row").nth(1)).to_contain_text("gold")
    expect(table.get_by_role("row", name="none")).to_contain_text("99.1%")


def test_rfm_is_a_grid_with_the_name_of_every_cell(page: Page, shop: str) -> None:
    shown(page, f"{shop}/groups/rfm")
    grid = page.get_by_role("table", name="Customers by recency and value")
    expect(grid.get_by_role("cell")).to_have_count(25)
    expect(grid.get_by_role("row", name="recency 1").get_by_role("cell").first).to_contain_text(
        "lost"
    )


def test_a_list_is_tried_while_it_is_written_and_kept_with_a_reason(
    page: Page, own_shop: str
) -> None:
    shown(page, f"{own_shop}/groups/loyalty")
    field = page.get_by_label("List of groups in YAML")
    tried = page.get_by_role("table", name="People of each group, if it were kept")
    expect(tried).to_be_visible()
    field.fill(field.input_value().replace("orders,", "ordres,"))
    expect(page.get_by_text("did you mean 'orders'?")).to_be_visible()
    expect(page.get_by_role("button", name="Keep it", exact=True)).to_be_disabled()
    field.fill(field.input_value().replace("ordres, at_least: 4", "orders, at_least: 1"))
    expect(tried.get_by_role("row", name="gold")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("one is enough")
    page.get_by_label("Your name").fill("Cleo")
    page.get_by_role("button", name="Keep it", exact=True).click()
    row = page.get_by_role("row", name="2, in force")
    expect(row).to_contain_text("one is enough")
    expect(row).to_contain_text("Cleo")


def test_what_a_segment_rests_on_cannot_be_taken_away_and_the_rest_can(
    page: Page, own_shop: str
) -> None:
    shown(page, f"{own_shop}/lists/vip")
    expect(page.locator(".uses")).to_contain_text("Segment guests (condition)")
    page.get_by_label("Why it is given up").fill("over")
    expect(page.get_by_role("button", name="Take it away")).to_be_disabled()
    shown(page, f"{own_shop}/lists/nobody")
    page.get_by_label("Why it is given up").fill("never used")
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_text("Taken away: nobody.")).to_be_visible()


def test_people_are_named_and_whom_nobody_knows_stays_in_the_field(
    page: Page, own_shop: str
) -> None:
    shown(page, f"{own_shop}/lists/vip")
    field = page.get_by_role("textbox", name="People")
    field.fill("shop4, s5@mail.example\nstranger@mail.example")
    page.get_by_role("button", name="Put on the list", exact=True).click()
    told = "2 people were put on the list; 1 of them nobody knows. They are left in the field."
    expect(page.get_by_text(told)).to_be_visible()
    expect(field).to_have_value("stranger@mail.example")


def test_a_file_names_people_by_one_of_its_columns(
    page: Page, own_shop: str, tmp_path: Path
) -> None:
    file = tmp_path / "party.csv"
    file.write_text("name,who\nAda,shop6\nEve,nobody\n", "utf-8")
    shown(page, f"{own_shop}/lists/nobody")
    page.get_by_label("CSV file").set_input_files(file)
    put = page.get_by_role("button", name="Put them on the list")
    put.click()
    expect(page.get_by_role("alert")).to_contain_text("no column person or email")
    page.get_by_label("Column").select_option("who")
    put.click()
    told = "1 person was put on the list; 1 of them nobody knows. Row 2 below the head."
    expect(page.get_by_text(told)).to_be_visible()


def test_a_list_is_made_by_its_name(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/lists")
    page.get_by_label("Name").fill("Very Important")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot name a list")
    page.get_by_label("Name").fill("important")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("important")


def test_clusters_say_what_sets_them_apart_and_how_they_were_judged(page: Page, shop: str) -> None:
    shown(page, f"{shop}/clusters/shoppers")
    many = page.get_by_role("table", name="What sets many orders apart")
    expect(many.get_by_role("row", name="revenue")).to_contain_text("+1.2")
    expect(page.get_by_role("row", name="2 proposed")).to_contain_text("0.40")
    page.get_by_role("link", name="Many orders").click()
    expect(page.get_by_role("heading", name="People: many orders")).to_be_visible()
    page.get_by_role("button", name="Find them anew").click()
    expect(page.get_by_role("alert")).to_contain_text("too few for clusters")


def test_a_list_is_offered_to_people_by_its_words(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/lists/nobody")
    offering = page.get_by_role("region", name="Offered to people")
    offering.get_by_label("Words by language").fill("en: Running\nde: Laufen: und mehr")
    offering.get_by_role("button", name="Keep the words").click()
    expect(offering).to_contain_text("It is offered to people on the page of their choices.")
    shown(page, f"{own_shop}/lists/nobody")
    words = page.get_by_label("Words by language")
    expect(words).to_have_value("en: Running\nde: Laufen: und mehr")
    words.fill("Deutsch: Laufen")
    page.get_by_role("button", name="Keep the words").click()
    expect(page.get_by_text("'Deutsch' is no language")).to_be_visible()
