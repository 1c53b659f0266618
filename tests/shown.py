"""A page of the console, once all of it is there."""

from __future__ import annotations

from playwright.sync_api import Page

WHOLE = """() => document.querySelector("h1")?.checkVisibility()
    && !document.querySelector("[aria-busy=true], .waiting, main .stale")"""


def shown(page: Page, address: str) -> None:
    """Open a page and wait until everything that it asks for has come.

    The page itself looks at every frame: expectations look again after up to a second.
    """
    page.goto(address)
    page.wait_for_function(WHOLE)
