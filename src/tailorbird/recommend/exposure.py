"""Who gets to be seen: shares of exposure by category, brand or age against a target.

A product shown in place r counts 1 / log2(r + 1), as in NDCG: what stands first is looked at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Ints
from tailorbird.recommend.rules import CATEGORY, ITEM_AGE, Catalogue, Compiled, Exposure, codes
from tailorbird.recommender_cards import ExposureAudit, ExposureShare
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

UNNAMED: Final = "(none)"
MOST_VALUES: Final = 30
_DRAWS: Final = 200
USUAL: Final = (Exposure(CATEGORY), Exposure(ITEM_AGE))
"""What is audited where rules ask for nothing."""


class Exposed(msgspec.Struct, frozen=True):
    """How exposure is spread over products: 0 is even, 1 is all on one."""

    people: int
    products: int
    shown: int
    """Products that anybody is shown."""
    gini: float
    audits: tuple[ExposureAudit, ...]


def audited(
    chosen: pa.Table, rules: Compiled, stock: Catalogue, now: Instant, rng: np.random.Generator
) -> Exposed:
    """Return how what was chosen for some people is spread."""
    rows = stock.rows(chosen["item"].to_pylist())
    weight = 1 / np.log2(chosen["rank"].to_numpy() + 1)
    people, person = np.unique(chosen["person"].to_numpy(), return_inverse=True)
    by_product = np.bincount(rows, weight, len(stock.items)).astype(np.float64)
    return Exposed(
        people=len(people),
        products=int(rules.allowed.sum()),
        shown=int((by_product > 0).sum()),
        gini=gini(by_product[rules.allowed]),
        audits=tuple(
            _audit(asked, rules.allowed, stock.values(asked.by, now), (rows, weight, person), rng)
            for asked in rules.rules.exposure or USUAL
        ),
    )


def gini(values: Floats) -> float:
    """Return the Gini coefficient of what each gets.

    >>> round(gini(np.array([1.0, 1.0, 1.0])), 3), round(gini(np.array([0.0, 0.0, 3.0])), 3)
    (0.0, 0.667)
    """
    total, size = float(values.sum()), len(values)
    if not total:
        return 0.0
    ranked = np.sort(values)
    return float((2 * np.arange(1, size + 1) - size - 1) @ ranked / (size * total))


def _audit(
    asked: Exposure,
    allowed: Flags,
    values: Sequence[str],
    shown: tuple[Ints, Floats, Ints],
    rng: np.random.Generator,
) -> ExposureAudit:
    named = [each or UNNAMED for each in values]
    group = codes(named)
    words = list(dict.fromkeys(named))
    rows, weight, person = shown
    people = int(person.max(initial=-1)) + 1
    cell = person * len(words) + group[rows]
    table = np.bincount(cell, weight, people * len(words)).astype(np.float64)
    table = table.reshape(people, len(words))
    low, share, high = _interval(table, rng)
    products = np.bincount(group[allowed], minlength=len(words))
    targets = _targets(asked.shares, words, products)
    found = [
        ExposureShare(
            word, int(products[at]), float(share[at]), float(low[at]), float(high[at]),
            float(targets[at]), bool(high[at] < asked.at_least * targets[at]),
        )
        for at, word in enumerate(words)
        if products[at] or share[at] or word in asked.shares
    ]  # fmt: skip
    found.sort(key=lambda each: (not each.too_little, -max(each.share, each.target), each.value))
    return ExposureAudit(asked.by, asked.at_least, bool(asked.shares), tuple(found[:MOST_VALUES]))


def _targets(said: Mapping[str, float], words: Sequence[str], products: Ints) -> Floats:
    """Return what each value should get: as said; others, their part of the products in the rest.

    >>> _targets({"own": 0.4}, ["own", "big", "small"], np.array([5, 30, 10])).round(2).tolist()
    [0.4, 0.45, 0.15]
    """
    named = np.array([word in said for word in words])
    unsaid = np.where(named, 0, products)
    rest = max(1 - sum(said.values()), 0.0) * unsaid / max(int(unsaid.sum()), 1)
    return np.where(named, [said.get(word, 0.0) for word in words], rest)


def _interval(table: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return low end, share and high end of each column, people drawn with replacement."""
    if not len(table) or not table.sum():
        nothing = np.zeros(table.shape[1])
        return nothing, nothing, nothing
    draws = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), _DRAWS) @ table
    shares = draws / np.maximum(draws.sum(axis=1, keepdims=True), 1e-300)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return low, table.sum(axis=0) / table.sum(), high
