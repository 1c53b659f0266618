"""The pages in Chromium: accessible, at home, deaf to hostile data, and they work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Request, Route, ViewportSize, expect
from tests.browser.looking import violations
from tests.shown import shown

from tailorbird.views.uplift import CampaignUplift, UpliftOrder

pytestmark = pytest.mark.browser

SEND = "ab" * 16
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ROUTES = (
    "/",
    "/people",
    "/people/17",
    "/people/999999",
    "/segments",
    "/segments/lapsing?person=18",
    "/segments/broken",
    "/segments/lapsing/edit",
    "/segments/engaged/edit",
    "/segments/regulars/edit",
    "/segments/patterns/edit",
    "/new-segment",
    "/groups",
    "/groups/loyalty",
    "/groups/rfm",
    "/groups/waiting",
    "/clusters",
    "/clusters/shoppers",
    "/clusters/untrained",
    "/lists",
    "/lists/vip",
    "/lists/nobody",
    "/overlap",
    "/matches",
    "/matches/8-13",
    "/campaigns",
    "/campaigns/win-back",
    "/journeys",
    "/journeys/reminder",
    "/journeys/old",
    "/journeys/reminder/edit",
    "/journeys/still-to-come/edit",
    "/delivery",
    "/pace",
    "/feedback",
    "/suppressions",
    "/inbox",
    f"/inbox/{SEND}",
    "/templates",
    "/templates/win-back?person=17",
    "/templates/welcome",
    "/templates/sale",
    "/templates/still-to-come",
    "/images",
    "/images/welcome",
    "/images/still-to-come",
    "/recommendations",
    "/recommendations/default",
    "/models",
    "/models/repeat_purchase",
    "/data",
    "/sources",
    "/sources/warehouse",
    "/quality",
    "/quarantine",
    "/quarantine/1048578",
    "/quarantine/2097152",
    "/forms",
    "/forms/opinion",
    "/keys",
    "/history",
    "/history/template/welcome",
    "/nowhere",
)
NewContext = Callable[..., BrowserContext]
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
SETTLED = "!document.getAnimations().some(one => one instanceof CSSTransition)"


def watched(page: Page, home: str, left: list[str]) -> list[str]:
    """Return the list that will hold every request; `left` will hold those to anywhere else.

    What the policy stops before it leaves the browser is no request.
    """
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)
        stopped = request.failure == "csp"
        if not stopped and not request.url.startswith((f"{home}/", "data:")):
            left.append(request.url)

    page.on("requestfinished", note)
    page.on("requestfailed", note)
    return asked


def complaints(page: Page) -> list[str]:
    """Return the list that will hold what the page says in the browser's console."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.text} {message.location['url']}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def is_quiet(route: str) -> bool:
    """Return whether a page asks for nothing that is not there, and shows no mail's own code."""
    lacks = ("/people/999999", "/nowhere", "/journeys/old", "/journeys/reminder", f"/inbox/{SEND}")
    if route.endswith("still-to-come/edit"):
        return False
    return route not in lacks and not route.startswith(("/campaigns/", "/templates/", "/images/"))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_is_accessible_at_home_no_wider_than_the_screen_and_says_what_is_simulated(
    new_context: NewContext, shop: str, axe: str, viewport: ViewportSize
) -> None:
    page = new_context("light", viewport).new_page()
    left: list[str] = []
    asked, said = watched(page, shop, left), complaints(page)
    faults: dict[str, list[str]] = {}
    for route in ROUTES:
        said.clear()
        page.emulate_media(color_scheme="light")
        shown(page, shop + route)
        notice = page.get_by_role("complementary", name="What is simulated here")
        expect(notice).to_contain_text("UCI Online Retail, Chen 2015, CC BY 4.0")
        found: list[str] = []
        if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            found.append("it is wider than the screen")
        found += violations(page, axe, frames=False)
        found += darkened(page, axe)
        found += said if is_quiet(route) else []
        if found:
            faults[route] = found
    page.wait_for_load_state("networkidle")
    assert faults == {}
    assert len(asked) > 50
    assert left == []


def darkened(page: Page, axe: str) -> list[str]:
    """Return what is wrong with the page in its dark colours: these are all that changes."""
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {BACKGROUND} !== light && {SETTLED}", arg=light)
    return [f"dark: {one}" for one in violations(page, axe, frames=False, only="color-contrast")]


UPLIFT = CampaignUplift(
    campaign="win-back",
    model="uplift_win-back",
    version=1,
    trained_at=datetime(2011, 12, 9, tzinfo=UTC),
    people=477,
    written_to=372,
    outcome="purchase",
    window_days=14,
    average=0.0486,
    average_low=-0.0237,
    average_high=0.121,
    orders=(
        UpliftOrder("t", "two models (T)", 0.0139, -0.0125, 0.0392, 0.02, -0.0099, 0.0489),
        UpliftOrder("rule", "rule of one trait", -0.0061, -0.0286, 0.0175),
    ),
    policies=(),
    curve=(),
    serves=False,
    why="Whom the mail moves cannot be told from chance.",
    features=("recency_days",),
    served_by="",
)


def answered(page: Page, where: str, answer: object) -> None:
    """Have one address answer as a shop that has learnt would."""

    def tell(route: Route) -> None:
        route.fulfill(body=msgspec.json.encode(answer), content_type="application/json")

    page.route(where, tell)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_learnt_is_accessible_where_it_is_opened(
    new_context: NewContext, shop: str, axe: str, scheme: str, viewport: ViewportSize
) -> None:
    page = new_context(scheme, viewport).new_page()
    answered(page, "**/campaigns/win-back/uplift", UPLIFT)
    answered(page, "**/journeys/reminder/uplift", UPLIFT)
    answered(
        page,
        "**/people/17/scores/*/reasons",
        ("142 days since the last order: lowers it by 0.5 points",),
    )
    shown(page, f"{shop}/people/17")
    page.locator("summary", has_text="Why this").first.click()
    expect(page.get_by_text("142 days since the last order: lowers it")).to_be_visible()
    faults = violations(page, axe, frames=False)
    shown(page, f"{shop}/campaigns/win-back")
    expect(page.get_by_text("+4.9 points (-2.4 to +12.1)")).to_be_visible()
    page.get_by_label("Candidates, one a line").fill("Did you forget something?\nOnly today")
    page.get_by_role("button", name="Compare them").click()
    expect(page.get_by_role("columnheader", name="Chance to win")).to_be_visible()
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("button", name="Check again")).to_be_visible()
    expect(page.get_by_role("region", name="Before it is sent")).to_contain_text("were looked at")
    faults += violations(page, axe, frames=False)
    shown(page, f"{shop}/journeys/reminder")
    expect(page.get_by_text("+4.9 points (-2.4 to +12.1)")).to_be_visible()
    faults += violations(page, axe, frames=False)
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_where_less_is_better_a_measure_that_fell_is_the_good_one(page: Page, shop: str) -> None:
    shown(page, shop)
    measures = page.get_by_role("table", name="Measures of repeat-purchase")
    worse = measures.get_by_role("row", name="Log loss")
    expect(worse).to_contain_text("less is better")
    expect(worse.get_by_text("+0.006 to +0.021")).to_be_visible()
    expect(worse.locator(".good")).to_have_count(0)
    expect(measures.get_by_role("row", name="Brier score").locator(".good")).to_have_text(
        "-0.016 to -0.007"
    )
    money = page.get_by_role("table", name="Measures of value").get_by_role("row").nth(1)
    expect(money).to_contain_text("£182.40")
    expect(money.locator(".good")).to_have_text("-£44.10 to -£30.60")


def test_a_kept_score_is_told_in_its_unit_where_nothing_newer_is_known(
    page: Page, shop: str
) -> None:
    page.route("**/people/17/scores", lambda route: route.abort())
    shown(page, f"{shop}/people/17")
    scores = page.get_by_role("heading", name="Scores and segments").locator("xpath=../..")
    for told in ("31.8%", "£81.20", "18 Dec 2011", "19:00"):
        expect(scores.get_by_text(told, exact=True)).to_be_visible()


def test_hostile_data_runs_nothing(new_context: NewContext, hostile_shop: str) -> None:
    page = new_context().new_page()
    dialogs: list[str] = []
    outside: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismissed)
    watched(page, hostile_shop, outside)
    for route in ROUTES:
        shown(page, hostile_shop + route)
        assert page.locator("main script, main svg[onload], main img[onerror]").count() == 0
        assert not page.evaluate("'ran' in window")
    shown(page, f"{hostile_shop}/inbox/{SEND}")
    for tab in page.get_by_role("tab").all():
        tab.click()
        expect(page.get_by_role("tabpanel")).to_be_visible()
    assert page.locator("a[href^='javascript:']").count() == 0
    assert "<script>alert(1)</script>" in page.get_by_role("tabpanel").inner_text()
    page.goto(f"{hostile_shop}/api/v1/inbox/{SEND}/html")
    page.wait_for_load_state("networkidle")
    assert dialogs == []
    assert outside == []


def test_pages_do_not_jump_while_they_load(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({type: "layout-shift", buffered: true});"""
    )
    shifts = {}
    for route in ("/", "/people", "/segments", "/campaigns/win-back", "/inbox"):
        shown(page, shop + route)
        shifts[route] = page.evaluate("window.shift")
    assert {route: shift for route, shift in shifts.items() if shift > 0.1} == {}


def test_the_scheme_is_the_systems_until_one_is_chosen(new_context: NewContext, shop: str) -> None:
    page = new_context("dark").new_page()
    shown(page, shop)
    scheme = "document.documentElement.getAttribute('data-mantine-color-scheme')"
    assert page.evaluate(scheme) == "dark"
    page.get_by_label("Light").check(force=True)
    assert page.evaluate(scheme) == "light"
    page.reload()
    assert page.evaluate(scheme) == "light"


def test_the_keyboard_reaches_the_page_past_the_navigation(
    new_context: NewContext, shop: str
) -> None:
    page = new_context().new_page()
    shown(page, shop)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_following_a_link_moves_focus_and_title(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, shop)
    page.get_by_role("link", name="People", exact=True).click()
    expect(page).to_have_title("People · Tailorbird")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    assert page.evaluate("document.activeElement.id") == "main"
    expect(page.get_by_role("link", name="People", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


def test_people_are_found_and_paged(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, f"{shop}/people")
    expect(page.get_by_text("1–25 of 4,338")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("26–50 of 4,338")).to_be_visible()
    expect(page.get_by_role("link", name="Person 26")).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    expect(page.get_by_text("1–25 of 4,338")).to_be_visible()
    page.get_by_label("Find a person").fill("17")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Person 17").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Person 17")


def test_a_person_shows_why_and_the_older_events(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, f"{shop}/people/17")
    page.locator("summary", has_text="What was decided about").first.click()
    expect(page.get_by_text("No. 8812")).to_be_visible()
    timeline = page.locator("ol.timeline > li")
    expect(timeline).to_have_count(25)
    page.get_by_role("button", name="Show older events").click()
    expect(timeline).to_have_count(50)
    page.get_by_role("link", name="Read the mail").click()
    expect(page.get_by_role("heading", name="Did you forget something?")).to_be_visible()


def test_a_person_is_explained(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, f"{shop}/segments/lapsing")
    page.get_by_label("Person's number").fill("17")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("is not in")).to_be_visible()
    expect(page.locator(".reasons")).to_contain_text("did not purchase within 90 days")


def test_a_result_shows_rates_intervals_and_the_ratio(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, f"{shop}/campaigns/win-back")
    arms = page.get_by_role("table", name="Outcome of each arm, with 95 % intervals")
    expect(arms.get_by_role("row", name="question")).to_contain_text("38.1% to 44.3%")
    expect(arms.get_by_role("row", name="holdout")).to_contain_text("no mail")
    expect(page.get_by_text("+5.9 (+1.3 to +9.9)")).to_be_visible()
    expect(page.get_by_text("as drawn")).to_be_visible()
    expect(page.get_by_text("402 opens and 61 clicks by machines")).to_be_visible()


def test_a_mail_is_shown_in_a_frame_that_can_do_nothing(new_context: NewContext, shop: str) -> None:
    page = new_context().new_page()
    shown(page, f"{shop}/inbox/{SEND}")
    frame = page.locator("iframe")
    assert frame.get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    expect(page.frame_locator("iframe").get_by_role("heading", name="Hello Ada,")).to_be_visible()
    page.get_by_role("tab", name="Headers").click()
    expect(page.get_by_text("List-Unsubscribe=One-Click")).to_be_visible()
    page.get_by_role("tab", name="Links").click()
    expect(page.get_by_role("link", name="http://127.0.0.1:8400/u/t0k3n")).to_have_count(0)
    expect(page.get_by_role("link", name="http://127.0.0.1:8400/c/t0k3n")).to_be_visible()


def test_a_server_that_went_away_is_said_and_asked_again(
    new_context: NewContext, shop: str
) -> None:
    page = new_context().new_page()
    shown(page, shop)
    page.route("**/api/v1/people?*", lambda route: route.abort())
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.unroute("**/api/v1/people?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="Person 1", exact=True)).to_be_visible()


def test_a_part_of_the_console_that_does_not_arrive_is_said_and_asked_for_again(
    page: Page, shop: str
) -> None:
    parts = "**/assets/Keys-*.js"
    page.route(parts, lambda route: route.abort())
    page.goto(f"{shop}/keys")
    expect(page.get_by_role("alert")).to_contain_text("did not arrive")
    page.unroute(parts)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()
