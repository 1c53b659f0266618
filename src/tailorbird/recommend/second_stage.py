"""An optional second look: LightGBM's lambdarank reorders the best candidates of a first ranking.

In: the candidates of one window with their hits. Out: a second stage, and rankings reordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from tailorbird.errors import ModelError
from tailorbird.recommend import scoring
from tailorbird.recommend.interactions import Flags, Floats, History, Singles, beginnings, sought
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.scoring import Ranked
from tailorbird.recommend.stored import Arrays, check_lengths, packed_arrays, unpacked_arrays

CANDIDATES: Final = 50
"""How many of the first ranking are looked at again; what is asked for beyond them follows."""
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
    "bought_again",
    "buyers",
)
ROUNDS: Final = 200
FILE: Final = "second_stage.txt"
_AGAIN, _BUYERS = "second_stage.again", "second_stage.buyers"
_PIECE: Final = 4_000
"""People whose candidates are described at a time."""
_NEVER: Final = 9_999.0
_DOUBT: Final = 10.0
"""Buyers who never came back that every item is given: two buyers prove no habit."""
_HOW: Final[dict[str, Any]] = {
    "objective": "lambdarank",
    "num_leaves": 7,
    "learning_rate": 0.03,
    "min_data_in_leaf": 200,
    "lambda_l2": 10.0,
    "lambdarank_truncation_level": 15,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True)
class Habits:
    """How everybody buys each item: the share of its buyers who come back; the log of how many."""

    again: Singles
    buyers: Singles

    def longer(self, items: int) -> Habits:
        """Return them with so many items more that nobody has bought."""
        return Habits(np.pad(self.again, (0, items)), np.pad(self.buyers, (0, items)))


def habits(history: History, items: int) -> Habits:
    """Return how everybody buys each item, a purchase a day."""
    owner, item = history.owners[history.bought], history.item[history.bought]
    begins = beginnings(owner, item)
    again = np.diff(begins, append=len(item)) > 1
    buyers = np.bincount(item[begins], minlength=items)
    back = np.bincount(item[begins][again], minlength=items)
    return Habits((back / (buyers + _DOUBT)).astype("f4"), np.log1p(buyers).astype("f4"))


@dataclass(frozen=True, slots=True)
class Sight:
    """What candidates are described by, as of a day."""

    history: History
    parameters: Parameters
    popular: Floats
    habits: Habits
    today: int

    def described(self, ranked: Ranked) -> Singles:
        """Return people x candidates x FEATURES."""
        past = scoring.recall_past(self.history, ranked.people, self.parameters, self.today)
        items, people, shape = len(self.popular), len(ranked.people), ranked.item.shape
        place, had = sought(
            past.owner * items + past.item, np.arange(people)[:, None] * items + ranked.item
        )
        since = (self.today - past.last_day).astype(np.float64)

        def of_own(values: Floats, otherwise: float) -> Floats:
            found = np.full(shape, otherwise)
            found[had] = values[place[had]]
            return found

        away = np.full(people, _NEVER)
        np.minimum.at(away, past.owner, since)
        columns = (
            ranked.score,
            ranked.own,
            ranked.related,
            np.broadcast_to(np.arange(shape[1]), shape),
            self.popular[ranked.item],
            ranked.bought,
            of_own(since, _NEVER),
            of_own(past.taste, 0.0),
            of_own(past.late, 0.0),
            np.broadcast_to(np.bincount(past.owner, minlength=people)[:, None], shape),
            np.broadcast_to(away[:, None], shape),
            self.habits.again[ranked.item],
            self.habits.buyers[ranked.item],
        )
        return np.stack([np.where(ranked.item >= 0, one, 0) for one in columns], 2).astype("f4")

    def strangers(self, ranked: Ranked) -> Flags:
        """Return who of these has no history."""
        mine = np.diff(self.history.start, append=0)[ranked.people]
        return np.asarray((ranked.people < 0) | (mine <= 0))


@dataclass(frozen=True)
class SecondStage:
    """What reorders candidates: LightGBM's text, and everybody's habits when it was learnt."""

    text: str
    habits: Habits

    @cached_property
    def booster(self) -> Any:
        """Return LightGBM's model.

        Raises:
            ModelError: LightGBM is not installed, cannot read it, or it looks at other features.
        """
        return _booster(self.text)

    def longer(self, items: int) -> SecondStage:
        """Return it with so many items more that nobody has bought."""
        made = replace(self, habits=self.habits.longer(items))
        vars(made)["booster"] = self.booster
        return made

    def knowing(self, history: History) -> SecondStage:
        """Return it with the habits of a history."""
        return replace(self, habits=habits(history, len(self.habits.again)))

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads."""
        return {FILE: self.text.encode(), **packed_arrays(_arrays(self.habits))}


def load(files: Mapping[str, bytes], items: int) -> SecondStage | None:
    """Return the second stage among a recommender's files, None where there is none.

    Raises:
        ModelError: it is damaged, or LightGBM is not installed.
    """
    if FILE not in files:
        return None
    arrays = unpacked_arrays(files, (_AGAIN, _BUYERS))
    check_lengths("second stage", items, *arrays.values())
    made = SecondStage(files[FILE].decode(), Habits(arrays[_AGAIN], arrays[_BUYERS]))
    _ = made.booster
    return made


def _arrays(found: Habits) -> Arrays:
    return {_AGAIN: found.again, _BUYERS: found.buyers}


def learn(ranked: Ranked, hit: Floats, sight: Sight, seed: int) -> SecondStage | None:
    """Return what was learnt from candidates and their hits, None where too few people have one.

    Raises:
        ModelError: LightGBM is not installed.
    """
    some: Flags = np.asarray(hit.any(axis=1))
    if int(some.sum()) < LEAST_HITS:
        return None
    lightgbm = _lightgbm()
    rows = sight.described(ranked)[some].reshape(-1, len(FEATURES))
    groups = np.full(int(some.sum()), hit.shape[1])
    learnt = lightgbm.Dataset(rows, hit[some].ravel(), group=groups, feature_name=list(FEATURES))
    model = lightgbm.train({**_HOW, "seed": seed}, learnt, num_boost_round=ROUNDS)
    return SecondStage(str(model.model_to_string()), sight.habits)


def reordered(ranked: Ranked, sight: Sight, second: SecondStage, k: int) -> Ranked:
    """Return the `k` best by a second stage; a score is its margin between 0 and 1.

    Strangers, of whom it has learnt nothing, keep their order: theirs are the same scores,
    the highest first.
    """
    return scoring.joined([_reordered(part, sight, second, k) for part in _pieces(ranked)])


def _pieces(ranked: Ranked) -> Iterator[Ranked]:
    """Yield pieces that bound memory, at least one."""
    for low in range(0, max(len(ranked.people), 1), _PIECE):
        some = slice(low, low + _PIECE)
        yield Ranked(**{name: getattr(ranked, name)[some] for name in ("people", *_CELLS)})


def _reordered(ranked: Ranked, sight: Sight, second: SecondStage, k: int) -> Ranked:
    score = _scores(ranked, sight, second)
    order = np.argsort(-score, axis=1, kind="stable")[:, :k]
    strange = sight.strangers(ranked)
    placed = np.where(strange[:, None], np.arange(order.shape[1]), order)
    cells = {name: np.take_along_axis(getattr(ranked, name), placed, axis=1) for name in _CELLS}
    return Ranked(people=ranked.people, **cells | {"score": np.take_along_axis(score, order, 1)})


_CELLS: Final = tuple(field.name for field in fields(Ranked) if field.name != "people")


def _scores(ranked: Ranked, sight: Sight, second: SecondStage) -> Floats:
    """Return people x candidates: what the booster says, and less and less of what is beyond."""
    head = Ranked(ranked.people, *(getattr(ranked, name)[:, :CANDIDATES] for name in _CELLS))
    seen = sight.described(head).reshape(-1, len(FEATURES))
    margin = np.asarray(second.booster.predict(seen, num_threads=1)).reshape(head.item.shape)
    score = 1 / (1 + np.exp(-margin))
    beyond = ranked.item.shape[1] - score.shape[1]
    follows = score.min(axis=1, initial=1.0)[:, None] / (2 + np.arange(beyond))
    return np.where(ranked.item >= 0, np.concatenate([score, follows], axis=1), -np.inf)


def _booster(text: str) -> Any:
    lightgbm = _lightgbm()
    try:
        found = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise _unreadable(str(error)) from error
    if tuple(found.feature_name()) != FEATURES:
        raise _unreadable("it looks at other features")
    return found


def installed() -> bool:
    """Return whether LightGBM is there to learn one."""
    try:
        _lightgbm()
    except ModelError:
        return False
    return True


def _unreadable(why: str) -> ModelError:
    return ModelError(
        f"the second stage cannot be read ({why})", where="recommender", mend="train it again"
    )


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise ModelError(
            "the second stage needs LightGBM, which is not installed",
            where="recommender",
            mend="install tailorbird[learn], or train without a second stage",
        ) from error
    return lightgbm
