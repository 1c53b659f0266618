"""The pages of the delivery in Chromium: what stops, what goes on, who gets no mail any more."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.shown import shown

pytestmark = pytest.mark.browser
BOUNCE = """\
From: MAILER-DAEMON@mx.example
To: b@shop.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

I could not deliver it.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@mail.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--x--
"""


def test_a_campaign_goes_on_and_is_cancelled_for_a_reason(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/delivery")
    campaigns = page.get_by_role("table", name="Mails of each campaign by state")
    expect(campaigns.locator(".chip")).to_have_text("paused")
    page.get_by_label("What to stop or let go on").select_option("win-back")
    page.get_by_label("Why", exact=True).fill("the price is right now")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Goes on: win-back.")).to_be_visible()
    expect(campaigns.locator(".chip")).to_have_count(0)
    page.get_by_label("Cancel for good, not only pause").check()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Cancelled: win-back. 4 mails will not leave.")).to_be_visible()
    orders = page.get_by_role("table", name="Orders, the newest first").locator("tbody tr")
    expect(orders).to_have_count(3)
    expect(orders.nth(1)).to_contain_text("the price is right now")


def test_a_mail_in_doubt_is_settled_once_somebody_says_how_they_know(
    page: Page, own_shop: str
) -> None:
    shown(page, f"{own_shop}/delivery")
    doubts = page.get_by_role("table", name="Mails in doubt").locator("tbody tr")
    expect(doubts).to_have_count(2)
    delivered = page.get_by_role("button", name="It was delivered")
    page.get_by_role("radio", name="02020202").check()
    expect(delivered).to_be_disabled()
    page.get_by_label("How you know").fill("it is in their log")
    delivered.click()
    expect(page.get_by_text("It counts as delivered.")).to_be_visible()
    expect(doubts).to_have_count(1)
    page.get_by_role("radio", name="03030303").check()
    page.get_by_label("How you know").fill("it is not in their log")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Nothing is in doubt.")).to_be_visible()


def test_a_held_stream_is_said_on_the_first_page_and_goes_on_by_hand(
    page: Page, own_shop: str
) -> None:
    shown(page, own_shop)
    alarm = page.get_by_role("complementary", name="Mails are held up")
    expect(alarm).to_contain_text("shop.example/gmail stands still: 0.4 % complaints")
    alarm.get_by_role("link").click()
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_text("shop.example/gmail goes on.")).to_be_visible()
    expect(page.get_by_text("Nothing is held.")).to_be_visible()
    hold = page.get_by_role("button", name="Hold it")
    page.get_by_label("Stream or sending domain").fill("shop.example")
    expect(hold).to_be_disabled()
    page.get_by_label("Why it is to stand still").fill("we move house")
    hold.click()
    expect(page.get_by_role("row", name="shop.example we move house")).to_be_visible()


def test_an_address_is_barred_found_and_lifted_for_a_reason(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/suppressions")
    page.get_by_label("Addresses", exact=True).fill("new@mail.example, s1@mail.example nobody")
    page.get_by_role("button", name="Bar them").click()
    told = "1 address barred, 1 were already. 1 line not taken, the first: no address."
    expect(page.get_by_text(told)).to_be_visible()
    page.get_by_label("Address", exact=True).fill("NEW@mail.example")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("gets no mail")).to_be_visible()
    page.get_by_label("Why it may be written to again").fill("she asked for it")
    page.get_by_role("button", name="Lift all").click()
    expect(page.get_by_text("is not barred")).to_be_visible()
    words = page.get_by_role("table", name="All that was said of it").locator("tbody tr")
    expect(words).to_have_count(2)
    expect(words.nth(1)).to_contain_text("she asked for it")


def test_a_file_of_addresses_goes_in_and_all_come_out(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/suppressions")
    content = b"email,reason\nf1@mail.example,unsubscribed\nf2@mail.example,bounce\n"
    page.get_by_label("Reason", exact=True).select_option("unsubscribed")
    expect(page.get_by_text("Nobody is barred for this reason.")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "old.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_text("2 addresses barred, 0 were already.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "email,reason,purpose,at,source,address_key"
    assert len(lines) == 33
    assert any(line.startswith(",unsubscribed,email_marketing,") for line in lines)


def test_a_mail_that_came_back_is_explained_and_taken_in(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/feedback")
    expect(page.get_by_role("row", name="hard bounce mailbox missing")).to_be_visible()
    page.get_by_label("The mail as it is").fill(BOUNCE)
    page.get_by_role("button", name="Explain it").click()
    row = page.get_by_role("table", name="What it would be taken for").locator("tbody tr")
    expect(row).to_contain_text("hard bounce")
    expect(row).to_contain_text("ada@mail.example")
    expect(row).to_contain_text("5.1.1")
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_text("Taken: it is read like one that came")).to_be_visible()


def test_what_came_back_stands_in_the_results_of_its_campaign(page: Page, shop: str) -> None:
    shown(page, f"{shop}/campaigns/win-back")
    card = page.get_by_role("region", name="What came back", exact=True)
    expect(card.get_by_role("row", name="hard bounce mailbox missing")).to_be_visible()
