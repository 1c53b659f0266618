"""Probabilities mended by what a later window showed: by steps that rise, or by a curve of two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from tailorbird.predict.effects import logit, sigmoid
from tailorbird.predict.measures import log_losses
from tailorbird.predict.propensity import Floats

Kind = Literal["isotonic", "sigmoid"]
Window: TypeAlias = tuple[Floats, Floats]
"""What was said of the people of a window, and what happened."""
KINDS: Final[tuple[Kind, ...]] = ("sigmoid", "isotonic")
SURE: Final = 2.0
"""Standard errors by which the mended log loss must be lower before it is kept."""
FEWEST: Final = 500
"""People of whom steps are learnt; a curve does with fewer."""


class Calibration(msgspec.Struct, frozen=True):
    """A rising curve from what a model says to what happened.

    `isotonic`: straight lines between the points. `sigmoid`: `after[0] + after[1] * log-odds`
    (Platt), `before` unused.
    """

    kind: Kind
    before: tuple[float, ...]
    after: tuple[float, ...]

    def mend(self, share: Floats) -> Floats:
        """Return the mended probabilities."""
        if self.kind == "isotonic":
            return np.interp(share, self.before, self.after)
        return sigmoid(self.after[0] + self.after[1] * logit(share))


def learn(kind: Kind, share: Floats, outcome: Floats) -> Calibration:
    """Return the curve that fits what a model said of people to what became of them.

    Its shape alone: the mean of what is said stays. A level that was missed is a season or a trend,
    and the next window has its own.
    """
    from tailorbird.predict import train

    once = np.ones(len(outcome))
    if kind == "isotonic":
        return _isotonic(share, outcome)
    found = train.plain(logit(share)[:, None], outcome, once, penalty=1e-3, link="logit")
    slope = max(float(found[1]), 0.0)
    return Calibration("sigmoid", (), (_level(slope * logit(share), share.mean()), slope))


def chosen(windows: Sequence[Window]) -> tuple[Calibration | None, str]:
    """Return a calibration where each window's mends the one after it, and why.

    `windows` go from the latest back: what a model that had not seen a window said of its people,
    and what became of them. What mends one window and not the other is a season, not a bias of the
    model. The curve that is returned is learnt on the latest.
    """
    told, best, gained = [], None, 0.0
    for kind in KINDS:
        if kind == "isotonic" and min(len(said) for said, _ in windows) < FEWEST:
            continue
        steps = [
            log_losses(*later) - log_losses(learn(kind, *earlier).mend(later[0]), later[1])
            for later, earlier in pairwise(windows)
        ]
        gains, errors = (
            np.array([step.mean() for step in steps]),
            np.array([step.std() / np.sqrt(len(step)) for step in steps]),
        )
        told.append(f"{kind} {' and '.join(f'{gain:+.4f}' for gain in gains)}")
        if (gains > SURE * errors).all() and gains.min() > gained:
            best, gained = kind, float(gains.min())
    why = f"gain in log loss on the window after, twice: {'; '.join(told)}"
    return (None, f"none: {why}") if best is None else (learn(best, *windows[0]), f"{best}: {why}")


def _isotonic(share: Floats, outcome: Floats) -> Calibration:
    """Return the least-squares rising steps (pool adjacent violators), drawn off 0 and 1."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(share, kind="stable")
    steps = isotonic_regression(outcome[order]).x
    sorted_share = share[order]
    begins = np.flatnonzero(np.concatenate([[True], steps[1:] != steps[:-1]]))
    sizes = np.diff(np.append(begins, len(steps)))
    middle = np.add.reduceat(sorted_share, begins) / sizes
    rate = (outcome.sum() + 1) / (len(outcome) + 2)
    drawn = (steps[begins] * sizes + rate) / (sizes + 1)
    after = logit(np.maximum.accumulate(drawn))
    level = _level(np.interp(share, middle, after), share.mean())
    return Calibration("isotonic", tuple(middle.tolist()), tuple(sigmoid(after + level).tolist()))


def _level(logit: Floats, mean: float) -> float:
    """Return what to add to log-odds for probabilities of this mean, by halving."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(logit + middle).mean() < mean else (low, middle)
    return low
