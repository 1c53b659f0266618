"""What a card shows beside the measures: reliability, lift by tenths, and what matters most."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.model_cards import Importance, Lift, Reliability
from tailorbird.predict.propensity import Bins, Floats

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.predict.algorithms import Fitted

TENTHS: Final = 10
EXPLAINED_ROWS: Final = 1_000
"""People by whom importance is measured: SHAP costs many times what a score does."""
MOST_SHOWN: Final = 20
LIBRARIES: Final = ("tailorbird", "lightgbm", "numpy", "scikit-learn")


def reliability(said: Floats, outcome: Floats) -> tuple[Reliability, ...]:
    """Return what was said and what happened in each tenth of the people, the lowest first."""
    return tuple(
        Reliability(float(said[rows].mean()), float(outcome[rows].mean()), len(rows))
        for rows in _tenths(np.argsort(said, kind="stable"))
    )


def lift(rank: Floats, outcome: Floats) -> tuple[Lift, ...]:
    """Return what happened in each tenth of the people, the highest ranked first."""
    overall, total = float(outcome.mean()), float(outcome.sum())
    found, captured = [], 0.0
    for number, rows in enumerate(_tenths(np.argsort(-rank, kind="stable")), 1):
        rate = float(outcome[rows].mean())
        captured += float(outcome[rows].sum())
        found.append(
            Lift(
                number,
                len(rows),
                rate,
                rate / overall if overall else 0.0,
                captured / total if total else 0.0,
            )
        )
    return tuple(found)


def importances(fitted: Fitted, features: pa.Table) -> tuple[Importance, ...]:
    """Return the traits by how much of all movement is theirs, the largest first."""
    step = max(1, features.num_rows // EXPLAINED_ROWS)
    effects = fitted.effects(features.take(np.arange(0, features.num_rows, step)))
    moved = np.abs(effects.shift).mean(axis=0) if len(effects.shift) else np.zeros(0)
    if not moved.sum() > 0:
        return ()
    order = np.argsort(-moved, kind="stable")[:MOST_SHOWN]
    return tuple(Importance(effects.names[at], float(moved[at] / moved.sum())) for at in order)


def libraries() -> dict[str, str]:
    """Return the versions of what trains models here; what is not installed is left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _tenths(order: Bins) -> list[Bins]:
    """Return people in order as tenths of equal size; fewer than ten have one each."""
    return [part for part in np.array_split(order, TENTHS) if len(part)]
