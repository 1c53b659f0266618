"""Models over HTTP: what serves and why, one person's scores, training, drift, rolling back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from tailorbird import learning, serving
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.model_cards import Importance
from tailorbird.web.api import api
from tailorbird.web.callers import CALLER, Caller
from tailorbird.web.desk import Desk

MODEL = "/api/v1/models/repeat_purchase"
Call = Callable[..., httpx.Response]


@pytest.fixture
def call(tb: Tailorbird) -> Iterator[Call]:
    """Return what asks the API, as the console does."""
    desk = Desk(tb.world, tb.clock)
    inner: Any = api(tb.readings, tb.clock, desk)
    caller = Caller("ada", frozenset({"read", "write", "admin"}))

    async def known(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, CALLER: caller}, receive, send)

    with TestClient(known) as client:
        yield client.request
    desk.trainings.close()


def test_the_list_says_what_serves_and_what_answers(call: Call) -> None:
    rows = call("GET", "/api/v1/learning").json()
    found = {each["name"]: each for each in rows}
    assert found.keys() >= {"recommender", "repeat_purchase"}
    mine = found["repeat_purchase"]
    assert (mine["serving"], mine["latest"], mine["drifts"]) == (1, 1, False)
    assert mine["card"]["why"]
    assert call("GET", "/api/v1/models/unheard-of").status_code == 404


def test_a_model_is_trained_behind_the_request_and_rolled_back_with_a_reason(call: Call) -> None:
    training = over(call, call("POST", f"{MODEL}/train"))
    assert (training["state"], training["how"]) == ("done", "anew"), training
    detail = call("GET", MODEL).json()
    assert [each["version"] for each in detail["versions"]] == [2, 1]
    assert detail["turns"][0]["how"] in ("promoted", "kept")
    other = 3 - detail["serving"]
    empty = call("POST", f"{MODEL}/roll-back", json={"version": other, "reason": ""})
    assert empty.status_code == 400
    same = {"version": detail["serving"], "reason": "why not"}
    assert call("POST", f"{MODEL}/roll-back", json=same).status_code == 400
    asked = {"version": other, "reason": "wrong people"}
    back = call("POST", f"{MODEL}/roll-back", json=asked).json()
    assert back["serving"] == other
    assert (back["turns"][0]["author"], back["turns"][0]["reason"]) == ("ada", "wrong people")


def test_models_are_wanted_and_trained_in_every_way_that_the_command_line_has(call: Call) -> None:
    wanted = "name: repeat_purchase\nschedule: weekly\n"
    kept = call("POST", "/api/v1/models", json={"text": wanted, "reason": "a week is enough"})
    assert (kept.status_code, kept.json()["kind"]) == (201, "model"), kept.text
    assert call("GET", MODEL).json()["scheduled"] == "weekly"
    before = call("GET", MODEL).json()["latest"]
    private = over(call, call("POST", f"{MODEL}/train-privately", json={"epsilon": 2.0}))
    assert (private["state"], private["how"]) == ("done", "privately"), private
    found = call("GET", MODEL).json()
    assert (found["latest"], found["serving"]) == (before + 1, before)
    assert [each["epsilon"] for each in found["spent"]] == [2.0]
    spent = over(call, call("POST", f"{MODEL}/train-privately", json={"epsilon": 20.0}))
    assert (spent["state"], "does not allow epsilon 20" in spent["why"]) == ("failed", True)
    on = over(call, call("POST", f"{MODEL}/learn-on"))
    assert (on["state"], on["how"]) == ("failed", "on")
    assert on["why"]
    wrong = call("POST", "/api/v1/models", json={"text": "name: repeat_purchase\ntarget: riches"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "definition")
    assert call("POST", "/api/v1/models/unheard-of/learn-on").status_code == 404
    assert call("POST", f"{MODEL}/train-privately", json={"epsilon": 0}).status_code == 400


def over(call: Call, begun: httpx.Response) -> dict[str, Any]:
    """Return how a training of the model ended that was accepted."""
    assert begun.status_code == 202, begun.text
    training: dict[str, Any] = begun.json()
    while training["state"] == "running":
        training = call("GET", f"{MODEL}/training").json()
    return training


def test_what_scores_rest_on_is_told_in_words_by_the_api_and_the_command(
    tb: Tailorbird, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    card = learning.card(tb.world, "repeat_purchase")
    assert card is not None
    rests = (Importance("recency_days", 0.61), Importance("count(email_sent, 30d)", 0.39))
    files = tb.world.models.get("repeat_purchase")
    assert files is not None
    learning.keep(
        tb.world, "repeat_purchase", files[1], msgspec.structs.replace(card, importances=rests)
    )
    serving.roll_back(tb.world, "repeat_purchase", 2, author="ada", reason="try", now=tb.clock())
    found = call("GET", MODEL).json()["card"]["importances"]
    assert found[0] == {
        "feature": "recency_days", "share": 0.61, "words": "days since the last order"
    }  # fmt: skip
    assert found[1]["words"] == "mails sent in the last 30 days"
    folder = str(tb.world.folder)
    tb.close()
    assert run(["models", "show", "repeat_purchase", "-C", folder]) == 0
    assert re.search("recency_days +days since the last order +61.0%", capsys.readouterr().out)


def test_every_model_that_comes_along_can_be_trained(call: Call) -> None:
    listed = {each["name"]: each for each in call("GET", "/api/v1/learning").json()}
    assert (listed["churn"]["target"], listed["churn"]["latest"]) == ("churn", 0)
    assert call("GET", "/api/v1/models/churn").json()["card"] is None
    begun = call("POST", "/api/v1/models/churn/train")
    assert begun.status_code == 202, begun.text
    while call("GET", "/api/v1/models/churn/training").json()["state"] == "running":
        pass
    assert call("GET", "/api/v1/models/churn").json()["latest"] == 1


def test_drift_and_groups_are_told(call: Call) -> None:
    looked = call("POST", f"{MODEL}/drift").json()
    assert not looked["alarm"]
    assert call("GET", MODEL).json()["drift"]["why"] == looked["why"]
    for named in ({"recency_days", "days since the last order"}, {"country"}):
        assert named in [{each["name"], each["words"]} for each in looked["drifts"]]
    told = call("GET", f"{MODEL}/fairness", params={"trait": "country"}).json()
    assert {each["group"] for each in told["groups"]} >= {"GB"}
    wrong = call("GET", f"{MODEL}/fairness", params={"trait": "nonsense"})
    assert wrong.status_code in (400, 422)


def test_one_persons_scores_are_told_with_what_moves_them(call: Call, tb: Tailorbird) -> None:
    rows = tb.world.facts.read("SELECT MIN(person) AS p FROM scores")
    person = rows["p"][0].as_py()
    (score,) = call("GET", f"/api/v1/people/{person}/scores").json()
    assert score["model"] == "repeat_purchase"
    assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
    assert score["unit"] == "share"
    reasons = call("GET", f"/api/v1/people/{person}/scores/repeat_purchase/reasons").json()
    assert reasons
    assert all(isinstance(each, str) for each in reasons)
    assert call("GET", "/api/v1/people/999999/scores").status_code == 404
