"""What goes with what: item-to-item weights learnt from who had both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.recommend.interactions import (
    Flags,
    History,
    Indices,
    Ints,
    Singles,
    beginnings,
)
from tailorbird.recommend.parameters import Parameters

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LONGEST_HISTORY: Final = 300
"""Latest rows of a person that are learnt from: a wholesaler must not drown everybody else."""
LARGEST_DENSE: Final = 4_000
"""Items up to which all pairs are held at once (64 MB); above, the compiled pass keeps the near.

It takes seven seconds to compile once, which a small shop should not wait for.
"""
_KEPT: Final = 4
"""How many times `most_related` of an item's joint weights are kept for the ridges of others."""
_MOST_KEPT: Final = 64_000_000
_SHRINK: Final = 10.0
_BLOCK: Final = 128
_RANGE: Final = 2_000


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
    history: History,
    items: int,
    parameters: Parameters,
    rng: np.random.Generator,
    threads: int = 1,
) -> Related:
    """Return the weights that `parameters.neighbours` asks for: `related` of `neighbours`."""
    return related(neighbours(history, items, parameters, rng, threads), items, parameters)


@dataclass(frozen=True, slots=True)
class Near:
    """The neighbours of each item: items x most. A source of -1 is none.

    `ridge` are their weights in the item's own regression, `cosine` how alike they are.
    """

    source: npt.NDArray[Any]
    ridge: npt.NDArray[Any]
    cosine: npt.NDArray[Any]


def neighbours(
    history: History,
    items: int,
    parameters: Parameters,
    rng: np.random.Generator,
    threads: int = 1,
    pairs: Pairs | None = None,
) -> Near | None:
    """Return each item's neighbours with both kinds of weights; None where none are asked for.

    Memory is bounded: people beyond `parameters.most_people` are sampled, and above
    `LARGEST_DENSE` items only the nearest joint weights of each item are kept. One person counts
    at most once a pair of items, and in at most `LONGEST_HISTORY` rows. `pairs` are those of the
    same history, where they are known already.

    Raises:
        ModelError: the extra `learn` is not installed.
    """
    if not _asked(history, items, parameters):
        return None
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ModelError(
            "the learning libraries are not installed",
            where="recommender",
            mend="install tailorbird[learn]; serving needs none of them",
        ) from error
    if items > LARGEST_DENSE:
        matrix = held(history, items, parameters, rng)
        return _near_pairs(matrix, min(parameters.most_related, items - 1), parameters, threads)
    # On a busy machine two BLAS threads wait for each other: 20 CPU seconds instead of one.
    with threadpool_limits(1, "blas"):
        found = pairs or all_pairs(history, items, parameters, rng)
        return _weighed(found, parameters) if found else None


def _asked(history: History, items: int, parameters: Parameters) -> bool:
    """Return whether neighbours are asked for, and there can be any."""
    return parameters.neighbours not in {"none", "als"} and items > 1 and len(history.item) > 0


def related(near: Near | None, items: int, parameters: Parameters) -> Related:
    """Return the ridge with a little of the cosine, or the cosine alone, the strongest of each."""
    if near is None:
        return nothing_related(items)
    ridge = parameters.neighbours != "cosine"
    weight = near.cosine * (parameters.likeness if ridge else 1.0) + (near.ridge if ridge else 0)
    kept = (near.source >= 0) & (weight != 0)
    start = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    found = Related(start, near.source[kept].astype(np.int32), weight[kept].astype(np.float32))
    return _pruned(found, parameters.most_led)


def latest_rows(history: History, most_people: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return (person, row) of what is learnt from: the latest rows of people, perhaps a sample.

    In the order of the history; people are counted anew from 0.
    """
    people = np.arange(len(history.people))
    if len(people) > most_people:
        people = np.sort(rng.choice(people, most_people, replace=False))
    owner, rows = history.rows_of(people)
    counts = np.bincount(owner, minlength=len(people))
    if counts.max(initial=0) <= LONGEST_HISTORY:
        return owner, rows
    latest = strongest(history.day[rows], np.cumsum(counts) - counts, LONGEST_HISTORY)
    return owner[latest], rows[latest]


def held(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> csr_array:
    """Return the people x items matrix of strongest interaction, latest rows only."""
    from scipy.sparse import csr_array

    owner, rows = latest_rows(history, parameters.most_people, rng)
    item = history.item[rows]
    begins = beginnings(owner, item)
    weight = np.maximum.reduceat(history.weight[rows], begins)
    start = np.searchsorted(owner[begins], np.arange(int(owner[-1]) + 2))
    return csr_array((weight, item[begins], start), shape=(len(start) - 1, items))


@dataclass(frozen=True, slots=True)
class Pairs:
    """The Gram matrix of all items, each one's nearest (items x most), and how alike they are.

    No penalty changes any of it.
    """

    gram: npt.NDArray[Any]
    nearest: Ints
    cosine: npt.NDArray[Any]


def all_pairs(
    history: History, items: int, parameters: Parameters, rng: np.random.Generator
) -> Pairs | None:
    """Return all pairs of items; None where there are too many, or no neighbours are asked for."""
    if items > LARGEST_DENSE or not _asked(history, items, parameters):
        return None
    matrix = held(history, items, parameters, rng)
    gram, most = (matrix.T @ matrix).toarray(), min(parameters.most_related, items - 1)
    norms = np.sqrt(gram.diagonal())
    near = np.outer(norms, norms)  # one matrix all along: its memory is dear to get
    np.divide(gram, np.maximum(near, 1e-9, out=near), out=near)
    np.fill_diagonal(near, -1)
    np.negative(near, out=near)
    nearest = np.sort(np.argpartition(near, most - 1, axis=1)[:, :most], axis=1)
    joint = np.take_along_axis(gram, nearest, axis=1)
    return Pairs(gram, nearest, joint / (norms[:, None] * norms[nearest] + _SHRINK))


def _weighed(pairs: Pairs, parameters: Parameters) -> Near:
    """Return for each item the ridge regression on its nearest neighbours.

    Solves (G_SS + penalty I) b = G_Sj with G the Gram matrix and S the neighbours of j; the local
    form of EASE (Steck 2019), for a fraction of its cost.
    """
    gram, nearest = pairs.gram, pairs.nearest
    ridge = np.zeros(nearest.shape, np.float32)
    if parameters.neighbours != "cosine":
        for low in range(0, len(gram), _BLOCK):
            block = nearest[low : low + _BLOCK]
            ridge[low : low + _BLOCK] = _solve(gram, block, low, parameters.penalty)
    joint = np.take_along_axis(gram, nearest, axis=1)
    return Near(np.where(joint > 0, nearest, -1), ridge, pairs.cosine)


def _solve(gram: npt.NDArray[Any], sources: Ints, low: int, penalty: float) -> npt.NDArray[Any]:
    wanted = np.take_along_axis(gram[low : low + len(sources)], sources, axis=1)
    together = wanted > 0
    matrices = gram[sources[:, :, None], sources[:, None, :]]
    matrices *= together[:, :, None] & together[:, None, :]
    diagonal = np.arange(sources.shape[1])
    matrices[:, diagonal, diagonal] += penalty
    return np.linalg.solve(matrices, wanted[:, :, None])[:, :, 0]


def _near_pairs(held: csr_array, most: int, parameters: Parameters, threads: int) -> Near:
    """Return what `_all_pairs` returns, from each item's nearest joint weights alone.

    Memory grows with items, not with their square; of the Gram matrix the rest counts as nothing.
    """
    from tailorbird.recommend import kernel_learn

    items = held.shape[1]
    by_item, by_person = (_arrays(matrix) for matrix in (held.tocsc(), held))
    norm = np.sqrt(np.bincount(held.indices, held.data.astype(np.float64) ** 2, items))
    norm = np.maximum(norm, 1e-6).astype(np.float32)
    width = max(most, min(_KEPT * most, items - 1, _MOST_KEPT // items))
    kept = (
        np.zeros((items, width), np.int32),
        np.zeros((items, width), np.float32),
        np.zeros(items, np.int64),
    )
    near = Near(
        np.full((items, most), -1, np.int32),
        np.zeros((items, most), np.float32),
        np.zeros((items, most), np.float32),
    )
    out = (near.source, near.ridge, near.cosine)
    how = (np.float32(parameters.penalty), np.float32(_SHRINK), parameters.neighbours != "cosine")

    def keep_nearest(low: int, high: int) -> None:
        kernel_learn.nearest(by_item, by_person, norm, low, high, kept)

    def weigh(low: int, high: int) -> None:
        kernel_learn.local_ridge(kept, norm, how, low, high, out)

    for learnt in (keep_nearest, weigh):
        _in_ranges(learnt, items, threads)
    return near


def _arrays(matrix: Any) -> tuple[Ints, Indices, Singles]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def _in_ranges(learnt: Callable[[int, int], None], items: int, threads: int) -> None:
    """Call with (low, high) until all items are done, several at once where asked."""
    lows = range(0, items, _RANGE)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda low: learnt(low, min(low + _RANGE, items)), lows))


def _pruned(related: Related, most: int) -> Related:
    """Return only the `most` strongest weights of each source.

    What sells to everybody is a neighbour of thousands; ranking would walk all of them for nothing.
    """
    order = np.argsort(related.source, kind="stable")
    source = related.source[order]
    start = np.searchsorted(source, np.arange(len(related.start)))
    kept = np.sort(order[strongest(np.abs(related.weight[order]), start, most)])
    begins = np.searchsorted(kept, related.start)
    return Related(begins.astype(np.int64), related.source[kept], related.weight[kept])


def strongest(weight: npt.NDArray[Any], start: Ints, most: int) -> Ints:
    """Return the rows, rising, of the `most` largest weights of each group; of ties the first.

    Rows stand together by group, and those of group g begin at `start[g]`.
    """
    kept = np.ones(len(weight), bool)
    sizes = np.diff(start, append=len(weight))
    for group in np.flatnonzero(sizes > most).tolist():  # most groups are small, and stay whole
        rows = slice(start[group], start[group] + sizes[group])
        kept[rows] = _largest(weight[rows], most)
    return np.flatnonzero(kept)


def _largest(values: npt.NDArray[Any], most: int) -> Flags:
    """Return which are the `most` largest, of equal ones the first."""
    least = np.partition(values, len(values) - most)[len(values) - most]
    kept = values > least
    kept[np.flatnonzero(values == least)[: most - int(kept.sum())]] = True
    return np.asarray(kept)


def by_target(
    source: npt.NDArray[Any],
    target: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    targets: int,
    most: int,
) -> Related:
    """Return weights from single ones, those of one pair added up, the `most` of each target."""
    pair = target.astype(np.int64) * (int(source.max(initial=0)) + 1) + source
    order = np.argsort(pair, kind="stable")  # fast, for what comes is in order in long runs
    begins = beginnings(pair[order])
    weight = weight[order]
    summed = np.add.reduceat(weight, begins) if len(begins) else weight
    source, target = source[order[begins]], target[order[begins]]
    start = np.searchsorted(target, np.arange(targets + 1))
    kept = strongest(np.abs(summed), start, most)
    start = np.searchsorted(target[kept], np.arange(targets + 1))
    return Related(
        start.astype(np.int64), source[kept].astype(np.int32), summed[kept].astype(np.float32)
    )
