"""The API: answers, problems, and what it says about itself."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tailorbird.errors import StoreError
from tailorbird.web.api import api, routes
from tailorbird.web.server import application

WEB = Path(__file__).parents[2] / "web"
SEND = "ab" * 16
Ask = Callable[..., httpx.Response]


@pytest.fixture
def document(ask: Ask) -> dict[str, Any]:
    found: dict[str, Any] = ask("/api/v1/openapi.json").json()
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/status",
        "/overview",
        "/models",
        "/people",
        "/people/17",
        "/people/17/timeline",
        "/people/17/decisions",
        f"/decisions/{SEND}",
        "/segments",
        "/clusters",
        "/clusters/shoppers",
        "/groups",
        "/groups/loyalty",
        "/segments/lapsing",
        "/segments/lapsing/rates?of=clicked",
        "/segments/overlap?segment=lapsing&segment=gold",
        "/segments/lapsing/explain/17",
        "/segments/health",
        "/segments/lapsing/health",
        "/segments/lapsing/history?limit=5",
        "/segments/lapsing/history/17",
        "/people/17/segment-changes",
        "/campaigns",
        "/campaigns/win-back",
        "/inbox",
        f"/inbox/{SEND}",
        "/templates",
        "/templates/win-back/preview?person=17",
    ],
)
def test_every_reading_answers_in_json_and_is_kept_nowhere(ask: Ask, path: str) -> None:
    answer = ask(f"/api/v1{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


def test_instants_are_rfc_3339_in_utc(ask: Ask) -> None:
    assert ask("/api/v1/status").json()["now"] == "2011-12-09T12:00:00Z"


def test_people_come_in_pages_and_the_last_has_no_cursor(ask: Ask) -> None:
    first = ask("/api/v1/people?limit=200").json()
    second = ask(f"/api/v1/people?limit=200&after={first['next']}").json()
    assert first["people"][-1]["person"] + 1 == second["people"][0]["person"]
    assert ask("/api/v1/people?limit=200&after=4200").json()["next"] == ""


@pytest.mark.parametrize(
    "path",
    [
        "/people/999999",
        "/people/999999/timeline",
        "/people/999999/decisions",
        "/decisions/00ff",
        "/segments/nobody",
        "/segments/nobody/health",
        "/segments/nobody/history",
        "/segments/lapsing/history/999999",
        "/segments/lapsing/explain/999999",
        "/campaigns/nothing",
        "/inbox/00ff",
        "/inbox/00ff/html",
        "/templates/nothing/preview?person=17",
        "/nothing",
    ],
)
def test_what_does_not_exist_is_a_problem_with_code_and_message(ask: Ask, path: str) -> None:
    answer = ask(f"/api/v1{path}")
    body = answer.json()
    assert answer.status_code == body["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"] == "not_found"
    assert body["message"]
    assert body["instance"] == f"/api/v1{path.partition('?')[0]}"


@pytest.mark.parametrize(
    "path", ["/people?limit=0", "/people?limit=x", "/people?limit=201", "/inbox/not-hex"]
)
def test_a_question_that_is_no_question_names_its_mistake(ask: Ask, path: str) -> None:
    answer = ask(f"/api/v1{path}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert "limit" in answer.json()["message"] or "not-hex" in answer.json()["message"]


def test_a_count_measures_its_time(ask: Ask) -> None:
    answer = ask("/api/v1/segments/count", "POST", json={"text": "name: x"})
    assert answer.status_code == 200
    assert answer.json()["people"] == 1028
    assert answer.json()["milliseconds"] > 0


def test_a_broken_definition_names_line_column_and_mend(ask: Ask) -> None:
    answer = ask("/api/v1/segments/count", "POST", json={"text": "name: x\ntire: gold"})
    body = answer.json()
    assert answer.status_code == 422
    assert body["code"] == "definition"
    assert (body["line"], body["column"]) == (2, 3)
    assert body["mend"] == "did you mean 'tier'?"
    assert body["message"] == "draft.yaml:2:3: unknown trait 'tire'; did you mean 'tier'?"


def test_a_broken_template_names_its_place(ask: Ask) -> None:
    answer = ask("/api/v1/templates/welcome/preview?person=17")
    assert answer.status_code == 422
    assert answer.json()["where"] == "welcome.liquid:12:4"


@pytest.mark.parametrize("content", [b"{", b'{"text": 1}', b'{"text": "x", "more": 1}', b""])
def test_a_body_that_is_not_the_schema_is_refused(ask: Ask, content: bytes) -> None:
    answer = ask("/api/v1/segments/count", "POST", content=content)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_definition_that_is_too_large_is_refused(ask: Ask) -> None:
    answer = ask("/api/v1/segments/count", "POST", json={"text": "x" * 70_000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_nothing_can_be_changed_by_the_wrong_method(ask: Ask) -> None:
    answer = ask("/api/v1/people", "DELETE")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


class _Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def status(self, now: int) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreError("the disk is full", where="data", mend="free some"), 503, "store"),
        (RuntimeError("secret@shop.example"), 500, "internal"),
    ],
)
def test_a_failure_says_what_may_be_said(
    ask: Ask, pages: Path, error: Exception, status: int, code: str
) -> None:
    broken: Any = _Broken(error)
    site = application(
        public=(), readings=broken, base_url="http://127.0.0.1", clock=lambda: 0, static=pages
    )
    answer = ask("/api/v1/status", to=site)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert "secret" not in answer.text


def test_a_mail_is_shown_under_a_policy_that_lets_it_do_nothing(ask: Ask) -> None:
    answer = ask(f"/api/v1/inbox/{SEND}/html")
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "img-src data:;" in policy
    assert '<head><base target="_blank"><title>' in answer.text


def test_the_document_is_openapi_3_1_with_unique_operations(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert document["openapi"].startswith("3.1")
    assert len(names) == len(set(names)) > 40
    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert all(operation["tags"] for operation in operations)


def test_the_document_describes_problems(document: dict[str, Any]) -> None:
    missing = document["paths"]["/api/v1/people/{person}"]["get"]["responses"]["404"]
    (content,) = missing["content"].values()
    assert content["schema"]["$ref"] == "#/components/schemas/Problem"


def test_nothing_of_the_api_documentation_comes_from_elsewhere(ask: Ask) -> None:
    for path in ("/api/v1", "/api/v1/", "/schema", "/api/v1/swagger", "/api/v1/redoc"):
        assert "cdn" not in ask(path).text


def test_the_types_of_the_pages_are_those_of_the_server() -> None:
    written = (WEB / "src" / "api" / "types.ts").read_text(encoding="utf-8")
    made = runpy.run_path(str(WEB / "types_from_openapi.py"))["typescript"]()
    assert written == made, "run `python web/types_from_openapi.py`"


def test_the_api_can_be_made_without_a_server() -> None:
    assert routes().openapi_schema.info.title == "Tailorbird"


def test_servers_of_one_process_answer_each_from_its_own(
    ask: Ask, sample_module: dict[str, Any]
) -> None:
    one, other = (
        api(sample_module["SampleReadings"](hostile=hostile), lambda: 0)
        for hostile in (False, True)
    )
    first, second, again = (ask("/api/v1/segments", to=site).json() for site in (one, other, one))
    assert first == again != second
