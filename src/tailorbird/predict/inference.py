"""Membership inference: can who has the model tell whether a person was among those it learnt of?

The attack guesses "was there" from how well the model fits a person's outcome (Yeom et al. 2018).
An AUC of .5 is a coin's; a model that has learnt people by heart comes near 1.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from tailorbird.predict.measures import interval, log_losses, ranked
from tailorbird.predict.propensity import Floats

SAFE: Final = 0.55
"""An attack above this, surely, tells of people: the model must not leave the house."""


class Attack(msgspec.Struct, frozen=True):
    """How well the attack tells people apart, with a 95 % interval."""

    auc: float
    low: float
    high: float

    @property
    def safe(self) -> bool:
        """Return whether it is not surely above `SAFE`."""
        return self.low <= SAFE


def attack(
    inside: Floats,
    inside_outcome: Floats,
    outside: Floats,
    outside_outcome: Floats,
    rng: np.random.Generator,
) -> Attack:
    """Return how an attack fares that sees probabilities of people learnt from and of others.

    Others must be like them: of the same window and drawn alike, or it is drift that is measured.
    """
    loss = np.concatenate(
        [log_losses(inside, inside_outcome), log_losses(outside, outside_outcome)]
    )
    was_there = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    found = ranked(-loss, was_there)
    low, high = interval(found.auc, len(loss), rng)
    return Attack(found.auc(np.ones(len(loss))), low, high)
