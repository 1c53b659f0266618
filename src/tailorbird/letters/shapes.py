"""What the mails of a folder may read: traits, segments, scores, texts, each with its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tailorbird import content, grouping, segments
from tailorbird.content.shapes import (
    ANY,
    INSTANT,
    NUMBER,
    TEXT,
    TRUTH,
    Shape,
    list_of,
    mapping,
)
from tailorbird.letters.browsed import CATEGORIES, PRODUCTS
from tailorbird.letters.editions import Edition
from tailorbird.letters.feeds import FEEDS
from tailorbird.letters.given import BY_CATEGORY, PERSONAL
from tailorbird.traits.registry import TRAITS, Trait
from tailorbird.world import World

PRODUCT: Final = mapping(
    {
        **dict.fromkeys(("item", "name", "category", "currency", "url", "image", "reason"), TEXT),
        **dict.fromkeys(("reason_code", "because"), TEXT),
        "price_minor": Shape("number", said="an amount in minor units"),
        "score": NUMBER,
        "recommendation_score": NUMBER,
    }
)
_SHOP: Final = mapping(
    dict.fromkeys(("name", "url", "privacy_url", "currency", "zone", "locale"), TEXT)
)


def shapes(world: World, edition: Edition) -> dict[str, Shape]:
    """Return what an edition's template is given, by name.

    Until anything has happened here, any trait may come.
    """
    known = segments.vocabulary(world.facts, frozenset())
    declared = dict.fromkeys(known.traits, ANY)
    computed = {name: _of_trait(trait) for name, trait in TRAITS.items()}
    models = mapping(dict.fromkeys(known.models or (), NUMBER))
    standing = [each.name for each in grouping.standing_segments(world)]
    entries = {name for texts in edition.texts.values() for name in texts}
    person = mapping(dict.fromkeys(PERSONAL, TEXT))
    traits = mapping({**declared, **computed}) if known.events else Shape("mapping")
    return {
        "person": person,
        "traits": traits,
        "imputed": list_of(TEXT),
        "segments": mapping(dict.fromkeys(standing, TRUTH)),
        "scores": models if known.models else Shape("mapping"),
        "recommendations": list_of(PRODUCT),
        CATEGORIES: list_of(TEXT),
        PRODUCTS: TEXT,
        BY_CATEGORY: Shape("mapping"),
        "shop": _SHOP,
        "sender": mapping(dict.fromkeys(("name", "postal_address"), TEXT)),
        "campaign": mapping({"name": TEXT}),
        "demo": TRUTH,
        "locale": TEXT,
        "zone": TEXT,
        "locales": list_of(TEXT),
        "direction": TEXT,
        "texts": mapping(dict.fromkeys(entries, TEXT)),
        "slots": mapping({slot.name: TEXT for slot in edition.slots}),
        "slot_values": mapping({slot.name: _own(slot, person, traits) for slot in edition.slots}),
        "forms": Shape("mapping"),
        "amp": mapping(dict.fromkeys(FEEDS, TEXT)),
        "images": Shape("mapping"),
        **dict.fromkeys(("unsubscribe_url", "view_url", "preferences_url"), TEXT),
        "personalisation_url": TEXT,
    }


def _own(slot: content.Slot, person: Shape, traits: Shape) -> Shape:
    roots: Mapping[str, Shape] = {"person": person, "traits": traits}
    return mapping({chain.path.partition(".")[0]: ANY for chain in slot.values} | dict(roots))


def _of_trait(trait: Trait) -> Shape:
    if trait.type == "text":
        return TEXT
    if trait.type == "instant":
        return INSTANT
    return Shape("number", said=f"a number of {trait.unit}" if trait.unit else "a number")
