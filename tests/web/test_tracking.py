"""What a mail asks of us after it was sent: pixel, links, the unsubscribe page, the hosted copy."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette

from tailorbird.errors import StoreError
from tailorbird.schema import SECOND, Body, Instant
from tailorbird.tracking.answers import Sent
from tailorbird.tracking.tokens import LABELS, Sealer
from tailorbird.web.page_texts import PageTexts
from tailorbird.web.tracking import SOURCE, routes

NOW = 1_700_000_000 * SECOND
KNOWN, UNTRACKED, FORGOTTEN = b"k" * 16, b"t" * 16, b"f" * 16
SEALER = Sealer(b"s" * 32)
URL = "https://shop.example/p/1?colour=blue&size=4#top"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
SHOP = "Tom & <Jerry>"


class SmallMailroom:
    """A mailroom with two sends, in memory."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.unsubscribed: list[tuple[bytes, Instant]] = []
        self.impersonal: list[tuple[bytes, Instant]] = []
        self.broken = False
        self.language = ""

    def now(self) -> Instant:
        return NOW

    def lookup(self, send_id: bytes) -> Sent | None:
        self.fail()
        sent_at = NOW - 3600 * SECOND
        return {
            KNOWN: Sent(7, "spring", "b", sent_at),
            UNTRACKED: Sent(8, "spring", "a", sent_at, tracked=False),
        }.get(send_id)

    def record(self, body: Body) -> None:
        self.fail()
        self.bodies.append(body)

    def unsubscribe(self, send_id: bytes, at: Instant) -> bool:
        self.fail()
        if send_id == FORGOTTEN:
            return False
        self.unsubscribed.append((send_id, at))
        return True

    def stop_personalisation(self, send_id: bytes, at: Instant) -> bool:
        self.fail()
        if send_id == FORGOTTEN:
            return False
        self.impersonal.append((send_id, at))
        return True

    def locale(self, send_id: bytes) -> str:
        return self.language

    def rendered(self, send_id: bytes) -> str | None:
        return "<p>Hello <script>alert(1)</script></p>" if send_id == KNOWN else None

    def fail(self) -> None:
        if self.broken:
            raise StoreError("the disk is full")

    def events(self) -> list[dict[str, object]]:
        return [json.loads(body.content) for body in self.bodies]


@pytest.fixture
def mailroom() -> SmallMailroom:
    return SmallMailroom()


class Browser:
    """Asks the pages, as a phone would."""

    def __init__(self, mailroom: SmallMailroom) -> None:
        self.app = Starlette(routes=routes(mailroom, SEALER, PageTexts(SHOP)))

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, content: str = ""
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                given = {"user-agent": IPHONE} | (headers or {})
                return await client.request(method, path, headers=given, content=content)

        return asyncio.run(ask())

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers)

    def head(self, path: str) -> httpx.Response:
        return self.request("HEAD", path)

    def post(
        self, path: str, headers: dict[str, str] | None = None, content: str = ""
    ) -> httpx.Response:
        return self.request("POST", path, headers, content)


@pytest.fixture
def browser(mailroom: SmallMailroom) -> Browser:
    return Browser(mailroom)


def click(link: int = 3, send_id: bytes = KNOWN, url: str = URL) -> str:
    return "/c/" + SEALER.seal("click", send_id, link=link, url=url)


def opened(send_id: bytes = KNOWN) -> str:
    return f"/o/{SEALER.seal('open', send_id)}.gif"


def leave(send_id: bytes = KNOWN) -> str:
    return "/u/" + SEALER.seal("unsubscribe", send_id)


def plain(send_id: bytes = KNOWN) -> str:
    return "/p/" + SEALER.seal("personalisation", send_id)


# -- pixel ----------------------------------------------------------------------------------------


def test_a_loaded_pixel_is_recorded(browser: Browser, mailroom: SmallMailroom) -> None:
    answer = browser.get(opened())
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store, private"
    assert answer.content.startswith(b"GIF89a")
    (body,) = mailroom.bodies
    assert (body.source, body.received_at) == (SOURCE, NOW)
    (event,) = mailroom.events()
    assert event["event"] == "email_opened"
    assert event["context"] == {"personId": 7}
    assert event["properties"] == {
        "send_id": KNOWN.hex(),
        "campaign": "spring",
        "variant": "b",
        "machine": False,
        "reason": "",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/o/forged.gif",
        "/o/" + "A" * 43 + ".gif",
        opened(FORGOTTEN),
        opened(UNTRACKED),
        "/o/" + SEALER.seal("view", KNOWN) + ".gif",
    ],
)
def test_any_pixel_looks_the_same_and_only_a_known_one_is_recorded(
    browser: Browser, mailroom: SmallMailroom, path: str
) -> None:
    known, other = browser.get(opened()), browser.get(path)
    assert (known.status_code, known.content, known.headers) == (
        other.status_code,
        other.content,
        other.headers,
    )
    assert len(mailroom.bodies) == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"user-agent": "Mozilla/5.0"}, "apple_mail_privacy"),
        ({"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ({"x-moz": "prefetch"}, "prefetch"),
    ],
)
def test_a_machine_that_loads_the_pixel_is_recorded_as_one(
    browser: Browser, mailroom: SmallMailroom, headers: dict[str, str], reason: str
) -> None:
    browser.get(opened(), headers=headers)
    (event,) = mailroom.events()
    assert isinstance(event["properties"], dict)
    assert (event["properties"]["machine"], event["properties"]["reason"]) == (True, reason)


def test_a_request_for_headers_only_is_a_machine(browser: Browser, mailroom: SmallMailroom) -> None:
    assert browser.head(opened()).status_code == 200
    (event,) = mailroom.events()
    assert isinstance(event["properties"], dict)
    assert event["properties"]["reason"] == "not_a_get_request"


# -- links ----------------------------------------------------------------------------------------


def test_a_link_leads_to_its_sealed_address_and_is_recorded(
    browser: Browser, mailroom: SmallMailroom
) -> None:
    answer = browser.get(click())
    assert (answer.status_code, answer.headers["location"]) == (302, URL)
    (event,) = mailroom.events()
    assert event["event"] == "email_clicked"
    assert isinstance(event["properties"], dict)
    assert (event["properties"]["url"], event["properties"]["link"]) == (URL, 3)
    assert event["properties"]["machine"] is False


def test_many_links_at_once_are_a_machine(browser: Browser, mailroom: SmallMailroom) -> None:
    for link in range(4):
        browser.get(click(link))
    reasons = [
        e["properties"]["reason"] for e in mailroom.events() if isinstance(e["properties"], dict)
    ]
    assert reasons == ["", "", "many_links_at_once", "many_links_at_once"]


@pytest.mark.parametrize("send_id", [FORGOTTEN, UNTRACKED])
def test_a_link_still_works_where_nothing_may_be_recorded(
    browser: Browser, mailroom: SmallMailroom, send_id: bytes
) -> None:
    assert browser.get(click(send_id=send_id)).headers["location"] == URL
    assert mailroom.bodies == []


@pytest.mark.parametrize(
    "path",
    [
        "/c/https://evil.example",
        "/c/" + "A" * 60,
        "/c/" + SEALER.seal("open", KNOWN),
        click()[:-1],
        click() + "?url=https://evil.example&next=//evil.example",
    ],
)
def test_no_request_can_choose_where_a_link_leads(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.headers.get("location") in (None, URL)
    assert "evil" not in answer.headers.get("location", "")
    assert answer.status_code == (302 if answer.headers.get("location") else 404)


def test_a_sealed_address_can_add_no_header(browser: Browser) -> None:
    answer = browser.get(click(url="https://shop.example/ä|ö"))
    assert answer.headers["location"] == "https://shop.example/%C3%A4%7C%C3%B6"


# -- unsubscribe ----------------------------------------------------------------------------------


def test_following_the_unsubscribe_link_changes_nothing(
    browser: Browser, mailroom: SmallMailroom
) -> None:
    for answer in (browser.get(leave()), browser.head(leave())):
        assert answer.status_code == 200
    assert mailroom.unsubscribed == []
    assert mailroom.bodies == []


@pytest.mark.parametrize("content", ["List-Unsubscribe=One-Click", "", "anything"])
def test_one_post_unsubscribes_before_it_is_answered(
    browser: Browser, mailroom: SmallMailroom, content: str
) -> None:
    answer = browser.post(
        leave(), content=content, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert mailroom.unsubscribed == [(KNOWN, NOW)]


def test_a_wish_that_cannot_be_recorded_is_not_confirmed(
    browser: Browser, mailroom: SmallMailroom, caplog: pytest.LogCaptureFixture
) -> None:
    mailroom.broken = True
    answer = browser.post(leave())
    assert answer.status_code == 503
    assert "unsubscribed" not in answer.text.lower()
    assert "could not be recorded" in caplog.text


def test_pictures_and_links_work_while_nothing_can_be_recorded(
    browser: Browser, mailroom: SmallMailroom, caplog: pytest.LogCaptureFixture
) -> None:
    mailroom.broken = True
    assert browser.get(opened()).status_code == 200
    assert browser.get(click()).status_code == 302
    assert "disk is full" in caplog.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_token_and_a_forgotten_send_look_the_same(
    browser: Browser, mailroom: SmallMailroom, method: str
) -> None:
    paths = ["/u/forged", "/u/" + "A" * 43, leave(FORGOTTEN)]
    paths += ["/u/" + SEALER.seal(use, KNOWN, url=URL) for use in LABELS if use != "unsubscribe"]
    answers = [browser.request(method, path) for path in paths]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert mailroom.unsubscribed == []


# -- personalisation ------------------------------------------------------------------------------


def test_following_the_link_out_of_personalisation_changes_nothing(
    browser: Browser, mailroom: SmallMailroom
) -> None:
    for answer in (browser.get(plain()), browser.head(plain())):
        assert answer.status_code == 200
    assert (mailroom.impersonal, mailroom.unsubscribed, mailroom.bodies) == ([], [], [])


def test_the_button_ends_personalisation_and_nothing_else(
    browser: Browser, mailroom: SmallMailroom
) -> None:
    answer = browser.post(plain())
    assert answer.status_code == 200
    assert "Personalised content is off" in answer.text
    assert (mailroom.impersonal, mailroom.unsubscribed) == ([(KNOWN, NOW)], [])


def test_an_end_of_personalisation_that_cannot_be_recorded_is_not_confirmed(
    browser: Browser, mailroom: SmallMailroom
) -> None:
    mailroom.broken = True
    answer = browser.post(plain())
    assert answer.status_code == 503
    assert "is off" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_token_ends_personalisation(
    browser: Browser, mailroom: SmallMailroom, method: str
) -> None:
    paths = ["/p/forged", "/p/" + "A" * 43, plain()[:-1], plain(FORGOTTEN)]
    paths += [
        "/p/" + SEALER.seal(use, KNOWN, url=URL) for use in LABELS if use != "personalisation"
    ]
    answers = [browser.request(method, path) for path in paths]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert (mailroom.impersonal, mailroom.unsubscribed) == ([], [])


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", [leave(), plain()])
def test_the_page_is_small_and_needs_neither_script_nor_another_host(
    browser: Browser, path: str
) -> None:
    answer = browser.get(path)
    page = Page(answer.text)
    tags = [tag for tag, _ in page.tags]
    assert len(answer.content) < 15_000
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert ("form", {"method": "post"}) in page.tags
    assert ("button", {"type": "submit"}) in page.tags
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert "http" not in answer.text
    assert "prefers-color-scheme: dark" in answer.text
    assert "Tom &amp; &lt;Jerry&gt;" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_and_buttons_are_readable_in_light_and_in_dark(browser: Browser) -> None:
    sets = re.findall(
        r"--ink: (#\w+);[^}]*--paper: (#\w+);[^}]*--deed: (#\w+);[^}]*--on: (#\w+)",
        browser.get(leave()).text,
    )
    assert len(sets) == 2
    for ink, paper, deed, on in sets:
        assert contrast(ink, paper) >= 7
        assert contrast(deed, on) >= 4.5
        assert contrast(deed, paper) >= 3


# -- hosted copy ----------------------------------------------------------------------------------


def test_the_hosted_copy_shows_the_mail_and_runs_nothing(browser: Browser) -> None:
    answer = browser.get("/v/" + SEALER.seal("view", KNOWN))
    assert answer.text.startswith("<p>Hello")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_a_copy_that_is_gone_looks_like_a_forged_link(browser: Browser) -> None:
    gone = browser.get("/v/" + SEALER.seal("view", FORGOTTEN))
    forged = browser.get("/v/forged")
    assert (gone.status_code, gone.text) == (forged.status_code, forged.text)
    assert gone.status_code == 404
