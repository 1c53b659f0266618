"""A page of the console, once all of it is there."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def shown(page: Page, address: str) -> None:
    """Open a page and wait until everything that it asks for has come."""
    page.goto(address)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[aria-busy=true], .waiting, main .stale")).to_have_count(0)
