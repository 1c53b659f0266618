"""What is seen of a page: what axe finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOK = """async (options) => {
    const seen = await axe.run(document, {resultTypes: ["violations"], ...options});
    const found = seen.violations.flatMap(({id, nodes}) => nodes.map(
        ({target, failureSummary}) => `${id}: ${target} ${failureSummary}`));
    return {passes: seen.passes.length, found};
}"""
"""Only what is read leaves the page: every node that passes would be a megabyte a page."""


def violations(page: Page, axe: str, *, frames: bool = True, only: str | None = None) -> list[str]:
    """Return what axe finds, within frames as well or not, by all of its rules or by `only` one."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    rule = {"runOnly": [only]} if only else {}
    seen = page.evaluate(LOOK, {"iframes": frames, **rule})
    assert seen["passes"]
    found: list[str] = seen["found"]
    return found
