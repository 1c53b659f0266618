"""Products that people are recommended, as templates print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tailorbird import learning
from tailorbird.schema import Instant, PersonId, Product
from tailorbird.world import World

EXCLUDE_RECENT_DAYS: Final = 7.0
"""Nothing that was bought in the last week is recommended again."""
_IN_STOCK: Final = """
SELECT item, category FROM products WHERE stock IS NULL OR stock > 0 ORDER BY item
"""
Shown: TypeAlias = dict[str, Any]
"""A product as templates print it."""


class Picker:
    """Chooses products for people, with the latest model and what is in stock.

    Only people in `personal` are recommended from their own history.
    """

    def __init__(self, world: World, personal: Iterable[PersonId], now: Instant) -> None:
        self._world, self._now = world, now
        found = learning.recommender(world)
        self.version = found[0] if found else 0
        """Of the model; 0 where there is none, and nothing is chosen."""
        self._model = None
        if found:
            history = learning.history(world, sorted(personal), now)
            self._model = found[1].with_history(history, now=now)

    def choose(
        self, people: Sequence[PersonId], number: int, category: str | None = None
    ) -> dict[PersonId, list[Shown]]:
        """Return up to so many products for each person, best first; perhaps of one category."""
        stock = in_stock(self._world)
        within = stock.items if category is None else stock.by_category.get(category, [])
        if self._model is None or not within or not number:
            return {}
        top = self._model.top(
            people,
            number,
            now=self._now,
            within=within,
            exclude_recent_days=EXCLUDE_RECENT_DAYS,
        )
        found = top.column("item").to_pylist()
        products = self._world.facts.products(sorted({*found}))
        shown = {
            item: as_shown(self._world, products.get(item, Product(item))) for item in {*found}
        }
        chosen: dict[PersonId, list[Shown]] = {}
        columns = (top.column(name).to_pylist() for name in ("person", "reason", "score"))
        for item, person, reason, score in zip(found, *columns, strict=True):
            told = {**shown[item], "reason": reason, "score": round(score, 6)}
            chosen.setdefault(person, []).append(told)
        return chosen


def recommendations(
    world: World, people: Sequence[PersonId], personal: set[PersonId], number: int, now: Instant
) -> tuple[dict[PersonId, list[Shown]], int]:
    """Return products for each person, best first, and the version of the model that chose them.

    Only people in `personal` are recommended from their own history.
    """
    if not number:
        return {}, 0
    picker = Picker(world, personal, now)
    return picker.choose(people, number), picker.version


@dataclass(frozen=True, slots=True)
class Stock:
    """What can be bought, by its number, and by category."""

    items: list[str]
    by_category: dict[str, list[str]]


def in_stock(world: World) -> Stock:
    """Return what can be bought now; asked for once while nothing new comes in."""
    return world.latest.of("stock", world.facts.offset(), lambda: _read_stock(world))


def _read_stock(world: World) -> Stock:
    rows = world.facts.read(_IN_STOCK)
    items, categories = (rows.column(name).to_pylist() for name in ("item", "category"))
    by_category: dict[str, list[str]] = {}
    for item, category in zip(items, categories, strict=True):
        if category:
            by_category.setdefault(category, []).append(item)
    return Stock(items, by_category)


def as_shown(world: World, product: Product) -> Shown:
    """Return a product as templates print it."""
    shop = world.settings.shop
    return {
        "item": product.item,
        "name": product.name or product.item,
        "category": product.category,
        "price_minor": product.price_minor,
        "currency": product.currency or shop.currency,
        "url": product.url or f"{shop.url}/products/{product.item}",
        "image": product.image,
    }
