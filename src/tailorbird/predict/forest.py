"""A random forest: many deep trees, each on its own draw of people and traits, averaged.

Grown by LightGBM, so that it is kept and explained as boosted trees are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tailorbird.predict.algorithms import Fitted, Generator, Task
from tailorbird.predict.boosted import fitting, grown
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa


class Forest(msgspec.Struct, frozen=True):
    """`trees` trees of up to `leaves` leaves."""

    trees: int = 100
    leaves: int = 64
    least_in_leaf: int = 20
    name: str = "random_forest"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Fitted:
        """Return the forest; of outcomes the mean of shares, as Breiman (2001) has it.

        Log-odds averaged over trees that never see each other's are one step from the base rate,
        and a calibration error of .05 to .06 where shares have .01 to .04.
        """
        settings = {
            "boosting": "rf",
            "num_leaves": self.leaves,
            "min_data_in_leaf": fitting(self.least_in_leaf, len(outcome)),
            "feature_fraction_bynode": 0.5,
            "bagging_fraction": 0.632,
            "bagging_freq": 1,
        }
        return grown(
            self.name,
            settings,
            self.trees,
            features,
            outcome,
            task=task,
            rng=rng,
            weights=weights,
            shares=task == "classification",
        )
