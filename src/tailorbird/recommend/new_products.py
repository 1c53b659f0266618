"""Products that are new: the likest to what a person is shown, and the places kept for them.

New is what came after the training; for kept places also what too few people had to be known by
them, or, where the author says so, what came into the catalogue within so many days.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tailorbird.recommend.diversity import Likeness
from tailorbird.recommend.interactions import Flags, Floats, Ints
from tailorbird.recommend.pool import Asking, Pool, name_of, told
from tailorbird.recommend.rules import NewProducts
from tailorbird.schema import DAY

NEWEST: Final = 40
"""Products that came after the training of which each person may be shown the likest."""
LIKE: Final = 0.5
"""How alike a new product must be to a candidate: of its category, or by the words of its name."""
NEW_SHARE: Final = 0.9
"""Of the score of the product that it is like."""
NEW: Final = "new"


def kept_places(asking: Asking) -> int:
    """Return how many places of a list are kept for new products."""
    asked = asking.rules.rules.new_products
    return asked.places if isinstance(asked, NewProducts) else 0


def new(asking: Asking) -> Flags:
    """Return which products that may be shown are new."""
    asked = asking.rules.rules.new_products
    if isinstance(asked, NewProducts) and asked.newer_than_days is not None:
        since = asking.now - asked.newer_than_days * DAY
        return np.asarray(asking.allowed & (asking.stock.arrived > since))
    return np.asarray(
        asking.allowed & (~asking.known.learnt | asking.of_products(asking.model.fresh))
    )


def latest(asking: Asking) -> Ints:
    """Return the newest products that came after the training."""
    found = np.flatnonzero(asking.allowed & ~asking.known.learnt)
    return found[np.argsort(-asking.stock.arrived[found], kind="stable")][:NEWEST]


def with_likest(asking: Asking, pool: Pool) -> Pool:
    """Return the candidates with the new products that are likest to what a person would be shown.

    One for each person, or as many as places are kept.
    """
    fresh = latest(asking)
    if not len(fresh) or not pool.row.size:
        return pool
    person, item, score, source = _likest(
        asking.likeness, fresh, pool.row, pool.score, max(kept_places(asking), 1)
    )
    like = [asking.stock.items[row] for row in source]
    reason = [f"new, like {name_of(asking, each)}" for each in like]
    items = [asking.stock.items[row] for row in item]
    added = told(asking.people[person], items, score, reason, NEW, like)
    return pool.joined(person, item, added)


def _likest(
    likeness: Likeness, fresh: Ints, rows: Ints, scores: Floats, most: int
) -> tuple[Ints, Ints, Floats, Ints]:
    """Return each person's best new products: her place, the row, its score, the row it is like.

    Those that the model shows already are left out.
    """
    seen = np.unique(rows[rows >= 0])
    alike = np.append(likeness.between(fresh, seen), np.zeros((len(fresh), 1)), axis=1)
    alike[alike < LIKE] = 0.0
    column = np.where(rows >= 0, np.searchsorted(seen, rows), len(seen))
    positive = np.where(rows >= 0, np.maximum(scores, 0.0), 0.0)
    worth, source = np.zeros((len(rows), len(fresh))), np.zeros((len(rows), len(fresh)), np.int64)
    each = np.arange(len(rows))
    for number in range(len(fresh)):
        shares = NEW_SHARE * positive * alike[number][column]
        nearest = np.argmax(shares, axis=1)
        worth[:, number] = shares[each, nearest]
        source[:, number] = rows[each, nearest]
    order = np.argsort(-worth, axis=1, kind="stable")[:, :most]
    person = np.repeat(each, order.shape[1])
    chosen = order.ravel()
    item, best = fresh[chosen], worth[person, chosen]
    kept = (best > 0) & ~(rows[person] == item[:, None]).any(axis=1)
    return person[kept], item[kept], best[kept], source[person, chosen][kept]
