"""A small neural net: one hidden layer over ranks, learnt by scikit-learn, served by NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.algorithms import Fitted, Generator, Task, library, seed_of
from tailorbird.predict.arrays import array, stored
from tailorbird.predict.effects import Effects, Link, sigmoid
from tailorbird.predict.matrix import Trait, traits
from tailorbird.predict.propensity import Floats
from tailorbird.predict.rules import Average

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "neural.json"
ARRAYS: Final = ("first", "first_bias", "second", "second_bias")
KNOTS: Final = 33
ROUNDS: Final = 60


class Input(msgspec.Struct, frozen=True):
    """How a trait enters: its rank from -1 to 1 and whether it is known, or one cell a text."""

    trait: Trait
    knots: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """Return how many columns it takes."""
        return 2 if self.trait.categories is None else len(self.trait.categories) + 2

    def columns(self, features: pa.Table) -> Floats:
        """Return the trait's columns."""
        values = self.trait.read(features)
        unknown = np.isnan(values)
        if self.trait.categories is not None:
            cell = np.where(unknown, self.width - 1, values).astype(np.int64)
            return np.eye(self.width)[cell]
        ranks = np.linspace(-1, 1, len(self.knots)) if len(self.knots) > 1 else np.zeros(1)
        rank = np.interp(np.where(unknown, 0.0, values), self.knots or (0.0,), ranks)
        return np.stack([np.where(unknown, 0.0, rank), unknown], axis=1)


class Net(msgspec.Struct, frozen=True):
    """The weights of a net with one hidden layer of rectified units.

    `scale` and `middle` bring what it says back to the outcome's unit.
    """

    inputs: tuple[Input, ...]
    link: Link
    scale: float = 1.0
    middle: float = 0.0
    arrays: dict[str, bytes] = {}
    rule: str = "neural"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return tuple(each.trait.name for each in self.inputs)

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability, or value."""
        said = self._said(_design(self.inputs, features))
        return sigmoid(said) if self.link == "logit" else said

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each row falls when a trait is taken for that of the average person."""
        rows = _design(self.inputs, features)
        if not len(rows):
            return Effects(self.reads, np.zeros((0, len(self.inputs))), self.link)
        said, at = self._said(rows), 0
        typical = array(self.arrays["typical"])
        shift = np.zeros((len(rows), len(self.inputs)))
        for number, each in enumerate(self.inputs):
            without = rows.copy()
            without[:, at : at + each.width] = typical[at : at + each.width]
            shift[:, number] = said - self._said(without)
            at += each.width
        return Effects(self.reads, shift, self.link)

    def files(self) -> dict[str, bytes]:
        """Return a JSON head, and the arrays without pickle."""
        head = msgspec.structs.replace(self, arrays={})
        kept = {f"{name}.npy": content for name, content in self.arrays.items()}
        return {HEAD: msgspec.json.encode(head), **kept}

    def _said(self, rows: Floats) -> Floats:
        first, first_bias, second, second_bias = (array(self.arrays[name]) for name in ARRAYS)
        hidden = np.maximum(rows @ first + first_bias, 0.0)
        return np.asarray((hidden @ second + second_bias)[:, 0] * self.scale + self.middle)


class Neural(msgspec.Struct, frozen=True):
    """A net of `units` hidden units, its weights held back by `penalty`."""

    units: int = 16
    penalty: float = 1.0
    name: str = "neural"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Fitted:
        """Return the net; one rate where every trait, or the outcome, is the same for all."""
        inputs = tuple(_input(each, features) for each in traits(features))
        if not inputs or outcome.min() == outcome.max():
            return Average().fit(features, outcome, task=task, rng=rng, weights=weights)
        rows = _design(inputs, features)
        link: Link = "logit" if task == "classification" else "identity"
        middle, scale = (0.0, 1.0) if link == "logit" else (outcome.mean(), outcome.std())
        learnt = self._learnt(rows, (outcome - middle) / scale, link, seed_of(rng), weights)
        arrays = {name: stored(each) for name, each in zip(ARRAYS, learnt, strict=True)}
        arrays["typical"] = stored(rows.mean(axis=0))
        return Net(inputs, link, float(scale), float(middle), arrays)

    def _learnt(
        self, rows: Floats, outcome: Floats, link: Link, seed: int, weights: Floats | None
    ) -> list[Floats]:
        """Return the weights and the biases of both layers."""
        nets = library("sklearn.neural_network")
        kind = nets.MLPClassifier if link == "logit" else nets.MLPRegressor
        net = kind(
            hidden_layer_sizes=(self.units,),
            alpha=self.penalty,
            batch_size=min(256, len(rows)),
            learning_rate_init=0.005,
            max_iter=ROUNDS,
            n_iter_no_change=5,
            random_state=seed,
        )
        # That it might still improve after `ROUNDS` is meant: it is held back by stopping, too.
        with warnings.catch_warnings(), library("threadpoolctl").threadpool_limits(1, "blas"):
            warnings.simplefilter("ignore", library("sklearn.exceptions").ConvergenceWarning)
            net.fit(rows, outcome, sample_weight=weights)
        (first, second), (first_bias, second_bias) = net.coefs_, net.intercepts_
        return [first, first_bias, second, second_bias]


def load(files: Mapping[str, bytes]) -> Net:
    """Return the net whose `files()` these are.

    Raises:
        ModelError: a file is missing or damaged.
    """
    try:
        head = msgspec.json.decode(files[HEAD], type=Net)
        arrays = {name: files[f"{name}.npy"] for name in (*ARRAYS, "typical")}
        for content in arrays.values():
            array(content)
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        what = f"the net cannot be read ({error})"
        raise ModelError(what, where=HEAD, mend="train the model again") from error
    return msgspec.structs.replace(head, arrays=arrays)


def _input(trait: Trait, features: pa.Table) -> Input:
    if trait.categories is not None:
        return Input(trait)
    values = trait.read(features)
    knots = np.unique(np.nanquantile(values, np.linspace(0, 1, KNOTS)))
    return Input(trait, tuple(knots.tolist()))


def _design(inputs: tuple[Input, ...], features: pa.Table) -> Floats:
    return np.concatenate([each.columns(features) for each in inputs], axis=1)
