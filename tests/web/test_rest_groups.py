"""Groups and clusters over HTTP: tried, kept, recalculated, ended only where nobody uses them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tailorbird.app import Tailorbird
from tailorbird.ready import Ready
from tailorbird.schema import DAY, Body
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000_000_000
LOYALTY = """name: loyalty
groups:
  - {name: gold, where: {trait: orders, at_least: 4}}
  - {name: silver, where: {trait: orders, at_least: 2}}
rest: none
recalculate: monthly
"""
RFM = "name: rfm\nrfm: {at_least: 5}\n"
HABITS = "name: habits\nfeatures: [orders, recency_days]\ncount: 2\n"
Call = Callable[..., httpx.Response]


def said(person: int) -> list[dict[str, Any]]:
    """Return what a person sends: one who may be learnt from, with 1 to 6 orders."""
    user = {"userId": f"u{person}"}
    agreed = {"training": True, "personalisation": True}
    about = {"type": "identify", "messageId": f"i{person}", "context": {"consent": agreed}} | user
    orders = [
        {"type": "track", "event": "Order Completed", "messageId": f"o{person}-{n}",
         "properties": {"order_id": f"{person}-{n}", "products": [
             {"product_id": f"p{n}", "price": person}]}} | user
        for n in range(1 if person % 2 else 6)
    ]  # fmt: skip
    return [about, *orders]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with 120 people: the odd ones ordered once, the even ones six times."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        for person in range(1, 121):
            content = json.dumps({"batch": said(person)}).encode()
            at = NOW - (1 + person % 3 if person % 2 == 0 else 60 + person) * DAY
            opened.world.log.append([Body("server:shop", at, content)])
        opened.ingest()
        yield opened


@pytest.fixture
def site(tb: Tailorbird) -> Iterator[ASGIApp]:
    """Return the server over that folder, which takes in at once what is written."""

    def take_in() -> None:
        tb.ingest()
        tb.refresh()

    desk = Desk(tb.world, tb.clock, wake=take_in)
    yield application(
        public=(),
        readings=tb.readings,
        base_url="http://127.0.0.1:8400",
        clock=tb.clock,
        desk=desk,
    )
    desk.trainings.close()


@pytest.fixture
def call(site: ASGIApp, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=site, **{"headers": AT_CONSOLE} | more)

    return asked


def test_a_list_is_tried_before_it_is_kept(call: Call) -> None:
    tried = call("/groups/check", "POST", json={"text": LOYALTY}).json()
    assert [(each["name"], each["people"]) for each in tried["groups"]] == [
        ("gold", 60),
        ("silver", 0),
        ("none", 60),
    ]
    assert (tried["version"], tried["waits"], call("/groups").json()) == (1, False, [])


def test_a_kept_list_has_versions_that_say_who_and_why(call: Call) -> None:
    call("/groups", "POST", json={"text": LOYALTY, "author": "Ada", "reason": "a start"})
    again = LOYALTY.replace("at_least: 4", "at_least: 6")
    kept = call("/groups", "POST", json={"text": again}).json()
    assert kept == {"kind": "groups", "name": "loyalty", "version": 2, "notes": []}
    versions = call("/groups/loyalty/versions").json()
    assert [(each["version"], each["author"], each["reason"]) for each in versions] == [
        (2, "", "by the API"),
        (1, "Ada", "a start"),
    ]
    found = call("/groups/loyalty").json()
    assert [each["people"] for each in found["groups"]] == [60, 0, 60]


def test_a_group_fares_as_a_segment_does(call: Call) -> None:
    call("/groups", "POST", json={"text": LOYALTY})
    assert call("/segments/loyalty.gold/health").json()["version"] == 1


def test_a_slip_in_a_list_is_told_with_its_line_and_what_stood_stays(call: Call) -> None:
    call("/groups", "POST", json={"text": LOYALTY})
    wrong = LOYALTY.replace("orders, at_least: 2", "ordres, at_least: 2")
    for path in ("/groups/check", "/groups"):
        refused = call(path, "POST", json={"text": wrong})
        assert (refused.status_code, refused.json()["line"]) == (422, 4)
        assert refused.headers["content-type"] == "application/problem+json"
    assert len(call("/groups/loyalty/versions").json()) == 1


def test_a_recalculation_keeps_who_is_in_which_group(call: Call, tb: Tailorbird) -> None:
    call("/groups", "POST", json={"text": LOYALTY.replace("recalculate: monthly\n", "")})
    kept = call("/groups/loyalty/recalculate", "POST", json={}).json()
    assert (kept["people"], kept["changed"]) == ({"gold": 60, "silver": 0, "none": 60}, 60)
    gold = "name: g\nwhere: {trait: tier_loyalty, is: gold}\n"
    assert call("/segments/count", "POST", json={"text": gold}).json()["people"] == 60


def test_rfm_has_squares_once_it_has_thresholds(call: Call) -> None:
    call("/groups", "POST", json={"text": RFM.replace("5", "1000")})
    assert call("/groups/rfm/grid").status_code == 404
    waits = call("/groups/rfm/calibrate", "POST", json={})
    assert (waits.status_code, "fewer than 1000 customers" in waits.json()["message"]) == (
        400,
        True,
    )
    call("/groups", "POST", json={"text": RFM})
    call("/groups/rfm/calibrate", "POST", json={})
    squares = call("/groups/rfm/grid").json()["squares"]
    assert (len(squares), sum(each["people"] for each in squares)) == (25, 120)
    by_cell: dict[str, int] = {}
    for each in squares:
        by_cell[each["cell"]] = by_cell.get(each["cell"], 0) + each["people"]
    assert by_cell | {"no-orders": 0} == {
        each["name"]: each["people"] for each in call("/groups/rfm").json()["groups"]
    }


@pytest.mark.parametrize(
    ("kind", "name", "text", "where"),
    [
        (
            "segment",
            "top",
            "name: top\nwhere: {segment: loyalty.gold}\n",
            "segment top (condition)",
        ),
        (
            "segment",
            "was",
            "name: was\nwhere: {trait: tier_loyalty, is: gold}\n",
            "segment was (condition)",
        ),
        (
            "groups",
            "other",
            "name: other\ngroups: [{name: a, where: {segment: loyalty.gold}}]\n",
            "groups other (condition)",
        ),
        (
            "clusters",
            "habits",
            f"{HABITS}among: loyalty.gold\n",
            "clusters habits (among)",
        ),
        (
            "template",
            "hello",
            "<mjml><mj-body><mj-section><mj-column><mj-text>{{ person.tier_loyalty }}</mj-text>"
            "</mj-column></mj-section></mj-body></mjml>",
            "template hello (trait tier_loyalty)",
        ),
    ],
)
def test_a_list_of_groups_that_is_used_is_not_removed(
    call: Call, tb: Tailorbird, kind: Any, name: str, text: str, where: str
) -> None:
    call("/groups", "POST", json={"text": LOYALTY})
    tb.world.definitions.put(kind, name, text, author="", reason="", now=NOW)
    refused = call("/groups/loyalty", "DELETE")
    assert refused.status_code == 409
    assert refused.json()["message"] == (
        f"groups 'loyalty' is used by {where}; take it out there first"
    )
    uses = call("/groups/loyalty/uses").json()
    assert [f"{each['kind']} {each['name']} ({each['how']})" for each in uses] == [where]


def test_a_list_that_nobody_uses_ends_and_everybody_leaves_its_groups(
    call: Call, tb: Tailorbird
) -> None:
    call("/groups", "POST", json={"text": LOYALTY})
    assert len(tb.segment_people("loyalty.gold")) == 60
    gone = call("/groups/loyalty?reason=too%20few&author=Eve", "DELETE").json()
    assert gone == {"name": "loyalty", "version": 1}
    assert call("/groups/loyalty").status_code == 404
    assert call("/groups/loyalty", "DELETE").status_code == 404
    tb.refresh()
    changes = [each for each in tb.world.changes.after(0, 1000) if each.segment == "loyalty.gold"]
    assert [each.entered for each in changes] == [True] * 60 + [False] * 60
    assert call("/groups", "POST", json={"text": LOYALTY}).json()["version"] == 3


def trained(call: Call) -> Any:
    """Have clusters found, and return how that ended."""
    begun = call("/clusters/habits/train", "POST", json={})
    assert begun.status_code == 202
    training = begun.json()
    while training["state"] == "running":
        training = call("/clusters/habits/training").json()
    return training


def test_a_training_is_begun_once_and_is_told_until_it_has_ended(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("/clusters", "POST", json={"text": HABITS})
    go = threading.Event()
    begun: list[str] = []

    def waiting(_: Ready, name: str) -> None:
        begun.append(name)
        go.wait(30)

    monkeypatch.setattr(Ready, "train_clusters", waiting)
    assert call("/clusters/habits/training").json()["state"] == ""
    states = [call("/clusters/habits/train", "POST", json={}).json()["state"] for _ in range(2)]
    assert states == ["running", "running"]
    assert call("/clusters").status_code == 200
    go.set()
    while (ended := call("/clusters/habits/training").json())["state"] == "running":
        pass
    assert (ended["state"], begun) == ("done", ["habits"])
    assert call("/clusters/nobody/training").status_code == 404


def test_clusters_are_tried_kept_found_and_their_people_listed(call: Call) -> None:
    tried = call("/clusters/check", "POST", json={"text": HABITS}).json()
    assert tried == {"name": "habits", "version": 1, "people": 120}
    call("/clusters", "POST", json={"text": HABITS})
    assert trained(call)["state"] == "done"
    found = call("/clusters/habits").json()
    assert (found["serves"], sorted(each["people"] for each in found["clusters"])) == (
        True,
        [60, 60],
    )
    few = next(each["label"] for each in found["clusters"] if each["means"]["orders"] < 2)
    page = call(f"/clusters/habits/people?cluster={few}&limit=15").json()
    assert (page["total"], [row["person"] for row in page["people"]][:2]) == (60, [1, 3])
    rest = call(f"/clusters/habits/people?cluster={few}&after={page['next']}").json()
    assert ([row["person"] for row in rest["people"]][-1], rest["next"]) == (119, "")
    assert call("/clusters/habits/assign", "POST", json={}).json()["changed"] == 0


def test_clusters_of_too_few_are_refused_as_what_must_be_mended(call: Call) -> None:
    call("/clusters", "POST", json={"text": f"{HABITS}among: nobody\n"}).json()
    assert call("/clusters").json() == []
    nobody = "name: nobody\nwhere: {trait: orders, at_least: 99}\n"
    call("/segments", "POST", json={"text": nobody})
    call("/clusters", "POST", json={"text": f"{HABITS}among: nobody\n"})
    ended = trained(call)
    assert (ended["state"], "people" in ended["why"]) == ("failed", True)


def test_clusters_end_unless_a_segment_names_their_trait(call: Call) -> None:
    call("/clusters", "POST", json={"text": HABITS})
    assert trained(call)["state"] == "done"
    text = "name: few\nwhere: {trait: cluster_habits, exists: true}\n"
    call("/segments", "POST", json={"text": text})
    assert "segment few (condition)" in call("/clusters/habits", "DELETE").json()["message"]
    call("/segments/few", "DELETE")
    assert call("/clusters/habits", "DELETE").json() == {"name": "habits", "version": 1}


def test_a_repeat_with_the_same_key_keeps_one_version(call: Call) -> None:
    once = {"headers": AT_CONSOLE | {"idempotency-key": "k1"}}
    for _ in (1, 2):
        assert call("/groups", "POST", json={"text": LOYALTY}, **once).json()["version"] == 1
    other = call("/groups", "POST", json={"text": RFM}, **once)
    assert other.status_code == 422


def test_no_page_of_another_site_changes_groups(call: Call) -> None:
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert call("/groups", "POST", json={"text": LOYALTY}, headers=elsewhere).status_code == 421
    for method, path in (("DELETE", "/groups/loyalty"), ("POST", "/clusters/habits/train")):
        assert call(path, method, headers={}).status_code == 401
