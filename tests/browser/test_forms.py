"""Forms in Chromium: accessible on every screen, and they work with scripts switched off."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tests.browser.looking import violations

from tailorbird import flow, forms
from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Instant
from tailorbird.web.form_pages import frame, snippet
from tailorbird.web.forms import routes

pytestmark = pytest.mark.browser

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]
EVERYTHING = """\
name: everything
title: All the questions that there are
intro: This page has one of each kind.
sites: ["{site}"]
fields:
  - {name: email, kind: email, label: E-mail address, help: We write there.}
  - {name: first_name, kind: text, label: First name, trait: first_name, optional: true}
  - {name: people, kind: number, label: How many are you, property: people, lowest: 1}
  - {name: colour, kind: choice, label: Colour, choices: {red: Red, blue: Blue}, property: colour}
  - {name: tools, kind: choices, label: Tools, choices: {hoe: Hoe, rake: Rake}, property: tools}
  - {name: birthday, kind: date, label: Birthday, trait: birthday, optional: true}
  - {name: gift, kind: checkbox, label: Wrap it as a gift}
  - {name: phone, kind: telephone, label: Telephone, optional: true}
  - name: month
    kind: choice
    label: Best month
    property: month
    choices: {a: Jan, b: Feb, c: Mar, d: Apr, e: May, f: Jun, g: Jul, h: Aug, i: Sep, j: Oct}
  - name: news
    kind: consent
    label: Write to me
    purpose: email_marketing
    wording: I want one letter a month and can end it at any time.
    version: "1"
  - {name: service, kind: rating, label: Our service, low: Bad, high: Good}
  - {name: nps, kind: nps, label: Would you recommend us, low: Not at all, high: Very likely}
  - {name: comment, kind: text, label: Why, property: comment, lines: 4, optional: true}
"""


class Served:
    """A data folder's forms on loopback, under a clock that runs ahead a little at every look."""

    def __init__(self, folder: Path) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.at: Instant = 1_750_000_000 * SECOND
        environment = {"TAILORBIRD_SERVER__BASE_URL": self.address}
        self.tb = Tailorbird.open(folder, clock=self.now, environment=environment)
        self.tb.install_library()
        self.tb.put("form", "everything", EVERYTHING.replace("{site}", self.address))

    def now(self) -> Instant:
        self.at += 2 * SECOND
        return self.at

    def app(self) -> Starlette:
        def host(request: Request) -> HTMLResponse:
            form, _ = forms.find(self.tb.world, request.path_params["name"])
            url = forms.page(self.tb.world, form.name)
            held = frame(form, url) if "frame" in request.query_params else snippet(form, url)
            return HTMLResponse(f"<!doctype html><title>A shop</title><h1>A shop</h1>{held}")

        shown = Route("/host/{name}", host)
        return Starlette(routes=[*routes(self.tb.world, self.now), shown])

    def tick(self) -> None:
        flow.tick(self.tb.world, self.now())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("forms") / "data")
    server = uvicorn.Server(uvicorn.Config(made.app(), log_level="error", lifespan="off"))

    def run() -> None:
        asyncio.run(server.serve(sockets=[made.listening]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield made
    server.should_exit = True
    thread.join()
    made.listening.close()
    made.tb.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_before_and_after_a_mistake(
    new_context: NewContext, served: Served, axe: str, scheme: str, viewport: ViewportSize
) -> None:
    context = new_context(scheme, viewport)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    found: dict[str, list[str]] = {}
    for name in ("everything", "newsletter", "preferences", "satisfaction"):
        page.goto(f"{served.address}/f/{name}")
        expect(page.locator("h1")).to_be_visible()
        found[name] = violations(page, axe)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found[f"{name}, wrong"] = violations(page, axe)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.goto(f"{served.address}/f/newsletter?done=check")
    found["thanks"] = violations(page, axe)
    assert {name: each for name, each in found.items() if each} == {}
    assert [text for text in said if "422" not in text] == []


def test_a_form_is_filled_in_without_a_script_and_nothing_typed_is_lost(
    plain: Page, served: Served
) -> None:
    plain.goto(f"{served.address}/f/everything?nps=9")
    plain.get_by_label("E-mail address").fill("ann@people")
    plain.get_by_label("First name").fill("Ann")
    plain.get_by_label("How many are you").fill("3")
    plain.get_by_label("Red").check()
    plain.get_by_label("Rake").check()
    plain.get_by_label("Best month").select_option("c")
    plain.get_by_label("Write to me").check()
    plain.get_by_role("group", name="Our service").get_by_label("4").check(force=True)
    plain.get_by_role("button").click()
    expect(plain.get_by_role("alert")).to_contain_text("E-mail address")
    expect(plain.get_by_role("alert")).to_be_focused()
    expect(plain).to_have_title(re.compile("^Please look at this again: "))
    plain.get_by_role("alert").get_by_role("link").click()
    expect(plain.get_by_label("E-mail address")).to_be_focused()
    assert plain.get_by_label("First name").input_value() == "Ann"
    assert plain.get_by_label("Rake").is_checked()
    assert plain.get_by_label("Best month").input_value() == "c"
    assert plain.locator("input[name=nps][value='9']").is_checked()
    plain.get_by_label("E-mail address").fill("ann@people.example")
    plain.get_by_role("button").click()
    expect(plain.locator("h1")).to_have_text("Thank you")
    plain.reload()
    served.tick()
    found = forms.results(served.tb.world, "everything", served.at)
    assert (found.submissions, found.nps and found.nps.promoters) == (1, 1)


def test_double_opt_in_by_hand(plain: Page, served: Served) -> None:
    plain.goto(f"{served.address}/f/newsletter")
    plain.get_by_label("E-mail address").fill("eve@people.example")
    plain.get_by_label("Yes, write to me").check()
    plain.get_by_role("button").click()
    expect(plain.locator("h1")).to_have_text("One more step")
    served.tick()
    (entry,) = served.tb.world.inbox.list(query="eve@people.example")
    mail = (served.tb.world.inbox.read(entry.send_id) or b"").decode()
    link = re.search(r"https?://\S+/confirm/\S+", mail)
    assert link
    plain.goto(link[0])
    expect(plain.get_by_role("listitem")).to_have_count(1)
    plain.get_by_role("button").click()
    expect(plain.locator("h1")).to_have_text("Confirmed")
    served.tick()
    person = served.tb.person("eve@people.example")
    state = served.tb.world.people.consent_states([person])[person]
    assert set(state.granted) == {"email_marketing"}
    plain.goto(f"{served.address}/f/newsletter")
    expect(plain.get_by_label("First name")).to_be_visible()
    expect(plain.get_by_label("E-mail address")).to_have_count(0)


def test_a_snippet_and_a_frame_work_in_another_page(plain: Page, served: Served) -> None:
    plain.goto(f"{served.address}/host/satisfaction")
    plain.locator("input[name=nps][value='3']").check(force=True)
    plain.get_by_role("button").click()
    expect(plain.locator("h1")).to_have_text("Thank you")
    plain.goto(f"{served.address}/host/everything?frame")
    inside = plain.frame_locator("iframe")
    expect(inside.get_by_label("E-mail address")).to_be_visible()
    inside.get_by_role("button").click()
    expect(inside.get_by_role("alert")).to_be_visible()


def test_marks_are_reached_by_keyboard(new_context: NewContext, served: Served) -> None:
    page = new_context("light", DESKTOP).new_page()
    page.goto(f"{served.address}/f/satisfaction")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert page.locator("input[name=nps][value='8']").is_checked()
