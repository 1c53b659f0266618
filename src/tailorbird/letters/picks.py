"""Products that people are recommended, as templates print them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tailorbird import learning
from tailorbird.schema import Instant, PersonId, Product
from tailorbird.world import World

EXCLUDE_RECENT_DAYS: Final = 7.0
"""Nothing that was bought in the last week is recommended again."""
_IN_STOCK: Final = "SELECT item FROM products WHERE stock IS NULL OR stock > 0 ORDER BY item"


def recommendations(
    world: World,
    people: Sequence[PersonId],
    personal: set[PersonId],
    number: int,
    now: Instant,
) -> tuple[dict[PersonId, list[dict[str, Any]]], int]:
    """Return products for each person, best first, and the version of the model that chose them.

    Only people in `personal` are recommended from their own history.
    """
    found = learning.recommender(world) if number else None
    if found is None:
        return {}, 0
    version, model = found
    history = learning.history(world, sorted(personal), now)
    within = world.facts.read(_IN_STOCK).column("item").to_pylist()
    top = model.with_history(history, now=now).top(
        people, number, now=now, within=within, exclude_recent_days=EXCLUDE_RECENT_DAYS
    )
    found_items = top.column("item").to_pylist()
    products = world.facts.products(sorted({*found_items}))
    shown = {item: _shown(world, products.get(item, Product(item))) for item in {*found_items}}
    chosen: dict[PersonId, list[dict[str, Any]]] = {}
    columns = (top.column(name).to_pylist() for name in ("person", "reason", "score"))
    for item, person, reason, score in zip(found_items, *columns, strict=True):
        told = {**shown[item], "reason": reason, "score": round(score, 6)}
        chosen.setdefault(person, []).append(told)
    return chosen, version


def _shown(world: World, product: Product) -> dict[str, Any]:
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
