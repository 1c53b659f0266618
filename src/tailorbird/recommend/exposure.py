"""Who gets to be seen: shares of exposure by category, brand or age against a target.

A product shown in place r counts 1 / log2(r + 1), as in NDCG: what stands first is looked at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Indices, Ints
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
    ndcg: float
    """Of what is shown, by the model's own scores: 1 where no rule of exposure moved anything."""
    audits: tuple[ExposureAudit, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A row a product shown: its row in the catalogue, how much it is looked at, whose it is."""

    row: Ints
    weight: Floats
    person: Ints
    score: Floats
    people: int

    @staticmethod
    def of(chosen: pa.Table, stock: Catalogue) -> _Shown:
        people, person = np.unique(chosen["person"].to_numpy(), return_inverse=True)
        weight = 1 / np.log2(chosen["rank"].to_numpy() + 1)
        row, score = stock.rows(chosen["item"].to_pylist()), chosen["score"].to_numpy()
        return _Shown(row, weight, person, score, len(people))

    def gain(self) -> Floats:
        """Return each person's DCG by the model's own scores."""
        gains = self.weight * np.maximum(self.score, 0.0)
        return np.bincount(self.person, gains, self.people).astype(np.float64)


def audited(
    chosen: pa.Table,
    rules: Compiled,
    stock: Catalogue,
    now: Instant,
    rng: np.random.Generator,
    before: pa.Table | None = None,
) -> Exposed:
    """Return how what was chosen for some people is spread.

    `before` is what would have been chosen had no rule of exposure moved anything.
    """
    shown = _Shown.of(chosen, stock)
    unmoved = shown if before is None else _Shown.of(before, stock)
    by_product = np.bincount(shown.row, shown.weight, len(stock.items)).astype(np.float64)
    return Exposed(
        people=shown.people,
        products=int(rules.allowed.sum()),
        shown=int((by_product > 0).sum()),
        gini=gini(by_product[rules.allowed]),
        ndcg=_kept(shown, unmoved),
        audits=tuple(
            _audit(asked, rules.allowed, stock.values(asked.by, now), shown, unmoved, rng)
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
    shown: _Shown,
    unmoved: _Shown,
    rng: np.random.Generator,
) -> ExposureAudit:
    aim = targets(asked, allowed, values)
    words, group, products = aim.words, aim.group, aim.products
    low, share, high = _interval(_by_person(shown, group, len(words)), rng)
    earlier = _by_person(unmoved, group, len(words))
    before = earlier.sum(axis=0) / max(float(earlier.sum()), 1e-300)
    found = [
        ExposureShare(
            word, int(products[at]), float(share[at]), float(low[at]), float(high[at]),
            float(aim.target[at]), bool(high[at] < asked.at_least * aim.target[at]),
            float(before[at]),
        )
        for at, word in enumerate(words)
        if products[at] or share[at] or word in asked.shares
    ]  # fmt: skip
    found.sort(key=lambda each: (not each.too_little, -max(each.share, each.target), each.value))
    return ExposureAudit(
        asked.by, asked.at_least, bool(asked.shares), tuple(found[:MOST_VALUES]), asked.steer
    )


def _by_person(shown: _Shown, group: Indices, words: int) -> Floats:
    """Return people x values: the exposure of each value."""
    cells = np.bincount(shown.person * words + group[shown.row], shown.weight, shown.people * words)
    return cells.astype(np.float64).reshape(shown.people, words)


def _kept(shown: _Shown, unmoved: _Shown) -> float:
    """Return the mean NDCG of what is shown, where what would be shown unmoved is the best."""
    gain, best = shown.gain(), unmoved.gain()
    told = best > 0
    return float(np.minimum(gain[told] / best[told], 1.0).mean()) if told.any() else 1.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What each value of an attribute should get of all exposure."""

    words: tuple[str, ...]
    group: Indices
    """The number of each product's value."""
    products: Ints
    """How many of each value may be shown."""
    target: Floats

    def of(self, value: int) -> Flags:
        """Return which products are of a value."""
        return np.asarray(self.group == value)


def targets(asked: Exposure, allowed: Flags, values: Sequence[str]) -> Targets:
    """Return the targets of the values that products have, `(none)` for products without one."""
    named = [each or UNNAMED for each in values]
    group, words = codes(named), tuple(dict.fromkeys(named))
    products = np.bincount(group[allowed], minlength=len(words))
    return Targets(words, group, products, _targets(asked.shares, words, products))


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
