"""Logistic regression on quantile steps, and its sister for values, as algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tailorbird.predict import train
from tailorbird.predict.algorithms import Generator, Task
from tailorbird.predict.propensity import Floats, Propensity

if TYPE_CHECKING:
    import pyarrow as pa


class Logistic(msgspec.Struct, frozen=True):
    """Weights a bin of each trait, neighbours drawn together by the penalty."""

    penalty: float = 30.0
    name: str = "logistic"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Propensity:
        """Return the weights; nothing is drawn."""
        return train.logistic(
            train.columns(features),
            features,
            outcome,
            penalty=self.penalty,
            weights=weights,
            link="logit" if task == "classification" else "identity",
        )
