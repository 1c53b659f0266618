"""What items say of themselves: attributes and words, so that new ones are recommendable at once.

In: a table of items with any columns. Out: how alike items are, and through the likeness of a new
item to old ones, weights for it in the learnt relations ("bridging").
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailorbird.recommend.collaborative import Related, by_target, nothing_related
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

if TYPE_CHECKING:
    import pyarrow as pa

SILENT: Final = frozenset({"item", "stock", "url", "image", "currency"})
"""Columns that say nothing about what an item is."""
NEAREST: Final = 20
"""Known items through which a new one is known."""
LEAST_ALIKE: Final = 0.15
FEW: Final = 5
"""People who had an item from whom on it is known by them; below, by what it says of itself."""
MOST_ASKED: Final = 20_000
_BLOCK: Final = 256
_WORDS_LOST: Final = 0.5
"""A word says half of what a whole value says."""
_STEPS_A_DOUBLING: Final = 2
"""Numbers are alike within a step: half a doubling."""
_MOST_SHARED: Final = 2_000
"""What so many items have in common tells none of them apart, and would be compared for nothing."""
_WORD: Final = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Described:
    """Each item's tokens, `token[start[i]:start[i + 1]]`, their weights a vector of length 1.

    `vocabulary` holds the tokens in order, `rarity` what each is worth.
    """

    vocabulary: tuple[str, ...]
    rarity: Singles
    start: Ints
    token: Indices
    weight: Singles

    def vectors(self, said: Sequence[Mapping[str, float]]) -> tuple[Ints, Indices, Singles]:
        """Return (start, token, weight) of other items, by what they say; unknown tokens go."""
        place = {token: at for at, token in enumerate(self.vocabulary)}
        known = [
            sorted((place[token], share) for token, share in tokens.items() if token in place)
            for tokens in said
        ]
        start = np.cumsum([0, *(len(pairs) for pairs in known)])
        token = np.array([at for pairs in known for at, _ in pairs], np.int32)
        share = np.array([share for pairs in known for _, share in pairs], np.float64)
        return _united(start.astype(np.int64), token, share * self.rarity[token])

    def longer(self, said: tuple[Ints, Indices, Singles]) -> Described:
        """Return it with the vectors of further items at its end."""
        start, token, weight = said
        return Described(
            self.vocabulary,
            self.rarity,
            np.concatenate([self.start, self.start[-1] + start[1:]]),
            np.concatenate([self.token, token]),
            np.concatenate([self.weight, weight]),
        )


def _united(start: Ints, token: Indices, weight: Floats) -> tuple[Ints, Indices, Singles]:
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    length = np.sqrt(np.bincount(owner, weight**2, len(start) - 1))
    return start, token, (weight / np.maximum(length[owner], 1e-12)).astype(np.float32)


NOTHING_SAID: Final = Described(
    (),
    np.zeros(0, np.float32),
    np.zeros(1, np.int64),
    np.zeros(0, np.int32),
    np.zeros(0, np.float32),
)


def describe(items: pa.Table | None, order: Sequence[str]) -> Described:
    """Return what the table says of the items in `order`; of items that it lacks, nothing."""
    if items is None:
        return replace(NOTHING_SAID, start=np.zeros(len(order) + 1, np.int64))
    said = dict(zip(items["item"].to_pylist(), tokens(items), strict=True))
    counts = Counter(token for found in said.values() for token in found)
    kept = sorted(token for token, count in counts.items() if 2 <= count <= _MOST_SHARED)
    many = max(len(said), 1)
    rarity = np.array([math.log(1 + many / counts[token]) for token in kept], np.float32)
    bare = Described(tuple(kept), rarity, *_EMPTY)
    start, token, weight = bare.vectors([said.get(item, {}) for item in order])
    return Described(bare.vocabulary, rarity, start, token, weight)


_EMPTY: Final = (NOTHING_SAID.start, NOTHING_SAID.token, NOTHING_SAID.weight)


def tokens(items: pa.Table) -> list[dict[str, float]]:
    """Return for each row its tokens and their shares: values, words, and steps of numbers."""
    rows: list[dict[str, float]] = [{} for _ in range(items.num_rows)]
    for name in items.column_names:
        if name in SILENT:
            continue
        for row, value in zip(rows, items[name].to_pylist(), strict=True):
            row.update(_told(name, value))
    return rows


def _told(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yield the tokens of one value of a column."""
    match value:
        case None | "":
            return
        case bool():
            yield f"{name}={value}", 1.0
        case int() | float():
            if math.isfinite(value):
                yield f"{name}~{_step(value)}", 1.0
        case str():
            yield f"{name}={value.casefold()}", 1.0
            for word in _WORD.findall(value.casefold()):
                yield f"{word}", _WORDS_LOST
        case list() | tuple():
            for each in value:
                yield from _told(name, each)
        case _:
            yield f"{name}={value}", 1.0


def _step(value: float) -> int:
    size = round(math.log2(1 + abs(value)) * _STEPS_A_DOUBLING)
    return size if value >= 0 else -size


def alike(
    described: Described, asked: tuple[Ints, Indices, Singles], among: Ints
) -> tuple[Ints, Indices, Singles]:
    """Return (start, item, likeness): of each asked vector the `NEAREST` of the items `among`.

    Likeness is the cosine, above `LEAST_ALIKE`; most alike first, ties by item.
    """
    start, token, weight = asked
    words = len(described.vocabulary)
    owner = np.repeat(np.arange(len(described.start) - 1), np.diff(described.start))
    known = np.zeros(len(described.start) - 1, bool)
    known[among] = True
    kept = np.flatnonzero(known[owner])
    order = kept[np.argsort(described.token[kept], kind="stable")]
    posted = np.searchsorted(described.token[order], np.arange(words + 1))
    found: list[Ints] = []
    likeness: list[Floats] = []
    for low, high in itertools.pairwise(start):
        posts = [order[posted[t] : posted[t + 1]] for t in token[low:high]]
        entry = np.concatenate([*posts, order[:0]])
        share = np.repeat(weight[low:high], [len(post) for post in posts])
        sums = np.bincount(owner[entry], share * described.weight[entry]).astype(np.float64)
        close = np.flatnonzero(sums >= LEAST_ALIKE)
        close = close[np.argsort(-sums[close], kind="stable")][:NEAREST]
        found.append(close)
        likeness.append(sums[close])
    sizes = np.cumsum([0, *(len(close) for close in found)])
    return (
        sizes.astype(np.int64),
        np.concatenate([*found, order[:0]]).astype(np.int32),
        np.concatenate([*likeness, np.zeros(0)]).astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class Introduced:
    """Which items are known, and by which known items others are: (start, item, likeness)."""

    asked: Ints
    near: tuple[Ints, Indices, Singles]
    buyers: Ints


def introduce(described: Described, history: History, everything: bool) -> Introduced:
    """Return how items that few people know are like those that many do.

    At most `MOST_ASKED` are, those with the fewest buyers first. With `everything` the well known
    ones are asked about too, as far as that allows.
    """
    items = len(described.start) - 1
    buyers = _buyers(history, items)
    said = np.diff(described.start) > 0
    asked = np.flatnonzero(said & (everything | (buyers < FEW * 4)))
    asked = np.sort(asked[np.argsort(buyers[asked], kind="stable")[:MOST_ASKED]])
    known = np.flatnonzero(buyers >= FEW)
    return Introduced(asked, alike(described, _rows(described, asked), known), buyers)


def _buyers(history: History, items: int) -> Ints:
    """Return how many people had to do with each item."""
    return np.bincount(history.item[beginnings(history.owners, history.item)], minlength=items)


def fresh(history: History, items: int) -> Flags:
    """Return which items too few people had to be known by who had them."""
    return _buyers(history, items) < FEW


def _rows(described: Described, asked: Ints) -> tuple[Ints, Indices, Singles]:
    """Return the vectors of some items."""
    counts = np.diff(described.start)[asked]
    start = np.cumsum([0, *counts]).astype(np.int64)
    entry = spans(described.start[asked], counts)
    return start, described.token[entry], described.weight[entry]


def blended(related: Related, known: Introduced, parameters: Parameters) -> Related:
    """Return the weights with those that likeness adds: much for new items, `content` for all."""
    content, most = parameters.content, parameters.most_related
    if not len(known.asked) or parameters.neighbours == "none":
        return related
    share = content + FEW / (FEW + known.buyers[known.asked])
    added = bridged(related, known.near, share.astype(np.float32), most)
    targets = len(related.start) - 1
    learnt = np.repeat(np.arange(targets), np.diff(related.start))
    new = np.repeat(known.asked, np.diff(added.start))
    other = added.source != new
    return by_target(
        np.concatenate([related.source, added.source[other]]),
        np.concatenate([learnt, new[other]]),
        np.concatenate([related.weight, added.weight[other]]),
        targets,
        targets,
    )


def bridged(
    related: Related, near: tuple[Ints, Indices, Singles], share: Singles, most: int
) -> Related:
    """Return weights of new targets: those of the known items that each is like, and these.

    Whoever has what leads to a likeness of the new item, or has that likeness itself, is led to
    it. `share` scales each target's weights; `most` bounds how many it keeps.
    """
    start, like, likeness = near
    whole, parts = _typical(related), [nothing_related(0)]
    for low in range(0, len(share), _BLOCK):  # all at once they leave the cache: twice as slow
        begins = start[low : low + _BLOCK + 1]
        rows = slice(begins[0], begins[-1])
        some = begins - begins[0], like[rows], likeness[rows]
        parts.append(_bridged(related, some, share[low : low + _BLOCK], most, whole))
    return joined(parts)


def _bridged(
    related: Related,
    near: tuple[Ints, Indices, Singles],
    share: Singles,
    most: int,
    whole: float,
) -> Related:
    """Return what `bridged` does of some targets; `whole` is what the likest itself leads by."""
    start, like, likeness = near
    target = np.repeat(np.arange(len(share)), np.diff(start))
    total = np.bincount(target, likeness, len(share))
    part = likeness / np.maximum(total[target], 1e-12)
    counts = np.diff(related.start)[like]
    entry = spans(related.start[like], counts)
    targets = np.concatenate([np.repeat(target, counts), target])
    sources = np.concatenate([related.source[entry], like])
    weights = np.concatenate([np.repeat(part, counts) * related.weight[entry], part * whole])
    return by_target(sources, targets, weights * share[targets], len(share), most)


def _typical(related: Related) -> float:
    """Return the weight that the nearest source of an item has: the likest counts like it."""
    some = np.flatnonzero(np.diff(related.start))
    if not len(some):
        return 1.0
    return float(np.maximum.reduceat(related.weight, related.start[some]).mean())


def longer(related: Related, added: Related) -> Related:
    """Return the weights with further targets at their end."""
    return joined([related, added])


def joined(parts: Sequence[Related]) -> Related:
    """Return the weights of several runs of targets, one after the other."""
    counts = np.concatenate([np.diff(each.start) for each in parts])
    return Related(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([each.source for each in parts]),
        np.concatenate([each.weight for each in parts]),
    )
