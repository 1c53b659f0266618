"""What recommenders read beside what people did: the products, and where people come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import Instant, PersonId
from tailorbird.traits.extract import touched
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ATTRIBUTES: Final = 40
"""Attributes that say what a product is like, those that most products have."""
_PRODUCTS: Final = """
SELECT item, name, category, price_minor, stock FROM products ORDER BY item
"""
ATTRIBUTES: Final = """
SELECT name, item, text FROM product_attributes WHERE text <> '' ORDER BY name, item
"""
"""What products are like; an empty text is of what was taken back."""
_ORIGINS: Final = """
SELECT f.person, COALESCE(ARG_MAX(f.country, f."at") FILTER (f.country IS NOT NULL),
    'by ' || ARG_MAX(f.channel, f."at") FILTER (f.channel IS NOT NULL)) AS "group"
FROM facts AS f SEMI JOIN asked USING (person)
WHERE f."at" <= ? AND (f.country IS NOT NULL OR f.channel IS NOT NULL)
GROUP BY f.person ORDER BY f.person
"""


def products(world: World) -> pa.Table:
    """Return the catalogue as a recommender learns from it: a row a product, a column an attribute.

    Beside item, name, category, price_minor and stock there is a column `said_NAME` for each of the
    commonest attributes.
    """
    import pyarrow as pa

    table = world.facts.read(_PRODUCTS)
    said = world.facts.read(ATTRIBUTES)
    names = said.column("name").to_pylist()
    most = {name for name, _ in Counter(names).most_common(MOST_ATTRIBUTES)}
    values: dict[str, dict[str, str]] = {}
    for name, item, text in zip(
        names, said.column("item").to_pylist(), said.column("text").to_pylist(), strict=True
    ):
        if name in most:
            values.setdefault(name, {})[item] = text
    items = table.column("item").to_pylist()
    for name in sorted(values):
        column = pa.array([values[name].get(item) for item in items], pa.string())
        table = table.append_column(f"said_{name}", column)
    return table


def origins(world: World, people: Sequence[PersonId], now: Instant) -> pa.Table:
    """Return (person, group): the country each was last seen in, else the channel she came by."""
    return world.facts.read(_ORIGINS, (now,), {"asked": touched(people)})
