"""The API of definitions as code: one bundle of files, planned and applied as the command does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from tailorbird.app import Tailorbird
from tailorbird.as_code import schemas
from tailorbird.readings import WorldReadings
from tailorbird.schema import DAY
from tailorbird.web.api import api
from tailorbird.web.callers import CALLER, Caller
from tailorbird.web.desk import Desk

NOW = 20_000 * DAY
VIPS = "name: vips\nwhere: {trait: orders, at_least: 2}\n"
SAID = {"author": "ann", "reason": "summer"}


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return an empty folder."""
    with Tailorbird.open(tmp_path / "shop", clock=lambda: NOW, environment={}) as opened:
        opened.refresh()
        yield opened


@pytest.fixture
def client(tb: Tailorbird) -> Iterator[TestClient[Any]]:
    """Return a client of the API that may write."""
    app = api(WorldReadings(tb.world), tb.clock, Desk(tb.world, tb.clock))

    async def admitted(scope: Any, receive: Any, send: Any) -> None:
        scope[CALLER] = Caller("test", frozenset({"read", "write"}))
        await app(scope, receive, send)

    with TestClient(admitted, base_url="http://testserver.local") as opened:
        yield opened


def posted(client: TestClient[Any], path: str, body: dict[str, Any], status: int = 200) -> Any:
    """Post a body and return what was answered."""
    answer = client.post(f"/api/v1/definitions/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_bundle_is_planned_applied_and_rolled_back(
    client: TestClient[Any], tb: Tailorbird
) -> None:
    files = {"segments/vips.yaml": VIPS}
    plan = posted(client, "plan", {"files": files})
    assert [change["path"] for change in plan["changes"]] == [*files]
    assert plan["audiences"][0]["after"] == 0
    kept = posted(client, "apply", {"files": files, "plan": plan["digest"], **SAID})
    assert (kept["number"], kept["author"]) == (1, "ann")
    assert client.get("/api/v1/definitions/files").json()["files"] == files
    posted(client, "apply", {"files": files, "plan": plan["digest"], **SAID}, 409)
    assert posted(client, "apply", {"files": files, **SAID})["number"] == 0
    posted(client, "applies/1/rollback", SAID)
    assert tb.world.definitions.get("segment", "vips") is None
    told = client.get("/api/v1/definitions/segment/vips/history").json()
    assert [(each["version"], each["removed"]) for each in told] == [(2, True), (1, False)]
    assert "+name: vips" in told[1]["diff"]
    posted(client, "segment/vips/rollback", {**SAID, "to": 1})
    found = tb.world.definitions.get("segment", "vips")
    assert found is not None
    assert (found.version, found.text) == (3, VIPS)
    applies = client.get("/api/v1/definitions/applies").json()
    assert [each["how"] for each in applies] == ["rollback", "rollback", "apply"]


def test_a_path_that_leads_elsewhere_is_refused(client: TestClient[Any]) -> None:
    for path in (
        "../segments/vips.yaml", "/segments/vips.yaml", "segments/../../vips.yaml",
        "segments\\vips.yaml", "segments//vips.yaml", "segments/./vips.yaml", "segments/\nv.yaml",
    ):  # fmt: skip
        plan = posted(client, "plan", {"files": {path: VIPS}})
        assert plan["faults"][0]["what"] == "this is no path of a definition"
        posted(client, "apply", {"files": {path: VIPS}, **SAID}, 422)


def test_nothing_is_applied_without_a_name_and_a_reason(client: TestClient[Any]) -> None:
    files = {"segments/vips.yaml": VIPS}
    posted(client, "apply", {"files": files, "author": "", "reason": "x"}, 400)
    posted(client, "apply", {"files": files, "author": " ", "reason": "x"}, 400)
    assert client.get("/api/v1/definitions/files").json()["files"] == {}


def test_schemas_are_served(client: TestClient[Any]) -> None:
    assert client.get("/api/v1/schemas").json() == schemas.names()
    for name in ("campaign", "segment"):
        assert client.get(f"/api/v1/schemas/{name}").json() == schemas.schema(name)
    assert client.get("/api/v1/schemas/campain").status_code == 400


def test_what_does_not_exist_is_told(client: TestClient[Any]) -> None:
    assert client.get("/api/v1/definitions/segment/none/history").status_code == 404
    assert client.get("/api/v1/definitions/segmnt/none/history").status_code == 400
    posted(client, "segment/none/rollback", SAID, 400)
    posted(client, "applies/7/rollback", SAID, 400)
