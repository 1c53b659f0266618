"""A propensity can be kept, read back and explained."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from tailorbird import predict
from tailorbird.errors import ModelError
from tailorbird.predict import Propensity
from tailorbird.schema import Instant

Worlds = Callable[..., Any]


@pytest.fixture
def model(world: Worlds, now: Instant) -> Propensity:
    known = world()
    found, card = predict.judge(known.features, known.outcomes, now=now, algorithm="logistic")
    assert card.serves
    assert isinstance(found, Propensity)
    return found


def test_it_scores_alike_after_being_kept(model: Propensity, world: Worlds, now: Instant) -> None:
    features = world().features(now)
    again = predict.load(model.files())
    assert again == model
    assert again.score(features).equals(model.score(features))


def test_every_person_gets_a_probability_and_a_reason(
    model: Propensity, world: Worlds, now: Instant
) -> None:
    scores = model.score(world().features(now))
    assert scores.column_names == ["person", "probability", "top_reason"]
    assert all(0 < share < 1 for share in scores["probability"].to_pylist())
    ways = {reason.split(": ")[1].split(" it")[0] for reason in scores["top_reason"].to_pylist()}
    assert ways >= {"raises", "lowers"}


def test_the_reason_is_the_trait_that_moves_the_person_most(model: Propensity) -> None:
    loyal = {"person": 1, "recency_days": 20.0, "loyalty": 3.0, "country": "FR", "member": True}
    gone = {"person": 2, "recency_days": 900.0, "loyalty": 0.0, "country": "FR", "member": False}
    scores = model.score(pa.Table.from_pylist([loyal, gone])).to_pylist()
    assert "loyalty" in scores[0]["top_reason"]
    assert ": raises it by " in scores[0]["top_reason"]
    assert scores[1]["top_reason"].startswith("900 days since the last order: lowers it by ")


def test_unseen_texts_and_missing_values_are_scored(model: Propensity) -> None:
    strange = {
        "person": 1,
        "recency_days": None,
        "loyalty": None,
        "country": "Atlantis",
        "member": None,
    }
    schema = pa.schema(
        [
            ("person", pa.int64()),
            ("recency_days", pa.float64()),
            ("loyalty", pa.float64()),
            ("country", pa.string()),
            ("member", pa.bool_()),
        ]
    )
    scores = model.score(pa.Table.from_pylist([strange], schema=schema)).to_pylist()
    assert 0 < scores[0]["probability"] < 1


def test_a_missing_trait_is_named(model: Propensity) -> None:
    with pytest.raises(ModelError, match="'recency_days' is missing"):
        model.score(pa.table({"person": [1], "loyalty": [0.0], "country": ["GB"]}))


@pytest.mark.parametrize(
    "files", [{}, {"propensity.json": b"{"}, {"propensity.json": b'{"rule": "magic"}'}]
)
def test_damaged_files_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(ModelError, match="train it again"):
        predict.load(files)


def test_the_door_imports_no_heavy_library() -> None:
    program = (
        "import sys, tailorbird.predict, tailorbird.recommend, tailorbird.experiments\n"
        "print([m for m in ('scipy', 'sklearn', 'numba', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert shown.stdout.strip() == b"[]"
