"""Reasons of a model that can only be asked: what it says less what it says without a trait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tailorbird.predict.effects import Effects, Link, logit
from tailorbird.predict.propensity import Floats, numbers

if TYPE_CHECKING:
    import pyarrow as pa


def typical(features: pa.Table, names: tuple[str, ...]) -> tuple[float | str | None, ...]:
    """Return each trait's usual value: the median of numbers, the most frequent text."""
    return tuple(_usual(features, name) for name in names)


def occluded(
    ask: Callable[[pa.Table], Floats],
    features: pa.Table,
    names: tuple[str, ...],
    usual: tuple[float | str | None, ...],
    link: Link,
) -> Effects:
    """Return how far each row falls when a trait is taken for the usual one; asks once a trait."""
    import pyarrow as pa

    own = _linked(ask(features), link)
    shift = np.zeros((features.num_rows, len(names)))
    for at, (name, value) in enumerate(zip(names, usual, strict=True)):
        place = features.column_names.index(name)
        kind = pa.string() if isinstance(value, str) else pa.float64()
        same = pa.array([value] * features.num_rows, kind)
        shift[:, at] = own - _linked(ask(features.set_column(place, name, same)), link)
    return Effects(names, shift, link)


def _linked(said: Floats, link: Link) -> Floats:
    return logit(said) if link == "logit" else said


def _usual(features: pa.Table, name: str) -> float | str | None:
    import pyarrow as pa

    if name not in features.column_names or not features.num_rows:
        return None
    kind = features.schema.field(name).type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        counts = Counter(each for each in features[name].to_pylist() if each is not None)
        return counts.most_common(1)[0][0] if counts else ""
    values = numbers(features, name)
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
