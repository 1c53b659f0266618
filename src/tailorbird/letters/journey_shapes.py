"""What the mails of a journey may read beside all others: what started it, and what it chose."""

from __future__ import annotations

from typing import Final

from tailorbird import journeys
from tailorbird.content.shapes import INSTANT, NUMBER, TEXT, Shape, list_of, mapping
from tailorbird.errors import UsageError
from tailorbird.journeys.journey import (
    DateTrigger,
    EventTrigger,
    Recommend,
    SegmentTrigger,
    StockTrigger,
)
from tailorbird.letters import campaigns
from tailorbird.letters.event_shapes import EVENT, event_shape
from tailorbird.letters.shapes import PRODUCT
from tailorbird.world import World

JOURNEY: Final = "journey"
"""The name under which a template reads what the journey chose for its person."""
_BOUGHT: Final = mapping({**(PRODUCT.fields or {}), "quantity": NUMBER})
_PRODUCTS: Final = {"product": _BOUGHT, "products": list_of(_BOUGHT)}
_STARTED: Final = {"name": TEXT, "at": INSTANT}


def of_campaign(world: World, name: str, version: int) -> dict[str, Shape]:
    """Return what the mails of a campaign read as the send of a journey; of another, nothing."""
    journey, between, _ = name.partition(campaigns.BETWEEN)
    found = world.definitions.get("journey", journey, version or None) if between else None
    return given_by(world, campaigns.of_journey(found)) if found and not found.removed else {}


def given_by(world: World, journey: journeys.Journey) -> dict[str, Shape]:
    """Return what the mails of a journey read, by name; `letters.happened` makes the event."""
    steps = journey.steps.values()
    chosen = {each.name: list_of(PRODUCT) for each in steps if isinstance(each, Recommend)}
    said = {**dict.fromkeys(("name", "step", "key"), TEXT), **chosen}
    return {JOURNEY: mapping(said), EVENT: _event(world, journey)}


def _event(world: World, journey: journeys.Journey) -> Shape:
    """Return what is read of that which started the journey."""
    match journey.trigger:
        case EventTrigger(event):
            try:
                found = event_shape(world, event)
            except UsageError:  # told of the trigger itself
                return Shape("mapping")
            return mapping({**(found.fields or {}), **_PRODUCTS})
        case SegmentTrigger():
            return mapping({**_STARTED, "properties": mapping({"segment": TEXT})})
        case DateTrigger():
            return mapping({**_STARTED, "properties": mapping({"date": TEXT})})
        case StockTrigger():
            said = dict.fromkeys(("item", "name", "category", "currency", "url", "image"), TEXT)
            counted = dict.fromkeys(("price", "old_price", "stock"), NUMBER)
            properties = mapping({**said, **counted, "products": list_of(_BOUGHT)})
            return mapping({**_STARTED, **_PRODUCTS, "properties": properties})
        case _:
            return mapping({**_STARTED, **_PRODUCTS, "properties": Shape("mapping")})
