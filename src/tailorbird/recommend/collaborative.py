"""What goes with what: item-to-item weights learnt from who had both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.recommend.interactions import Floats, History, Indices, Ints, Singles
from tailorbird.recommend.parameters import Parameters

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LONGEST_HISTORY: Final = 300
"""Latest rows of a person that are learnt from: a wholesaler must not drown everybody else."""
LARGEST_RIDGE: Final = 8_000
"""Items up to which all pairs are held at once (256 MB); above, cosine in blocks serves."""
_SHRINK: Final = 10.0
_BLOCK: Final = 128


@dataclass(frozen=True, slots=True)
class Related:
    """Sparse weights by target: item j draws `weight[s]` from `source[s]`.

    Its entries s are `start[j]:start[j + 1]`.
    """

    start: Ints
    source: Indices
    weight: Singles

    def by_source(self) -> tuple[Ints, Indices, Singles]:
        """Return (start, target, weight): the same weights, found from the source."""
        target = np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))
        order = np.argsort(self.source, kind="stable")
        start = np.searchsorted(self.source[order], np.arange(len(self.start)))
        return start.astype(np.int64), target[order], self.weight[order]


def nothing_related(items: int) -> Related:
    """Return weights of zero everywhere."""
    return Related(np.zeros(items + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


def learn(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> Related:
    """Return the weights that `parameters.neighbours` asks for.

    Memory is bounded: people beyond `parameters.most_people` are sampled, and above
    `LARGEST_RIDGE` items the ridge gives way to the cosine, in blocks.

    Raises:
        ModelError: the extra `learn` is not installed.
    """
    if parameters.neighbours == "none" or items < 2 or not len(history.item):
        return nothing_related(items)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ModelError(
            "the learning libraries are not installed",
            where="recommender",
            mend="install tailorbird[learn]; serving needs none of them",
        ) from error
    held = _held(history, items, parameters, rng)
    most = min(parameters.most_related, items - 1)
    if parameters.neighbours == "cosine" or items > LARGEST_RIDGE:
        return _pruned(_cosine(held, most), most)
    # On a busy machine two BLAS threads wait for each other: 20 CPU seconds instead of one.
    with threadpool_limits(1, "blas"):
        return _pruned(_ridge(held, parameters.penalty, most), most)


def _held(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> csr_array:
    """Return the people x items matrix of strongest interaction, latest rows only."""
    from scipy.sparse import csr_array

    people = np.arange(len(history.people))
    if len(people) > parameters.most_people:
        people = np.sort(rng.choice(people, parameters.most_people, replace=False))
    owner, rows = history.rows_of(people)
    latest = np.lexsort((-history.day[rows], owner))
    start = np.searchsorted(owner, np.arange(len(people)))
    rank = np.arange(len(rows)) - start[owner]
    latest = np.sort(latest[rank < LONGEST_HISTORY])
    owner, rows = owner[latest], rows[latest]
    first = np.ones(len(rows), bool)
    first[1:] = (owner[1:] != owner[:-1]) | (history.item[rows][1:] != history.item[rows][:-1])
    begins = np.flatnonzero(first)
    strongest = np.maximum.reduceat(history.weight[rows], begins)
    return csr_array(
        (strongest, (owner[begins], history.item[rows][begins])), shape=(len(people), items)
    )


def _cosine(held: csr_array, most: int) -> Related:
    """Return shrunken cosine similarities, the `most` largest of each target."""
    columns, rows = held.tocsc(), held.tocsr()
    norm = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    sources, weights = [], []
    for low in range(0, held.shape[1], _BLOCK):
        block = (columns[:, low : low + _BLOCK].T @ rows).tocsr()
        target = np.repeat(np.arange(low, low + block.shape[0]), np.diff(block.indptr))
        likeness = block.data / (norm[target] * norm[block.indices] + _SHRINK)
        likeness[target == block.indices] = 0
        for begin, end in zip(block.indptr[:-1], block.indptr[1:], strict=True):
            chosen = _largest(likeness[begin:end], most)
            sources.append(block.indices[begin:end][chosen])
            weights.append(likeness[begin:end][chosen])
    start = np.concatenate([[0], np.cumsum([len(source) for source in sources])])
    return Related(
        start.astype(np.int64),
        np.concatenate(sources).astype(np.int32),
        np.concatenate(weights).astype(np.float32),
    )


def _largest(values: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """Return the places of the `most` largest values above zero, in rising order."""
    if len(values) <= most:
        return np.flatnonzero(values > 0)
    chosen = np.sort(np.argpartition(-values, most - 1)[:most])
    return chosen[values[chosen] > 0]


def _ridge(held: csr_array, penalty: float, most: int) -> Related:
    """Return for each item the ridge regression on its `most` nearest neighbours.

    Solves (G_SS + penalty I) b = G_Sj with G the Gram matrix and S the neighbours of j; the local
    form of EASE (Steck 2019), for a fraction of its cost.
    """
    gram = (held.T @ held).toarray()
    diagonal = gram.diagonal().copy()
    near = gram / np.sqrt(np.outer(diagonal, diagonal) + 1e-9)
    np.fill_diagonal(near, -1)
    sources = np.sort(np.argpartition(-near, most - 1, axis=1)[:, :most], axis=1)
    weights = np.empty(sources.shape, np.float32)
    for low in range(0, len(gram), _BLOCK):
        weights[low : low + _BLOCK] = _solve(gram, sources[low : low + _BLOCK], low, penalty)
    weights[np.take_along_axis(near, sources, axis=1) <= 0] = 0
    kept = weights != 0
    start = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return Related(start.astype(np.int64), sources[kept].astype(np.int32), weights[kept])


def _solve(gram: npt.NDArray[Any], sources: Ints, low: int, penalty: float) -> npt.NDArray[Any]:
    matrices = gram[sources[:, :, None], sources[:, None, :]]
    diagonal = np.arange(sources.shape[1])
    matrices[:, diagonal, diagonal] += penalty
    wanted = np.take_along_axis(gram[low : low + len(sources)], sources, axis=1)
    return np.linalg.solve(matrices, wanted[:, :, None])[:, :, 0]


def _pruned(related: Related, most: int) -> Related:
    """Return only the `most` strongest weights of each source.

    What sells to everybody is a neighbour of thousands; ranking would walk all of them for nothing.
    """
    start, target, weight = related.by_source()
    source = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    order = np.lexsort((-np.abs(weight), source))
    kept = np.sort(order[np.arange(len(order)) - start[source[order]] < most])
    kept = kept[np.argsort(target[kept], kind="stable")]
    begins = np.searchsorted(target[kept], np.arange(len(start)))
    return Related(begins.astype(np.int64), source[kept], weight[kept])


def popularity(history: History, items: int, half_life_days: float) -> Floats:
    """Return each item's buyers per day, decayed from the last day on, the largest 1."""
    if not len(history.day):
        return np.zeros(items)
    age = int(history.day.max()) - history.day[history.bought]
    counts = np.bincount(history.item[history.bought], np.exp2(-age / half_life_days), items)
    return counts / max(float(counts.max(initial=0.0)), 1e-300)
