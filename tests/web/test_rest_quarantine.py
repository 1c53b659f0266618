"""Refused records over HTTP: counted, seen, mended, brought back, given up; by whom."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tailorbird import keys
from tailorbird.access import Scope
from tailorbird.app import Tailorbird
from tailorbird.schema import Body
from tailorbird.web.serve import site

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
BAD = {"type": "track", "event": "Order Completed", "messageId": "m1", "userId": "u1",
       "timestamp": "31.02.2026", "properties": {"email": "ada@people.example"}}  # fmt: skip
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment={}) as opened:
        batch = [
            BAD,
            BAD | {"messageId": "m2", "userId": "u2"},
            {"type": "sing", "messageId": "m3"},
        ]
        opened.world.log.append(
            [Body("web", opened.clock(), json.dumps({"batch": batch}).encode())]
        )
        opened.world.log.append([Body("web", opened.clock(), b'{"batch": \xff\x1b[2J')])
        opened.ingest()
        yield opened


@pytest.fixture
def call(tb: Tailorbird, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""
    app = site(tb)

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1/quarantine{path}", method, to=app, **{"headers": AT_CONSOLE} | more)

    return asked


def first(call: Call, **which: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = call("", params=which).json()["records"]
    return found[0]


def key(tb: Tailorbird, *scopes: Scope) -> dict[str, str]:
    made, text = keys.make(
        f"k-{'-'.join(scopes)}", "secret", now=tb.clock(), entropy=os.urandom, scopes=scopes
    )
    tb.world.keys.add(made)
    return {"authorization": f"Bearer {text}"}


def test_a_list_counts_by_code_and_shows_no_value(call: Call) -> None:
    answer = call("", params={"limit": 2})
    told = answer.json()
    assert {row["code"]: row["held"] for row in told["counts"]} == {
        "bad_time": 2, "unknown_type": 1, "bad_body": 1,
    }  # fmt: skip
    assert (told["total"], len(told["records"])) == (4, 2)
    rest = call("", params={"limit": 2, "after": told["next"]}).json()
    assert (len(rest["records"]), rest["next"]) == (2, "")
    assert "31.02" not in answer.text
    assert "ada@" not in answer.text
    assert call("", params={"code": "bad_time", "state": "held"}).json()["total"] == 2
    assert call("", params={"source": "web"}).json()["total"] is None
    assert call("", params={"after": "x"}).status_code == 400


def test_values_are_for_the_console_and_for_admins_alone(call: Call, tb: Tailorbird) -> None:
    secret, admin = key(tb, "read", "write"), key(tb, "admin")
    path = f"/{first(call)['position']}"
    assert call(path).status_code == 200
    assert call(path, headers={}).json()["code"] == "no_key"
    assert call("", headers={}).status_code == 200
    cross = call(path, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 421
    assert call(path, headers=secret).json()["code"] == "scope"
    assert call(path, headers=admin).status_code == 200
    for method, below in (("PUT", path), ("POST", f"{path}/check")):
        answer = call(below, method, headers=secret, json={"text": "{}"})
        assert answer.json()["code"] == "scope"
    for below in ("/replay", "/discard"):
        chosen = {"code": "bad_time", "reason": "x"}
        assert call(below, "POST", headers=secret, json=chosen).status_code == 403


def test_a_record_shows_its_bytes_so_that_nothing_in_them_acts(call: Call) -> None:
    told = call(f"/{first(call, code='bad_body')['position']}").json()
    assert told["raw"] == '{"batch": \\xff\\x1b[2J'
    assert told["text"] == ""  # it is no UTF-8, and so would not become the same bytes
    plain = call(f"/{first(call, code='bad_time')['position']}").json()
    assert json.loads(plain["text"]) == BAD
    assert "31.02.2026" in plain["record"]["reason"] + plain["raw"]
    assert plain["record"]["mend"]
    assert not plain["taken"]
    assert call("/77").status_code == 404


def test_a_mended_record_is_checked_kept_and_brought_back(call: Call, tb: Tailorbird) -> None:
    path = f"/{(row := first(call, code='bad_time'))['position']}"
    right = json.dumps(BAD | {"timestamp": "2026-02-03T10:00:00Z"})
    assert not call(f"{path}/check", "POST", json={"text": json.dumps(BAD)}).json()["taken"]
    assert call(f"{path}/check", "POST", json={"text": right}).json()["taken"]
    assert not call(path).json()["record"]["mended"]  # a check keeps nothing
    other = call(path, "PUT", json={"text": right.replace("m1", "m9")})
    assert (other.status_code, other.json()["mend"]) == (
        400,
        "write the messageId that it came with",
    )
    kept = call(path, "PUT", json={"text": right}).json()
    assert (kept["taken"], kept["mended_by"], kept["mended"]) == (True, ["by hand"], right)
    done = call("/replay", "POST", json={"positions": [row["position"]], "reason": "a date"})
    assert done.json() == {"replayed": 1, "refused": 0, "first_refused": []}
    tb.ingest()
    assert tb.world.facts.read("SELECT COUNT(*) AS n FROM facts").to_pylist() == [{"n": 1}]
    assert call(path).json()["record"]["state"] == "replayed"
    assert call(path, "PUT", json={"text": right}).json()["detail"].endswith("is replayed")


def test_a_rule_is_counted_before_it_changes_anything(call: Call) -> None:
    rule = "rule: dates\nwhere: {code: bad_time}\nchange:\n  - {delete: timestamp}\n"
    said = call("/mend", "POST", json={"text": rule}).json()
    assert (said["matched"], said["passing"], said["kept"]) == (2, 2, False)
    assert not first(call, code="bad_time")["mended"]
    assert call("/mend", "POST", json={"text": rule, "keep": True}).json()["kept"]
    assert first(call, code="bad_time")["mended"]
    assert call("/replay", "POST", json={"code": "bad_time"}).json()["replayed"] == 2
    wrong = call("/mend", "POST", json={"text": "rule: x\nchange:\n  - {set: a}\n"})
    assert (wrong.status_code, wrong.json()["line"]) == (422, 3)
    assert wrong.json()["mend"] == "add `to: ...`"


def test_what_is_given_up_has_a_reason_and_stays_listed(call: Call) -> None:
    for wrong in ({"code": "bad_time"}, {"code": "bad_time", "reason": "  "}, {"reason": "x"}):
        assert call("/discard", "POST", json=wrong).status_code == 400
    both = {"positions": ["1"], "code": "bad_time", "reason": "x"}
    assert call("/discard", "POST", json=both).status_code == 400
    done = call("/discard", "POST", json={"code": "bad_time", "reason": "test traffic"})
    assert done.json() == {"discarded": 2}
    told = call("", params={"state": "discarded"}).json()["records"]
    assert [row["why"] for row in told] == ["test traffic"] * 2


def test_no_answer_with_a_raw_record_is_kept_for_repeats(call: Call, tb: Tailorbird) -> None:
    path = f"/{first(call, code='bad_time')['position']}/check"
    for _ in range(2):
        headers = {**AT_CONSOLE, "idempotency-key": "once"}
        again = call(path, "POST", headers=headers, json={"text": json.dumps(BAD)})
        assert "idempotent-replayed" not in again.headers
