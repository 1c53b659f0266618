"""Traits as one matrix of numbers: texts by their place among the frequent ones, gaps as NaN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.predict.propensity import PERSON, Floats, check_trait, numbers, places

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CATEGORIES: Final = 20
LEAST_IN_CATEGORY: Final = 20
LARGEST: Final = 1e30
"""What stands for infinity: trees and nets read no larger number."""


class Trait(msgspec.Struct, frozen=True):
    """One column: a number, or a text whose number is its place in `categories`.

    All other texts share the place after the last.
    """

    name: str
    categories: tuple[str, ...] | None = None

    def read(self, table: pa.Table) -> Floats:
        """Return the column, NaN where nothing is known.

        Raises:
            ModelError: the table lacks it, or holds another type.
        """
        check_trait(table, self.name)
        if self.categories is None:
            return np.clip(numbers(table, self.name), -LARGEST, LARGEST)
        place, unknown = places(table, self.name, self.categories)
        return np.where(unknown, np.nan, place)


def learnable(features: pa.Table) -> Iterator[tuple[str, bool]]:
    """Yield each trait that an algorithm can read, and whether it is a number, not a text."""
    import pyarrow as pa

    for name in features.column_names:
        kind = features.schema.field(name).type
        if name == PERSON:
            continue
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            yield name, True
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            yield name, False


def traits(features: pa.Table) -> tuple[Trait, ...]:
    """Return every trait that varies; times and nested values are left out."""
    found = []
    for name, numeric in learnable(features):
        trait = Trait(name) if numeric else Trait(name, frequent(features, name))
        if _varies(trait.read(features)):
            found.append(trait)
    return tuple(found)


def matrix(columns: tuple[Trait, ...], features: pa.Table) -> Floats:
    """Return one row a person and one column a trait."""
    if not columns:
        return np.zeros((features.num_rows, 0))
    return np.stack([column.read(features) for column in columns], axis=1)


def frequent(features: pa.Table, name: str) -> tuple[str, ...]:
    """Return the texts that enough people have, the most frequent first."""
    counts = Counter(value for value in features[name].to_pylist() if value is not None)
    enough = [
        value
        for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        if count >= LEAST_IN_CATEGORY
    ]
    return tuple(enough[:MOST_CATEGORIES])


def _varies(values: Floats) -> bool:
    """Return whether two rows differ, where unknown is a value too."""
    if not len(values):
        return False
    known = values[~np.isnan(values)]
    return len(known) > 0 and (len(known) < len(values) or bool((known != known[0]).any()))
