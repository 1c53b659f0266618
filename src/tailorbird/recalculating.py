"""What a recalculation of everybody finds, kept in the log as a trait: when, of whom, how told.

Only changes are written, some at a time, so that what came between has its turn: the last of them
may be a million. Killed in between, the next one finds what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tailorbird import durations
from tailorbird.long_work import Work
from tailorbird.schema import DAY, Body, Instant, PersonId
from tailorbird.traits.table import table
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE: Final = "groups"
EVENTS_IN_BODY: Final = 2_000
"""Some 0.1 s of a tick."""


class Recalculated(msgspec.Struct, frozen=True):
    """What a recalculation found: people of each group, and how many changed theirs."""

    name: str
    at: Instant
    people: dict[str, int]
    changed: int


def due(every: str, last: Instant, now: Instant) -> bool:
    """Return whether the time between two calculations has passed; in UTC.

    >>> due("daily", 5 * DAY - 1, 5 * DAY), due("30d", 5 * DAY, 34 * DAY)
    (True, False)
    """
    if not last:
        return True
    if length := durations.read(every):
        return now >= last + length
    return last < now and _period(every, last) != _period(every, now)


def keep(
    world: World, trait: str, labels: pa.Table, rest: str, now: Instant, work: Work
) -> dict[str, int]:
    """Tell the log whose label, of (person, label), is another than the trait says.

    Returns how many have each label, and under '' how many changed. Who is in the rest and was
    never anywhere else needs no trait.
    """
    changed = _changes(world, trait, labels, rest, now)
    for body in _said(trait, changed, now):
        work.let_in(world.log.append([body]))
    counted = labels["label"].value_counts().to_pylist()
    return {row["values"]: row["counts"] for row in counted} | {"": changed.num_rows}


def _changes(world: World, trait: str, labels: pa.Table, rest: str, now: Instant) -> pa.Table:
    """Return (person, label) of those whose trait says something else, by person."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = table(world.facts, [trait], as_of=now).rename_columns(["person", "before"])
    both = labels.join(known, "person", join_type="left outer")
    before = pc.if_else(pc.equal(pc.fill_null(both["before"], ""), ""), rest, both["before"])
    differ = pc.not_equal(both["label"].cast(pa.string()), before)
    return both.filter(differ).select(["person", "label"]).sort_by("person")


def _said(trait: str, changed: pa.Table, at: Instant) -> Iterator[Body]:
    """Yield what the log is told: each person's trait, by her number."""
    iso = datetime.fromtimestamp(at // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    for some in changed.combine_chunks().to_batches(max_chunksize=EVENTS_IN_BODY):
        people: Sequence[PersonId] = some["person"].to_pylist()
        batch = [
            {
                "type": "identify",
                "messageId": f"{trait}-{person}-{at}",
                "timestamp": iso,
                "context": {"personId": person},
                "traits": {trait: label},
            }
            for person, label in zip(people, some["label"].to_pylist(), strict=True)
        ]
        yield Body(SOURCE, at, msgspec.json.encode({"batch": batch}))


def _period(every: str, at: Instant) -> tuple[int, ...]:
    day = at // DAY
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    match every:
        case "daily":
            return (day,)
        case "weekly":
            # Day 0 was a Thursday: weeks begin on Monday.
            return ((day + 3) // 7,)
        case "monthly":
            return (moment.year, moment.month)
        case _:
            return (moment.year,)
