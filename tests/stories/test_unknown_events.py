"""Events that nobody has ever sent, named by models: refused, or noted while they may still come.

A typo in a feature would train a model on a column of zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, Body
from tailorbird.web.api import api
from tailorbird.web.callers import CALLER, Caller
from tailorbird.web.desk import Desk

CLUB = """\
name: club
target:
  event: joined_wifi
  within: 30d
audience:
  did: vip_day
features:
- orders
- count(quiz_won, 90d)
"""
NOTES = [
    "models/club.yaml:3: unknown event 'joined_wifi'; nothing here says it yet: known: ",
    "models/club.yaml:6: unknown event 'vip_day'; nothing here says it yet: known: ",
    "models/club.yaml:9: unknown event 'quiz_won'; nothing here says it yet: known: ",
]
PLAN = """\
tracking_plan: shop
events:
  joined_wifi: {}
  vip_day: {}
  quiz_won: {}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a shop to which a first event has come."""
    seen = {"type": "page", "userId": "ada", "messageId": "m1", "properties": {"url": "/"}}
    with Tailorbird.open(tmp_path / "open", clock=lambda: 20_000 * DAY, environment={}) as opened:
        body = Body("server:shop", opened.clock(), msgspec.json.encode({"batch": [seen]}))
        opened.world.log.append([body])
        opened.ingest()
        yield opened


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("features:\n- orders\n- count(purchas, 90d)\n", 5, "'purchas'; did you mean 'purchase'?"),
        ("features: [orders, since(joined_wifi)]\n", 3, "'joined_wifi'; nothing here says it yet"),
        ("audience:\n  did: product_vued\n", 4, "'product_vued'; did you mean 'product_viewed'?"),
        ("audience: {not: {did: joined_wifi}}\n", 3, "'joined_wifi'; nothing here says it yet"),
    ],
)
def test_a_model_of_events_that_nobody_sends_is_refused_with_the_line(
    shop: Tailorbird, text: str, line: int, words: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        shop.put("model", "mine", f"name: mine\ntarget: purchase\n{text}")
    assert str(refused.value).startswith(f"models/mine.yaml:{line}: "), str(refused.value)
    assert words in str(refused.value)


def test_a_target_that_nobody_sends_is_refused_with_the_line(shop: Tailorbird) -> None:
    text = "name: mine\ntarget:\n  event: joined_wifi\n  within: 30d\n"
    with pytest.raises(DefinitionError, match="unknown event 'joined_wifi'") as refused:
        shop.put("model", "mine", text)
    assert refused.value.where == "models/mine.yaml:3"


def test_what_the_tracking_plan_expects_may_be_named_before_it_comes(shop: Tailorbird) -> None:
    shop.put("tracking_plan", "tracking-plan", PLAN)
    assert shop.put("model", "club", CLUB).version == 1


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command on a new folder and return its exit status, output and errors."""
    Tailorbird.open(tmp_path / "shop", environment={}).close()

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.run([*map(str, arguments), "-C", str(tmp_path / "shop")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder of files with one model."""
    (tmp_path / "git/models").mkdir(parents=True)
    (tmp_path / "git/models/club.yaml").write_text(CLUB, encoding="utf-8")
    return tmp_path / "git"


def noted(text: str) -> list[str]:
    """Return the notes of a text, as far as all folders tell them alike."""
    lines = [line.removeprefix("note: ") for line in text.splitlines() if line.startswith("note: ")]
    return ["".join(line.partition("known: ")[:2]) for line in lines]


def test_in_a_new_folder_they_are_noted_when_a_model_is_kept_trained_and_shown(
    run: Run, files: Path
) -> None:
    status, _, said = run("models", "add", files / "models/club.yaml")
    assert (status, noted(said)) == (0, NOTES)
    status, _, said = run("models", "train", "club")
    assert (status, noted(said)) == (0, NOTES)
    assert noted(run("models", "show", "club")[1]) == NOTES


def test_in_a_new_folder_they_are_noted_when_files_are_planned_and_applied(
    run: Run, files: Path
) -> None:
    assert noted(run("plan", files)[1]) == NOTES
    status, said, _ = run("apply", files, "--yes", "--author", "ann", "--reason", "a club")
    assert (status, noted(said)) == (0, NOTES)
    assert noted(run("plan", files)[1]) == []


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Callable[..., httpx.Response]]:
    """Return what asks the API of a new folder, as the console does."""
    with Tailorbird.open(tmp_path / "shop", environment={}) as tb:
        desk = Desk(tb.world, tb.clock)
        inner: Any = api(tb.readings, tb.clock, desk)
        caller = Caller("ada", frozenset({"read", "write", "admin"}))

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, CALLER: caller}, receive, send)

        with TestClient(known) as client:
            yield client.request
        desk.trainings.close()


def test_in_a_new_folder_the_api_answers_with_the_notes(
    call: Callable[..., httpx.Response],
) -> None:
    kept = call("POST", "/api/v1/models", json={"text": CLUB, "reason": "a club"}).json()
    assert noted("\n".join(f"note: {each}" for each in kept["notes"])) == NOTES
    assert call("GET", "/api/v1/models/club").json()["notes"] == kept["notes"]
    asked: dict[str, Any] = {"files": {"models/club.yaml": f"{CLUB}schedule: weekly\n"}}
    assert call("POST", "/api/v1/definitions/plan", json=asked).json()["notes"] == kept["notes"]
    asked |= {"author": "ann", "reason": "weekly"}
    assert call("POST", "/api/v1/definitions/apply", json=asked).json()["notes"] == kept["notes"]


def test_rules_that_name_what_the_catalogue_lacks_are_noted_over_http_as_well(
    call: Callable[..., httpx.Response],
) -> None:
    text = "name: season\nexclude: {items: [tin-99]}\n"
    kept = call("POST", "/api/v1/recommendations", json={"text": text, "reason": "autumn"}).json()
    assert kept["notes"] == ["the catalogue has no item 'tin-99' yet: it is empty"]
