"""What an AMP part asks and answers: for its own mail alone, once, and to nobody else's eyes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.letters import feeds
from tailorbird.schema import DAY, Consent, Instant
from tailorbird.settings import Brand
from tailorbird.tracking import amp_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.web.amp import routes

Send = Callable[..., dict[str, str]]
ALLOWED = {"amp-email-sender": "hello@shop.example"}
PRODUCTS = [
    {
        "item": name, "name": name.title(), "category": "kitchen", "price_minor": 950,
        "currency": "EUR", "url": f"https://shop.example/{name}", "image": "", "reason": "secret",
        "score": 0.5,
    }
    for name in ("mug", "cup")
]  # fmt: skip


@pytest.fixture
def sent(shop: Tailorbird, send: Send) -> Tailorbird:
    """Return the shop when its mails are out."""
    send()
    return shop


def decision_of(shop: Tailorbird, who: str) -> bytes:
    person = shop.person(who)
    return next(d.id for d in shop.world.ledger.decisions() if d.person == person)


def path_of(shop: Tailorbird, feed: str, who: str = "ada") -> str:
    link = amp_links.AmpLink(feed, shop.clock(), decision_of(shop, who))
    return f"/a/{feed}?t={amp_links.seal(Sealer(shop.world.token_key), link)}"


def ask(
    shop: Tailorbird,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    **given: Any,
) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes(shop.world, shop.clock)))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            said = ALLOWED if headers is None else headers
            return await client.request(method, path, headers=said, **given)

    return asyncio.run(asked())


def answers(shop: Tailorbird) -> list[tuple[int, dict[str, str]]]:
    """Return who answered what, as the facts know it."""
    shop.ingest()
    asked = "SELECT person, position FROM facts WHERE event = 'survey_answered' ORDER BY position"
    said = "SELECT name, text FROM properties WHERE position = ?"
    found = shop.world.facts.read(asked).to_pylist()
    return [
        (
            row["person"],
            {
                each["name"]: each["text"]
                for each in shop.world.facts.read(said, (row["position"],)).to_pylist()
            },
        )
        for row in found
    ]


def popular(*items: int) -> Callable[..., tuple[dict[int, list[dict[str, Any]]], int]]:
    """Return what recommends the second product to whom it may know, the first to others."""

    def recommend(
        world: object, people: list[int], personal: set[int], number: int, now: Instant
    ) -> tuple[dict[int, list[dict[str, Any]]], int]:
        return {each: [PRODUCTS[1 if each in personal else 0]] for each in people}, 1

    return recommend


def test_products_are_those_of_the_moment_and_of_the_consents(
    sent: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "recommendations", popular())
    ada = ask(sent, path_of(sent, "recommendations")).json()["items"]
    eve = ask(sent, path_of(sent, "recommendations", "eve")).json()["items"]
    assert [each["name"] for each in ada] == ["Cup"]
    assert [each["name"] for each in eve] == ["Mug"]  # she did not agree to personalisation
    assert set(ada[0]) == {"item", "name", "category", "image", "url", "price"}
    assert ada[0]["price"] == "€9.50"


def test_the_links_of_a_feed_are_signed_for_its_mail(
    sent: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "recommendations", popular())
    (shown,) = ask(sent, path_of(sent, "recommendations")).json()["items"]
    token = shown["url"].rpartition("/c/")[2]
    sealed = Sealer(sent.world.token_key).open(token, "click")
    assert sealed is not None
    assert (sealed.send_id, sealed.url) == (decision_of(sent, "ada"), "https://shop.example/cup")
    assert sealed.link == feeds.FIRST_LINK


def test_the_links_of_a_brands_feed_are_the_brands(
    shop: Tailorbird, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "recommendations", popular())
    outlet = Brand(address="hi@outlet.example", base_url="https://go.outlet.example")
    settings = msgspec.structs.replace(shop.world.settings, brands={"outlet": outlet})
    shop.world = replace(shop.world, settings=settings)
    campaign = shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    shop.put("campaign", "spring", campaign.text + "brand: outlet\nutm: {source: news}\n")
    send()
    path, named = path_of(shop, "recommendations"), {"amp-email-sender": "hi@outlet.example"}
    (shown,) = ask(shop, path, headers=named).json()["items"]
    base, _, token = shown["url"].rpartition("/c/")
    sealed = Sealer(shop.world.token_key).open(token, "click")
    assert base == "https://go.outlet.example"
    assert sealed is not None
    assert sealed.url.startswith("https://shop.example/cup?utm_source=news&utm_medium=email&")
    assert ask(shop, path, headers={"amp-email-sender": "hi@evil.example"}).status_code == 403


def test_who_is_no_longer_tracked_gets_bare_links(
    sent: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "recommendations", popular())
    shop, person = sent, sent.person("ada")
    shop.world.people.add_consents([Consent(person, "tracking", False, shop.clock(), "test")])
    (shown,) = ask(shop, path_of(shop, "recommendations")).json()["items"]
    assert shown["url"] == "https://shop.example/cup"


def test_without_a_model_the_list_is_empty(sent: Tailorbird) -> None:
    answer = ask(sent, path_of(sent, "recommendations"))
    assert (answer.status_code, answer.json()) == (200, {"items": []})
    assert answer.headers["cache-control"] == "no-store, private"


def test_looking_changes_nothing(sent: Tailorbird) -> None:
    before = sent.world.log.end()
    for feed in feeds.FEEDS:
        assert ask(sent, path_of(sent, feed)).status_code == 200
    assert sent.world.log.end() == before


def test_an_answer_becomes_an_event_of_its_person_once(sent: Tailorbird) -> None:
    path = path_of(sent, "survey")
    for score in ("9", "2", "9"):
        answer = ask(
            sent, path, "POST", data={"score": score, "comment": "Thanks", "question": "q1"}
        )
        assert (answer.status_code, answer.json()["message"]) == (200, "Thank you.")
    ((person, said),) = answers(sent)
    assert person == sent.person("ada")
    assert (said["score"], said["category"], said["question"]) == ("9", "promoter", "q1")
    assert ask(sent, path_of(sent, "survey", "ben"), "POST", data={"score": "0"}).is_success
    assert len(answers(sent)) == 2


def test_readers_may_send_the_answer_in_parts(sent: Tailorbird) -> None:
    parts = {"score": (None, "7"), "comment": (None, "Größe"), "file": ("a.txt", b"no")}
    assert ask(sent, path_of(sent, "survey"), "POST", files=parts).status_code == 200
    ((_, said),) = answers(sent)
    assert (said["score"], said["category"], said["comment"]) == ("7", "passive", "Größe")


@pytest.mark.parametrize(
    "given",
    [{}, {"score": "11"}, {"score": "-1"}, {"score": "x"}, {"score": "³"}, {"comment": " "}],
)
def test_what_is_no_answer_is_said_to_be_none(sent: Tailorbird, given: dict[str, str]) -> None:
    before = sent.world.log.end()
    answer = ask(sent, path_of(sent, "survey"), "POST", data=given)
    assert answer.status_code == 400
    assert "0 to 10" in answer.json()["message"]
    assert sent.world.log.end() == before


def test_an_answer_without_end_is_not_read(sent: Tailorbird) -> None:
    content = b"comment=" + b"x" * 70_000
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = ask(sent, path_of(sent, "survey"), "POST", ALLOWED | kind, content=content)
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_forged_tokens_and_unknown_sends_look_the_same(sent: Tailorbird, method: str) -> None:
    sealer, now = Sealer(sent.world.token_key), sent.clock()

    def link(feed: str, at: Instant, send_id: bytes) -> str:
        return amp_links.seal(sealer, amp_links.AmpLink(feed, at, send_id))

    right = decision_of(sent, "ada")
    paths = [
        "/a/survey",
        "/a/survey?t=forged",
        path_of(sent, "survey")[:-1],
        "/a/survey?t=" + link("recommendations", now, right),
        "/a/survey?t=" + link("survey", now - 181 * DAY, right),
        "/a/survey?t=" + link("survey", now, bytes(16)),
        "/a/other?t=" + link("other", now, right),
        "/a/survey?t=" + sealer.seal("view", right),
    ]
    before = sent.world.log.end()
    found = [
        ask(sent, path, method, data={"score": "9"} if method == "POST" else None) for path in paths
    ]
    assert {(each.status_code, each.text) for each in found} == {(404, '{"items":[]}')}
    assert len({str(sorted(each.headers.items())) for each in found}) == 1
    assert sent.world.log.end() == before


def test_only_the_sender_of_the_mail_is_answered(sent: Tailorbird) -> None:
    path = path_of(sent, "survey")
    for headers in (
        {},
        {"amp-email-sender": "evil@shop.example"},
        {"origin": "https://evil.example"},
    ):
        for method in ("GET", "POST"):
            answer = ask(
                sent, path, method, headers, data={"score": "9"} if method == "POST" else None
            )
            assert (answer.status_code, answer.json()) == (403, {"items": []})
            assert "access-control-allow-origin" not in answer.headers
    assert answers(sent) == []


def test_readers_are_told_that_the_sender_agrees(sent: Tailorbird) -> None:
    path, mail = path_of(sent, "survey"), "https://mail.example"
    answer = ask(sent, path, headers=ALLOWED)
    assert answer.headers["amp-email-allow-sender"] == "hello@shop.example"
    assert "access-control-allow-origin" not in answer.headers
    answer = ask(sent, path, headers=ALLOWED | {"origin": mail})
    assert answer.headers["access-control-allow-origin"] == mail
    older = f"{path}&__amp_source_origin=hello@shop.example"
    answer = ask(sent, older, headers={"origin": mail})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == mail
    shown = "AMP-Access-Control-Allow-Source-Origin"
    assert answer.headers[shown] == "hello@shop.example"
    assert answer.headers["access-control-expose-headers"] == shown


def test_a_mail_that_reads_no_feed_of_ours_is_refused(shop: Tailorbird) -> None:
    shop.put(
        "template",
        "spring",
        '<mjml><mj-body><mj-section><mj-column><mj-text>Hi <a href="{{ unsubscribe_url }}">x</a>'
        "{{ amp.surveys }}</mj-text></mj-column></mj-section></mj-body></mjml>",
    )
    (found,) = flow.check(shop.world, "spring", shop.clock()).misfits
    assert (found.what, found.mend) == ("amp has no 'surveys'", "did you mean 'survey'?")


def test_one_mail_that_asks_too_often_waits_and_others_do_not(sent: Tailorbird) -> None:
    app = Starlette(routes=routes(sent.world, sent.clock))

    async def asked(who: str, times: int) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        path = path_of(sent, "survey", who)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return [await client.get(path, headers=ALLOWED) for _ in range(times)]

    codes = [each.status_code for each in asyncio.run(asked("ada", 14))]
    assert codes[:10] == [200] * 10
    assert set(codes[12:]) == {429}
    assert asyncio.run(asked("ben", 1))[0].status_code == 200
    late = asyncio.run(asked("ada", 1))[0]
    assert int(late.headers["retry-after"]) > 0
    assert late.headers["amp-email-allow-sender"] == ALLOWED["amp-email-sender"]
