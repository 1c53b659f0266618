"""What moves a score: how far each trait takes each person from the average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Link = Literal["logit", "log", "identity"]
"""The scale on which effects add up: log-odds, the logarithm of a value, or the value itself."""


@dataclass(frozen=True, slots=True)
class Effects:
    """How far each trait moves each person from the average, on the scale of `link`.

    `shift` has a row a person and a column a name.
    """

    names: tuple[str, ...]
    shift: npt.NDArray[np.float64]
    link: Link

    def spread(self) -> dict[str, float]:
        """Return how much each trait tells people apart: its shift's deviation, the largest 1."""
        found = self.shift.std(axis=0)
        most = float(found.max(initial=0.0))
        return dict(zip(self.names, (found / most if most else found).tolist(), strict=True))
