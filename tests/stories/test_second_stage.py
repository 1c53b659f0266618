"""A second stage, from its key in a file to what people are shown, and back again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tailorbird import learning
from tailorbird.app import Tailorbird
from tailorbird.recommend import calibration, second_trial
from tailorbird.schema import DAY, Body
from tailorbird.views.recommendations import Answer

pytest.importorskip("lightgbm")
pytestmark = pytest.mark.slow
NOW = 20_500 * DAY
PEOPLE, ITEMS, HOME, CYCLE = 260, 60, 6, 90
WANTED = "name: recommender\nhorizon_days: 15\nsecond_stage: {}\n"


def _iso(age: float) -> str:
    return datetime.fromtimestamp((NOW - int(age * DAY)) / 1_000_000, UTC).isoformat()


def _staples() -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return events of people who buy their own things in turn, and what each is due to buy."""
    rng = np.random.default_rng(8)
    agreed = {"training": True, "personalisation": True}
    said: list[dict[str, Any]] = [
        {
            "type": "track", "event": "product_updated", "anonymousId": "the-shop",
            "messageId": f"product-{item}", "timestamp": _iso(250),
            "properties": {
                "product_id": f"item-{item:02}", "name": f"Item {item}", "price": 5, "stock": 9,
            },
        }
        for item in range(ITEMS)
    ]  # fmt: skip
    due = {}
    for person in range(PEOPLE):
        who, own = f"p{person}", rng.choice(ITEMS, HOME, replace=False)
        said.append(
            {
                "type": "identify", "userId": who, "messageId": who, "timestamp": _iso(245),
                "context": {"consent": {"categoryPreferences": agreed}},
            }
        )  # fmt: skip
        offset = rng.uniform(0, CYCLE)
        for turn in range(30):
            age, item = 240 - offset - turn * CYCLE / HOME, f"item-{own[turn % HOME]:02}"
            if age > 0:
                due[who] = f"item-{own[(turn + 1) % HOME]:02}"
                said.append(_order(who, item, age))
    return said, due


def _order(who: str, item: str, age: float) -> dict[str, Any]:
    lines = [{"product_id": item, "price": 5, "quantity": 1}]
    return {
        "type": "track", "event": "Order Completed", "userId": who, "timestamp": _iso(age),
        "messageId": f"{who}-{age}", "properties": {"order_id": f"{who}-{age}", "products": lines},
    }  # fmt: skip


@pytest.fixture
def due() -> dict[str, str]:
    """Return what each person is due to buy."""
    return _staples()[1]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a shop where only the days since tell what is bought next."""
    said, _ = _staples()
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        body = Body("import", NOW, msgspec.json.encode({"batch": said}))
        opened.world.log.append([body])
        opened.ingest()
        yield opened


def _shown(shop: Tailorbird, people: list[str]) -> list[Answer]:
    return [shop.recommend(who, 4) for who in people]


def _first(found: list[Answer]) -> list[str]:
    return [each.products[0].item for each in found]


def _right(shop: Tailorbird, due: dict[str, str]) -> int:
    people = list(due)[:40]
    return sum(
        item == due[who] for item, who in zip(_first(_shown(shop, people)), people, strict=True)
    )


def test_a_second_stage_is_wanted_in_a_file_and_reorders_what_people_are_shown(
    shop: Tailorbird, due: dict[str, str]
) -> None:
    shop.put("model", "recommender", "name: recommender\nhorizon_days: 15\n")
    (plain,) = shop.learn(["recommender"])
    before = _right(shop, due)
    assert "second_stage" not in plain.parameters
    shop.put("model", "recommender", WANTED.format("true"))
    (card,) = shop.learn(["recommender"])
    assert card.serves, card.why
    assert card.parameters["second_stage"] is True
    assert "The second stage serves: NDCG@10" in card.why
    told = next(each for each in card.measures if each.name == second_trial.MEASURE)
    assert told.low > 0
    assert told.naive_rule == "first ranking"
    # Measured: 40 of 40 against 7.
    assert _right(shop, due) > before + 20

    # What is said is a probability, of the second stage's own scores.
    proven = shop.world.models.get("recommender")
    assert proven is not None
    found = calibration.load(proven[1][calibration.FILE])
    assert found.test_shown > 0
    assert found.error < 0.05
    scores = [each.products[0].recommendation_score for each in _shown(shop, [*due][:40])]
    assert all(score is not None and 0.5 < score <= 1 for score in scores), scores


def test_it_goes_on_after_a_restart_and_a_rebuild_and_is_rolled_back(
    shop: Tailorbird, due: dict[str, str]
) -> None:
    people = [*due][:10]
    shop.put("model", "recommender", "name: recommender\nhorizon_days: 15\n")
    shop.learn(["recommender"])
    plain = _shown(shop, people)
    shop.put("model", "recommender", WANTED.format("auto"))
    (card,) = shop.learn(["recommender"])
    assert [each.chosen for each in card.tried] == [False, True], card.why
    second = _shown(shop, people)
    assert _first(second) != _first(plain)
    shop.rebuild()
    assert _first(_shown(shop, people)) == _first(second)
    folder = shop.world.folder
    shop.close()
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as again:
        found = _shown(again, people)
        assert [each.products for each in found] == [each.products for each in second]
        again.roll_back("recommender", 1, reason="it was slower")
        assert _first(_shown(again, people)) == _first(plain)


def test_without_lightgbm_the_first_ranking_serves_and_the_card_says_why(
    shop: Tailorbird, due: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put("model", "recommender", WANTED.format("true"))
    shop.learn(["recommender"])
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    # A version that needs it does not serve on a machine without it, and that is told.
    folder = shop.world.folder
    shop.close()
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as bare:
        assert learning.recommender(bare.world) is None
        (told,) = learning.troubles(bare.world)
        assert "LightGBM, which is not installed" in told
        assert bare.recommend(next(iter(due)), 4).products == ()

        (card,) = bare.learn(["recommender"])
        assert card.parameters["second_stage"] is False
        assert "LightGBM is not installed (install tailorbird[learn])" in card.why
        assert learning.troubles(bare.world) == []
        assert bare.recommend(next(iter(due)), 4).products


def test_too_few_to_learn_from_are_refused_and_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    said: list[dict[str, Any]] = []
    for person in range(400):
        who, pair = f"p{person}", int(rng.integers(0, 20))
        age = float(rng.uniform(1, 180))
        said += [_order(who, f"first-{pair:02}", age)]
        said += [_order(who, f"then-{pair:02}", age - 31)] if age > 31 else []
        said.append(
            {
                "type": "identify", "userId": who, "messageId": who, "timestamp": _iso(200),
                "context": {"consent": {"categoryPreferences": {"training": True}}},
            }
        )  # fmt: skip
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        opened.world.log.append([Body("import", NOW, msgspec.json.encode({"batch": said}))])
        opened.ingest()
        opened.put("model", "recommender", "name: recommender\nsecond_stage: true\n")
        (card,) = opened.learn(["recommender"])
    assert card.parameters["second_stage"] is False
    assert "fewer than 200 people of a window bought one of their first 50" in card.why
