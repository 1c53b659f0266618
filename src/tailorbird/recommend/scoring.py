"""Scores a chunk of people against every item with NumPy alone, and says why."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np

from tailorbird.recommend import factors as factoring
from tailorbird.recommend.collaborative import Related
from tailorbird.recommend.factors import NO_FACTORS
from tailorbird.recommend.interactions import (
    Flags,
    Floats,
    History,
    Indices,
    Ints,
    Singles,
    beginnings,
    spans,
)
from tailorbird.recommend.parameters import Parameters
from tailorbird.recommend.popular import NO_GROUPS, Groups

FLOOR: Final = 0.01
"""What popularity is lifted by before its power is taken, so that new items keep a chance."""
FILL: Final = 1e-6
"""Popularity's own weight: it orders what history says nothing about."""
LAST_VISITS: Final = 5
"""Visits of a person that tell what follows."""
_MOST_CELLS: Final = 500_000
"""A few MB a matrix: larger ones are asked of the system each time, which costs a third more."""
_MOST_ROWS: Final = 50_000


Links: TypeAlias = tuple[Ints, Indices, Singles]
"""Weights by source: item i adds `weight[s]` to `target[s]` for s in start[i]:start[i + 1]."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model over one coding of items. `popular` is 1 at its largest.

    `fashion` is the factor by which recent popularity scales each item's score; `by_source` and
    `next_by_source` are `related` and `following` found from the source, scaled by it;
    row g of `fills` is what popularity adds in group g (0: everybody), and of `by_popularity` the
    known items, best sellers first, then -1.
    """

    parameters: Parameters
    related: Related
    following: Related
    popular: Floats
    fashion: Floats
    by_source: Links
    next_by_source: Links
    fills: Floats
    by_popularity: Indices
    factors: Singles


def prepare(
    parameters: Parameters,
    related: Related,
    following: Related,
    popular: Floats,
    groups: Groups = NO_GROUPS,
    factors: Singles = NO_FACTORS,
) -> Scorer:
    """Return a scorer with what can be computed once."""
    fashion = np.asarray((popular + FLOOR) ** parameters.fashion)
    rows = np.concatenate([popular[None], groups.popular]) if groups.names else popular[None]
    order = np.argsort(-rows, axis=1, kind="stable")
    known = np.take_along_axis(rows, order, axis=1) > 0
    return Scorer(
        parameters,
        related,
        following,
        popular,
        fashion,
        _scaled(related, fashion),
        _scaled(following, parameters.following * fashion),
        FILL * rows,
        np.where(known, order, -1).astype(np.int32),
        factors,
    )


def _scaled(related: Related, factor: Floats) -> Links:
    start, target, weight = related.by_source()
    return start, target, (weight * factor[target]).astype(np.float32)


def own_scores(scorer: Scorer, past: Past, people: int) -> Floats:
    """Return what each row of the past adds to the score of its own item."""
    own = scorer.parameters.own_weight * to_top(past.own, past.owner, people)
    return np.asarray(own * scorer.fashion[past.item])


@dataclass(frozen=True, slots=True)
class Past:
    """One row a (person of the chunk, item), sorted, with the weights that the scores need."""

    owner: Ints
    item: Ints
    taste: Floats
    late: Floats
    own: Floats
    bought: Flags
    last_day: Ints


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best items of each person of a chunk, best first; item -1 where there are no more.

    `own` and `related` are the parts of the score; `because` is the item of the history that
    contributes most to `related`, -1 where nothing does.
    """

    people: Ints
    item: Ints
    score: Floats
    own: Floats
    related: Floats
    bought: Flags
    because: Ints


def joined(parts: Sequence[Ranked]) -> Ranked:
    """Return the rankings of several chunks as one."""
    columns = [[getattr(part, field.name) for part in parts] for field in fields(Ranked)]
    return Ranked(*(np.concatenate(column) for column in columns))


def chunks(history: History, people: Ints, width: int) -> Iterator[slice]:
    """Yield pieces of person indices that bound memory; `width` is how many cells each takes."""
    rows = np.where(people >= 0, np.diff(history.start, append=0)[people], 0)
    share = np.maximum(rows / _MOST_ROWS, width / _MOST_CELLS)
    piece = np.floor(np.cumsum(share)).astype(np.int64)
    cuts = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(people)]
    yield from (slice(low, high) for low, high in itertools.pairwise(cuts))


def recall_past(history: History, people: Ints, parameters: Parameters, today: int) -> Past:
    """Return the weighted past of these person indices (-1: nobody) up to and with `today`."""
    known = np.flatnonzero(people >= 0)
    owner, rows = history.rows_of(people[known])
    seen = history.day[rows] <= today
    owner, rows = known[owner[seen]], rows[seen]
    day, item = history.day[rows].astype(np.int64), history.item[rows].astype(np.int64)
    latest = np.zeros(len(people), np.int64)
    np.maximum.at(latest, owner, day)
    age = (latest[owner] - day).astype(np.float64)
    begins = beginnings(owner, item)
    weight = history.weight[rows].astype(np.float64)
    visit = history.visit[rows]
    late = np.where(visit < LAST_VISITS, np.exp2(-visit / parameters.visit_half_life), 0.0)
    return Past(
        owner=owner[begins],
        item=item[begins],
        taste=_sums(weight * np.exp2(-age / parameters.half_life_days), begins),
        late=np.maximum.reduceat(late, begins) if len(rows) else late,
        own=_sums(weight * np.exp2(-age / parameters.own_half_life_days), begins),
        bought=np.logical_or.reduceat(history.bought[rows], begins) if len(rows) else seen,
        last_day=np.maximum.reduceat(day, begins) if len(rows) else day,
    )


def rank(
    scorer: Scorer,
    past: Past,
    people: Ints,
    k: int,
    *,
    allowed: Flags,
    barred: Flags,
    group: Ints,
    related: Floats,
    reasons: bool = True,
) -> Ranked:
    """Return the `k` best allowed items a person; `barred` marks rows of the past to leave out.

    `group` is each person's row of `scorer.fills`, `related` what `related_scores` returns. Items
    that nobody knows and to which nothing of the past leads are left out. Without `reasons` every
    `because` is -1.
    """
    shape = (len(people), len(scorer.popular))
    owned = np.zeros(shape)
    owned[past.owner, past.item] = own_scores(scorer, past, shape[0])
    scores = owned + related + scorer.fills[group]
    scores[(scores == 0) | ~allowed] = -np.inf
    scores[past.owner[barred], past.item[barred]] = -np.inf
    best = _best(scores, min(k, shape[1]))
    row = np.arange(shape[0])[:, None]
    bought = np.zeros(shape, bool)
    bought[past.owner, past.item] = past.bought
    score = scores[row, best]
    return Ranked(
        people=people,
        item=np.where(np.isfinite(score), best, -1),
        score=score,
        own=owned[row, best],
        related=related[row, best],
        bought=bought[row, best],
        because=_because(scorer, past, best) if reasons else np.full(best.shape, -1),
    )


def related_scores(scorer: Scorer, past: Past, people: int) -> Floats:
    """Return people x items: what the past says of items, through neighbours, factors or both."""
    shape, taste = (people, len(scorer.popular)), to_top(past.taste, past.owner, people)
    related = _spread(scorer.by_source, past, taste, shape)
    if len(scorer.factors):
        trust = scorer.parameters.confidence * taste
        found = factoring.scores(scorer.factors, past.owner, past.item, trust, shape[0])
        found *= scorer.fashion
        fuse = scorer.parameters.neighbours == "fused"
        related = factoring.fused(related, found) if fuse else related + found
    return related + _spread(scorer.next_by_source, past, past.late, shape)


def _sums(values: Floats, begins: Ints) -> Floats:
    return np.asarray(np.add.reduceat(values, begins)) if len(values) else values


def to_top(values: Floats, owner: Ints, people: int) -> Floats:
    """Return values scaled so that each person's largest is 1."""
    largest = np.full(people, 1e-300)
    np.maximum.at(largest, owner, values)
    return np.asarray(values / largest[owner])


def _spread(
    by_source: tuple[Ints, Indices, Singles], past: Past, taste: Floats, shape: tuple[int, int]
) -> Floats:
    """Return people x items: what the past adds to each item through the related weights."""
    start, target, weight = by_source
    counts = (start[1:] - start[:-1])[past.item]
    entry = spans(start[past.item], counts)
    cell = np.repeat(past.owner * shape[1], counts)
    cell += target[entry]
    value = np.repeat(taste, counts)
    value *= weight[entry]
    total = np.bincount(cell, value, shape[0] * shape[1])
    return total.astype(np.float64, copy=False).reshape(shape)


def _best(scores: Floats, k: int) -> Ints:
    """Return the columns of the `k` largest of each row, largest first, ties by column."""
    if k < scores.shape[1]:
        chosen = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    else:
        chosen = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    order = np.argsort(-np.take_along_axis(scores, chosen, 1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, 1)


def _because(scorer: Scorer, past: Past, best: Ints) -> Ints:
    """Return for each cell of `best` the source that adds most to it, -1 where none does."""
    taste = to_top(past.taste, past.owner, len(best))
    weights = np.zeros((len(best), len(scorer.popular)))
    weights[past.owner, past.item] = taste
    most, because = _strongest(scorer.related, 1.0, weights, best)
    if scorer.parameters.following:
        weights[past.owner, past.item] = past.late
        more, after = _strongest(scorer.following, scorer.parameters.following, weights, best)
        because = np.where(more > most, after, because)
    if len(scorer.factors):
        alike = factoring.because(scorer.factors, past.owner, past.item, taste, best)
        because = np.where(because < 0, alike, because)
    return because


def _strongest(related: Related, factor: float, weights: Floats, best: Ints) -> tuple[Floats, Ints]:
    """Return for each cell of `best` the largest share of a source, and that source or -1."""
    counts = np.diff(related.start)[best].ravel()
    because, shares = np.full(best.size, -1), np.zeros(best.size)
    if not counts.any():
        return shares.reshape(best.shape), because.reshape(best.shape)
    begins = np.cumsum(counts) - counts
    entry = spans(related.start[best.ravel()], counts)
    row = np.repeat(np.repeat(np.arange(len(best)), best.shape[1]), counts)
    share = weights[row, related.source[entry]] * related.weight[entry] * factor
    some = counts > 0
    most = np.maximum.reduceat(share, begins[some])
    hit = share == np.repeat(most, counts[some])
    cell = np.repeat(np.arange(best.size), counts)
    found, first = np.unique(cell[hit], return_index=True)
    positive = most > 0
    because[found[positive]] = related.source[entry[hit][first[positive]]]
    shares[some] = most
    return shares.reshape(best.shape), because.reshape(best.shape)
