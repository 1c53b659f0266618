"""An optional second look: LightGBM's lambdarank reorders the best candidates of a first ranking.

In: the candidates of one window with their hits. Out: a booster as text, and rankings reordered.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.recommend import scoring
from tailorbird.recommend.interactions import Flags, Floats, History, sought
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.scoring import Ranked

CANDIDATES: Final = 50
"""How many of the first ranking are looked at again."""
LEAST_HITS: Final = 200
"""People with a hit among their candidates that learning needs."""
FEATURES: Final = (
    "score",
    "own",
    "related",
    "place",
    "popular",
    "bought",
    "days_since",
    "taste",
    "visits_ago",
    "history",
    "days_away",
)
_ROUNDS: Final = 120
_NEVER: Final = 9_999.0
_HOW: Final[dict[str, Any]] = {
    "objective": "lambdarank",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
    "lambdarank_truncation_level": 15,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def described(
    ranked: Ranked, history: History, parameters: Parameters, popular: Floats, today: int
) -> npt.NDArray[np.float32]:
    """Return people x candidates x FEATURES."""
    past = scoring.recall_past(history, ranked.people, parameters, today)
    items, people = len(popular), len(ranked.people)
    keys = past.owner * items + past.item
    wanted = np.arange(people)[:, None] * items + ranked.item
    place, had = sought(keys, wanted)

    def of_own(values: Floats, otherwise: float) -> Floats:
        found = np.full(had.shape, otherwise)
        found[had] = values[place[had]]
        return found

    away = np.full(people, _NEVER)
    np.minimum.at(away, past.owner, (today - past.last_day).astype(np.float64))
    columns = (
        ranked.score,
        ranked.own,
        ranked.related,
        np.broadcast_to(np.arange(ranked.item.shape[1]), ranked.item.shape),
        popular[ranked.item],
        ranked.bought,
        of_own((today - past.last_day).astype(np.float64), _NEVER),
        of_own(past.taste, 0.0),
        of_own(past.late, 0.0),
        np.broadcast_to(np.bincount(past.owner, minlength=people)[:, None], ranked.item.shape),
        np.broadcast_to(away[:, None], ranked.item.shape),
    )
    return np.stack([np.where(ranked.item >= 0, column, 0) for column in columns], 2).astype("f4")


def learn(candidates: npt.NDArray[np.float32], hit: Floats, seed: int) -> str:
    """Return a booster's text, empty where too few people have a hit among their candidates.

    Raises:
        ModelError: LightGBM is not installed.
    """
    some: Flags = np.asarray(hit.any(axis=1))
    if int(some.sum()) < LEAST_HITS:
        return ""
    booster = _lightgbm()
    rows = candidates[some].reshape(-1, len(FEATURES))
    groups = np.full(int(some.sum()), hit.shape[1])
    learnt = booster.Dataset(rows, hit[some].ravel(), group=groups, feature_name=list(FEATURES))
    model = booster.train({**_HOW, "seed": seed}, learnt, num_boost_round=_ROUNDS)
    return str(model.model_to_string())


def reordered(ranked: Ranked, candidates: npt.NDArray[np.float32], text: str, k: int) -> Ranked:
    """Return the `k` best by the booster; a score is its margin between 0 and 1.

    Raises:
        ModelError: LightGBM is not installed, or the text is none of its models.
    """
    model = booster(text)
    margin = model.predict(candidates.reshape(-1, len(FEATURES)), num_threads=1)
    score = 1 / (1 + np.exp(-np.asarray(margin).reshape(ranked.item.shape)))
    score = np.where(ranked.item >= 0, score, -np.inf)
    order = np.argsort(-score, axis=1, kind="stable")[:, :k]
    kept = {
        field.name: np.take_along_axis(getattr(ranked, field.name), order, axis=1)
        for field in fields(Ranked)
        if field.name not in {"people", "score"}
    }
    return Ranked(people=ranked.people, score=np.take_along_axis(score, order, axis=1), **kept)


def booster(text: str) -> Any:
    """Return the model of a booster's text.

    Raises:
        ModelError: LightGBM is not installed, or cannot read it.
    """
    lightgbm = _lightgbm()
    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ModelError(
            f"the second stage cannot be read ({error})", where="recommender", mend="train it again"
        ) from error


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise ModelError(
            "the second stage needs LightGBM, which is not installed",
            where="recommender",
            mend="install tailorbird[learn], or judge without a second stage",
        ) from error
    return lightgbm
