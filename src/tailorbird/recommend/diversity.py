"""Takes the best of many candidates for many people at once: capped by group, unlike each other.

MMR (Carbonell and Goldstein 1998): each time the candidate of the largest
`(1 - diversity) * relevance - diversity * likeness to the nearest that is already chosen`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Indices, Ints, Singles
from tailorbird.recommend.places import Places
from tailorbird.recommend.rules import NO_GROUP, Catalogue, codes

WIDTH: Final = 32
"""Numbers by which a name's words are told apart."""
SAME_CATEGORY: Final = 0.5
"""Of the likeness of two products; the words of their names say the rest."""
_WORD: Final = re.compile(r"\w{3,}")
_MOST_CELLS: Final = 4_000_000


def choose(
    rows: Ints,
    scores: Floats,
    k: int,
    *,
    caps: Sequence[tuple[Indices, int]] = (),
    diversity: float = 0.0,
    likeness: Likeness | None = None,
    places: Places | None = None,
) -> Ints:
    """Return for each person the columns of the `k` chosen candidates, best first; -1: no more.

    `rows` (people x candidates) are rows of the catalogue, -1 where there is none; `scores` their
    scores, the largest wins, ties by the earlier column. `places` says what may stand where.
    """
    if not rows.size:
        return np.full((len(rows), k), -1, dtype=np.int64)
    piece = max(1, _MOST_CELLS // (rows.shape[1] * (WIDTH if diversity else 1)))
    pieces = [slice(at, at + piece) for at in range(0, len(rows), piece)]
    parts = [
        _choose(
            rows[some], scores[some], k, caps, diversity, likeness,
            places and places.piece(some),
        )
        for some in pieces
    ]  # fmt: skip
    return np.concatenate(parts)


def _choose(
    rows: Ints,
    scores: Floats,
    k: int,
    caps: Sequence[tuple[Indices, int]],
    diversity: float,
    likeness: Likeness | None,
    places: Places | None,
) -> Ints:
    alive = rows >= 0
    value = np.where(alive, scores, -np.inf)
    if diversity:
        largest = np.maximum(value.max(axis=1, initial=0, where=alive), 1e-300)
        value = np.where(alive, (1 - diversity) * scores / largest[:, None], -np.inf)
    groups = [np.where(alive, group[rows], NO_GROUP) for group, _ in caps]
    counts = [np.zeros(rows.shape, np.int16) for _ in caps]
    nearest = np.zeros(rows.shape)
    each = np.arange(len(rows))
    found = np.full((len(rows), k), -1, dtype=np.int64)
    for step in range(min(k, rows.shape[1])):
        usable = alive if places is None else places.usable(rows, alive, found, step)
        worth = np.where(usable, value - diversity * nearest, -np.inf)
        best = np.argmax(worth, axis=1)
        there = usable[each, best]
        found[there, step] = best[there]
        alive[each, best] = False
        for group, count, (_, most) in zip(groups, counts, caps, strict=True):
            own = group[each, best][:, None]
            count += (group == own) & (own != NO_GROUP) & there[:, None]
            alive &= count < most
        if diversity and likeness is not None:
            nearest = np.maximum(nearest, likeness.of(rows, rows[each, best], there))
    return found


class Likeness:
    """How alike products are, from 0 to 1: by their category and the words of their names."""

    def __init__(self, stock: Catalogue) -> None:
        self._category = codes(stock.categories)
        self._words = _words(stock.names)

    def of(self, rows: Ints, chosen: Ints, there: Flags) -> Floats:
        """Return the likeness of each person's candidates to the one chosen for her."""
        own = self._category[chosen][:, None]
        same = (self._category[rows] == own) & (own != NO_GROUP)
        words = np.einsum("pcw,pw->pc", self._words[rows], self._words[chosen])
        like = SAME_CATEGORY * same + (1 - SAME_CATEGORY) * np.clip(words, 0, 1)
        return np.asarray(np.where(there[:, None], like, 0.0), dtype=np.float64)

    def between(self, some: Ints, others: Ints) -> Floats:
        """Return some x others: how alike products of the catalogue are."""
        own = self._category[some][:, None]
        same = (self._category[others][None, :] == own) & (own != NO_GROUP)
        words = np.clip(self._words[some] @ self._words[others].T, 0, 1)
        return np.asarray(SAME_CATEGORY * same + (1 - SAME_CATEGORY) * words, dtype=np.float64)


def _words(names: Sequence[str]) -> Singles:
    """Return products x WIDTH: the words of each name, hashed with a sign, of length 1."""
    found = np.zeros((len(names), WIDTH), np.float32)
    for row, name in enumerate(names):
        for word in {*_WORD.findall(name.lower())}:
            key = zlib.crc32(word.encode())
            found[row, key % WIDTH] += 1 if key & 1 << 16 else -1
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(length, 1e-12), dtype=np.float32)
