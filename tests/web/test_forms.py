"""The pages of forms: asked without a script, kept durably, silent about who is known."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tailorbird import flow, forms
from tailorbird.app import Tailorbird
from tailorbird.collect import forms_trap
from tailorbird.errors import StoreError
from tailorbird.schema import DAY, MINUTE, SECOND, Body, Instant
from tailorbird.web.form_pages import snippet
from tailorbird.web.forms import routes
from tailorbird.web.serve import site

START = 1_750_000_000 * SECOND
HOSTILE = '"><script>alert(1)</script>'
STEPS = """\
name: steps
title: Step by step
ask: 2
fields:
  - {name: email, kind: email, label: Address}
  - {name: first_name, kind: text, label: First name, trait: first_name, optional: true}
  - {name: colour, kind: choice, label: Colour, choices: {red: Red, blue: Blue}, trait: colour}
"""
PLAIN = """\
name: plain
title: "Tom & <Jerry>"
fields:
  - {name: email, kind: email, label: Address}
  - {name: first_name, kind: text, label: "First <b>name</b>", trait: first_name, optional: true}
  - {name: shoe, kind: number, label: Size, trait: shoe_size, highest: 50, optional: true}
"""


class Clock:
    def __init__(self) -> None:
        self.now: Instant = START

    def __call__(self) -> Instant:
        return self.now

    def wait(self, span: Instant) -> None:
        self.now += span


class Inputs(HTMLParser):
    """The form of a page: where it is sent, and what a browser would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.action = named.get("action") or ""
        name = named.get("name")
        box = named.get("type") in ("radio", "checkbox")
        if tag in ("input", "textarea", "select") and name and (not box or "checked" in named):
            self.values[name] = named.get("value") or ""


class Visitor:
    """A browser without scripts; it keeps cookies unless another site sends the form."""

    def __init__(self, tb: Tailorbird, clock: Clock) -> None:
        self.tb, self.clock = tb, clock
        self.kept = 0
        self.app: ASGIApp = Starlette(routes=routes(tb.world, clock, self.told))
        self.cookies = httpx.Cookies()

    def told(self) -> None:
        """Hear that something was kept, as the worker does."""
        self.kept += 1

    def request(self, method: str, path: str, content: str = "", **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            given = {"content-type": "application/x-www-form-urlencoded"} if content else {}
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8400", cookies=self.cookies
            ) as client:
                answer = await client.request(
                    method, path, headers=given | headers, content=content
                )
                self.cookies = httpx.Cookies(client.cookies)
                return answer

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, values: dict[str, str]) -> httpx.Response:
        return self.request("POST", path, urlencode(values))

    def fill(self, path: str, **answers: str) -> httpx.Response:
        """Open a page, take one's time, and send it."""
        page = Inputs(self.get(path).text)
        self.clock.wait(5 * SECOND)
        return self.post(unescape(page.action), page.values | answers)

    def tick(self) -> None:
        flow.tick(self.tb.world, self.clock.now)

    def mails(self) -> list[str]:
        entries = self.tb.world.inbox.list()
        return [(self.tb.world.inbox.read(entry.send_id) or b"").decode() for entry in entries]

    def confirm_path(self) -> str:
        (mail,) = self.mails()[:1]
        found = re.search(r"http://127\.0\.0\.1:8400(/f/\S+/confirm/\S+)", mail)
        assert found
        return found[1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tb(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as opened:
        opened.install_library()
        opened.put("form", "steps", STEPS)
        opened.put("form", "plain", PLAIN)
        yield opened


@pytest.fixture
def visitor(tb: Tailorbird, clock: Clock) -> Visitor:
    return Visitor(tb, clock)


def traits(tb: Tailorbird, address: str = "ann@people.example") -> dict[str, object]:
    person = tb.person(address)
    return dict(tb.world.people.profiles([person])[person].traits)


# -- showing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["newsletter", "preferences", "satisfaction", "plain"])
def test_a_page_is_small_and_runs_nothing(visitor: Visitor, name: str) -> None:
    page = visitor.get(f"/f/{name}")
    assert page.status_code == 200
    assert len(page.content) < 15_000
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"].startswith("no-store")


def test_what_was_sent_is_taken_in_soon_and_not_when_somebody_looks(visitor: Visitor) -> None:
    visitor.get("/f/newsletter")
    assert visitor.kept == 0
    visitor.fill("/f/newsletter", email="ann@people.example", news="yes")
    assert visitor.kept == 1
    visitor.tick()
    visitor.get(visitor.confirm_path())
    assert visitor.kept == 1
    visitor.post(visitor.confirm_path(), {})
    assert visitor.kept == 2


def test_looking_at_a_page_records_nothing(visitor: Visitor) -> None:
    end = visitor.tb.world.log.end()
    visitor.get("/f/satisfaction?nps=9")
    visitor.get("/f/newsletter?done=check")
    assert visitor.tb.world.log.end() == end


def test_the_server_answers_for_forms_to_the_public(visitor: Visitor) -> None:
    visitor.app = site(visitor.tb)
    assert visitor.get("/f/newsletter").status_code == 200
    assert visitor.get("/f/nothing").status_code == 404
    assert visitor.fill("/f/plain", email="ann@people.example").status_code == 303


def test_an_unknown_form_is_not_found(visitor: Visitor) -> None:
    assert visitor.get("/f/nothing").status_code == 404
    assert visitor.post("/f/nothing", {"a": "b"}).status_code == 404


def test_a_frame_may_stand_only_on_the_shops_own_pages(visitor: Visitor) -> None:
    text = PLAIN.replace("fields:", "sites: [https://blog.example]\nfields:")
    visitor.tb.put("form", "plain", text)
    policy = visitor.get("/f/plain?embed=1").headers["content-security-policy"]
    assert "frame-ancestors https://shop.example https://blog.example;" in policy
    assert Inputs(visitor.get("/f/plain?embed=1").text).action == "/f/plain?embed=1"


def test_everything_that_reaches_a_page_is_escaped(visitor: Visitor) -> None:
    answer = visitor.fill("/f/plain", email=HOSTILE, first_name=HOSTILE, shoe=HOSTILE)
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert "Tom &amp; &lt;Jerry&gt;" in answer.text
    for path in (f"/f/satisfaction?nps={HOSTILE}", f"/f/newsletter?utm_source={HOSTILE}"):
        assert "<script>" not in visitor.get(path).text
    assert "<script>" not in visitor.get(f"/f/plain?t={HOSTILE}").text


def test_a_link_may_choose_a_mark_and_only_sending_counts(visitor: Visitor) -> None:
    page = Inputs(visitor.get("/f/satisfaction?nps=9").text)
    assert page.values["nps"] == "9"
    assert Inputs(visitor.get("/f/satisfaction?nps=77").text).values.get("nps") is None
    assert visitor.fill("/f/satisfaction?nps=9").status_code == 303
    visitor.tick()
    found = forms.results(visitor.tb.world, "satisfaction", visitor.clock.now)
    assert found.nps is not None
    assert (found.nps.people, found.nps.promoters) == (1, 1)


def test_a_link_fills_in_nothing_that_is_typed(visitor: Visitor) -> None:
    page = Inputs(visitor.get("/f/plain?first_name=Eve&email=eve@people.example&shoe=40").text)
    assert (page.values["first_name"], page.values["email"], page.values["shoe"]) == ("", "", "")


# -- taking ---------------------------------------------------------------------------------------


def test_what_was_sent_is_durable_when_it_is_answered(visitor: Visitor) -> None:
    end = visitor.tb.world.log.end()
    answer = visitor.fill("/f/plain", email="ann@people.example", first_name="Ann", shoe="38")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/f/plain?done=thanks"
    assert visitor.tb.world.log.end() == end + 1
    assert "Thank you" in visitor.get(answer.headers["location"]).text
    visitor.tick()
    assert traits(visitor.tb)["shoe_size"] == 38


def test_bad_input_is_shown_again_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    answer = visitor.fill("/f/plain", email="ann@people", first_name="Ann", shoe="99")
    assert answer.status_code == 422
    again = Inputs(answer.text)
    assert again.values["email"] == "ann@people"
    assert again.values["first_name"] == "Ann"
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'role="alert"' in answer.text
    assert 'href="#f-email"' in answer.text
    visitor.clock.wait(SECOND)
    mended = again.values | {"email": "ann@people.example", "shoe": "39"}
    assert visitor.post(again.action, mended).status_code == 303


def test_a_reload_counts_once_and_a_correction_counts(visitor: Visitor) -> None:
    page = Inputs(visitor.get("/f/plain").text)
    visitor.clock.wait(5 * SECOND)
    values = page.values | {"email": "ann@people.example", "first_name": "Anne"}
    for _ in range(3):
        assert visitor.post(page.action, values).status_code == 303
    visitor.clock.wait(SECOND)
    visitor.post(page.action, values | {"first_name": "Ann"})
    visitor.tick()
    found = forms.results(visitor.tb.world, "plain", visitor.clock.now)
    assert (found.submissions, found.people) == (2, 1)
    assert traits(visitor.tb)["first_name"] == "Ann"


def test_a_page_that_was_open_too_long_is_shown_again_as_it_was(visitor: Visitor) -> None:
    page = Inputs(visitor.get("/f/plain").text)
    visitor.clock.wait(2 * DAY)
    answer = visitor.post(page.action, page.values | {"email": "ann@people.example"})
    assert answer.status_code == 422
    again = Inputs(answer.text)
    assert again.values["email"] == "ann@people.example"
    visitor.clock.wait(2 * SECOND)
    assert visitor.post(again.action, again.values).status_code == 303


def test_a_forged_page_is_shown_again(visitor: Visitor) -> None:
    answer = visitor.post("/f/plain", {"_page": "x" * 50, "email": "ann@people.example"})
    assert answer.status_code == 422
    other = Inputs(visitor.get("/f/steps").text).values["_page"]
    assert visitor.post("/f/plain", {"_page": other, "email": "a@b.example"}).status_code == 422


def test_what_is_no_form_is_refused(visitor: Visitor) -> None:
    json = visitor.request("POST", "/f/plain", "{}", **{"content-type": "application/json"})
    assert json.status_code == 415
    assert visitor.post("/f/plain", {"email": "a" * 70_000}).status_code == 415
    assert (
        visitor.request("POST", "/f/plain", "&".join("a=b" for _ in range(600))).status_code == 415
    )


def test_a_snippet_in_another_page_works_without_a_script(visitor: Visitor) -> None:
    form, _ = forms.find(visitor.tb.world, "plain")
    page = Inputs(snippet(form, "http://127.0.0.1:8400/f/plain"))
    assert set(page.values) == {"email", "first_name", "shoe", "website"}
    values = page.values | {"email": "ann@people.example"}
    for _ in range(2):
        assert visitor.post(page.action, values).status_code == 303
    visitor.tick()
    assert forms.results(visitor.tb.world, "plain", visitor.clock.now).submissions == 1


def test_a_disk_that_is_full_costs_no_typing(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(bodies: list[Body]) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(visitor.tb.world.log), "append", lambda self, bodies: full(bodies))
    answer = visitor.fill("/f/plain", email="ann@people.example")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert Inputs(answer.text).values["email"] == "ann@people.example"


def test_a_redirect_leads_to_the_shop_and_nowhere_else(visitor: Visitor) -> None:
    url = "https://shop.example/welcome?from=form"
    visitor.tb.put("form", "plain", PLAIN.replace("fields:", f"redirect: {url}\nfields:"))
    answer = visitor.fill("/f/plain", email="ann@people.example")
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    policy = visitor.get("/f/plain").headers["content-security-policy"]
    assert "form-action 'self' https://shop.example;" in policy


# -- who is there ---------------------------------------------------------------------------------


def test_the_next_questions_come_one_page_at_a_time(visitor: Visitor) -> None:
    visitor.fill("/f/steps", email="ann@people.example", first_name="Ann")
    second = visitor.get("/f/steps")
    assert "Colour" in second.text
    assert "ann@people.example" not in second.text
    assert 'name="email"' not in second.text
    visitor.fill("/f/steps", colour="red")
    assert "answered everything" in visitor.get("/f/steps").text
    visitor.tick()
    assert traits(visitor.tb)["colour"] == "red"
    assert visitor.tb.world.people.count() == 1


def test_a_cookie_never_tells_what_is_stored(visitor: Visitor, tb: Tailorbird) -> None:
    """Whoever gives somebody's address sees the same next page as for an unknown one."""
    owner = Visitor(tb, visitor.clock)
    owner.fill("/f/steps", email="ann@people.example", first_name="Ann")
    owner.fill("/f/steps", colour="red")
    owner.tick()
    pages = []
    for address in ("ann@people.example", "nobody@people.example"):
        stranger = Visitor(tb, visitor.clock)
        answer = stranger.fill("/f/steps", email=address, first_name="")
        assert answer.status_code == 303
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=lax" in answer.headers["set-cookie"]
        assert address not in answer.headers["set-cookie"]
        text = stranger.get("/f/steps").text
        pages.append(re.sub(r'name="_page" value="[^"]+"', "", text))
    assert pages[0] == pages[1]
    assert "Ann" not in pages[0]


def test_a_signed_link_fills_in_what_is_stored_and_knows_who_it_is(visitor: Visitor) -> None:
    visitor.fill("/f/plain", email="ann@people.example", first_name="Ann", shoe="38")
    visitor.tick()
    person = visitor.tb.person("ann@people.example")
    url = forms.link(visitor.tb.world, "plain", person, visitor.clock.now)
    path = url.removeprefix("http://127.0.0.1:8400")
    fresh = Visitor(visitor.tb, visitor.clock)
    page = Inputs(fresh.get(path).text)
    assert (page.values["first_name"], page.values["shoe"]) == ("Ann", "38")
    assert fresh.fill(path, shoe="40").status_code == 303
    fresh.tick()
    assert traits(visitor.tb)["shoe_size"] == 40
    assert traits(visitor.tb)["email_verified"] is True
    assert visitor.tb.world.people.count() == 1


def test_what_is_taken_away_by_a_signed_link_is_gone(visitor: Visitor) -> None:
    visitor.fill("/f/plain", email="ann@people.example", first_name="Ann", shoe="38")
    visitor.tick()
    person = visitor.tb.person("ann@people.example")
    for name, answers in (
        ("preferences", {"letter_frequency": "weekly", "letter_topics": "offers"}),
        ("preferences", {"letter_frequency": "rarely"}),
        ("plain", {"shoe": "", "first_name": ""}),
    ):
        url = forms.link(visitor.tb.world, name, person, visitor.clock.now)
        path = url.removeprefix("http://127.0.0.1:8400")
        page = Inputs(visitor.get(path).text)
        visitor.clock.wait(5 * SECOND)
        values = {k: v for k, v in page.values.items() if k != "letter_topics"} | answers
        assert visitor.post(unescape(page.action), values).status_code == 303
        visitor.tick()
        if answers.get("letter_topics"):
            assert traits(visitor.tb)["letter_topics_offers"] is True
    found = traits(visitor.tb)
    assert found["letter_frequency"] == "rarely"
    assert found["letter_topics"] is None
    assert found["letter_topics_offers"] is False
    assert found["shoe_size"] is None
    assert not found.get("first_name")


def test_who_skips_a_question_takes_nothing_away(visitor: Visitor) -> None:
    visitor.fill("/f/plain", email="ann@people.example", first_name="Ann", shoe="38")
    visitor.fill("/f/plain", email="ann@people.example")
    visitor.tick()
    assert traits(visitor.tb)["first_name"] == "Ann"


def test_a_link_that_is_forged_old_or_of_another_form_tells_nothing(visitor: Visitor) -> None:
    visitor.fill("/f/plain", email="ann@people.example", first_name="Ann")
    visitor.tick()
    person, now = visitor.tb.person("ann@people.example"), visitor.clock.now
    token = forms.link(visitor.tb.world, "plain", person, now).partition("?t=")[2]
    other = forms.link(visitor.tb.world, "steps", person, now).partition("?t=")[2]
    fresh = Visitor(visitor.tb, visitor.clock)
    for wrong in (token[:-1], token + "A", other, "", "x"):
        assert "Ann" not in fresh.get(f"/f/plain?t={wrong}").text
    assert "Ann" in fresh.get(f"/f/plain?t={token}").text
    visitor.clock.wait(200 * DAY)
    assert "Ann" not in fresh.get(f"/f/plain?t={token}").text


def test_another_address_by_a_signed_link_is_another_person(visitor: Visitor) -> None:
    visitor.fill("/f/plain", email="ann@people.example", first_name="Ann")
    visitor.tick()
    person = visitor.tb.person("ann@people.example")
    url = forms.link(visitor.tb.world, "plain", person, visitor.clock.now)
    path = url.removeprefix("http://127.0.0.1:8400")
    visitor.fill(path, email="bob@people.example", first_name="Bob")
    visitor.tick()
    assert visitor.tb.person("bob@people.example") != person
    assert traits(visitor.tb)["first_name"] == "Ann"


def test_no_form_joins_two_people(visitor: Visitor) -> None:
    for address in ("ann@people.example", "bob@people.example"):
        visitor.cookies = httpx.Cookies(
            {k: v for k, v in visitor.cookies.items() if address.startswith("b")}
        )
        visitor.fill("/f/plain", email=address)
        visitor.tick()
    visitor.fill("/f/steps", email="ann@people.example")
    visitor.fill("/f/plain", email="bob@people.example")
    visitor.tick()
    assert visitor.tb.world.people.count() == 2


# -- the trap -------------------------------------------------------------------------------------


def test_a_machine_gets_the_same_thanks_and_is_held_back(visitor: Visitor) -> None:
    good = visitor.fill("/f/plain", email="ann@people.example")
    trapped = visitor.fill("/f/plain", email="spam@people.example", website="http://spam.example")
    page = Inputs(visitor.get("/f/plain").text)
    fast = visitor.post(page.action, page.values | {"email": "fast@people.example"})
    for answer in (trapped, fast):
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            good.headers["location"],
        )
    visitor.tick()
    assert visitor.tb.world.people.count() == 1
    assert visitor.tb.world.people.quarantine_counts() == {"bot_suspected": 4}


def test_an_address_that_is_given_again_and_again_is_held_back(visitor: Visitor) -> None:
    for number in range(8):
        answer = visitor.fill("/f/plain", email="ann@people.example", first_name=f"Ann {number}")
        assert answer.status_code == 303
    visitor.tick()
    found = forms.results(visitor.tb.world, "plain", visitor.clock.now)
    assert found.submissions == forms_trap.PER_ADDRESS[0]


def test_too_many_answers_from_one_place_must_wait(visitor: Visitor) -> None:
    most = forms_trap.PER_VISITOR[0]
    statuses = [
        visitor.fill("/f/plain", email=f"p{number}@people.example").status_code
        for number in range(most + 2)
    ]
    assert statuses == [303] * most + [429] * 2
    visitor.clock.wait(15 * MINUTE)
    assert visitor.fill("/f/plain", email="late@people.example").status_code == 303
    assert b"127.0.0.1" not in b"".join(
        record.body.content for record in visitor.tb.world.log.read(0, 100)
    )
