"""Who would have set a journey off in the past week: what it may bring in the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird import enrolling, triggering
from tailorbird.journeys.journey import DateTrigger, Journey, SegmentTrigger, StockTrigger
from tailorbird.journeys.triggers import MADE_UP_FOR, Progress, Triggered, meaning
from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.world import World

DAYS: Final = 7
_FIRST: Final = 'SELECT COALESCE(MIN(position), 1) - 1 AS before FROM facts WHERE "at" >= ?'
_CROSSED: Final = """
SELECT DISTINCT person FROM membership_changes
WHERE segment = ? AND entered = ? AND "at" >= ? AND cause <> 'definition' ORDER BY person
"""


def set_off(world: World, journey: Journey, now: Instant) -> list[PersonId]:
    """Return whom the past week would have set off, and for whom the journey is now; each once.

    Who entered and left a segment is counted by the segment as it stood then.
    """
    if isinstance(journey.trigger, SegmentTrigger):
        entered, since = journey.trigger.on == "entry", now - DAYS * DAY
        bound = (journey.trigger.segment, entered, since)
        people = world.facts.read(_CROSSED, bound)["person"].to_pylist()
        came = {person: Triggered(person, now, 0) for person in people}
    else:
        came = {each.person: each for each in _triggered(world, journey, now)}
    return sorted(enrolling.welcome(world, journey, list(came.values()), now))


def _triggered(world: World, journey: Journey, now: Instant) -> Iterator[Triggered]:
    since = now - DAYS * DAY
    came = triggering.Came(world)
    before = int(world.facts.read(_FIRST, (since,))["before"][0].as_py())
    for until, at in _looks(journey, now):
        progress = Progress(meaning(journey), since, before, 0, until)
        for found, _ in triggering.set_off(world, came, journey, progress, at):
            yield from found


def _looks(journey: Journey, now: Instant) -> Iterator[tuple[Instant, Instant]]:
    """Yield (from, at) of each look: what time sets off is not made up for beyond a day."""
    match journey.trigger:
        case DateTrigger():
            for day in range(DAYS):
                yield now - (day + 1) * DAY, now - day * DAY
        case StockTrigger():
            # It looks back for a day, and at all that came since.
            yield now - DAYS * DAY, now - DAYS * DAY + MADE_UP_FOR
        case _:
            yield now - DAYS * DAY, now
