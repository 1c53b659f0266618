"""Counts for telling others: with noise, paid for once, refused when the year's budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird import auditing
from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND

NOW = 1_700_000_000 * SECOND
WHERE = "/segments/everybody/count-privately"
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder whose counts may cost an epsilon of 3 in a year."""
    settings = {"TAILORBIRD_PRIVACY__EPSILON_PER_YEAR": "3"}
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment=settings) as opened:
        opened.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        yield opened


def keyed(key: str) -> dict[str, str]:
    return {"sec-fetch-site": "same-origin", "idempotency-key": key}


def left(tb: Tailorbird) -> float:
    return auditing.left(tb.world, auditing.COUNTS, NOW)


def test_a_count_says_how_near_it_is_and_what_is_left(call: Call, tb: Tailorbird) -> None:
    told = call(WHERE, "POST", json={"epsilon": 1.0})
    assert told.status_code == 200, told.text
    found = told.json()
    assert (found["segment"], found["epsilon"], found["left"]) == ("everybody", 1.0, 2.0)
    assert [each["group"] for each in found["groups"]] == ["everybody"]
    assert found["within"] == pytest.approx(3.0, abs=0.01)
    asked = {"epsilon": 0.5, "by": "country", "values": ["GB", "FR"]}
    groups = call(WHERE, "POST", json=asked).json()["groups"]
    assert [each["group"] for each in groups] == ["GB", "FR", auditing.OTHERS]
    assert left(tb) == 1.5


def test_a_spent_budget_is_refused_with_its_code_and_the_mend(call: Call, tb: Tailorbird) -> None:
    assert call(WHERE, "POST", json={"epsilon": 2.5}).status_code == 200
    refused = call(WHERE, "POST", json={"epsilon": 1.0})
    told = refused.json()
    assert (refused.status_code, told["code"]) == (409, "privacy_budget")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "does not allow epsilon 1: 0.5 of 3 is left" in told["detail"]
    assert "privacy.epsilon_per_year" in told["mend"]
    assert left(tb) == 0.5


def test_a_repeat_is_told_the_same_and_pays_once(call: Call, tb: Tailorbird) -> None:
    asked = {"epsilon": 0.5}
    first = call(WHERE, "POST", json=asked, headers=keyed("k1")).json()
    assert call(WHERE, "POST", json=asked, headers=keyed("k1")).json() == first
    assert left(tb) == 2.5
    assert call(WHERE, "POST", json=asked, headers=keyed("k2")).json()["left"] == 2.0


def test_a_repeat_whose_first_answer_was_lost_with_the_process_pays_once(
    call: Call, tb: Tailorbird, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise of this size never falls alike twice: what is told again is what was released."""
    forgets = lambda *_: None  # noqa: E731
    monkeypatch.setattr(tb.world.keys, "keep_answer", forgets)
    asked = {"epsilon": 0.01, "by": "country", "values": ["GB", "FR", "DE"]}
    first = call(WHERE, "POST", json=asked, headers=keyed("k1")).json()
    again = call(WHERE, "POST", json=asked, headers=keyed("k1"))
    assert "idempotent-replayed" not in again.headers
    assert again.json() == first
    assert left(tb) == pytest.approx(2.99)
    other = call(WHERE, "POST", json=asked | {"epsilon": 0.02}, headers=keyed("k1")).json()
    assert other["epsilon"] == pytest.approx(0.02)
    assert left(tb) == pytest.approx(2.97)


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"epsilon": 0}, 400, "epsilon"),
        ({"epsilon": 21}, 400, "epsilon"),
        ({"values": ["GB"]}, 400, "a trait and its values belong together"),
        ({"by": "country"}, 400, "name the trait, and the values"),
        ({"by": "country", "values": [""]}, 400, "values"),
        ({"by": "nosuch", "values": ["GB"]}, 400, "no trait 'nosuch'"),
        ({"epsilons": 1}, 400, "epsilons"),
    ],
)
def test_what_cannot_be_asked_costs_nothing(
    call: Call, tb: Tailorbird, asked: dict[str, object], status: int, says: str
) -> None:
    refused = call(WHERE, "POST", json=asked)
    assert (refused.status_code, says in refused.json()["message"]) == (status, True), refused.text
    assert left(tb) == 3


def test_a_segment_that_nobody_defined_is_missing(call: Call) -> None:
    assert call("/segments/nobody/count-privately", "POST", json={}).status_code == 404
