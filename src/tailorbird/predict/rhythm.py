"""How long a person may be silent before it means something: by her own rhythm and others'."""

from __future__ import annotations

from typing import Final

import numpy as np

from tailorbird.predict.buying import Histories
from tailorbird.predict.propensity import Floats

DRAWN: Final = 2.0
"""As many gaps as everybody's typical one counts beside a person's own."""
PATIENCE: Final = 2.0
"""Silent for longer than this many usual gaps is silent for long."""
SHORTEST_DAYS: Final = 7.0


def rhythmic(of: Histories) -> bool:
    """Return whether anybody ordered again, so that there are days between two orders."""
    return bool(((of.repeats > 0) & (of.last > 0)).any())


def typical(of: Histories, otherwise: float) -> float:
    """Return the median of people's mean days between orders; `otherwise` where nobody repeats."""
    if not rhythmic(of):
        return otherwise
    again = (of.repeats > 0) & (of.last > 0)
    return float(np.median(of.last[again] / of.repeats[again]))


def usual(of: Histories, everybody: float) -> Floats:
    """Return each person's usual days between orders, drawn to everybody's typical ones."""
    return np.asarray((of.last + DRAWN * everybody) / (of.repeats + DRAWN))


def patience(of: Histories, everybody: float, longest: float) -> Floats:
    """Return after how many days of silence each person counts as gone, `longest` at most."""
    return np.clip(PATIENCE * usual(of, everybody), min(SHORTEST_DAYS, longest), longest)
