"""How likely a person is to buy a product that she is shown, learnt on the window before the test.

A logistic regression on what the model said (its score and its reason) and on how much and how
lately the person buys; isotonic steps on top only where they help on people who were kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Ints, sought
from tailorbird.recommend.stored import decoded
from tailorbird.schema import DAY, Instant, Names

if TYPE_CHECKING:
    import pyarrow as pa

FILE: Final = "recommendation_score.json"
"""Beside the recommender's own files."""
FEATURES: Final = (
    "constant", "score", "repeat", "viewed", "related", "rank", "purchase_days", "recency_days",
)  # fmt: skip
LEAST_SHOWN: Final = 500
LEAST_BOUGHT: Final = 20
BINS: Final = 10
_STEPS: Final = 40
_RIDGE: Final = 1.0
_FLOOR: Final = 1e-9
_LATEST: Final = 3_650.0
_APART: Final = 5
"""Every fifth person is kept apart to see whether isotonic steps help."""


class Calibration(msgspec.Struct, frozen=True):
    """What turns what a model says of a product into a probability, for one version of it.

    `error` and `error_of_rate` are calibration errors (ECE) on the test window: of this, and of
    saying the same rate of everything.
    """

    horizon_days: int
    weights: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    knots: tuple[tuple[float, float], ...] = ()
    """Of the isotonic steps: what the logistic says, and what is so; () where they did not help."""
    rate: float = 0.0
    """The share of what was shown on the calibration window that was bought."""
    shown: int = 0
    error: float = 0.0
    error_of_rate: float = 0.0
    log_loss: float = 0.0
    log_loss_of_rate: float = 0.0
    test_rate: float = 0.0
    test_shown: int = 0

    def probability(self, features: Floats) -> Floats:
        """Return the probability of each row of features."""
        x = (features - np.array(self.centre)) / np.array(self.scale)
        plain = _logistic(x @ np.array(self.weights))
        if not self.knots:
            return plain
        at, value = (np.array(column) for column in zip(*self.knots, strict=True))
        return np.asarray(np.interp(plain, at, value), dtype=np.float64)

    @property
    def helps(self) -> bool:
        """Return whether it said more on the test window than the rate alone."""
        return self.log_loss < self.log_loss_of_rate


@dataclass(frozen=True, slots=True)
class Shown:
    """What was, or would have been, shown to whom: a row a product, as columns."""

    person: Ints
    rank: Ints
    score: Floats
    code: list[str]
    purchase_days: Floats
    recency_days: Floats

    def features(self) -> Floats:
        """Return rows x FEATURES."""
        code = np.array(self.code, dtype=object)
        return np.column_stack(
            [
                np.ones(len(self.person)),
                np.log(np.maximum(self.score, _FLOOR)),
                *((code == each).astype(np.float64) for each in ("repeat", "viewed", "related")),
                np.log(self.rank),
                np.log1p(self.purchase_days),
                np.log1p(np.minimum(self.recency_days, _LATEST)),
            ]
        )


def shown(chosen: pa.Table, history: pa.Table, now: Instant) -> Shown:
    """Return rows of person, rank, score and reason_code with how much and lately people buy."""
    import pyarrow.compute as pc

    bought = history.filter(pc.equal(history["kind"], Names.PURCHASE))
    person, day = bought["person"].to_numpy(), bought["at"].to_numpy() // DAY
    pairs = np.unique(np.column_stack([person, day]), axis=0) if len(person) else np.zeros((0, 2))
    people, start, days = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    asked = chosen["person"].to_numpy()
    place, known = sought(people, asked)
    counted, age = np.zeros(len(asked)), np.full(len(asked), _LATEST)
    counted[known] = days[place[known]]
    age[known] = now // DAY - pairs[start + days - 1, 1][place[known]]
    return Shown(
        person=asked,
        rank=chosen["rank"].to_numpy().astype(np.int64),
        score=chosen["score"].to_numpy(),
        code=chosen["reason_code"].to_pylist(),
        purchase_days=counted,
        recency_days=age,
    )


def fit(shown: Shown, bought: Flags, horizon_days: int) -> Calibration | None:
    """Return what was learnt from a window; None where too little was shown or bought."""
    if len(bought) < LEAST_SHOWN or int(bought.sum()) < LEAST_BOUGHT:
        return None
    x, y = shown.features(), bought.astype(np.float64)
    apart = shown.person % _APART == 0
    if not (y[apart].any() and y[~apart].any()):
        apart = np.zeros(len(y), bool)
    learnt = _fit(x[~apart], y[~apart], horizon_days)
    knots = _isotonic(learnt.probability(x[~apart]), y[~apart])
    stepped = msgspec.structs.replace(learnt, knots=knots)
    if not apart.any() or log_loss(stepped.probability(x[apart]), y[apart]) >= log_loss(
        learnt.probability(x[apart]), y[apart]
    ):
        knots = ()
    whole = _fit(x, y, horizon_days)
    steps = _isotonic(whole.probability(x), y) if knots else ()
    return msgspec.structs.replace(whole, knots=steps, rate=float(y.mean()), shown=len(y))


def judged(calibration: Calibration, shown: Shown, bought: Flags) -> Calibration:
    """Return a calibration with what it is worth on a later window."""
    if not len(bought):
        return calibration
    said, y = calibration.probability(shown.features()), bought.astype(np.float64)
    rate = np.full(len(y), calibration.rate)
    return msgspec.structs.replace(
        calibration,
        error=error(said, y),
        error_of_rate=error(rate, y),
        log_loss=log_loss(said, y),
        log_loss_of_rate=log_loss(rate, y),
        test_rate=float(y.mean()),
        test_shown=len(y),
    )


def load(content: bytes) -> Calibration:
    """Return the calibration of a file.

    Raises:
        ModelError: it is damaged.
    """
    return decoded(content, Calibration, FILE)


def error(said: Floats, bought: Floats) -> float:
    """Return the expected calibration error: the mean gap between said and so, in equal bins."""
    order = np.argsort(said, kind="stable")
    bins = [each for each in np.array_split(order, BINS) if len(each)]
    gaps = [len(each) * abs(float(said[each].mean() - bought[each].mean())) for each in bins]
    return sum(gaps) / max(len(said), 1)


def log_loss(said: Floats, bought: Floats) -> float:
    """Return the mean log loss in nats."""
    p = np.clip(said, 1e-6, 1 - 1e-6)
    return float(-(bought * np.log(p) + (1 - bought) * np.log(1 - p)).mean())


def _fit(x: Floats, y: Floats, horizon_days: int) -> Calibration:
    centre, scale = x.mean(axis=0), x.std(axis=0)
    centre[0], scale[scale < 1e-12] = 0.0, 1.0
    weights = _newton((x - centre) / scale, y)
    return Calibration(horizon_days, _plain(weights), _plain(centre), _plain(scale))


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


def _newton(x: Floats, y: Floats) -> Floats:
    """Return the weights of a ridge logistic regression; the constant is not held back."""
    weights = np.zeros(x.shape[1])
    held = np.full(x.shape[1], _RIDGE)
    held[0] = 1e-6
    for _ in range(_STEPS):
        p = _logistic(x @ weights)
        slope = x.T @ (p - y) + held * weights
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(held)
        step = np.linalg.solve(curve, slope)
        weights = weights - step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-8:
            break
    return weights


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _isotonic(said: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    """Return the steps of the rising means of `y` (pool adjacent violators) as a few knots."""
    order = np.argsort(said, kind="stable")
    blocks: list[tuple[float, float, float]] = []
    for each in np.array_split(order, min(200, max(len(order) // 50, 1))):
        block = (float(said[each].sum()), float(y[each].sum()), float(len(each)))
        while blocks and blocks[-1][1] / blocks[-1][2] >= block[1] / block[2]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    return tuple((s / n, t / n) for s, t, n in blocks)
