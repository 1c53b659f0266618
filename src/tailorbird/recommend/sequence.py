"""What comes after what: weights from an item of one visit to those of the next visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.recommend.collaborative import (
    Related,
    by_target,
    latest_rows,
    nothing_related,
    strongest,
)
from tailorbird.recommend.interactions import History, Ints, beginnings
from tailorbird.recommend.parameters import Parameters

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STEPS: Final = 3
"""How many visits ahead count, each a little less."""
MOST_PEOPLE: Final = 300_000
"""People whose visits are read: what comes next is counted often enough among so many."""
_SHRINK: Final = 5.0
_BLOCK: Final = 4_096


def learn(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> Related:
    """Return for each item what is had in the visits after one with it.

    A weight is the share of an item's visits that another follows, shrunk where they are few. One
    visit counts once however much it held, so no person outweighs the others by a large basket.
    """
    if not parameters.following or items < 2 or not len(history.item):
        return nothing_related(items)
    visits, owner = _visits(history, items, parameters, rng)
    sources, targets, weights = [], [], []
    for low, block in _blocks(visits, owner, items):
        total = np.asarray(block.sum(axis=1)).ravel() + _SHRINK
        source = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        kept = strongest(block.data, block.indptr, max(parameters.most_led // 2, 1))
        kept = kept[block.indices[kept] != source[kept] + low]
        sources.append(source[kept] + low)
        targets.append(block.indices[kept])
        weights.append(block.data[kept] / total[source[kept]])
    source, target = np.concatenate(sources), np.concatenate(targets)
    return by_target(source, target, np.concatenate(weights), items, items)


def _visits(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> tuple[csr_array, Ints]:
    """Return the matrix of visits x items, each person's in the order of time, and the owners."""
    from scipy.sparse import csr_array

    owner, rows = latest_rows(history, min(parameters.most_people, MOST_PEOPLE), rng)
    order = np.lexsort((-history.visit[rows], owner))
    owner, rows = owner[order], rows[order]
    start = np.append(beginnings(owner, history.visit[rows]), len(rows))
    ones = np.ones(len(rows), np.float32)
    visits = csr_array((ones, history.item[rows], start), shape=(len(start) - 1, items))
    return visits, owner[start[:-1]]


def _blocks(visits: csr_array, owner: Ints, items: int) -> Iterator[tuple[int, csr_array]]:
    """Yield (first item, weights of some items x items): how often each came soon after."""
    columns = visits.tocsc()
    share = visits.copy()
    share.data /= np.repeat(np.diff(visits.indptr), np.diff(visits.indptr))
    later = [_later(share, owner, gap) for gap in range(1, STEPS + 1)]
    for low in range(0, items, _BLOCK):
        before = columns[:, low : low + _BLOCK].T.tocsr()
        block = before @ later[0]
        for gap, after in enumerate(later[1:], 2):
            block = block + before @ after / gap
        yield low, block.tocsr()


def _later(share: csr_array, owner: Ints, gap: int) -> csr_array:
    """Return in the row of each visit what the same person's visit `gap` further on held."""
    from scipy.sparse import csr_array

    size = len(owner)
    follows = np.zeros(size, bool)
    follows[: max(size - gap, 0)] = owner[gap:] == owner[: max(size - gap, 0)]
    row = np.flatnonzero(follows)
    wanted = share[row + gap]
    start = np.zeros(size + 1, np.int64)
    start[row + 1] = np.diff(wanted.indptr)
    return csr_array((wanted.data, wanted.indices, np.cumsum(start)), shape=share.shape)
