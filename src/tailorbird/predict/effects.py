"""What moves a score: how far each trait takes each person from the average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Link = Literal["logit", "log", "identity"]
"""The scale on which effects add up: log-odds, the logarithm of a value, or the value itself."""
RAREST: Final = 1e-6
"""What a probability of 0 counts as: no window of ours could tell it from less."""


@dataclass(frozen=True, slots=True)
class Effects:
    """How far each trait moves each person from the average, on the scale of `link`.

    `shift` has a row a person and a column a name. A name may stand for several traits, which move
    somebody together: `together` has them by that name.
    """

    names: tuple[str, ...]
    shift: npt.NDArray[np.float64]
    link: Link
    together: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def traits(self, name: str) -> tuple[str, ...]:
        """Return the traits for which a name stands."""
        return self.together.get(name, (name,))

    def spread(self) -> dict[str, float]:
        """Return how much each trait tells people apart: its shift's deviation, the largest 1."""
        found = self.shift.std(axis=0)
        most = float(found.max(initial=0.0))
        return dict(zip(self.names, (found / most if most else found).tolist(), strict=True))


def in_units(said: Floats, shift: Floats, link: Link) -> Floats:
    """Return each effect as what the score would lose without it, in the score's unit."""
    if link == "logit":
        return np.asarray(said[:, None] - sigmoid(logit(said)[:, None] - shift))
    if link == "log":
        return np.asarray(said[:, None] * (1 - np.exp(-shift)))
    return shift


def logit(share: Floats) -> Floats:
    """Return log-odds, probabilities of 0 and 1 kept finite."""
    kept = np.clip(share, RAREST, 1 - RAREST)
    return np.asarray(np.log(kept / (1 - kept)))


def sigmoid(logit: Floats) -> Floats:
    """Return the probability of each log-odds, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -logit)))
