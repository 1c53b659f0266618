"""Consent first: the tag before, after and without it, and the banner that asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from tailorbird.app import Tailorbird
from tailorbird.schema import Names

pytestmark = pytest.mark.browser

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]
GPC = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
DNT = "Object.defineProperty(navigator, 'doNotTrack', {value: '1'})"
OLD = json.dumps(
    json.dumps({"a": "visitor-1", "s": "s", "t": 0, "c": {"tracking": True}, "w": "1"})
)


@pytest.fixture
def arrive(site: Any, new_context: NewContext) -> Callable[..., Page]:
    """Return `arrive(*scripts, path, scheme, viewport)`: a first visit, on a clock of its own."""

    def arrived(*scripts: str, path: str = "/start", **look: Any) -> Page:
        page = new_context(**look).new_page()
        page.clock.install()
        for script in scripts:
            page.add_init_script(script)
        page.goto(site.url + path)
        page.wait_for_function("window.tailorbird.on")
        return page

    return arrived


def call(page: Page, *given: object) -> None:
    page.evaluate("given => tailorbird(...given)", list(given))


def settle(page: Page) -> None:
    """Let every timer of the page fire."""
    page.clock.run_for(30_000)


def stored(page: Page) -> dict[str, Any]:
    """Return what the browser keeps for the site."""
    found: dict[str, str] = page.evaluate("({...localStorage})")
    assert page.context.cookies() == []
    assert page.evaluate("({...sessionStorage})") == {}
    return {key: json.loads(text) for key, text in found.items()}


def sent(door: Any) -> list[str]:
    """Return what was sent to the collector."""
    return [path for method, path in door.asked if method != "GET"]


# -- the tag --------------------------------------------------------------------------------------


def test_before_a_choice_nothing_is_stored_and_nothing_is_sent(
    door: Any, arrive: Callable[..., Page], site: Any
) -> None:
    page = arrive()
    call(page, "track", "Looked")
    call(page, "identify", "u1", {"email": "ada@people.example"})
    settle(page)
    assert stored(page) == {}
    page.goto(f"{site.url}/two")
    page.wait_for_function("window.tailorbird.on")
    assert sent(door) == []
    call(page, "consent", {"tracking": True})
    settle(page)
    assert {event.properties.get("path") for event in door.events(2)} == {None, "/two"}


def test_what_happened_before_the_choice_counts_once_it_is_yes(
    door: Any, arrive: Callable[..., Page]
) -> None:
    page = arrive()
    call(page, "track", "Looked")
    call(page, "consent", {"tracking": True}, {"wording": "7", "evidence": "a test"})
    settle(page)
    events = {event.name: event for event in door.events(3)}
    assert set(events) == {Names.IDENTIFY, Names.PAGE_VIEWED, "looked"}
    assert len({event.anonymous_id for event in events.values()}) == 1
    (claim,) = events[Names.IDENTIFY].consents
    assert (claim.purpose, claim.granted) == ("tracking", True)
    assert (claim.wording_version, claim.evidence) == ("7", "a test")


def test_a_refusal_drops_what_waited_and_tells_nobody(
    door: Any, arrive: Callable[..., Page]
) -> None:
    page = arrive()
    call(page, "track", "Looked")
    call(page, "consent", {"tracking": False, "personalisation": False}, {"wording": "1"})
    call(page, "track", "Looked again")
    settle(page)
    assert stored(page) == {
        "tailorbird": {"c": {"tracking": False, "personalisation": False}, "w": "1"}
    }
    call(page, "consent", {"tracking": True})
    call(page, "track", "Came round")
    settle(page)
    assert {event.name for event in door.events(2)} == {Names.IDENTIFY, "came_round"}


def test_a_withdrawal_erases_the_ids_and_says_so_once(
    door: Any, arrive: Callable[..., Page]
) -> None:
    page = arrive()
    call(page, "consent", {"tracking": True, "personalisation": True}, {"wording": "1"})
    settle(page)
    door.messages(2)
    page.evaluate("""
      tailorbird("track", "Not sent yet");
      tailorbird("consent", {tracking: false, personalisation: false});
      tailorbird("track", "Too late");
    """)
    settle(page)
    door.messages(3)
    page.wait_for_function("Object.keys(localStorage).length == 1")
    kept = stored(page)["tailorbird"]
    assert kept == {"c": {"tracking": False, "personalisation": False}, "w": "1"}
    assert {event.name for event in door.events(3)} == {Names.IDENTIFY, Names.PAGE_VIEWED}
    granted, withdrawn = [event for event in door.events(3) if event.name == Names.IDENTIFY]
    assert granted.anonymous_id == withdrawn.anonymous_id
    assert {claim.purpose: claim.granted for claim in withdrawn.consents} == {
        "tracking": False, "personalisation": False,
    }  # fmt: skip


def test_the_same_choice_again_is_no_new_receipt(door: Any, arrive: Callable[..., Page]) -> None:
    page = arrive()
    for _ in range(3):
        call(page, "consent", {"tracking": True}, {"wording": "1"})
    settle(page)
    assert len(door.messages(2)) == 2


def test_one_purpose_is_enough_to_be_named_but_not_to_be_followed(
    door: Any, arrive: Callable[..., Page]
) -> None:
    page = arrive()
    call(page, "consent", {"tracking": False, "personalisation": True}, {"wording": "1"})
    call(page, "track", "Looked")
    call(page, "identify", "u1")
    settle(page)
    events = door.events(2)
    assert {event.name for event in events} == {Names.IDENTIFY}
    assert {event.user_id for event in events} == {"", "u1"}


@pytest.mark.parametrize("signal", [GPC, DNT], ids=["gpc", "dnt"])
def test_a_browser_that_says_no_is_obeyed_whatever_the_page_says(
    door: Any, arrive: Callable[..., Page], signal: str
) -> None:
    page = arrive(signal)
    call(page, "consent", {"tracking": True, "personalisation": True}, {"wording": "1"})
    call(page, "identify", "u1", {"email": "ada@people.example"})
    call(page, "purchase", {"order_id": "o1", "total": 10})
    settle(page)
    assert stored(page) == {}
    page.goto("about:blank")
    assert sent(door) == []


def test_a_browser_that_begins_to_say_no_is_forgotten(
    door: Any, arrive: Callable[..., Page]
) -> None:
    page = arrive(GPC, f"localStorage.tailorbird ||= {OLD}")
    settle(page)
    (event,) = door.events(1)
    assert (event.anonymous_id, event.consents[0].granted) == ("visitor-1", False)
    assert event.consents[0].evidence == "Global Privacy Control"
    page.wait_for_function("Object.keys(localStorage).length == 1")
    assert stored(page) == {"tailorbird": {"c": {"tracking": False}, "w": "1"}}


def test_a_choice_in_one_tab_holds_in_the_other(
    door: Any, arrive: Callable[..., Page], site: Any
) -> None:
    page = arrive()
    call(page, "consent", {"tracking": True}, {"wording": "1"})
    other = page.context.new_page()
    other.goto(site.url)
    other.wait_for_function("window.tailorbird.on")
    call(page, "consent", {"tracking": False})
    # Tabs are processes: what one stores is seen by the other a moment later.
    other.wait_for_function("localStorage.tailorbird.includes('false')")
    call(other, "track", "Late")
    settle(page)
    page.wait_for_function("Object.keys(localStorage).length == 1")
    assert "Late" not in {each.get("event") for each in door.messages(1)}


# -- the banner -----------------------------------------------------------------------------------


@pytest.fixture
def banner(site: Any, door: Any) -> Callable[..., None]:
    """Return `banner(**settings)`, which puts the banner on the site's pages."""

    def put(**settings: Any) -> None:
        given = {"wording": "2026-11", "policy": "/privacy", **settings}
        site.pages["head"] += (
            f"<script>window.tailorbirdConsent = {json.dumps(given)}</script>"
            f"<script async src={door.url}/tb-consent.js></script>"
        )
        site.pages["/start"] = '<a href="#" data-tb-consent>Privacy settings</a>'

    return put


def region(page: Page) -> Locator:
    return page.get_by_role("region", name="Your privacy")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_banner(
    arrive: Callable[..., Page],
    banner: Callable[..., None],
    axe: str,
    scheme: str,
    viewport: ViewportSize,
) -> None:
    banner(purposes=["tracking", "personalisation", "email_marketing", "training"])
    page = arrive(scheme=scheme, viewport=viewport)
    expect(region(page)).to_be_visible()
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate("axe.run(document)")
    found = [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
    assert found == []
    checked = [node["target"] for each in result["passes"] for node in each["nodes"]]
    assert any(isinstance(target[0], list) for target in checked)  # inside the shadow tree
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_to_refuse_is_as_easy_as_to_accept(
    arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner()
    page = arrive()
    refuse, accept = (
        page.get_by_role("button", name=name) for name in ("Refuse all", "Accept all")
    )
    style = """element => {
      const all = getComputedStyle(element);
      return [all.color, all.backgroundColor, all.font, all.border, all.height, all.opacity];
    }"""
    assert refuse.evaluate(style) == accept.evaluate(style)
    first, second = refuse.bounding_box(), accept.bounding_box()
    assert first is not None
    assert second is not None
    assert (first["y"], first["height"]) == (second["y"], second["height"])
    assert abs(first["width"] - second["width"]) < 1
    assert page.get_by_role("checkbox").count() == 2
    assert page.get_by_role("checkbox", checked=True).count() == 0


def test_the_keyboard_alone_chooses(
    door: Any, arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner()
    page = arrive()
    expect(region(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Privacy policy")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Measure visits")).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save my choice")).to_be_focused()
    page.keyboard.press("Enter")
    expect(region(page)).to_have_count(0)
    settle(page)
    receipt = next(event for event in door.events(2) if event.name == Names.IDENTIFY)
    assert {claim.purpose: claim.granted for claim in receipt.consents} == {
        "tracking": True, "personalisation": False,
    }  # fmt: skip


def test_a_refusal_is_kept_and_nobody_hears_of_it(
    door: Any, arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner()
    page = arrive()
    page.get_by_role("button", name="Refuse all").click()
    expect(region(page)).to_have_count(0)
    settle(page)
    page.reload()
    page.wait_for_function("window.tailorbird.on")
    settle(page)
    expect(region(page)).to_have_count(0)
    assert sent(door) == []
    assert set(stored(page)["tailorbird"]) == {"c", "w"}


def test_the_choice_can_be_changed_where_it_was_made(
    door: Any, arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner()
    page = arrive()
    page.get_by_role("button", name="Accept all").click()
    opener = page.get_by_role("link", name="Privacy settings")
    opener.click()
    expect(page.get_by_role("heading", name="Your privacy")).to_be_focused()
    assert page.get_by_role("checkbox", checked=True).count() == 2
    page.keyboard.press("Escape")
    expect(region(page)).to_have_count(0)
    expect(opener).to_be_focused()
    opener.click()
    page.get_by_role("button", name="Refuse all").click()
    expect(opener).to_be_focused()
    settle(page)
    page.wait_for_function("Object.keys(localStorage).length == 1")
    assert "a" not in stored(page)["tailorbird"]
    withdrawn = [each for each in door.events(1) if each.name == Names.IDENTIFY][-1]
    assert not any(claim.granted for claim in withdrawn.consents)


def test_a_new_wording_asks_anew(arrive: Callable[..., Page], banner: Callable[..., None]) -> None:
    banner(wording="2")
    page = arrive(f"localStorage.tailorbird ||= {OLD}")
    expect(region(page)).to_be_visible()


def test_who_says_no_by_browser_is_not_asked(
    arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner()
    page = arrive(GPC)
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="Privacy settings").click()
    settle(page)
    expect(region(page)).to_have_count(0)


def test_the_words_and_the_language_are_the_sites(
    arrive: Callable[..., Page], banner: Callable[..., None]
) -> None:
    banner(
        lang="de",
        text={"title": "Ihre Daten <b>", "accept": "Alle annehmen", "refuse": "Alle ablehnen"},
    )
    page = arrive()
    expect(page.get_by_role("region", name="Ihre Daten <b>")).to_be_visible()
    expect(page.get_by_role("button", name="Alle ablehnen")).to_be_visible()
    assert page.locator("div[lang=de]").count() == 1


def test_a_strict_policy_lets_the_banner_work(
    door: Any, arrive: Callable[..., Page], site: Any
) -> None:
    site.pages["head"] = (
        f"<script async src={door.url}/tb.js?key=k></script>"
        f"<script async src={door.url}/tb-consent.js></script>"
    )
    site.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {door.url}; connect-src {door.url}"
    )
    page = arrive()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    button = page.get_by_role("button", name="Accept all")
    expect(button).to_have_css("font-weight", "600")
    button.click()
    settle(page)
    assert len(door.events(2)) == 2
    assert said == []


# -- the receipt ----------------------------------------------------------------------------------


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "shop", environment={}) as opened:
        yield opened


def test_the_banners_receipt_is_in_the_record_with_wording_and_evidence(
    door: Any, arrive: Callable[..., Page], banner: Callable[..., None], tb: Tailorbird, site: Any
) -> None:
    banner()
    page = arrive()
    page.get_by_role("button", name="Accept all").click()
    settle(page)
    door.messages(2)
    tb.world.log.append(door.bodies)
    tb.ingest()
    person = tb.person(stored(page)["tailorbird"]["a"])
    receipts = {receipt.purpose: receipt for receipt in tb.world.people.consents(person)}
    assert set(receipts) == {"tracking", "personalisation"}
    tracking = receipts["tracking"]
    assert (tracking.granted, tracking.wording_version) == (True, "2026-11")
    assert tracking.evidence == f"banner at {site.url}/start: Accept all"
    assert tracking.source == "web:shop-web"
