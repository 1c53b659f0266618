"""Online learning: a model's weights move a little with every outcome that becomes known.

It begins where the last full training ended and is thrown away at the next: a nightly refit ties or
beats every incremental method that was measured, so it serves only where it surely wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.model_cards import Measure
from tailorbird.predict.effects import sigmoid
from tailorbird.predict.heads import read_head
from tailorbird.predict.measures import interval, log_losses, mean
from tailorbird.predict.propensity import Bins, Floats, Propensity

if TYPE_CHECKING:
    import pyarrow as pa

FILE: Final = "online.json"
PACE: Final = 0.05
MOST_STEP: Final = 0.05
"""No outcome moves a weight further: a burst by one person must not carry a model away."""
LOG_LOSS: Final = "log loss"


class Online(msgspec.Struct, frozen=True):
    """A propensity that goes on learning, and how much each weight has moved already (AdaGrad)."""

    model: Propensity
    squares: tuple[tuple[float, ...], ...]
    """Sums of squared slopes: one for the intercept, then those of each column's bins."""
    learnt: int = 0

    def learn(self, features: pa.Table, outcome: Floats) -> Online:
        """Return it with these outcomes learnt, one after the other; each person counts once.

        Raises:
            ModelError: a trait that the model was trained on is missing.
        """
        return _learnt(self, *_once_each(features, outcome))

    def files(self) -> dict[str, bytes]:
        """Return what `load_online` reads: one JSON file."""
        return {FILE: msgspec.json.encode(self)}


def begin(model: Propensity) -> Online:
    """Return a trained model as the beginning of learning.

    Raises:
        ModelError: it is no logistic model, whose weights could move.
    """
    if model.rule != "logistic":
        what = f"the rule {model.rule!r} has no weights that outcomes could move"
        raise ModelError(what, where="online", mend="wait until a logistic model serves")
    return Online(model, ((1.0,), *((1.0,) * column.size for column in model.columns)))


def load_online(files: Mapping[str, bytes]) -> Online | None:
    """Return what `Online.files` gave, None where there is none.

    Raises:
        ModelError: the file is damaged.
    """
    if FILE not in files:
        return None
    return read_head(files, FILE, Online, FILE, where="online", mend="train it again")


def judge_online(
    model: Propensity,
    batches: Iterable[tuple[pa.Table, Floats]],
    rng: np.random.Generator,
    *,
    begun: Online | None = None,
    looks: int = 1,
) -> tuple[Online, Measure]:
    """Return the model as it ends, and its log loss beside that of the model left as it was.

    Every batch is foretold before it is learnt (Dawid's prequential principle). Lower is better:
    the online model may serve where `high` is below 0. Who learnt on before goes on from there, as
    `begun`. Who looks often would win by chance once: of so many `looks` together the interval is
    wrong in 5 % (Bonferroni), and wider for it.

    Raises:
        ModelError: there is nothing to judge by, or no logistic model.
    """
    online, ours, theirs = begun or begin(model), [], []
    for features, outcome in batches:
        ours.append(log_losses(online.model.probabilities(features), outcome))
        theirs.append(log_losses(model.probabilities(features), outcome))
        online = online.learn(features, outcome)
    if not ours or not sum(map(len, ours)):
        raise ModelError("no outcome has become known", where="online", mend="judge it later")
    one, two = np.concatenate(ours), np.concatenate(theirs)
    low, high = interval(mean(one - two), len(one), rng)
    gain = float((one - two).mean())
    low, high = (gain + (end - gain) * _wider(looks) for end in (low, high))
    naive = "left as it was trained"
    return online, Measure(LOG_LOSS, float(one.mean()), float(two.mean()), naive, low, high)


def _wider(looks: int) -> float:
    """Return how many times as wide as at 95 % an interval is that so many looks share."""
    normal = NormalDist()
    return normal.inv_cdf(1 - 0.025 / looks) / normal.inv_cdf(0.975)


def _once_each(features: pa.Table, outcome: Floats) -> tuple[pa.Table, Floats]:
    people = features["person"].to_numpy()
    _, first = np.unique(people, return_index=True)
    kept = np.sort(first)
    return features.take(kept), outcome[kept]


def _learnt(online: Online, features: pa.Table, outcome: Floats) -> Online:
    model = online.model
    bins: list[Bins] = [column.bins(features) for column in model.columns]
    weights = [np.array([model.intercept])]
    weights += [np.array(column.weights) for column in model.columns]
    squares = [np.array(each) for each in online.squares]
    for row in range(len(outcome)):
        places = [0, *(int(found[row]) for found in bins)]
        said = sum(float(each[at]) for each, at in zip(weights, places, strict=True))
        gap = float(outcome[row] - sigmoid(np.array(said)))
        for each, square, at in zip(weights, squares, places, strict=True):
            square[at] += gap * gap
            each[at] += float(np.clip(PACE * gap / np.sqrt(square[at]), -MOST_STEP, MOST_STEP))
    columns = tuple(
        msgspec.structs.replace(column, weights=tuple(each.tolist()))
        for column, each in zip(model.columns, weights[1:], strict=True)
    )
    moved = msgspec.structs.replace(model, intercept=float(weights[0][0]), columns=columns)
    kept = tuple(tuple(each.tolist()) for each in squares)
    return Online(moved, kept, online.learnt + len(outcome))
