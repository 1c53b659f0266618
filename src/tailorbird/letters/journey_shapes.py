"""What the mails of a journey may read beside all others: what started it, and what it chose."""

from __future__ import annotations

from tailorbird import journeys
from tailorbird.content.shapes import INSTANT, NUMBER, TEXT, Shape, list_of, mapping
from tailorbird.errors import UsageError
from tailorbird.journeys.journey import CallTrigger, EventTrigger, Recommend, StockTrigger
from tailorbird.letters import campaigns
from tailorbird.letters.event_shapes import EVENT, event_shape
from tailorbird.letters.shapes import PRODUCT
from tailorbird.world import World

JOURNEY = "journey"
"""The name under which a template reads what the journey chose for its person."""
_ANYTHING = mapping({"name": TEXT, "at": INSTANT, "properties": Shape("mapping")})


def of_campaign(world: World, name: str, version: int) -> dict[str, Shape]:
    """Return what the mails of a campaign read as the send of a journey; of another, nothing."""
    journey, between, _ = name.partition(campaigns.BETWEEN)
    found = world.definitions.get("journey", journey, version or None) if between else None
    return given_by(world, campaigns.of_journey(found)) if found and not found.removed else {}


def given_by(world: World, journey: journeys.Journey) -> dict[str, Shape]:
    """Return what the mails of a journey read, by name."""
    steps = journey.steps.values()
    chosen = {each.name: list_of(PRODUCT) for each in steps if isinstance(each, Recommend)}
    started = _event(world, journey)
    return {JOURNEY: mapping(chosen)} | ({EVENT: started} if started else {})


def _event(world: World, journey: journeys.Journey) -> Shape | None:
    """Return what is read as `event`; None where no event starts the journey."""
    match journey.trigger:
        case EventTrigger(event):
            try:
                return event_shape(world, event)
            except UsageError:  # told of the trigger itself
                return _ANYTHING
        case StockTrigger():
            said = dict.fromkeys(("item", "name", "category", "currency", "url", "image"), TEXT)
            counted = dict.fromkeys(("price", "old_price", "stock"), NUMBER)
            return mapping(
                {"name": TEXT, "at": INSTANT, "properties": mapping({**said, **counted})}
            )
        case CallTrigger():
            return _ANYTHING
        case _:
            return None
