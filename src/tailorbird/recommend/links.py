"""What leads from item to item: what goes with what, and what comes after it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from tailorbird.recommend import collaborative, content_based, sequence
from tailorbird.recommend.collaborative import Related
from tailorbird.recommend.content_based import Described
from tailorbird.recommend.interactions import History
from tailorbird.recommend.parameters import Parameters

Links: TypeAlias = tuple[Related, Related]
"""What goes with what, and what comes after it."""


def learn(
    history: History, described: Described, parameters: Parameters, seed: int, threads: int = 1
) -> Links:
    """Return both kinds; `seed` draws the people where there are more than are learnt from."""
    items, rng = len(described.start) - 1, np.random.default_rng
    together = collaborative.learn(history, items, parameters, rng(seed), threads)
    if parameters.neighbours != "none":
        alike = content_based.introduce(described, history, parameters.content > 0)
        together = content_based.blended(together, alike, parameters)
    return together, sequence.learn(history, items, parameters, rng(seed))
