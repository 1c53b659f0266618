"""A person's page says why she got what she got, and shows the evidence when asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

pytestmark = pytest.mark.browser


def test_the_sentence_comes_first_and_the_evidence_on_request(
    new_context: Callable[..., BrowserContext], shop: str
) -> None:
    page = new_context().new_page()
    page.goto(f"{shop}/people/17")
    expect(page.get_by_text("She got it: she opened it.")).to_be_visible()
    expect(page.get_by_text("It would take: one purchase")).to_have_count(0)
    page.locator("summary", has_text="Evidence for win-back").click()
    expect(page.get_by_text("It would take: one purchase")).to_be_visible()
    expect(page.get_by_text("granted, receipt 8812")).to_be_visible()
    expect(page.get_by_text("At most 2 mails in 7 days: 1 counted")).to_be_visible()
    expect(page.get_by_text("Recommended Cakestand: often bought")).to_be_visible()
