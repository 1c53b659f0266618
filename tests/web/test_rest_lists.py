"""Lists over HTTP: made, shown as of any instant, and changed by whoever may write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.clock import Clock

from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Body
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000 * SECOND
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with three people."""
    with Tailorbird.open(
        tmp_path / "data", clock=Clock(NOW, step=SECOND), environment={}
    ) as opened:
        batch = [{"type": "identify", "messageId": f"m{n}", "userId": f"u{n}"} for n in (1, 2, 3)]
        content = json.dumps({"batch": batch}).encode()
        opened.world.log.append([Body("server:shop", NOW, content)])
        opened.ingest()
        yield opened


@pytest.fixture
def site(tb: Tailorbird) -> ASGIApp:
    """Return the server over that folder, which takes in at once what is written."""

    def take_in() -> None:
        tb.ingest()

    return application(
        public=(),
        readings=tb.readings,
        base_url="http://127.0.0.1:8400",
        clock=tb.clock,
        desk=Desk(tb.world, tb.clock, wake=take_in),
    )


@pytest.fixture
def call(site: ASGIApp, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=site, **{"headers": AT_CONSOLE} | more)

    return asked


def test_a_list_is_made_filled_and_shown(call: Call) -> None:
    made = call("/lists/vip", "PUT", json={"description": "Guests"}).json()
    assert made == {
        "name": "vip", "description": "Guests", "people": 0, "used_in": [], "offered": {},
    }  # fmt: skip
    named = call("/lists/vip/add", "POST", json={"people": ["u1", "u2", "u9"]}).json()
    assert named == {"known": 2, "changed": 2, "unknown": [3], "applied": True}
    assert call("/lists/vip").json()["sample"] == [1, 2]
    assert [each["people"] for each in call("/lists").json()] == [2]


def test_who_is_taken_off_was_on_it_before(call: Call) -> None:
    call("/lists/vip", "PUT", json={})
    call("/lists/vip/add", "POST", json={"people": ["u1"]})
    before = call("/lists/vip").json()["as_of"]
    call("/lists/vip/remove", "POST", json={"people": ["u1"], "reason": "moved away"})
    assert call("/lists/vip").json()["people"] == 0
    assert call(f"/lists/vip?as_of={before}").json()["people"] == 1


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        ("/lists/vib", "GET", None, 404),
        ("/lists/vib/add", "POST", {"people": ["u1"]}, 404),
        ("/lists/vip/add", "POST", {"people": []}, 400),
        ("/lists/vip/add", "POST", {"people": ["u1"], "why": "x"}, 400),
        ("/lists/Very%20Important", "PUT", {}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(
    call: Call, path: str, method: str, body: dict[str, Any] | None, status: int
) -> None:
    call("/lists/vip", "PUT", json={})
    found = call(path, method, json=body) if body is not None else call(path, method)
    assert found.status_code == status, found.text


def test_no_page_of_another_site_changes_a_list(call: Call) -> None:
    refused = call("/lists/vip", "PUT", json={}, headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 421


def test_the_people_of_a_list_come_by_pages(call: Call) -> None:
    call("/lists/vip", "PUT", json={})
    call("/lists/vip/add", "POST", json={"people": ["u1", "u2", "u3"]})
    first = call("/lists/vip/people?limit=2").json()
    assert ([row["person"] for row in first["people"]], first["total"]) == ([1, 2], 3)
    rest = call(f"/lists/vip/people?limit=2&after={first['next']}").json()
    assert ([row["person"] for row in rest["people"]], rest["next"]) == ([3], "")
    assert call("/lists/nobody/people").status_code == 404


def test_a_file_puts_its_people_on_a_list(call: Call) -> None:
    call("/lists/vip", "PUT", json={})
    file = {"text": "\ufeffName;x,User ID\nAda,u1\nEve,u9\n", "file": "party.csv"}
    assert call("/lists/vip/import", "POST", json=file).json() == {
        "known": 1, "changed": 1, "unknown": [2], "applied": True,
    }  # fmt: skip
    wrong = call("/lists/vip/import", "POST", json=file | {"column": "mail"})
    assert (wrong.status_code, wrong.json()["where"]) == (422, "party.csv")
    many = "user_id\n" + "".join(f"stranger{n}@mail.example\n" for n in range(5_000))
    large = call("/lists/vip/import", "POST", json={"text": many, "file": "all.csv"})
    assert len(large.json()["unknown"]) == 5_000


def test_a_list_ends_unless_a_segment_or_a_group_rests_on_it(call: Call) -> None:
    call("/lists/vip", "PUT", json={"description": "Guests"})
    call("/lists/vip/add", "POST", json={"people": ["u1"]})
    call("/segments", "POST", json={"text": "name: s\nwhere: {not: {list: vip}}\n"})
    tiers = "name: tiers\ngroups: [{name: guests, where: {list: vip}}]\n"
    call("/groups", "POST", json={"text": tiers})
    assert call("/lists/vip").json()["list"]["used_in"] == ["s", "tiers.guests", "tiers.rest"]
    refused = call("/lists/vip", "DELETE")
    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "list 'vip' is used by segment s (condition), groups tiers (condition); "
        "take it out there first",
    )
    call("/segments/s", "DELETE")
    call("/groups/tiers", "DELETE")
    assert call("/lists/vip", "DELETE").json() == {"name": "vip", "version": 1}
    assert call("/lists").json() == []
    call("/lists/vip", "PUT", json={"description": "Guests"})
    assert call("/lists/vip").json()["people"] == 1
