"""Why a person's score is what it is: the traits that move it most, in the score's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tailorbird.predict.effects import Link
from tailorbird.predict.propensity import PERSON, Floats, logit, sigmoid
from tailorbird.predict.stored import Scorer, value_words

if TYPE_CHECKING:
    import pyarrow as pa

Places: TypeAlias = npt.NDArray[np.intp]
MOST: Final = 3


def reasons(model: Scorer, features: pa.Table, *, most: int = MOST) -> pa.Table:
    """Return person, feature, value, effect and words, each person's largest effects first.

    `effect` is the score less what it would be without what the trait adds or takes: of a
    probability a share (-0.04 is four points lower), of a value its unit. Trees are read by SHAP,
    logistic models by their own weights, nets by the average person's trait in place of hers.

    Raises:
        ModelError: a trait that the model was trained on is missing.
    """
    import pyarrow as pa

    effects = model.effects(features)
    said = model.estimates(features)
    moved = in_units(said, effects.shift, effects.link)
    kept = min(most, len(effects.names))
    top = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(features.num_rows), kept)
    names = [effects.names[at] for at in top.ravel().tolist()]
    effect = np.take_along_axis(moved, top, axis=1).ravel()
    values = _values(features, names, rows)
    told = [
        words(name, value, by, effects.link)
        for name, value, by in zip(names, values, effect.tolist(), strict=True)
    ]
    return pa.table(
        {
            PERSON: features[PERSON].take(rows),
            "feature": pa.array(names, pa.string()),
            "value": pa.array(values, pa.string()),
            "effect": effect,
            "words": pa.array(told, pa.string()),
        }
    )


def in_units(said: Floats, shift: Floats, link: Link) -> Floats:
    """Return each effect as what the score would lose without it, in the score's unit."""
    if link == "logit":
        return np.asarray(said[:, None] - sigmoid(logit(said)[:, None] - shift))
    if link == "log":
        return np.asarray(said[:, None] * (1 - np.exp(-shift)))
    return shift


def words(name: str, value: str, effect: float, link: Link) -> str:
    """Return an effect as a marketer reads it.

    >>> words("recency_days", "3", 0.042, "logit")
    'recency_days 3 raises it by 4.2 points'
    """
    way = "raises it" if effect >= 0 else "lowers it"
    size = f"{abs(effect) * 100:.1f} points" if link == "logit" else f"{abs(effect):.4g}"
    return f"{name} {value} {way} by {size}".replace("  ", " ")


def _values(features: pa.Table, names: list[str], rows: Places) -> list[str]:
    """Return the value of each named trait in each row, '' where the name is of several traits."""
    columns = {name: features[name].to_pylist() for name in set(names) & set(features.column_names)}
    return [
        value_words(columns[name][row]) if name in columns else ""
        for name, row in zip(names, rows.tolist(), strict=True)
    ]
