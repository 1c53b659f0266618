"""A segment while it is edited, over HTTP: its figures, its two forms, its versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from tailorbird.app import Tailorbird
from tailorbird.schema import Body
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000_000_000
BUYERS = "name: buyers\nwhere: {did: purchase, times: {at_least: 2}}\n"
DRAFT = "name: buyers\nwhere:\n  all:\n    - did: purchase\n    - not: {trait: country, is: DE}\n"
Call = Callable[..., httpx.Response]


def said(person: int) -> list[dict[str, Any]]:
    """Return what a person sends: as many orders as her number; the even ones agree to mails."""
    user = {"userId": f"u{person}"}
    traits = {"email": f"p{person}@mail.example", "country": "DE" if person == 3 else "FR"}
    agreed = {"email_marketing": person % 2 == 0}
    about = {
        "type": "identify", "messageId": f"i{person}", "traits": traits,
        "context": {"consent": agreed},
    } | user  # fmt: skip
    orders = [
        {"type": "track", "event": "Order Completed", "messageId": f"o{person}-{n}",
         "properties": {"order_id": f"{person}-{n}"}} | user
        for n in range(person)
    ]  # fmt: skip
    return [about, *orders]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with four people, who ordered once, twice, three and four times."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        batch = [each for person in range(1, 5) for each in said(person)]
        body = Body("server:shop", NOW - 1_000_000, json.dumps({"batch": batch}).encode())
        opened.world.log.append([body])
        opened.ingest()
        opened.put("segment", "buyers", BUYERS)
        yield opened


@pytest.fixture
def site(tb: Tailorbird) -> ASGIApp:
    """Return the server over that folder."""
    return application(
        public=(),
        readings=tb.readings,
        base_url="http://127.0.0.1:8400",
        clock=tb.clock,
        desk=Desk(tb.world, tb.clock),
    )


@pytest.fixture
def call(site: ASGIApp, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=site, **{"headers": AT_CONSOLE} | more)

    return asked


def test_a_preview_tells_size_leaves_reach_and_what_the_edit_moves(call: Call) -> None:
    found = call("/segments/preview", "POST", json={"text": DRAFT}).json()
    assert (found["people"], found["total"], found["exact"]) == (3, 4, True)
    assert found["leaves"] == [{"holds": 4, "without": 3}, {"holds": 1, "without": 4}]
    assert found["reachable"] == {"people": 2, "low": 2, "high": 2, "exact": True}
    assert (found["stands"], found["entered"], found["left"]) == (1, 1, 1)
    assert [row["person"] for row in found["entering"]] == [1]
    assert [row["person"] for row in found["leaving"]] == [3]
    assert [row["label"] for row in found["sample"]] == ["Person 1", "Person 2", "Person 4"]


def test_a_tree_is_previewed_as_its_text_is(call: Call) -> None:
    tree = call("/segments/convert", "POST", json={"text": DRAFT}).json()["tree"]
    of_tree = call("/segments/preview", "POST", json={"tree": tree}).json()
    of_text = call("/segments/preview", "POST", json={"text": DRAFT}).json()
    assert of_tree | {"milliseconds": 0} == of_text | {"milliseconds": 0}


def test_an_approximate_size_says_how_far_it_may_be_off(call: Call) -> None:
    found = call("/segments/preview", "POST", json={"text": DRAFT, "approximate": True}).json()
    assert found["low"] <= 3 <= found["high"]
    assert found["leaves"] == []


def test_a_preview_may_ask_about_the_past(call: Call) -> None:
    asked = {"text": DRAFT, "as_of": "2020-01-01T00:00:00Z"}
    found = call("/segments/preview", "POST", json=asked).json()
    assert (found["people"], found["total"], found["as_of"]) == (0, 0, "2020-01-01T00:00:00Z")


def test_a_slip_is_told_with_its_line_and_nothing_is_counted(call: Call) -> None:
    wrong = call("/segments/preview", "POST", json={"text": DRAFT.replace("purchase", "purchse")})
    assert wrong.status_code == 422
    assert wrong.json()["line"] == 4
    assert "purchase" in wrong.json()["mend"]


def test_a_tree_that_is_half_done_has_a_text_and_the_line_to_mend(call: Call) -> None:
    tree = {"name": "x", "where": {"all": [{"did": "purchase"}, {"did": ""}]}}
    found = call("/segments/convert", "POST", json={"tree": tree}).json()
    assert found["text"].startswith("name: x\n")
    assert found["tree"] == tree
    assert found["lines"] == [4, 5]
    assert found["line"] == 5
    assert found["wrong"]


def test_a_text_and_its_tree_say_the_same(call: Call) -> None:
    found = call("/segments/convert", "POST", json={"text": DRAFT}).json()
    again = call("/segments/convert", "POST", json={"tree": found["tree"]}).json()
    assert found["text"] == DRAFT
    assert found["lines"] == [4, 5]
    assert again["tree"] == found["tree"]
    assert again["wrong"] == ""


def test_what_is_kept_says_who_and_why_and_a_slip_leaves_it_in_force(call: Call) -> None:
    kept = {"text": DRAFT, "author": "Ada", "reason": "Germany has its own shop"}
    assert call("/segments", "POST", json=kept).json()["version"] == 2
    wrong = call("/segments", "POST", json={"text": DRAFT.replace("purchase", "purchse")})
    assert wrong.status_code == 422
    newest, oldest = call("/segments/buyers/versions").json()
    assert (newest["version"], newest["author"]) == (2, "Ada")
    assert newest["reason"] == "Germany has its own shop"
    assert newest["text"] == DRAFT
    assert oldest["text"] == BUYERS
    assert call("/segments/nobody/versions").status_code == 404


def test_another_site_may_not_keep_a_segment(call: Call) -> None:
    answer = call("/segments", "POST", json={"text": DRAFT}, headers={})
    assert answer.status_code == 401


def test_the_vocabulary_knows_what_happened_here(call: Call) -> None:
    words = call("/vocabulary").json()
    assert {"purchase", "email_opened"} <= set(words["events"])
    assert words["segments"] == ["buyers"]
    kinds = {trait["name"]: trait["kind"] for trait in words["traits"]}
    assert (kinds["orders"], kinds["country"]) == ("integer", "text")


def test_the_engine_stops_when_the_one_who_asked_has_gone(
    site: ASGIApp, tb: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, began = tb.world.facts.read, asyncio.Event()
    loop = asyncio.new_event_loop()
    endless = (
        "SELECT COUNT(*) AS people FROM range(10000000000) a(x), range(1000) b(y) WHERE x % 7 = y"
    )

    def slow(*_: Any) -> Any:
        loop.call_soon_threadsafe(began.set)
        return read(endless)

    monkeypatch.setattr(tb.world.facts, "read", slow)
    content = json.dumps({"text": DRAFT}).encode()
    messages: list[Message] = []
    asked = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> Message:
        if (message := next(asked, None)) is not None:
            return message
        await began.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    headers = {"host": "127.0.0.1:8400", "content-type": "application/json"} | AT_CONSOLE
    path = "/api/v1/segments/preview"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8400),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    try:
        loop.run_until_complete(asyncio.wait_for(site(scope, receive, send), 20))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    assert messages[0]["status"] == 503
    assert b'"stopped"' in messages[1]["body"]


def test_a_segment_that_is_named_stays_and_says_where(call: Call) -> None:
    named = {"text": "name: others\nwhere: {not: {segment: buyers}}\n"}
    assert call("/segments", "POST", json=named).status_code == 201
    uses = call("/segments/buyers/uses").json()
    assert uses == [{"kind": "segment", "name": "others", "how": "condition"}]
    refused = call("/segments/buyers", "DELETE")
    assert refused.status_code == 409
    assert "segment others" in refused.json()["detail"]
    assert call("/segments/others?reason=a+try", "DELETE").json()["name"] == "others"
    assert call("/segments/buyers", "DELETE").status_code == 200
    assert call("/segments/buyers/versions").status_code == 404


def test_an_explanation_says_what_was_asked_and_may_ask_about_the_past(call: Call) -> None:
    found = call("/segments/buyers/explain/1").json()
    assert (found["member"], found["reason"]["value"]) == (False, "1")
    assert found["reason"]["threshold"] == "is at least 2"
    before = call("/segments/buyers/explain/3?as_of=2020-01-01T00:00:00Z").json()
    assert (before["member"], before["as_of"]) == (False, "2020-01-01T00:00:00Z")
