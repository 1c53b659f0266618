"""The same ranking as `scoring.rank` in one compiled pass, for batches that are worth it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from tailorbird.recommend import scoring
from tailorbird.recommend.interactions import Flags, Floats, History, Ints, sought
from tailorbird.recommend.scoring import Past, Ranked, Scorer

WORTH_IT_CELLS: Final = 100_000_000
"""People x items from which on loading and compiling pays."""
MOST_LISTED: Final = 32_000
"""Items a person that the compiled pass can list."""


def worth_it(people: int, items: int) -> bool:
    """Return whether so many people and items should be ranked here, and numba is installed."""
    return people * items >= WORTH_IT_CELLS and importlib.util.find_spec("numba") is not None


def ranked(
    scorer: Scorer,
    history: History,
    people: Ints,
    k: int,
    *,
    today: int,
    allowed: Flags,
    bar_after: float = math.inf,
    group: Ints | None = None,
    compile_it: bool,
    threads: int = 1,
    reasons: bool = True,
    said: dict[int, Floats] | None = None,
) -> Iterator[Ranked]:
    """Return the best items of these person indices (-1: strangers), a chunk at a time.

    What a person bought on a day after `bar_after` is left out. `group` is each person's row of
    `scorer.fills`, 0 where it is not given. Nobody need read `because` without `reasons`.
    `said` keeps `related_scores` by where a chunk begins, for a next call that may change only
    what buying the same again is worth.
    """
    compile_it = compile_it and not len(scorer.factors) and k < MOST_LISTED
    rows = np.zeros(len(people), np.int64) if group is None else group

    def best_of(piece: slice) -> Ranked:
        some = people[piece]
        past = scoring.recall_past(history, some, scorer.parameters, today)
        barred, of = past.bought & (past.last_day > bar_after), rows[piece]
        if compile_it:
            return rank(scorer, past, some, k, allowed=allowed, barred=barred, group=of)
        related = _related(scorer, past, piece, said)
        return scoring.rank(
            scorer, past, some, k, allowed=allowed, barred=barred, group=of, related=related,
            reasons=reasons,
        )  # fmt: skip

    return _each(
        best_of, scoring.chunks(history, people, k if compile_it else len(allowed)), threads
    )


def _related(scorer: Scorer, past: Past, piece: slice, said: dict[int, Floats] | None) -> Floats:
    """Return `related_scores` of a chunk, from `said` where they are kept there."""
    if said is None:
        return scoring.related_scores(scorer, past, piece.stop - piece.start)
    if piece.start not in said:
        said[piece.start] = scoring.related_scores(scorer, past, piece.stop - piece.start)
    return said[piece.start]


def _each(
    best_of: Callable[[slice], Ranked], pieces: Iterator[slice], threads: int
) -> Iterator[Ranked]:
    if threads == 1:
        yield from map(best_of, pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(best_of, pieces)


def rank(
    scorer: Scorer, past: Past, people: Ints, k: int, *, allowed: Flags, barred: Flags, group: Ints
) -> Ranked:
    """Return what `scoring.rank` returns, equal but for the order of sums."""
    from tailorbird.recommend import kernel

    shape = (len(people), min(k, len(allowed)))
    best, because = np.full(shape, -1), np.full(shape, -1)
    scores, own = np.full(shape, -np.inf), np.zeros(shape)
    repeats = scoring.own_scores(scorer, past, len(people))
    fills = np.where(allowed, scorer.fills, -np.inf)
    kernel.rank_people(
        np.searchsorted(past.owner, np.arange(len(people) + 1)),
        (
            past.item,
            scoring.to_top(past.taste, past.owner, len(people)),
            past.late,
            repeats,
            barred,
        ),
        (scorer.by_source, scorer.next_by_source),
        (group, fills, scorer.by_popularity),
        (best, scores, own, because),
    )
    fill = scorer.fills[group[:, None], best]
    related = np.where(best >= 0, scores - own - fill, 0.0)
    return Ranked(people, best, scores, own, related, _bought(past, best), because)


def _bought(past: Past, best: Ints) -> Flags:
    """Return which of the best items each person had bought."""
    size = max(int(best.max(initial=0)), int(past.item.max(initial=0))) + 2
    keys = past.owner[past.bought] * size + past.item[past.bought]
    wanted = np.arange(len(best))[:, None] * size + best
    return sought(keys, wanted)[1] & (best >= 0)
