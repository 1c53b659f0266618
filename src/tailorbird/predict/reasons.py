"""Why a person's score is what it is: the traits that move it most, in the score's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tailorbird.predict.propensity import PERSON, Floats
from tailorbird.predict.stored import Scorer
from tailorbird.predict.telling import told

if TYPE_CHECKING:
    import pyarrow as pa

MOST: Final = 3


def reasons(
    model: Scorer,
    features: pa.Table,
    *,
    most: int = MOST,
    currency: str = "",
    scale: Floats | None = None,
) -> pa.Table:
    """Return person, feature, value, effect and words, each person's largest effects first.

    `effect` is the score less what it would be without what the trait adds or takes: of a
    probability a share (-0.04 is four points lower), of a value its unit. `words` say the same to
    a marketer, `feature` and `value` are the trait's name and value as they are kept. Where one
    rate serves everybody there is one row a person, without a feature, that says so. Trees are read
    by SHAP, logistic models by their own weights, nets and how people buy by the usual trait in
    place of the person's.

    `currency` is that of values, and of traits that are money; `scale` is how much longer than it
    was judged each value is told for.

    Raises:
        ModelError: a trait that the model was trained on is missing.
    """
    import pyarrow as pa

    said = model.estimates(features)
    found = told(model.effects(features), said, features, most=most, currency=currency, scale=scale)
    return pa.table(
        {
            PERSON: features[PERSON].take(found.rows),
            "feature": pa.array(found.names, pa.string()),
            "value": pa.array(_values(features, found.names, found.rows.tolist()), pa.string()),
            "effect": found.effect,
            "words": pa.array(found.words, pa.string()),
        }
    )


def _values(features: pa.Table, names: list[str], rows: list[int]) -> list[str]:
    """Return the value of each named trait in each row, '' where the name is of several traits."""
    columns = {name: features[name].to_pylist() for name in set(names) & set(features.column_names)}
    return [
        _as_kept(columns[name][row]) if name in columns else ""
        for name, row in zip(names, rows, strict=True)
    ]


def _as_kept(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
