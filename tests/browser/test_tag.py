"""The browser tag in Chromium, on a site of another origin: what it records, and how it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tailorbird.schema import Names

pytestmark = pytest.mark.browser

NewContext = Callable[..., BrowserContext]
AGREED = {"c": {"tracking": True}, "w": "1"}
START = 1_780_000_000
"""Where a test's clock begins, in seconds."""
LATER = START + 600
"""Later than any page takes to load."""
HIDE = """state => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""

NOTHING_WAITS = "!Object.keys(localStorage).some(key => key.startsWith('tailorbird.'))"


@pytest.fixture
def visit(site: Any, new_context: NewContext) -> Callable[..., Page]:
    """Return `visit(path, context=None, agreed=True, clock=False)`: a page of the site, loaded."""

    def visited(
        path: str = "/start",
        *,
        context: BrowserContext | None = None,
        agreed: bool = True,
        clock: bool = False,
    ) -> Page:
        context = context or new_context()
        page = context.new_page()
        if clock:
            page.clock.install(time=START)
        if agreed:
            state = json.dumps(json.dumps(AGREED))
            page.add_init_script(f"localStorage.tailorbird ||= {state}")
        page.goto(site.url + path)
        page.wait_for_function("window.tailorbird.on")
        return page

    return visited


def call(page: Page, *given: object) -> None:
    """Call the tag as a site does."""
    page.evaluate("given => tailorbird(...given)", list(given))


def stored(page: Page) -> dict[str, str]:
    """Return what the site's storage holds."""
    found: dict[str, str] = page.evaluate("({...localStorage})")
    return found


def test_a_page_view_says_where_and_who(door: Any, visit: Callable[..., Page], site: Any) -> None:
    page = visit("/start?utm_source=letter&utm_campaign=spring")
    (message,) = door.messages(1)
    (event,) = door.events(1)
    assert (event.name, event.source) == (Names.PAGE_VIEWED, "web:shop-web")
    assert event.properties["path"] == "/start"
    kept = json.loads(stored(page)["tailorbird"])
    assert event.anonymous_id == kept["a"]
    context = message["context"]
    assert context["page"]["url"] == f"{site.url}/start?utm_source=letter&utm_campaign=spring"
    assert context["page"]["title"] == "start"
    assert context["campaign"] == {"source": "letter", "name": "spring"}
    assert context["timezone"]
    assert context["locale"] == "en-US"
    assert context["screen"]["width"] == 1440
    assert context["sessionId"] == kept["s"]
    assert context["consent"] == {"categoryPreferences": {"tracking": True}, "wordingVersion": "1"}


def test_shop_events_land_under_our_names(door: Any, visit: Callable[..., Page]) -> None:
    page = visit()
    call(page, "product", {"product_id": "p1", "name": "Pot", "price": 4.5, "currency": "EUR"})
    call(page, "cart", {"product_id": "p1", "quantity": 2})
    call(page, "wishlist", {"product_id": "p2"})
    call(page, "purchase", {"order_id": "o1", "total": 12.5, "currency": "EUR"})
    call(page, "track", "Coupon Entered", {"coupon": "SPRING"})
    events = {event.name: event for event in door.events(6)}
    assert set(events) == {
        Names.PAGE_VIEWED, Names.PRODUCT_VIEWED, Names.ADD_TO_CART, "product_added_to_wishlist",
        Names.PURCHASE, "coupon_entered",
    }  # fmt: skip
    assert events[Names.PRODUCT_VIEWED].lines[0].price_minor == 450
    assert events[Names.ADD_TO_CART].quantity == 2
    assert events[Names.PURCHASE].value_minor == 1250
    assert len({event.anonymous_id for event in events.values()}) == 1


def test_what_a_page_calls_before_the_tag_is_there_is_not_lost(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["/start"] = "<script>tailorbird('track', 'First'); tailorbird('nonsense')</script>"
    visit()
    assert {event.name for event in door.events(2)} == {"first", Names.PAGE_VIEWED}


def test_who_kept_the_stub_or_its_queue_is_still_heard(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["/start"] = """<script>
      tailorbird("track", "First"); window.stub = tailorbird; window.queue = tailorbird.q;
    </script>"""
    page = visit()
    page.evaluate("stub('track', 'Second'); queue.push(['track', 'Third'])")
    names = {event.name for event in door.events(4)}
    assert names == {"first", "second", "third", Names.PAGE_VIEWED}


@pytest.mark.parametrize("key", ["sku", "productID"])
def test_a_product_page_tells_its_product_by_schema_org(
    door: Any, visit: Callable[..., Page], site: Any, key: str
) -> None:
    thing = {
        "@type": "Product", key: "p7", "name": "Kettle",
        "offers": [{"price": "19.90", "priceCurrency": "EUR"}],
    }  # fmt: skip
    page = {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, thing]}
    site.pages["/kettle"] = (
        f'<script type="application/ld+json">{json.dumps(page)}</script>'
        '<script type="application/ld+json">{broken</script>'
    )
    visit("/kettle")
    (viewed,) = [event for event in door.events(2) if event.name == Names.PRODUCT_VIEWED]
    assert (viewed.item, viewed.lines[0].price_minor, viewed.currency) == ("p7", 1990, "EUR")


def test_a_list_of_products_is_no_product_view(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    things = [{"@type": "Product", "sku": sku} for sku in ("p1", "p2")]
    site.pages["/all"] = f'<script type="application/ld+json">{json.dumps(things)}</script>'
    call(visit("/all"), "track", "Done")
    assert {event.name for event in door.events(2)} == {Names.PAGE_VIEWED, "done"}


def test_marked_elements_tell_what_they_are(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["/start"] = """
      <div data-tb-view="Product Viewed" data-tb-properties='{"product_id": "p3"}'></div>
      <button data-tb-click="Product Added" data-tb-properties='{"product_id": "p3"}'>
        <b>Buy</b></button>"""
    page = visit()
    page.locator("b").click()
    events = {event.name: event for event in door.events(3)}
    assert events[Names.PRODUCT_VIEWED].item == events[Names.ADD_TO_CART].item == "p3"


FORM = """<form id="letter" onsubmit="event.preventDefault()" {0}>
  <input name="email" value="ada@people.example"><input name="first_name" value="Ada">
  <input name="card" value="4111111111111111"><button>Send</button></form>"""


def test_a_form_is_recorded_without_what_it_holds(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["/start"] = FORM.format("")
    visit().get_by_role("button").click()
    (sent,) = door.messages(1, "track")
    assert (sent["event"], sent["properties"]) == ("Form Submitted", {"form": "letter"})
    assert not any(b"ada@" in body.content or b"4111" in body.content for body in door.bodies)


def test_of_a_forms_fields_only_the_named_ones_become_traits(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["/start"] = FORM.format('data-tb-fields="email first_name phone"')
    visit().get_by_role("button").click()
    (event,) = [event for event in door.events(3) if event.name == Names.IDENTIFY]
    assert (event.email, event.traits["first_name"]) == ("ada@people.example", "Ada")
    assert not any(b"4111" in body.content for body in door.bodies)


def test_a_new_address_within_the_page_is_a_page_view(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    page = visit()
    page.evaluate("history.pushState({}, '', '/two'); document.title = 'Two'")
    door.messages(2, "page")
    page.evaluate("location.hash = 'below'; history.replaceState({}, '', '/two#above')")
    page.go_back()
    page.go_back()
    views = door.messages(3, "page")
    assert [view["properties"]["path"] for view in views] == ["/start", "/two", "/start"]
    assert views[1]["properties"]["title"] == "Two"
    assert views[1]["context"]["page"]["referrer"] == f"{site.url}/start"


def test_who_identifies_is_named_from_then_on(door: Any, visit: Callable[..., Page]) -> None:
    page = visit()
    call(page, "identify", "u1", {"email": "ada@people.example"})
    call(page, "track", "Signed In")
    events = {event.name: event for event in door.events(3)}
    assert events[Names.IDENTIFY].email == "ada@people.example"
    assert events["signed_in"].user_id == "u1"
    assert {claim.purpose: claim.granted for claim in events[Names.IDENTIFY].consents} == {
        "tracking": True
    }


def test_identifying_on_every_page_makes_one_receipt(door: Any, visit: Callable[..., Page]) -> None:
    page = visit()
    call(page, "identify", "u1")
    call(page, "identify", "u1", {"plan": "pro"})
    told = [event for event in door.events(3) if event.name == Names.IDENTIFY]
    assert sorted(len(event.consents) for event in told) == [0, 1]


def test_two_people_at_one_browser_are_two(door: Any, visit: Callable[..., Page]) -> None:
    page = visit()
    call(page, "identify", "u1")
    call(page, "identify", "u2")
    call(page, "reset")
    call(page, "track", "Out")
    events = door.events(4)
    who = {event.user_id: event.anonymous_id for event in events if event.user_id}
    (out,) = [event for event in events if event.name == "out"]
    assert len({*who.values(), out.anonymous_id}) == 3
    assert out.user_id == ""


# -- active time ----------------------------------------------------------------------------------


def left(door: Any, count: int) -> list[dict[str, Any]]:
    """Return what was told of pages that were left."""
    messages = door.messages(count, "track")
    return [each["properties"] for each in messages if each["event"] == "Page Left"]


def test_dwell_counts_visible_time_with_recent_input_only(
    door: Any, visit: Callable[..., Page]
) -> None:
    page = visit(clock=True)
    page.clock.pause_at(LATER)  # an idle page counts half a minute, not ten minutes
    page.mouse.move(10, 10)
    page.clock.run_for(4_000)
    page.keyboard.press("a")
    page.clock.run_for(300_000)
    page.mouse.move(20, 20)
    page.clock.run_for(2_000)
    page.evaluate(HIDE, "hidden")
    page.clock.run_for(60_000)  # in the background: nothing
    page.evaluate(HIDE, "visible")
    page.clock.run_for(5_000)
    page.evaluate(HIDE, "hidden")
    page.clock.run_for(1_000)
    (view,) = door.messages(1, "page")
    told = left(door, 2)
    assert [each["active_seconds"] for each in told] == [30 + 4 + 30 + 2, 5]
    assert {each["page_id"] for each in told} == {view["messageId"]}
    assert {each["path"] for each in told} == {"/start"}
    assert sorted(event.dwell_seconds for event in door.events(3)) == [0, 5, 66]


def test_dwell_needs_no_heartbeat(door: Any, visit: Callable[..., Page]) -> None:
    page = visit(clock=True)
    page.clock.run_for(1_000)
    door.messages(1)
    asked = len(door.asked)
    page.clock.run_for(600_000)
    page.mouse.move(10, 10)
    page.clock.run_for(600_000)
    assert door.asked[asked:] == []


def test_each_page_within_the_page_has_its_own_dwell(door: Any, visit: Callable[..., Page]) -> None:
    page = visit(clock=True)
    page.clock.pause_at(LATER)
    page.evaluate("history.pushState({}, '', '/two')")
    page.clock.run_for(3_000)
    page.evaluate(HIDE, "hidden")
    page.clock.run_for(1_000)
    told = {each["path"]: each["active_seconds"] for each in left(door, 2)}
    assert told == {"/start": 30, "/two": 3}


# -- it arrives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["closed", "left"])
def test_what_happens_last_arrives_though_the_page_is_gone(
    door: Any, visit: Callable[..., Page], how: str
) -> None:
    page = visit(clock=True)
    page.clock.pause_at(LATER)
    page.evaluate("tailorbird('track', 'Last Word')")
    if how == "closed":
        page.close(run_before_unload=True)
    else:
        page.goto("about:blank")
    names = {each.get("event", "page") for each in door.messages(3)}
    assert names == {"page", "Last Word", "Page Left"}


def test_what_a_busy_server_refused_is_sent_again_and_counts_once(
    door: Any, visit: Callable[..., Page]
) -> None:
    door.busy = True
    page = visit(clock=True)
    page.clock.pause_at(LATER)
    with page.expect_response("**/v1/b") as refused:
        call(page, "track", "Patience")
        page.clock.run_for(10_000)
    assert refused.value.status == 503
    assert [key for key in stored(page) if key.startswith("tailorbird.")]
    door.busy = False
    with page.expect_response(lambda answer: answer.ok and answer.url.endswith("/v1/b")):
        page.clock.run_for(10_000)
    assert {each.get("event", "page") for each in door.messages(2)} == {"page", "Patience"}
    page.wait_for_function(NOTHING_WAITS)


def test_what_waits_when_the_page_ends_is_sent_by_the_next_page(
    door: Any, visit: Callable[..., Page], new_context: NewContext
) -> None:
    context = new_context()
    context.route("**/v1/b", lambda route: route.abort())
    page = visit(context=context)
    with page.expect_event("requestfailed"):
        call(page, "track", "Offline")
    context.unroute("**/v1/b")
    page.goto("about:blank")
    page = visit("/two", context=context)
    page.wait_for_function(NOTHING_WAITS)
    door.messages(2, "page")
    names = [each.get("event", each["context"]["page"]["path"]) for each in door.messages(3)]
    assert {"/start", "Offline", "/two"} <= set(names)


def test_a_message_sent_twice_has_one_id(door: Any, visit: Callable[..., Page]) -> None:
    page = visit(clock=True)
    page.clock.pause_at(LATER)
    door.messages(1)
    # The answer, too: what is recorded before it comes is sent as soon as it does.
    page.wait_for_function(NOTHING_WAITS)
    call(page, "track", "Once")
    with page.expect_request("**/v1/b") as sent:
        page.evaluate(HIDE, "hidden")
    assert sent.value.resource_type == "ping"  # a beacon, whose answer nobody reads
    door.messages(3)
    page.evaluate(HIDE, "visible")  # so it is sent again
    page.wait_for_function(NOTHING_WAITS)
    ids = [
        message["messageId"]
        for body in door.bodies
        for message in json.loads(body.content)["batch"]
    ]
    assert len(ids) > len(set(ids)) == 3


def test_what_can_never_be_taken_is_not_sent_for_ever(
    door: Any, visit: Callable[..., Page], new_context: NewContext
) -> None:
    context = new_context()
    context.route("**/v1/b", lambda route: route.fulfill(status=401, body="{}"))
    page = visit(context=context)
    page.wait_for_function("localStorage.tailorbird.includes('\"t\"')")
    page.wait_for_function(NOTHING_WAITS)


def test_a_site_without_storage_is_recorded_all_the_same(
    door: Any, visit: Callable[..., Page], new_context: NewContext
) -> None:
    context = new_context()
    forbid = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})"
    context.add_init_script(forbid)
    page = visit(context=context, agreed=False)
    call(page, "consent", {"tracking": True}, {"wording": "1"})
    call(page, "track", "Seen")
    assert {event.name for event in door.events(3)} == {
        Names.IDENTIFY, Names.PAGE_VIEWED, "seen",
    }  # fmt: skip


def test_a_strict_policy_needs_our_origin_only(
    door: Any, visit: Callable[..., Page], site: Any
) -> None:
    site.pages["head"] = f"<script async src={door.url}/tb.js?key=shop-web></script>"
    site.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {door.url}; connect-src {door.url}; "
        "require-trusted-types-for 'script'"
    )
    page = visit()
    call(page, "track", "Within")
    assert {event.name for event in door.events(2)} == {Names.PAGE_VIEWED, "within"}


def test_the_site_is_never_broken_by_a_wrong_call(door: Any, visit: Callable[..., Page]) -> None:
    page = visit()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.evaluate("const ring = {}; ring.ring = ring; tailorbird('track', 'Ring', ring)")
    page.evaluate("tailorbird(); tailorbird('nonsense'); tailorbird('consent')")
    call(page, "track", "After")
    assert "after" in {event.name for event in door.events(2)}
    assert errors == []
    expect(page.locator("h1")).to_be_visible()
