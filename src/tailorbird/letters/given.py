"""What a template is given of one person: what the decision kept, and what never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tailorbird import imputation, journeys, learning
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import ConsentState, Instant, PersonId, Product, Profile
from tailorbird.world import World

TRAITS: Final = (
    "tier", "orders", "recency_days", "revenue_minor", "favourite_item", "favourite_category",
    "country", "purchase_score",
)  # fmt: skip
"""What a decision keeps of a person for its template. No name, no address."""
EXCLUDE_RECENT_DAYS: Final = 7.0
"""Nothing that was bought in the last week is recommended again."""
_IN_STOCK: Final = "SELECT item FROM products WHERE stock IS NULL OR stock > 0 ORDER BY item"

Values = dict[str, Any]


def inputs(
    world: World,
    campaign: journeys.Campaign,
    people: Sequence[PersonId],
    states: Mapping[PersonId, ConsentState],
    now: Instant,
) -> dict[PersonId, dict[str, object]]:
    """Return what each person's template will be given, and which model said so.

    Who has not agreed to personalisation gets what is popular, and no traits.
    """
    whole = imputation.table(world, TRAITS, now, people, lambda: learning.trainees(world, now))
    traits = {row.pop("person"): row for row in whole.table.to_pylist()}
    personal = {
        person
        for person in people
        if isinstance(permit(states.get(person), person, "personalisation", now), Permit)
    }
    shown, version = recommendations(world, people, personal, campaign.recommendations, now)
    return {
        person: {
            "traits": traits.get(person, {}) if person in personal else {},
            **(whole.mark(person) if person in personal else {}),
            "recommendations": shown.get(person, []),
            "personalised": person in personal,
            "recommender_version": version,
        }
        for person in people
    }


def recommendations(
    world: World,
    people: Sequence[PersonId],
    personal: set[PersonId],
    number: int,
    now: Instant,
) -> tuple[dict[PersonId, list[Values]], int]:
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
    rows = top.to_pylist()
    products = world.facts.products(sorted({row["item"] for row in rows}))
    chosen: dict[PersonId, list[Values]] = {}
    for row in rows:
        product = products.get(row["item"], Product(row["item"]))
        chosen.setdefault(row["person"], []).append(
            {
                "item": product.item,
                "name": product.name or product.item,
                "category": product.category,
                "price_minor": product.price_minor,
                "currency": product.currency or world.settings.shop.currency,
                "url": product.url or f"{world.settings.shop.url}/products/{product.item}",
                "image": product.image,
                "reason": row["reason"],
                "score": round(row["score"], 6),
            }
        )
    return chosen, version


def values(
    world: World,
    profile: Profile,
    kept: Mapping[str, object],
    campaign: str,
    urls: Mapping[str, Any],
) -> Values:
    """Return what a template may read, for one person."""
    settings = world.settings
    return {
        "person": {
            "first_name": profile.traits.get("first_name"),
            "country": profile.traits.get("country"),
        },
        "traits": kept.get("traits", {}),
        "imputed": kept.get("imputed", []),
        "recommendations": kept.get("recommendations", []),
        "shop": msgspec.to_builtins(settings.shop),
        "sender": {"name": settings.sender.name, "postal_address": settings.sender.postal_address},
        "campaign": {"name": campaign},
        "demo": settings.demo,
        **urls,
    }
