"""How good rankings are, per person, and how sure a difference between two is."""

from __future__ import annotations

from typing import Final

import numpy as np

from tailorbird.recommend.interactions import Floats, Ints, sought

DRAWS: Final = 1_000
_AT_ONCE: Final = 100_000
"""People drawn at once, over several draws: enough to fill a batch, few enough for the cache."""


def hits(ranked: Ints, people: Ints, targets: Ints, items: int) -> Floats:
    """Return 1 where a ranked item is a target. `targets` are sorted person * items + item."""
    keys = people[:, None] * items + ranked
    return np.asarray(sought(targets, keys)[1] & (ranked >= 0), dtype=np.float64)


def ndcg(hit: Floats, wanted: Ints, k: int) -> Floats:
    """Return each person's normalised discounted gain at `k`; `wanted` counts targets."""
    width = min(k, hit.shape[1])
    gain = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gain)[np.minimum(wanted, k) - 1]
    return np.asarray(hit[:, :width] @ gain[:width] / ideal)


def recall(hit: Floats, wanted: Ints, k: int) -> Floats:
    """Return each person's share of targets among the first `k`."""
    return np.asarray(hit[:, :k].sum(axis=1) / wanted)


def reciprocal_rank(hit: Floats) -> Floats:
    """Return one over the place of each person's first hit, 0 where there is none."""
    return np.asarray(hit.any(axis=1) / (hit.argmax(axis=1) + 1))


def interval(values: Floats, rng: np.random.Generator, draws: int = DRAWS) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean, people drawn with replacement."""
    size = len(values)
    at_once = max(1, _AT_ONCE // max(size, 1))
    means = [
        values[rng.integers(0, size, (min(at_once, draws - done), size))].mean(axis=1)
        for done in range(0, draws, at_once)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)
