"""At which hour people open and click, as facts tell it: humans alone, on their own clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from tailorbird import letters
from tailorbird.journeys import best_hour
from tailorbird.journeys.best_hour import HOURS, BestHour, Rule
from tailorbird.schema import DAY, Instant, Names, PersonId
from tailorbird.traits.extract import touched
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.journeys.best_hour import Counts

KNOWN_DAYS: Final = 180
LATER_DAYS: Final = 30
"""What came in the last of those days judges what came before."""
AT_ONCE: Final = 5_000
_OPENED: Final = f"""
SELECT f.person, CAST((f."at" // 3600000000) % 24 AS INTEGER) AS hour,
    COUNT(*) FILTER (WHERE f."at" <= ?) AS earlier, COUNT(*) FILTER (WHERE f."at" > ?) AS later
FROM facts AS f SEMI JOIN asked USING (person)
WHERE f.event IN ('{Names.EMAIL_OPENED}', '{Names.EMAIL_CLICKED}') AND NOT f.machine
  AND f."at" > ? AND f."at" <= ?
GROUP BY ALL
"""  # noqa: S608 - the names are our own


def best(
    world: World, people: Sequence[PersonId], start: Instant, now: Instant
) -> dict[PersonId, BestHour]:
    """Return the best hour of each person, and how long after `start` it comes."""
    shifts = _shifts(world, people, start)
    rule, earlier, later, shared = _judged(world, people, shifts, now)
    chosen = best_hour.choose(rule, earlier + later, shared)
    begun = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)
    return {
        person: msgspec.structs.replace(each, hours_after=(each.hour - begun.hour - shift) % HOURS)
        for person, each, shift in zip(people, chosen, shifts, strict=True)
    }


def rule(world: World, people: Sequence[PersonId], now: Instant) -> Rule:
    """Return how the hours of these people are chosen, and how that was judged."""
    return _judged(world, people, _shifts(world, people, now), now)[0]


def _judged(
    world: World, people: Sequence[PersonId], shifts: Sequence[int], now: Instant
) -> tuple[Rule, Counts, Counts, best_hour.Shares]:
    split, since = now - LATER_DAYS * DAY, now - KNOWN_DAYS * DAY
    bound = (split, split, since, now)
    rows = world.facts.read(_OPENED, bound, {"asked": touched(people)})
    earlier, later = (_counts(rows, name, people, shifts) for name in ("earlier", "later"))
    judged = best_hour.judge(earlier, later)
    return judged, earlier, later, best_hour.everybody(earlier + later)


def _counts(rows: pa.Table, name: str, people: Sequence[PersonId], shifts: Sequence[int]) -> Counts:
    """Return (people, 24): how often each opened or clicked in each hour of her own day."""
    counts = np.zeros((len(people), HOURS), dtype=np.int64)
    place = {person: at for at, person in enumerate(people)}
    found = zip(
        rows["person"].to_pylist(), rows["hour"].to_pylist(), rows[name].to_pylist(), strict=True
    )
    for person, hour, times in found:
        at = place[person]
        counts[at, (hour + shifts[at]) % HOURS] += times
    return counts


def _shifts(world: World, people: Sequence[PersonId], at: Instant) -> list[int]:
    """Return by how many hours each person's clock is ahead of UTC."""
    shop, shifts = world.settings.shop.zone, []
    offsets: dict[str, int] = {}
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        known = world.people.profiles(some)
        for person in some:
            zone = letters.limiting.zone_of(known.get(person)) or shop
            if zone not in offsets:
                offsets[zone] = _hours_ahead(zone, at)
            shifts.append(offsets[zone])
    return shifts


def _hours_ahead(zone: str, at: Instant) -> int:
    there = datetime.fromtimestamp(at / 1_000_000, ZoneInfo(zone))
    return round((there.utcoffset() or timedelta()) / timedelta(hours=1))
