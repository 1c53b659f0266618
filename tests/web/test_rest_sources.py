"""Sources and forms over HTTP: how they stand, new versions, runs that no request waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.collect.sources.pausing import with_pause
from tailorbird.errors import UsageError
from tailorbird.schema import Body
from tailorbird.web.api import api
from tailorbird.web.desk import Desk
from tailorbird.web.server import application
from tailorbird.web.source_reader import SourceReader

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
SOURCE = "source: shop_people\n# nightly\nkind: file\npath: {0}/*.csv\nmapping: people\nevery: 1d\n"
MAPPING = """mapping: people
columns: {id: {type: id}, points: {type: integer}}
customers: {id: id, traits: {points: points}}
"""
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "people.csv").write_text("id,points\nu1,3\nu2,4\nu3,many\n")
    with Tailorbird.open(tmp_path / "data", environment={}) as opened:
        yield opened


@pytest.fixture
def reader(tb: Tailorbird) -> SourceReader:
    """Return the reader, not started: a test says when its turn comes."""
    return SourceReader(tb.sources)


@pytest.fixture
def call(tb: Tailorbird, reader: SourceReader, ask: Call) -> Call:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""
    app = application(
        public=(),
        readings=tb.readings,
        base_url="http://127.0.0.1:8400",
        clock=tb.clock,
        desk=Desk(tb.world, tb.clock, sources=reader),
    )

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=app, **{"headers": AT_CONSOLE} | more)

    return asked


@pytest.fixture
def source(call: Call, tmp_path: Path) -> str:
    """Return the text of a source that was put, with its mapping."""
    text = SOURCE.format(tmp_path / "in")
    assert call("/sources", "POST", json={"text": MAPPING}).json()["kind"] == "mapping"
    kept = call("/sources", "POST", json={"text": text}).json()
    assert kept == {"kind": "source", "name": "shop_people", "version": 1, "notes": []}
    return text


def test_a_source_is_run_by_the_reader_and_says_how_it_went(
    call: Call, reader: SourceReader, source: str
) -> None:
    (row,) = call("/sources").json()
    assert (row["running"], row["started_at"], row["schedule"]) == ("", None, "every 1d")
    asked = call("/sources/shop_people/run", "POST", json={})
    assert (asked.status_code, asked.json()["source"]["running"]) == (202, "waiting")
    assert reader.tick()
    (row,) = call("/sources").json()
    assert (row["running"], row["lines"], row["refused"], row["events"]) == ("", 3, 1, 2)
    assert row["succeeded_at"]
    assert not reader.tick()
    assert call("/sources/nobody/run", "POST", json={}).status_code == 404


def test_a_source_is_paused_and_goes_on_and_keeps_what_its_author_wrote(
    call: Call, reader: SourceReader, source: str
) -> None:
    told = call("/sources/shop_people/pause", "POST").json()
    assert (told["source"]["paused"], told["source"]["due_at"], told["version"]) == (True, None, 2)
    assert told["text"] == f"{source}paused: true\n"
    assert not reader.tick()
    again = call("/sources/shop_people/pause", "POST").json()
    assert again["version"] == 2
    assert call("/sources/shop_people/resume", "POST").json()["text"] == source


def test_a_source_in_one_line_is_paused_by_hand() -> None:
    with pytest.raises(UsageError, match="no lines of its own"):
        with_pause("{source: a, kind: file, path: /e/*.csv}", "a.yaml", paused=True)


def test_a_check_says_the_line_and_reads_only_when_asked(
    call: Call, tb: Tailorbird, source: str
) -> None:
    wrong = call("/sources/check", "POST", json={"text": source.replace("1d", "soon")})
    assert (wrong.status_code, wrong.json()["line"]) == (422, 6)
    assert wrong.json()["mend"] == "write 30s, 15m, 6h or 1d"
    end = tb.world.log.end()
    said = call("/sources/check", "POST", json={"text": source}).json()
    assert (said["name"], said["read"], said["lines"]) == ("shop_people", False, 0)
    said = call("/sources/check", "POST", json={"text": source, "read": True}).json()
    assert (said["whole"], said["lines"], sum(said["refused"].values())) == (True, 3, 1)
    assert tb.world.log.end() == end


def test_a_run_that_cannot_begin_says_why(
    call: Call, reader: SourceReader, source: str, tmp_path: Path
) -> None:
    missing = source.replace("mapping: people", "mapping: nowhere")
    call("/sources", "POST", json={"text": missing})
    call("/sources/shop_people/run", "POST", json={})
    reader.tick()
    (row,) = call("/sources").json()
    assert "no mapping 'nowhere'" in row["error"]


def test_definitions_of_sources_are_for_the_console_and_for_admins(call: Call, source: str) -> None:
    assert call("/sources", headers={}).status_code == 200
    for method, path, content in (
        ("GET", "/sources/shop_people", None),
        ("POST", "/sources", {"text": source}),
        ("POST", "/sources/check", {"text": source, "read": True}),
        ("POST", "/sources/shop_people/run", {}),
        ("POST", "/sources/shop_people/pause", None),
    ):
        assert call(path, method, headers={}, json=content).json()["code"] == "no_key"


def test_a_server_without_a_reader_says_so(tb: Tailorbird, call: Call, ask: Call) -> None:
    without = api(tb.readings, tb.clock, Desk(tb.world, tb.clock))
    answer = ask("/api/v1/sources", to=without)
    assert answer.status_code == 503
    assert "reads no sources" in answer.json()["message"]
    assert call("/sources").json() == []


# -- forms --------------------------------------------------------------------------------------

FORM = """name: opinion
title: What do you think?
fields:
  - {name: nps, kind: nps, label: Would you recommend us}
  - name: topic
    kind: choice
    label: What about?
    choices: {price: The price, stock: The stock}
    optional: true
"""


def test_a_form_is_put_listed_and_ready_for_a_page(call: Call) -> None:
    assert call("/forms/check", "POST", json={"text": FORM}).json()["version"] == 1
    assert call("/forms").json() == []
    assert call("/forms", "POST", json={"text": FORM}).json()["name"] == "opinion"
    assert call("/forms/check", "POST", json={"text": FORM}).json()["version"] == 1
    (row,) = call("/forms").json()
    assert row["url"] == "http://127.0.0.1:8400/f/opinion"
    told = call("/forms/opinion").json()
    assert told["snippet"].startswith(
        '<form method="post" action="http://127.0.0.1:8400/f/opinion"'
    )
    assert told["text"] == FORM
    assert (told["results"]["submissions"], told["results"]["score"]) == (0, None)
    assert [each["label"] for each in told["results"]["answers"]][-2:] == ["The price", "The stock"]


def test_a_wrong_form_says_the_line_and_leaves_what_is_in_force(call: Call) -> None:
    call("/forms", "POST", json={"text": FORM})
    wrong = call("/forms", "POST", json={"text": FORM.replace("kind: choice", "kind: chioce")})
    assert (wrong.status_code, wrong.json()["line"]) == (422, 6)
    for text in ("title: nameless\n", "- a list\n", "name: [1]\n"):
        assert call("/forms", "POST", json={"text": text}).status_code == 422
    assert call("/forms/opinion").json()["form"]["version"] == 1
    assert call("/forms/none").status_code == 404
    assert call("/forms", "POST", headers={}, json={"text": FORM}).json()["code"] == "no_key"


def test_what_came_of_a_form_is_counted(call: Call, tb: Tailorbird) -> None:
    call("/forms", "POST", json={"text": FORM})
    for n, score in enumerate((10, 10, 9, 3)):
        answers = {"form": "opinion", "submission": f"s{n}", "score": score, "topic": "price"}
        events = [
            {"type": "track", "event": name, "messageId": f"{name}{n}", "userId": f"u{n}",
             "properties": answers}
            for name in ("form_submitted", "survey_answered")
        ]  # fmt: skip
        tb.world.log.append([Body("forms", tb.clock(), msgspec.json.encode({"batch": events}))])
    tb.ingest()
    told = call("/forms/opinion").json()["results"]
    assert (told["submissions"], told["people"]) == (4, 4)
    assert told["score"]["score"] == 50.0
    assert told["score"]["low"] < 50 < told["score"]["high"]
    assert [(a["answer"], a["people"]) for a in told["answers"]][-2:] == [
        ("price", 4),
        ("stock", 0),
    ]
