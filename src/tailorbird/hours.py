"""At which hours of her own day a person opens and clicks, and when a clock of hers shows an hour.

Her clock is that of the zone which she had declared by then, for what came before the first, too;
else the shop's. What an act says of its own clock does not count: pixels know none, and what
fetches images often stands elsewhere. Machines do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird import profiles
from tailorbird.schema import HOUR, Instant, Names, PersonId
from tailorbird.traits.extract import touched
from tailorbird.traits.zones import clocks, hour_in, known
from tailorbird.world import World

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Numbers: TypeAlias = "npt.NDArray[np.int64]"

HOURS: Final = 24
_ZONES: Final = """
SELECT DISTINCT text AS zone FROM trait_values SEMI JOIN asked USING (person)
WHERE name = 'timezone' AND "at" <= $1 AND text IS NOT NULL
"""
_ACTS: Final = """
WITH winning AS (
    SELECT person, text, "at", position,
        weight = MAX(weight) OVER (PARTITION BY person ORDER BY "at", position) AS wins
    FROM trait_values SEMI JOIN asked USING (person)
    WHERE name = 'timezone' AND "at" <= $5),
spans AS (
    SELECT person, zone,
        CASE WHEN ROW_NUMBER() OVER each = 1 THEN $4 ELSE "at" END AS since,
        LEAD("at", 1, $5 + 1) OVER each AS until
    FROM winning LEFT JOIN (SELECT DISTINCT zone FROM clocks) ON zone = text
    WHERE wins WINDOW each AS (PARTITION BY person ORDER BY "at", position)),
acts AS (
    SELECT person, "at" FROM facts SEMI JOIN asked USING (person)
    WHERE event IN ($2, $3) AND NOT machine AND "at" > $4 AND "at" <= $5)
SELECT a.person, (a."at" // 60000000 + c.minutes) // 60 % 24 AS hour,
    COUNT(*) FILTER (a."at" <= $1) AS earlier, COUNT(*) FILTER (a."at" > $1) AS later
FROM acts AS a
LEFT JOIN spans AS s ON s.person = a.person AND a."at" >= s.since AND a."at" < s.until
JOIN clocks AS c ON c.zone = COALESCE(s.zone, $6) AND a."at" >= c.since AND a."at" < c.until
GROUP BY ALL
"""


def counts(
    world: World, people: Sequence[PersonId], split: Instant, since: Instant, now: Instant
) -> tuple[Numbers, Numbers]:
    """Return (people, 24) twice: how often each opened and clicked in each hour of her day.

    First what was after `since` and up to the split, then what was up to `now`. One query each.
    """
    asked, shop = {"asked": touched(people)}, world.settings.shop.zone
    zones = world.facts.read(_ZONES, (now,), asked)["zone"].to_pylist()
    tables = asked | {"clocks": clocks({shop, *zones}, since, now)}
    bound = (split, Names.EMAIL_OPENED, Names.EMAIL_CLICKED, since, now, shop)
    rows = world.facts.read(_ACTS, bound, tables)
    place = (placed(people, rows["person"].to_numpy()), rows["hour"].to_numpy())
    counted = np.zeros((2, len(people), HOURS), np.int64)
    for kept, name in zip(counted, ("earlier", "later"), strict=True):
        np.add.at(kept, place, rows[name].to_numpy())
    return counted[0], counted[1]


def until(
    world: World, people: Sequence[PersonId], hours: Numbers, starts: Numbers, now: Instant
) -> Numbers:
    """Return how many whole hours after their starts people's clocks show these hours.

    The clock is that of now. An hour that is skipped there comes when the next one does.
    """
    import pyarrow.compute as pc

    told = profiles.table(world.facts, ["timezone"], as_of=now, people=people)
    shop = world.settings.shop.zone
    zones = _zone_of(told, np.asarray(people, np.int64), shop)
    codes = pc.dictionary_encode(zones).combine_chunks()
    names, begins = codes.dictionary.to_pylist(), np.unique(starts)
    start = np.searchsorted(begins, starts)
    keys = (codes.indices.to_numpy() * len(begins) + start) * HOURS + hours
    each, which = np.unique(keys, return_inverse=True)
    there = [(*divmod(key // HOURS, len(begins)), key % HOURS) for key in each.tolist()]
    waits = [_wait(names[zone], int(begins[begin]), hour) for zone, begin, hour in there]
    found: Numbers = np.array(waits, np.int64)[which]
    return found


def placed(people: Sequence[PersonId], found: Numbers) -> Numbers:
    """Return where among these people, each there once, those are that were found of them."""
    them = np.asarray(people, np.int64)
    order = np.argsort(them, kind="stable")
    place: Numbers = order[np.searchsorted(them[order], found)]
    return place


def _zone_of(told: pa.Table, people: Numbers, shop: str) -> pa.ChunkedArray:
    """Return the zone of each of these people; the shop's of whom no zone is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(pa.array(people), told["person"].combine_chunks())
    said = told["timezone"].take(place)
    names = pc.unique(said).drop_null().to_pylist()
    valid = pa.array([name for name in names if known(name)], pa.string())
    return pc.if_else(pc.is_in(said, valid), said, shop)


def _wait(zone: str, start: Instant, hour: int) -> int:
    shown = [hour_in(zone, start + after * HOUR) for after in range(HOURS + 1)]
    later = [(hour + more) % HOURS for more in range(HOURS)]
    return next(shown.index(each) for each in later if each in shown)
