"""Recommendations over HTTP: products with reasons, rules tried and kept, the report, the audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tailorbird import learning, recommend
from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, Body
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000_000_000
CALM = "name: calm\ncaps: {category: 1}\n"
Call = Callable[..., httpx.Response]


def said(person: int) -> list[dict[str, Any]]:
    """Return what a person sends: she agrees, and buys one of four pots."""
    user = {"userId": f"u{person}"}
    agreed = {"training": True, "personalisation": True}
    lines = [{"product_id": f"pot-{person % 4}", "price": 20}]
    return [
        {"type": "identify", "messageId": f"i{person}", "context": {"consent": agreed}} | user,
        {"type": "track", "event": "Order Completed", "messageId": f"o{person}",
         "properties": {"order_id": f"{person}", "products": lines}} | user,
    ]  # fmt: skip


def product(item: str, category: str) -> dict[str, Any]:
    properties = {"product_id": item, "category": category, "price": 20, "stock": 3, "brand": "own"}
    return {"type": "track", "event": "product_updated", "anonymousId": "shop",
            "messageId": item, "properties": properties}  # fmt: skip


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with 40 people, four pots, four lids, and a model that nobody judged."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        batch = [product(f"{kind}-{n}", f"{kind}s") for kind in ("pot", "lid") for n in range(4)]
        for person in range(1, 41):
            batch += said(person)
        content = json.dumps({"batch": batch}).encode()
        opened.world.log.append([Body("import", NOW - 30 * DAY, content)])
        opened.ingest()
        history = learning.history(opened.world, range(1, 41), NOW)
        model = recommend.fit(history, now=NOW)
        opened.world.models.put(learning.RECOMMENDER, model.files(), b"{}")
        yield opened


@pytest.fixture
def call(tb: Tailorbird, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""
    desk = Desk(tb.world, tb.clock, wake=lambda: None)
    site: ASGIApp = application(
        public=(), readings=tb.readings, base_url="http://127.0.0.1:8400", clock=tb.clock, desk=desk
    )

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=site, **{"headers": AT_CONSOLE} | more)

    return asked


def test_a_person_gets_products_with_reasons(call: Call, tb: Tailorbird) -> None:
    person = tb.person("u5")
    answer = call(f"/recommendations/people/{person}?count=3").json()
    assert (answer["person"], answer["rules"], answer["rules_version"]) == (person, "default", 0)
    assert [each["rank"] for each in answer["products"]] == [1, 2, 3]
    first = answer["products"][0]
    assert (first["item"], first["reason"]) == ("pot-1", "you bought it before")
    assert first["recommendation_score"] is None
    pots, lids = (
        call(f"/recommendations/people/{person}?category={name}").json()["products"]
        for name in ("pots", "lids")
    )
    assert {each["category"] for each in pots} == {"pots"}
    assert [each["item"] for each in lids] == [f"lid-{n}" for n in range(4)]
    assert {(each["reason"], each["reason_code"]) for each in lids} == {("in stock", "in_stock")}


def test_what_is_asked_wrongly_is_refused(call: Call) -> None:
    assert call("/recommendations/people/999999").status_code == 404
    assert call("/recommendations/people/1?rules=none").status_code == 400
    assert call("/recommendations/people/1?count=0").status_code == 400
    assert call("/recommendations/none").status_code == 404
    assert call("/recommendations/none/exposure").status_code == 404


def test_an_unknown_visitor_is_shown_what_is_popular(call: Call) -> None:
    answer = call("/recommendations/sessions/s-1?count=2").json()
    assert (answer["session"], answer["person"]) == ("s-1", None)
    assert {each["reason_code"] for each in answer["products"]} == {"popular"}


def test_rules_are_tried_kept_looked_at_and_ended(call: Call) -> None:
    tried = call("/recommendations/check", "POST", json={"text": CALM}).json()
    assert tried == {"name": "calm", "version": 1, "products": 8, "allowed": 8}
    kept = call("/recommendations", "POST", json={"text": CALM, "reason": "a start"}).json()
    assert kept == {"kind": "recommendations", "name": "calm", "version": 1, "notes": []}
    assert [each["name"] for each in call("/recommendations").json()] == ["default", "calm"]
    assert "at most 1 of one category" in call("/recommendations/calm").json()["says"]
    products = call("/recommendations/people/5?rules=calm").json()["products"]
    assert sorted(each["category"] for each in products) in (["pots"], ["lids", "pots"])
    assert call("/recommendations/calm/versions").json()[0]["reason"] == "a start"
    assert call("/recommendations/calm", "DELETE").json() == {"name": "calm", "version": 1}
    assert call("/recommendations/calm").status_code == 404


def test_a_mistake_is_told_with_its_line(call: Call) -> None:
    told = call("/recommendations/check", "POST", json={"text": "name: calm\ncaps: {colour: 1}"})
    assert told.status_code == 422
    assert "no product has 'colour'" in told.json()["message"]


def test_who_gets_to_be_seen_is_told(call: Call) -> None:
    told = call("/recommendations/default/exposure").json()
    assert (told["people"], told["products"]) == (40, 8)
    assert [each["by"] for each in told["audits"]] == ["category", "item_age"]
    shares = {each["value"]: each for each in told["audits"][0]["shares"]}
    assert shares["pots"]["share"] > shares["lids"]["share"]


def test_a_model_that_nobody_judged_has_no_report(call: Call) -> None:
    told = call("/recommendations/report").json()
    assert (told["version"], told["why"]) == (0, "No recommender has been judged yet.")
