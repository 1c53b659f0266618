"""Journeys in Chromium: written, checked while they are written, tried, published, removed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect
from tests.shown import shown

pytestmark = pytest.mark.browser
TEXT = """name: spring
mode: paused
trigger: {event: add_to_cart}
steps:
  - wait: 1d
  - set: {stage: welcomed}
"""


def test_a_journey_is_written_tried_published_paused_and_removed(page: Page, own_shop: str) -> None:
    shown(page, f"{own_shop}/journeys")
    page.get_by_label("Its name").fill("spring")
    page.get_by_role("button", name="Write it").click()
    text = page.get_by_label("Journey in YAML")
    text.fill(TEXT + "  - jump: nowhere\n")
    expect(page.get_by_text("there is no step 'nowhere'")).to_be_visible()
    keep = page.get_by_role("button", name="Keep as version 1")
    expect(keep).to_be_disabled()
    page.get_by_role("button", name="go to line 7").click()
    assert text.evaluate(
        "field => field.value.slice(field.selectionStart, field.selectionEnd)"
    ) == ("  - jump: nowhere")
    text.fill(TEXT)
    expect(page.get_by_text("set {stage: welcomed}")).to_be_visible()
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_text("Nobody would have entered")).to_be_visible()
    keep.click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.get_by_text("Remove it", exact=True).click()
    page.get_by_role("button", name="Remove spring").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Journeys")
    expect(page.get_by_text("Journey spring is removed.")).to_contain_text(
        "Mails of it that were already decided still leave"
    )
    shown(page, f"{own_shop}/journeys")
    expect(page.get_by_role("link", name="spring")).to_have_count(0)


def test_a_simulation_is_looked_at_again_when_a_look_fails_and_says_when_all_do(
    page: Page, own_shop: str
) -> None:
    looks: list[str] = []
    away = False

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            looks.append(route.request.url)
        if away or len(looks) == 1:
            route.abort()
            return
        told = {"name": "reminder", "state": "running", "done": len(looks) / 10, "trouble": ""}
        route.fulfill(json=told)

    page.route("**/journeys/reminder/simulate", answer)
    shown(page, f"{own_shop}/journeys/reminder")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_text("20% of the time")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    away = True
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.get_by_role("button", name="Simulate")).to_be_enabled()
    away = False
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
