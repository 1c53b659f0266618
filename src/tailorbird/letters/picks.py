"""Products that people are recommended, as templates print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from tailorbird import recommending
from tailorbird.journeys import Campaign
from tailorbird.recommend.rules import DEFAULT
from tailorbird.recommending import Chooser
from tailorbird.schema import Instant, PersonId, Product
from tailorbird.world import World

Shown: TypeAlias = dict[str, Any]
"""A product as templates print it."""
_TOLD = ("reason", "reason_code", "because", "score", "recommendation_score")


def check_rules(world: World, campaign: Campaign, *, asks: bool) -> None:
    """Return when the rules can be read that choose the products of a mail, if it shows any.

    `asks` says whether its template asks for products of categories.

    Raises:
        DefinitionError: they are refused, so that it waits: no others choose instead.
        UsageError: there are none of this name.
    """
    if shows_products(campaign, asks=asks):
        recommending.standing(world, campaign.recommended_by)


def shows_products(campaign: Campaign, *, asks: bool) -> bool:
    """Return whether products are chosen for a mail."""
    return bool(campaign.recommendations or asks)


class Picker:
    """Chooses products for people, with the latest model, by rules, of what can be bought.

    Only people in `personal` are recommended from their own history.
    """

    def __init__(
        self, world: World, personal: Iterable[PersonId], now: Instant, rules: str = DEFAULT
    ) -> None:
        self._world = world
        self._chooser = Chooser(world, personal, now, rules)
        self.version = self._chooser.version
        """Of the model; 0 where there is none, and nothing is chosen."""
        self.rules = f"{rules}@{self._chooser.rules_version}"
        """Of the rules, `NAME@VERSION`; version 0 where nobody wrote them."""

    def choose(
        self, people: Sequence[PersonId], number: int, category: str | None = None
    ) -> dict[PersonId, list[Shown]]:
        """Return up to so many products for each person, best first; perhaps of one category."""
        return chosen(self._world, self._chooser, people, number, category or "")


def chosen(
    world: World, chooser: Chooser, people: Sequence[PersonId], number: int, category: str
) -> dict[PersonId, list[Shown]]:
    """Return what `Chooser.choose` chooses for each person, best first."""
    top = chooser.choose(people, number, category)
    found = top.column("item").to_pylist()
    shown = {item: as_shown(world, chooser.shop.products[item]) for item in {*found}}
    columns = (top.column(name).to_pylist() for name in ("person", *_TOLD))
    everybodys: dict[PersonId, list[Shown]] = {}
    for item, person, reason, code, because, score, probability in zip(
        found, *columns, strict=True
    ):
        told = {
            **shown[item],
            "reason": reason,
            "reason_code": code,
            "because": because or "",
            "score": round(score, 6),
            "recommendation_score": probability,
        }
        everybodys.setdefault(person, []).append(told)
    return everybodys


def recommendations(
    world: World,
    people: Sequence[PersonId],
    personal: set[PersonId],
    number: int,
    now: Instant,
    rules: str = DEFAULT,
) -> tuple[dict[PersonId, list[Shown]], int]:
    """Return products for each person, best first, and the version of the model that chose them.

    Only people in `personal` are recommended from their own history.
    """
    if not number:
        return {}, 0
    picker = Picker(world, personal, now, rules)
    return picker.choose(people, number), picker.version


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
