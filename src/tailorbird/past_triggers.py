"""Whom a journey would have set off in a stretch of the past, each at the instant it is seen.

What happened is taken as heard of when it happened. A segment's entries and exits are those of the
record of changes, at the instants at which they were seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace

from tailorbird import journeys, triggering
from tailorbird.journeys import triggers
from tailorbird.journeys.journey import (
    CallTrigger,
    DateTrigger,
    EventTrigger,
    SegmentTrigger,
    StockTrigger,
)
from tailorbird.journeys.triggers import MADE_UP_FOR, Progress, Restated, Triggered
from tailorbird.schema import DAY, Instant
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

EVER: Final = 2**62
AT_ONCE: Final = 10_000
_LATE: Final = """
SELECT COUNT(*) AS events FROM facts
WHERE event = $1 AND "at" >= $2 AND "at" <= $3 AND "at" < received_at - $4 AND person IS NOT NULL
"""
_RESTATED: Final = """
SELECT position, item, "at", price_before, price_minor, stock_before, stock FROM product_changes
WHERE "at" >= $1 AND "at" <= $2 ORDER BY position, item
"""
_INTERESTED: Final = """
WITH looked AS (
    SELECT n.position, n.item, n."at" AS told, l.person, MAX(l."at") AS last
    FROM lines AS l JOIN news AS n ON n.item = l.item
    WHERE l.event = $1 AND l.person IS NOT NULL AND l."at" <= n."at" AND l."at" > n."at" - $2
    GROUP BY n.position, n.item, n."at", l.person)
SELECT position, item, told, person FROM looked WHERE NOT EXISTS (
    SELECT 1 FROM lines AS o WHERE o.person = looked.person AND o.item = looked.item
    AND o.event IN (SELECT UNNEST($3)) AND o."at" >= looked.last AND o."at" <= looked.told)
ORDER BY position, last DESC, person, item
"""


class Hit(NamedTuple):
    """Somebody who would have been set off, and when that would have been seen."""

    seen_at: Instant
    triggered: Triggered


def between(world: World, journey: journeys.Journey, start: Instant, until: Instant) -> list[Hit]:
    """Return who was set off from `start` to `until`, in the order in which it was seen."""
    match journey.trigger:
        case EventTrigger() as trigger:
            heard = replace(journey, trigger=replace(trigger, late=EVER))
            found = _set_off(world, heard, start, until)
        case CallTrigger():
            found = _set_off(world, journey, start, until)
        case DateTrigger():
            found = _by_day(world, journey, start, until)
        case SegmentTrigger() as trigger:
            found = _by_segment(world, trigger, start, until)
        case StockTrigger() as trigger:
            found = _by_product(world, journey, trigger, start, until)
    inside = (each for each in found if start <= each.seen_at <= until)
    return sorted(inside, key=lambda each: (each.seen_at, each.triggered.at, each.triggered.cause))


def late(world: World, journey: journeys.Journey, start: Instant, until: Instant) -> int:
    """Return how many events of the trigger came to us later than the journey allows."""
    trigger = journey.trigger
    if not isinstance(trigger, EventTrigger):
        return 0
    bound = (trigger.event, start, until, trigger.late)
    return int(world.facts.read(_LATE, bound)["events"][0].as_py())


def _set_off(world: World, journey: journeys.Journey, start: Instant, until: Instant) -> list[Hit]:
    progress = Progress("", start, 0, 0, start)
    found = triggering.set_off(world, triggering.Came(world), journey, progress, until)
    return [Hit(each.at, each) for some, _ in found for each in some]


def _by_day(world: World, journey: journeys.Journey, start: Instant, until: Instant) -> list[Hit]:
    came, found = triggering.Came(world), []
    for after in range(start, until, MADE_UP_FOR):
        progress, end = Progress("", start, 0, 0, after), min(after + MADE_UP_FOR, until)
        for some, _ in triggering.set_off(world, came, journey, progress, end):
            found += [Hit(each.at, each) for each in some]
    return found


def _by_segment(world: World, trigger: SegmentTrigger, start: Instant, until: Instant) -> list[Hit]:
    entered, after = trigger.on == "entry", world.changes.seen_before(start)
    found: list[Hit] = []
    while changes := world.changes.after(after, AT_ONCE):
        after = changes[-1].sequence
        found += [
            Hit(each.seen_at, Triggered(each.person, each.at, each.sequence))
            for each in changes
            if (each.segment, each.entered) == (trigger.segment, entered)
            and each.cause != "definition"
            and each.at >= start
            and each.seen_at - each.at <= MADE_UP_FOR
        ]
        if changes[-1].seen_at > until:
            break
    return found


def _by_product(
    world: World,
    journey: journeys.Journey,
    trigger: StockTrigger,
    start: Instant,
    until: Instant,
) -> list[Hit]:
    rows = world.facts.read(_RESTATED, (start - 2 * DAY, until)).to_pylist()
    fresh = triggers.first_of_day(
        trigger, [Restated(**row) for row in rows], world.settings.shop.zone, 0
    )
    news = [each for each in fresh if each.at >= start]
    if not news:
        return []
    bound: Any = (trigger.interest, trigger.within, [*triggers.given_up(trigger)])
    interested = world.facts.read(_INTERESTED, bound, {"news": _table(news)}).to_pylist()
    return [
        Hit(
            row["told"],
            Triggered(
                row["person"], row["told"], row["position"],
                row["item"] if journey.per == "item" else "",
            ),
        )
        for row in interested
    ]  # fmt: skip


def _table(news: list[Restated]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "position": pa.array([each.position for each in news], pa.int64()),
            "item": pa.array([each.item for each in news], pa.string()),
            "at": pa.array([each.at for each in news], pa.int64()),
        }
    )
