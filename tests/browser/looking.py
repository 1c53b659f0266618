"""What is seen of a page: what axe finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def violations(page: Page, axe: str, options: str = "{}") -> list[str]:
    """Return what axe finds; the options are those of `axe.run`."""
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate(f"axe.run(document, {options})")
    assert result["passes"]
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
