"""What an algorithm is: something that learns an outcome from traits, and what it has learnt.

Every algorithm is a frozen struct of its settings; `fit` gives a `Fitted`, which reads a table and
keeps itself as files without pickle. The same rows, settings and seed give the same bytes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.effects import Effects
from tailorbird.predict.propensity import Floats

if TYPE_CHECKING:
    import pyarrow as pa

Task = Literal["classification", "regression"]
Generator: TypeAlias = np.random.Generator
SEEDS: Final = 2**31 - 1


class Fitted(Protocol):
    """What an algorithm has learnt."""

    @property
    def rule(self) -> str:
        """Return the algorithm's name."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability, or value."""

    def effects(self, features: pa.Table) -> Effects:
        """Return what moves each row."""

    def files(self) -> dict[str, bytes]:
        """Return what the reader of this kind reads."""


class Algorithm(Protocol):
    """A way to learn, with its settings."""

    @property
    def name(self) -> str:
        """Return the name by which it is asked for."""

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Fitted:
        """Return what is learnt; `weights` say how much each row counts.

        Raises:
            ModelError: the library that it needs is not installed.
        """


class Outside(msgspec.Struct, frozen=True):
    """A model that was trained elsewhere: it learns nothing here, and is judged as it is.

    It may have seen the window on which it is judged: only who trained it knows.
    """

    model: Any
    """A `Fitted`."""
    name: str = "outside"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Fitted:
        """Return the model as it came."""
        found: Fitted = self.model
        return found


def library(name: str) -> Any:
    """Return one of the learning libraries.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        what = f"the library {name.partition('.')[0]} is not installed"
        mend = "install tailorbird[learn]; scoring by a rule or a logistic model needs none"
        raise ModelError(what, where="models", mend=mend) from error


@contextmanager
def one_thread() -> Iterator[None]:
    """Have linear algebra use one thread: on a busy machine two wait for each other."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # rules need no library, and what does says so itself
        yield
        return
    with threadpool_limits(1, "blas"):
        yield


def seed_of(rng: Generator) -> int:
    """Return a seed for a library that takes no generator."""
    return int(rng.integers(SEEDS))
