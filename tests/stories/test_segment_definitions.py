"""Segments as definitions: what is wrong is told, what was valid stays, what is named stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from tailorbird import cli, segments
from tailorbird.app import Tailorbird
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.readings import WorldReadings
from tailorbird.schema import DAY, HOUR, Body
from tailorbird.segments import define, did, trait
from tailorbird.web.api import api
from tailorbird.web.callers import CALLER, Caller
from tailorbird.web.desk import Desk

NOW = 20_000 * DAY
GOLD = "name: best\nwhere: {trait: orders, at_least: 1}\n"
CAMPAIGN = """\
name: thanks
audience: best
template: win_back
variants: {plain: {subject: Thanks}}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder in which u-1 bought yesterday and u-2 only looked."""
    with Tailorbird.open(tmp_path / "shop", clock=lambda: NOW, environment={}) as opened:
        said = [
            ("u-1", "Order Completed", NOW - DAY, {"order_id": "A1", "total": 30}),
            ("u-2", "Product Viewed", NOW - HOUR, {"product_id": "P1"}),
            ("u-2", "Quiz Taken", NOW - HOUR, {}),
        ]
        batch = [
            {
                "type": "track", "event": event, "userId": who, "messageId": f"m{number}",
                "timestamp": at // 1000, "properties": properties,
            }
            for number, (who, event, at, properties) in enumerate(said)
        ]  # fmt: skip
        opened.world.log.append([Body("test", NOW, json.dumps({"batch": batch}).encode())])
        opened.ingest()
        yield opened


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tb: Tailorbird) -> Run:
    """Run a command on the folder and return its exit status, output and errors."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        folder = str(tb.world.folder)
        tb.close()
        status = cli.run([*map(str, arguments), "-C", folder])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def client(tb: Tailorbird) -> Iterator[TestClient[Any]]:
    """Return a client of the API that may do everything."""
    app = api(WorldReadings(tb.world), tb.clock, Desk(tb.world, tb.clock))

    async def admitted(scope: Any, receive: Any, send: Any) -> None:
        scope[CALLER] = Caller("test", frozenset({"read", "write", "admin"}))
        await app(scope, receive, send)

    with TestClient(admitted, base_url="http://testserver.local") as opened:
        yield opened


WRONG = [
    ("name: best\nwhere: {did: bought}\n", 2, "unknown event 'bought'", "known:"),
    ("name: best\nwhere: {did: quiz_takn}\n", 2, "unknown event", "'quiz_taken'"),
    ("name: best\nwhere: {trait: shoe_size, is: 43}\n", 2, "unknown trait", "known:"),
    ("name: best\nwhere: {segment: bronz}\n", 2, "no segment 'bronz'", "'bronze'"),
    ("name: best\nwhere:\n  all:\n    - {segment: best}\n", 4, "best -> best", "its own"),
    ("name: best\nwhere: {trait: orders, is: many}\n", 2, "a whole number", "whole number"),
    ("name: overlap\nwhere: {did: purchase}\n", 1, "an address of the API", "overlap-segment"),
    ("name: other\nwhere: {did: purchase}\n", 1, "named 'other'", "one name"),
    ("name: Best!\nwhere: {did: purchase}\n", 1, "cannot name a segment", "a to z"),
    ("name: best; DROP TABLE people\nwhere: {did: purchase}\n", 1, "cannot name", "a to z"),
    ("name: " + "b" * 5000 + "\nwhere: {did: purchase}\n", 1, "cannot name", "at most 63"),
    ('name: "be\\0st"\nwhere: {did: purchase}\n', 1, "no text has", "leave it out"),
    ("name: best\nwhere: {did: purchase, within: 1h, older_than: 2h}\n", 2, "nothing is", "longer"),
    ("name: best\nwhere: {any: []}\n", 2, "is empty", "add a condition"),
]


def test_a_valid_segment_stays_in_force_until_its_successor_is(tb: Tailorbird) -> None:
    tb.install_library()
    tb.put("segment", "best", GOLD)
    for text, line, says, mend in WRONG:
        with pytest.raises(DefinitionError) as refused:
            tb.put("segment", "best", text)
        error = refused.value
        place = error.where.rpartition(":")[0]
        assert (place, says in error.what, mend in error.mend) == (
            f"segments/best.yaml:{line}", True, True,
        ), error  # fmt: skip
    assert (tb.segment("best").version, tb.segment_count("best")) == (1, 1)


def test_it_stays_in_force_through_the_command_line(
    tb: Tailorbird, run: Run, tmp_path: Path
) -> None:
    tb.put("segment", "best", GOLD)
    slip = tmp_path / "slip.yaml"
    slip.write_text("name: best\nwhere:\n  did: purchse\n", encoding="utf-8")
    for command in ("add", "test"):
        status, _, error = run("segments", command, slip)
        assert (status, error.count("\n")) == (1, 1)
        assert f"{slip}:3:3: unknown event 'purchse'; did you mean 'purchase'?" in error
    assert run("segments", "count", "best")[:2][0] == 0


def test_it_stays_in_force_through_the_api(tb: Tailorbird, client: TestClient[Any]) -> None:
    assert client.post("/api/v1/segments", json={"text": GOLD}).status_code == 201
    slip = client.post("/api/v1/segments", json={"text": GOLD.replace("orders", "ordes")})
    told = slip.json()
    assert (slip.status_code, told["code"], told["line"]) == (422, "definition", 2)
    assert "'orders'" in told["mend"]
    assert tb.segment("best").version == 1


def test_names_that_are_new_may_be_used_before_anything_has_happened(tmp_path: Path) -> None:
    with Tailorbird.open(tmp_path / "new", clock=lambda: NOW, environment={}) as tb:
        kept = tb.put("segment", "s", "name: s\nwhere: {did: quiz_taken}\n")
        assert kept.version == 1


def test_an_expected_event_may_be_used_before_it_happens(tb: Tailorbird) -> None:
    text = "name: s\nwhere: {did: lesson_done}\n"
    with pytest.raises(DefinitionError, match="unknown event"):
        tb.put("segment", "s", text)
    tb.put("tracking_plan", "tracking-plan", "tracking_plan: ours\nevents: {Lesson Done: {}}\n")
    assert tb.put("segment", "s", text).version == 1


def test_circles_are_told_through_other_segments(tb: Tailorbird) -> None:
    tb.put("segment", "a", "name: a\nwhere: {did: purchase}\n")
    tb.put("segment", "b", "name: b\nwhere: {segment: a}\n")
    with pytest.raises(DefinitionError, match="a -> b -> a"):
        tb.put("segment", "a", "name: a\nwhere: {not: {segment: b}}\n")


def test_what_is_built_in_python_is_put_and_counted(tb: Tailorbird) -> None:
    best = define("best", did("purchase").within("7d") & trait("orders").at_least(1), "Buyers")
    assert tb.segment_count(best) == 1
    assert tb.put("segment", best.name, best).version == 1
    assert tb.put("segment", best.name, best).version == 1
    assert tb.segment("best").condition == best.condition
    assert tb.segment_people("best") == tb.segment_people(best)


def test_a_segment_that_is_named_is_not_removed(tb: Tailorbird, run: Run) -> None:
    tb.put("segment", "best", GOLD)
    tb.put("segment", "rest", "name: rest\nwhere: {not: {segment: best}}\n")
    tb.put("campaign", "thanks", CAMPAIGN)
    with pytest.raises(ConflictError, match=r"segment rest \(condition\), campaign thanks \(aud"):
        tb.remove_segment("best")
    status, out, _ = run("segments", "used", "best", "--json")
    assert (status, [each["name"] for each in json.loads(out)]) == (0, ["rest", "thanks"])
    status, _, error = run("segments", "remove", "best")
    assert (status, "is used by segment rest" in error) == (1, True)
    assert "# used by campaign thanks (audience)" in run("segments", "show", "best")[1]


def test_a_segment_that_a_statement_reads_is_not_removed(tb: Tailorbird) -> None:
    tb.put("segment", "best", GOLD)
    reads = "SELECT person FROM membership WHERE segment = 'best' AND member"
    tb.put("segment", "by-sql", f"name: by-sql\nsql: {reads}\n")
    says = "SELECT person FROM facts WHERE event = 'best'"
    tb.put("segment", "says-best", f"name: says-best\nsql: {says}\n")
    with pytest.raises(ConflictError, match=r"is used by segment by-sql \(sql\);"):
        tb.remove_segment("best")


def test_people_leave_a_removed_segment_and_its_history_stays(tb: Tailorbird) -> None:
    tb.put("segment", "best", GOLD, author="ann", reason="first")
    tb.refresh()
    (member,) = tb.segment_people("best")
    assert tb.remove_segment("best", author="bob", reason="not needed").version == 1
    sql = "SELECT person, entered FROM membership_changes WHERE segment = $1 ORDER BY sequence"
    rows = tb.world.facts.read(sql.replace(" ORDER BY sequence", ""), ("best",)).to_pylist()
    assert sorted((row["person"], row["entered"]) for row in rows) == [
        (member, False), (member, True),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no segment 'best'"):
        tb.segment("best")
    versions = tb.world.definitions.versions("segment", "best")
    assert [(each.version, each.removed, each.author) for each in versions] == [
        (2, True, "bob"), (1, False, "ann"),
    ]  # fmt: skip
    assert tb.put("segment", "best", GOLD).version == 3
    assert tb.segment_count("best") == 1


def test_a_kill_between_the_end_of_a_segment_and_its_people_is_made_good(tb: Tailorbird) -> None:
    tb.put("segment", "best", GOLD)
    tb.refresh()
    tb.world.definitions.remove("segment", "best", author="", reason="", now=NOW)
    tb.refresh()
    assert segments.members(tb.world.facts, "best") == []
    assert tb.verify_segments() == []


def test_the_api_removes_what_nothing_names(tb: Tailorbird, client: TestClient[Any]) -> None:
    tb.put("segment", "best", GOLD)
    tb.put("segment", "rest", "name: rest\nwhere: {not: {segment: best}}\n")
    refused = client.delete("/api/v1/segments/best")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert client.delete("/api/v1/segments/rest").json() == {"name": "rest", "version": 1}
    assert client.delete("/api/v1/segments/best").status_code == 200
    assert client.delete("/api/v1/segments/best").status_code == 404
    schema = client.get("/api/v1/schemas/segment").json()
    assert schema == json.loads(segments.schema_text()) | {"examples": schema["examples"]}


def test_what_came_with_tailorbird_and_was_removed_does_not_come_again(tb: Tailorbird) -> None:
    tb.install_library()
    tb.remove_segment("bronze")
    assert "bronze" not in {kept.name for kept in tb.install_library()}
    with pytest.raises(UsageError, match="no segment 'bronze'"):
        tb.segment("bronze")


def test_a_file_is_tried_without_being_kept(tb: Tailorbird, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "any.json"
    file.write_text(segments.to_json(define("best", did("purchase"))), encoding="utf-8")
    at = "1970-01-01"
    status, out, _ = run("segments", "test", file, "--json")
    assert (status, json.loads(out)["people"]) == (0, 1)
    assert json.loads(run("segments", "test", file, "--as-of", at, "--json")[1])["people"] == 0
    assert run("segments", "show", "best")[0] == 2
    assert run("segments", "add", file)[0] == 0
    assert run("segments", "show", "best", "--as", "python")[1].startswith("from tailorbird.")
    assert run("segments", "show", "best", "--version", "7")[0] == 2


def test_an_explanation_says_what_would_change_it(tb: Tailorbird) -> None:
    tb.put("segment", "best", "name: best\nwhere: {did: purchase, within: 7d}\n")
    inside = tb.readings.explain("best", tb.person("u-1"), NOW)
    outside = tb.readings.explain("best", tb.person("u-2"), NOW)
    assert inside is not None
    assert outside is not None
    assert inside.outlook is not None
    assert outside.outlook is not None
    assert inside.outlook.at is not None
    assert inside.outlook.at.timestamp() * 1e6 == NOW + 6 * DAY
    assert [turn.how for turn in outside.outlook.turns] == ["one purchase"]
