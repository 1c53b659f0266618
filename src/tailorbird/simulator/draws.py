"""Keyed draws: every number is a pure function of (seed, stream, keys), never of an order.

A hash stands where a generator with state would stand: splitmix64's finaliser over the keys, with a
root per (seed, stream). A killed and restarted run therefore sees the same numbers, at any batch
size. Distributions follow from uniforms by transformation, so that no other library's generator has
a say in the result.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = npt.NDArray[np.uint64]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Key: TypeAlias = npt.NDArray[np.integer] | int

_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TRIES = 12
"""Attempts of the gamma sampler; each accepts more than 95 %, so 12 fail once in 1e15."""


class Draws:
    """The draws of one seed. `stream` names what is drawn; keys say for whom."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, stream: str, first: npt.NDArray[np.integer], *keys: Key) -> Ids:
        """Return 64 random bits for each element of `first` (with the other keys beside it)."""
        mixed = first.astype(np.uint64) * np.uint64(_STEP)
        mixed += np.uint64(_root(self.seed, stream))
        _mix(mixed)
        for key in keys:
            if isinstance(key, int):
                mixed += np.uint64((key + 1) * _STEP & _WORD)
            else:
                mixed += (key.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP)
            _mix(mixed)
        return mixed

    def uniform(self, stream: str, first: npt.NDArray[np.integer], *keys: Key) -> Floats:
        """Return floats in the open interval (0, 1)."""
        floats: Floats = (self.bits(stream, first, *keys) >> np.uint64(11)).astype(np.float64)
        floats += 0.5
        floats *= 2.0**-53
        return floats

    def below(self, limit: int, stream: str, first: npt.NDArray[np.integer], *keys: Key) -> Ints:
        """Return integers in [0, limit)."""
        return (self.uniform(stream, first, *keys) * limit).astype(np.int64)

    def exponential(self, stream: str, first: npt.NDArray[np.integer], *keys: Key) -> Floats:
        """Return waiting times with mean 1."""
        return -np.log(self.uniform(stream, first, *keys))

    def normal(self, stream: str, first: npt.NDArray[np.integer], *keys: Key) -> Floats:
        """Return standard normal draws (Box and Muller, 1958)."""
        radius = np.sqrt(2 * self.exponential(stream + "/radius", first, *keys))
        angle = self.uniform(stream + "/angle", first, *keys)
        cosine: Floats = np.cos(2 * np.pi * angle)
        return radius * cosine

    def gamma(self, shape: float, stream: str, first: npt.NDArray[np.integer]) -> Floats:
        """Return gamma draws with scale 1 (Marsaglia and Tsang, 2000; boosted below shape 1)."""
        if shape < 1:
            boost = self.uniform(stream + "/boost", first) ** (1 / shape)
            return boost * self.gamma(shape + 1, stream, first)
        depth = shape - 1 / 3
        width = 1 / np.sqrt(9 * depth)
        result = np.full(first.shape, depth)
        open_places = np.arange(first.size)
        for attempt in range(_TRIES):
            keys = first[open_places]
            step = self.normal(stream, keys, attempt)
            volume = (1 + width * step) ** 3
            positive = np.maximum(volume, 1e-300)
            bound = 0.5 * step**2 + depth - depth * volume + depth * np.log(positive)
            taken = (volume > 0) & (np.log(self.uniform(stream + "/take", keys, attempt)) < bound)
            result[open_places[taken]] = depth * volume[taken]
            open_places = open_places[~taken]
            if not open_places.size:
                break
        return result

    def beta(self, a: float, b: float, stream: str, first: npt.NDArray[np.integer]) -> Floats:
        """Return beta draws, the share of one gamma in the sum of two."""
        left = self.gamma(a, stream + "/a", first)
        return left / (left + self.gamma(b, stream + "/b", first))

    def choice(
        self, weights: npt.ArrayLike, stream: str, first: npt.NDArray[np.integer], *keys: Key
    ) -> Ints:
        """Return indices into `weights`, drawn in proportion to them."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        drawn = self.uniform(stream, first, *keys)
        return np.searchsorted(edges[:-1] / edges[-1], drawn, side="right").astype(np.int64)


@lru_cache(maxsize=4096)
def _root(seed: int, stream: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest(), "big")


def _mix(words: Ids) -> None:
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
