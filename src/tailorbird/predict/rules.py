"""The naive rules, as algorithms: one rate, recency, and cells of recency, frequency and money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.predict import train
from tailorbird.predict.algorithms import Generator, Task
from tailorbird.predict.effects import Effects, Link, sigmoid
from tailorbird.predict.heads import read_head
from tailorbird.predict.propensity import Bins, Column, Floats, Propensity, numbers

if TYPE_CHECKING:
    import pyarrow as pa

HEAD: Final = "cells.json"
RFM: Final = ("recency_days", "orders", "revenue_minor")
CUTS: Final = 4
"""Quarters of each trait: 64 cells, and those of people without it."""


class Average(msgspec.Struct, frozen=True):
    """One rate, or one average, for everybody."""

    name: str = "base rate"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Propensity:
        """Return the rate."""
        if task == "classification":
            return train.base_rate(outcome, weights)
        return train.average(outcome, weights)


class Recency(msgspec.Struct, frozen=True):
    """What happened to people of a like recency; one rate where that trait is missing."""

    column: str = "recency_days"
    name: str = "recency"

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Propensity:
        """Return the frequency, or the average, of each bin of recency."""
        known = [one for one in train.columns(features) if one.name == self.column]
        if not known:
            return Average().fit(features, outcome, task=task, rng=rng, weights=weights)
        if task == "classification":
            return train.recency_rule(known[0], features, outcome, weights)
        return train.recency_average(known[0], features, outcome, weights)


class Cells(msgspec.Struct, frozen=True):
    """A rate, or an average, for each combination of bins."""

    columns: tuple[Column, ...]
    levels: tuple[float, ...]
    middle: float
    link: Link
    rule: str = "rfm"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return tuple(column.name for column in self.columns)

    def estimates(self, features: pa.Table) -> Floats:
        """Return what is known of each row's cell."""
        found = np.array(self.levels)[cells(self.columns, features)]
        return sigmoid(found) if self.link == "logit" else found

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each row's cell lies from the average, as one effect of all traits."""
        shift = np.array(self.levels)[cells(self.columns, features)] - self.middle
        name = ", ".join(self.reads)
        return Effects((name,), shift[:, None], self.link, {name: self.reads})

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return {HEAD: msgspec.json.encode(self)}


class Rfm(msgspec.Struct, frozen=True):
    """What happened to people with a like recency, frequency and money."""

    columns: tuple[str, ...] = RFM
    name: str = "rfm"

    def fits(self, features: pa.Table) -> bool:
        """Return whether the table has all of its traits."""
        return set(self.columns) <= set(features.column_names)

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Cells:
        """Return the level of each cell, drawn to the average."""
        columns = tuple(_quarters(features, name) for name in self.columns)
        found, size = cells(columns, features), int(np.prod([each.size for each in columns]))
        once = np.ones(len(outcome)) if weights is None else weights
        rate = train.rate(outcome, once) if task == "classification" else train.mean(outcome, once)
        level = train.drawn(found, size, outcome, once, rate)
        if task == "classification":
            level = np.log(level / (1 - level))
        middle = float(level[found].mean()) if len(found) else 0.0
        link: Link = "logit" if task == "classification" else "identity"
        return Cells(columns, tuple(level.tolist()), middle, link)


def cells(columns: tuple[Column, ...], features: pa.Table) -> Bins:
    """Return the number of each row's cell."""
    found = np.zeros(features.num_rows, np.int64)
    for column in columns:
        found = found * column.size + column.bins(features)
    return found


def load(files: Mapping[str, bytes]) -> Cells:
    """Return the cells whose `files()` these are.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return read_head(files, HEAD, Cells, "the cells")


def _quarters(features: pa.Table, name: str) -> Column:
    values = numbers(features, name)
    values = values[np.isfinite(values)]
    if not len(values):
        return Column(name, (), None)
    cuts = np.quantile(values, np.linspace(0, 1, CUTS + 1)[1:-1], method="higher")
    return Column(name, tuple(np.unique(cuts[cuts > values.min()]).tolist()), None)
