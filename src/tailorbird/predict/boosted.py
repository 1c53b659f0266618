"""Boosted trees and random forests by LightGBM: kept as its text, explained by its own SHAP.

One thread: on a busy machine two wait for each other longer than one takes (where more are wanted,
set `OMP_WAIT_POLICY=passive`). A value that is never negative is learnt as a Tweedie one, for most
people spend nothing and few spend much.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.algorithms import Fitted, Generator, Task, library, seed_of
from tailorbird.predict.effects import Effects, Link, logit
from tailorbird.predict.matrix import Trait, matrix, traits
from tailorbird.predict.propensity import Floats
from tailorbird.predict.rules import Average

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "trees.json"
TEXT: Final = "trees.txt"
AVERAGES: Final = "\naverage_output\n"
"""What stands in the text of a forest."""
LEAST: Final = 1e-6
"""Averaged shares are kept off 0 and 1 by so much."""
_QUIET: Final = {
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "min_data_per_group": 20,
    "cat_smooth": 20.0,
}


class Trees(msgspec.Struct, frozen=True, dict=True):
    """Trees that LightGBM grew, and the traits of which they were grown."""

    rule: str
    traits: tuple[Trait, ...]
    link: Link
    text: str = ""
    shares: bool = False
    """Whether leaves hold shares of outcomes, to be averaged, and no log-odds to be added."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return tuple(each.name for each in self.traits)

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability, or value."""
        if not features.num_rows:
            return np.zeros(0)
        said = np.asarray(self._booster.predict(matrix(self.traits, features), num_threads=1))
        return np.clip(said, LEAST, 1 - LEAST) if self.shares else said

    def effects(self, features: pa.Table) -> Effects:
        """Return the SHAP values of each row, on the scale of the link."""
        if not features.num_rows:
            return Effects(self.reads, np.zeros((0, len(self.traits))), self.link)
        rows = matrix(self.traits, features)
        shap = np.asarray(self._booster.predict(rows, pred_contrib=True, num_threads=1))
        if AVERAGES in self.text:
            shap /= self._booster.num_trees()  # LightGBM averages what a forest says, not its SHAP
        shift = shap[:, :-1]
        if self.shares:
            said = shap.sum(axis=1)[:, None]
            shift = logit(said) - logit(said - shift)
        return Effects(self.reads, shift, self.link)

    def files(self) -> dict[str, bytes]:
        """Return a JSON head and LightGBM's own text."""
        head = msgspec.structs.replace(self, text="")
        return {HEAD: msgspec.json.encode(head), TEXT: self.text.encode()}

    @cached_property
    def _booster(self) -> Any:
        lightgbm = library("lightgbm")
        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as error:
            what = f"the trees cannot be read ({error})"
            raise ModelError(what, where=TEXT, mend="train the model again") from error


class Boosted(msgspec.Struct, frozen=True):
    """Gradient boosting: `rounds` small trees, each on what the ones before left over."""

    rounds: int = 150
    leaves: int = 7
    least_in_leaf: int = 40
    rate: float = 0.05
    name: str = "lightgbm"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Fitted:
        """Return the trees that were grown; one rate where every trait is the same for all."""
        settings = {
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": fitting(self.least_in_leaf, len(outcome)),
            "lambda_l2": 5.0,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
        }
        return grown(
            self.name, settings, self.rounds, features, outcome, task=task, rng=rng, weights=weights
        )


def grown(
    rule: str,
    settings: Mapping[str, Any],
    rounds: int,
    features: pa.Table,
    outcome: Floats,
    *,
    task: Task,
    rng: Generator,
    weights: Floats | None,
    shares: bool = False,
) -> Fitted:
    """Return the trees that LightGBM grows with these settings, one rate where nothing varies.

    With `shares` each leaf holds the share of its rows that had the outcome.
    """
    lightgbm = library("lightgbm")
    columns = traits(features)
    if not columns or outcome.min() == outcome.max():
        return Average().fit(features, outcome, task=task, rng=rng, weights=weights)
    texts = [at for at, each in enumerate(columns) if each.categories is not None]
    rows = lightgbm.Dataset(
        matrix(columns, features),
        outcome,
        weight=weights,
        categorical_feature=texts or "auto",
        params={"verbosity": -1, "min_data_in_bin": 3, "num_threads": 1},
        free_raw_data=True,
    )
    objective, link = _objective(task, outcome)
    if shares:
        objective = "regression"
    chosen = {**_QUIET, **settings, "objective": objective, "seed": seed_of(rng)}
    booster = lightgbm.train(chosen, rows, num_boost_round=rounds)
    return Trees(rule, columns, link, booster.model_to_string(), shares)


def load(files: Mapping[str, bytes]) -> Trees:
    """Return the trees whose `files()` these are.

    Raises:
        ModelError: a file is missing or damaged.
    """
    try:
        head = msgspec.json.decode(files[HEAD], type=Trees)
        return msgspec.structs.replace(head, text=files[TEXT].decode())
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f"the trees cannot be read ({error})"
        raise ModelError(what, where=HEAD, mend="train the model again") from error


def _objective(task: Task, outcome: Floats) -> tuple[str, Link]:
    if task == "classification":
        return "binary", "logit"
    positive = len(outcome) and outcome.min() >= 0 and outcome.sum() > 0
    return ("tweedie", "log") if positive else ("regression", "identity")


def fitting(least: int, rows: int) -> int:
    """Return the least size of a leaf where there are few rows."""
    return max(1, min(least, rows // 20))
