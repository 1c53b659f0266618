"""What people looked at, as templates read it: their categories, their latest products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from tailorbird.schema import DAY, Instant, Names, PersonId, Product
from tailorbird.traits.extract import touched
from tailorbird.world import World

CATEGORIES: Final = "top_browsed_categories"
PRODUCTS: Final = "product_browse_history"
DAYS: Final = 90
"""How far back a look counts."""
MOST: Final = 3
"""Categories, and products, that are told."""
_CATEGORIES: Final = """
SELECT person, category AS found FROM (
    SELECT f.person, COALESCE(p.category, f.category) AS category,
        COUNT(*) AS times, MAX(f."at") AS latest
    FROM facts AS f SEMI JOIN asked USING (person) LEFT JOIN products AS p USING (item)
    WHERE f.event = ? AND f."at" > ? AND f."at" <= ?
    GROUP BY f.person, COALESCE(p.category, f.category))
WHERE category <> ''
ORDER BY person, times DESC, latest DESC, category
"""
_PRODUCTS: Final = """
SELECT f.person, f.item AS found FROM facts AS f SEMI JOIN asked USING (person)
WHERE f.event = ? AND f."at" > ? AND f."at" <= ? AND f.item <> ''
GROUP BY f.person, f.item
ORDER BY f.person, MAX(f."at") DESC, f.item
"""


def browsed(
    world: World, people: Sequence[PersonId], now: Instant, reads: Collection[str]
) -> dict[PersonId, dict[str, Any]]:
    """Return what these people looked at lately, under the names that a mail reads.

    `top_browsed_categories` is a list, the most looked at first; `product_browse_history` a text,
    the names of the latest products with commas between.
    """
    found: dict[PersonId, dict[str, Any]] = {person: {} for person in people}
    if CATEGORIES in reads:
        for person, categories in _asked(world, _CATEGORIES, people, now).items():
            found[person][CATEGORIES] = categories
    if PRODUCTS in reads:
        items = _asked(world, _PRODUCTS, people, now)
        known = world.facts.products(sorted({item for some in items.values() for item in some}))
        for person, some in items.items():
            names = (known.get(item, Product(item)).name or item for item in some)
            found[person][PRODUCTS] = ", ".join(names)
    return found


def _asked(
    world: World, sql: str, people: Sequence[PersonId], now: Instant
) -> dict[PersonId, list[str]]:
    values = (Names.PRODUCT_VIEWED, now - DAYS * DAY, now)
    rows = world.facts.read(sql, values, {"asked": touched(people)})
    found: dict[PersonId, list[str]] = {}
    columns = (rows.column(name).to_pylist() for name in ("person", "found"))
    for person, value in zip(*columns, strict=True):
        some = found.setdefault(person, [])
        if len(some) < MOST:
            some.append(value)
    return found
