"""A propensity: weights a bin of each trait, kept as JSON, scored with NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.predict.effects import Effects, Link, sigmoid
from tailorbird.predict.effects import Floats as Floats
from tailorbird.predict.heads import read_head
from tailorbird.predict.telling import told
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

Bins: TypeAlias = npt.NDArray[np.int64]
Rule = Literal["logistic", "recency", "base rate", "linear", "recency average", "average"]
"""The last three foretell a value: sums of steps, averages by recency, one average for all."""
FORMAT: Final = 1
PERSON: Final = "person"


class Column(msgspec.Struct, frozen=True):
    """One trait's bins and the log-odds that each adds.

    A number's bin counts the thresholds at or below it; a text's bin is its place in `categories`,
    then comes one for all other texts. The last bin is for people without the trait.
    `mean_weight` is the average over the people trained on.
    """

    name: str
    thresholds: tuple[float, ...] | None
    categories: tuple[str, ...] | None
    weights: tuple[float, ...] = ()
    mean_weight: float = 0.0

    @property
    def size(self) -> int:
        """Return how many bins there are."""
        if self.categories is not None:
            return len(self.categories) + 2
        return len(self.thresholds or ()) + 2

    def bins(self, table: pa.Table) -> Bins:
        """Return each row's bin.

        Raises:
            ModelError: the table lacks the column, or it holds another type.
        """
        check_trait(table, self.name)
        if self.categories is None:
            values = numbers(table, self.name)
            found = np.searchsorted(np.array(self.thresholds or ()), values, side="right")
            return np.where(np.isnan(values), self.size - 1, found)
        found, unknown = places(table, self.name, self.categories)
        return np.where(unknown, self.size - 1, found)


class Propensity(msgspec.Struct, frozen=True):
    """Gives each person the probability of the outcome within `horizon_days`, or its value.

    `rule` says what serves: the logistic model, recency alone as calibrated frequencies, or one
    rate for everybody. With the link `identity` the weights add up to a value instead.
    """

    rule: Rule
    horizon_days: int
    trained_at: Instant
    intercept: float
    columns: tuple[Column, ...] = ()
    format: int = FORMAT
    link: Link = "logit"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return tuple(column.name for column in self.columns)

    def score(self, features: pa.Table, *, reasons: bool = True, currency: str = "") -> pa.Table:
        """Return person, probability (or value) and top_reason, in the order of `features`.

        `top_reason` is the trait that moves the person furthest from the average, and how far;
        it is left out without `reasons`.

        Raises:
            ModelError: a trait that the model was trained on is missing.
        """
        import pyarrow as pa

        name = "probability" if self.link == "logit" else "value"
        said = self.estimates(features)
        scored = {PERSON: features[PERSON], name: said}
        if reasons:
            top = told(self.effects(features), said, features, most=1, currency=currency)
            scored["top_reason"] = pa.array(top.words, pa.string())
        return pa.table(scored)

    def probabilities(self, features: pa.Table) -> Floats:
        """Return the probabilities alone, or the values."""
        return self._probability(
            [column.bins(features) for column in self.columns], features.num_rows
        )

    def estimates(self, features: pa.Table) -> Floats:
        """Return the same: every algorithm answers to this name."""
        return self.probabilities(features)

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each trait's bin lies from its average, on the scale of the link."""
        shift = np.zeros((features.num_rows, len(self.columns)))
        for at, column in enumerate(self.columns):
            shift[:, at] = np.array(column.weights)[column.bins(features)] - column.mean_weight
        return Effects(self.reads, shift, self.link)

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads: one JSON file."""
        return {"propensity.json": msgspec.json.encode(self)}

    def _probability(self, bins: list[Bins], rows: int) -> Floats:
        logit = np.full(rows, self.intercept)
        for column, found in zip(self.columns, bins, strict=True):
            logit += np.array(column.weights)[found]
        return sigmoid(logit) if self.link == "logit" else logit


def load(files: Mapping[str, bytes]) -> Propensity:
    """Return the propensity whose `files()` these are.

    Raises:
        ModelError: the file is missing, damaged, or of a newer format.
    """
    model = read_head(
        files, "propensity.json", Propensity, where="propensity", mend="train it again"
    )
    if model.format != FORMAT:
        raise ModelError(
            f"format {model.format} is not {FORMAT}", where="propensity", mend="train it again"
        )
    return model


def check_trait(table: pa.Table, name: str) -> None:
    """Return when a table has a trait.

    Raises:
        ModelError: it lacks it.
    """
    if name not in table.column_names:
        mend = "score with the traits that the model was trained on"
        raise ModelError(f"the trait {name!r} is missing", where="features", mend=mend)


def numbers(table: pa.Table, name: str) -> Floats:
    """Return a column as floats, NaN where it is null."""
    import pyarrow as pa

    column = table[name]
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: npt.NDArray[Any] = column.cast(pa.float64()).to_numpy()
    return np.asarray(values, dtype=np.float64)


def places(
    table: pa.Table, name: str, texts: tuple[str, ...]
) -> tuple[Bins, npt.NDArray[np.bool_]]:
    """Return each row's place among texts, all others after the last, and whether it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table[name].cast(pa.string())
    place = pc.fill_null(pc.index_in(column, pa.array(texts, pa.string())), len(texts))
    return place.to_numpy().astype(np.int64), column.is_null().to_numpy()
