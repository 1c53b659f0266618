"""Who entered and left segments crosses from the facts to the record, each change exactly once.

The facts number changes in the transaction that makes them; the record keeps each under its number,
once. Killed in between, the next tick goes on behind the last that the record has. Where the facts
were made anew, they learn from the record what had been seen: only what differs from it is news.
What was seen long ago is forgotten, but for how those entered who had not left by then: who stands
in a segment is the balance of what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import astuple

from tailorbird import long_work
from tailorbird.access import Change
from tailorbird.long_work import Work
from tailorbird.schema import DAY, Instant
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE: Final = 5_000
"""Changes in one transaction of the record, which the collector waits for: 10 ms."""
RESTORED_AT_ONCE: Final = 100_000

READER: Final = "segment-history"
"""Keeps when old changes were forgotten last, and up to when."""
_OLD: Final = """
SELECT sequence FROM (
    SELECT sequence, entered, ROW_NUMBER() OVER (
        PARTITION BY segment, person ORDER BY sequence DESC) AS latest
    FROM membership_changes WHERE seen_at < $1)
WHERE NOT (entered AND latest = 1)
AND sequence < (SELECT MAX(sequence) FROM membership_changes) ORDER BY sequence
"""
_DROP: Final = "DELETE FROM membership_changes WHERE sequence IN (SELECT sequence FROM old)"
_LAST: Final = "SELECT COALESCE(MAX(sequence), 0) AS last FROM membership_changes"
_AFTER: Final = """
SELECT segment, person, "at", entered, cause, version, seen_at, sequence FROM membership_changes
WHERE sequence > $1 AND sequence <= $1 + $2 ORDER BY sequence
"""
_RESTORE: Final = "INSERT INTO membership_changes BY NAME SELECT * FROM seen"
_STAND: Final = (
    "DELETE FROM membership",
    "DELETE FROM segment_refreshes",
    "INSERT INTO membership (segment, person, member) "
    "SELECT segment, person, TRUE FROM membership_changes GROUP BY segment, person "
    "HAVING SUM(CASE WHEN entered THEN 1 ELSE -1 END) > 0",
)


def cross(world: World) -> int:
    """Keep in the record what the facts saw since last time; return how many changes."""
    crossed = 0
    while True:
        rows = world.facts.read(_AFTER, (world.changes.last(), AT_ONCE))
        if not rows.num_rows:
            return crossed
        columns = [column.to_pylist() for column in rows.columns]
        world.changes.keep([Change(*row) for row in zip(*columns, strict=True)])
        crossed += rows.num_rows


def restore(world: World) -> int:
    """Teach facts that were made anew what had been seen; return how many changes they lacked."""
    restored = 0
    last = int(world.facts.read(_LAST)["last"][0].as_py())
    while seen := world.changes.after(last, RESTORED_AT_ONCE):
        last, restored = seen[-1].sequence, restored + len(seen)
        world.facts.write([(_RESTORE, ())], {"seen": _table(seen)})
    if restored:
        world.facts.write([(sql, ()) for sql in _STAND])
    return restored


def forget_old(world: World, now: Instant, work: Work = long_work.AT_ONCE) -> None:
    """Once a day, forget the changes that were seen longer ago than the settings say."""
    days = world.settings.segments.history_days
    if not days:
        return
    last = int(world.log.progress(READER).partition(" ")[0] or 0)
    if last <= now < last + DAY:
        return
    horizon = now - days * DAY
    dropped = work(READER, partial(_forget, world, horizon))
    if dropped is not None:
        since = max(horizon, known_since(world)) if dropped else known_since(world)
        world.log.append_from(READER, [], f"{now} {since}")


def known_since(world: World) -> Instant:
    """Return from when on all changes are kept; what was seen before is in part forgotten."""
    return int(world.log.progress(READER).partition(" ")[2] or 0)


def _forget(world: World, horizon: Instant) -> int:
    """Forget what was seen before the horizon; return how many changes that were."""
    old = world.facts.read(_OLD, (horizon,))
    for at in range(0, old.num_rows, AT_ONCE):
        some = old.slice(at, AT_ONCE)
        # The record first: cut off in between, the facts still know what to forget.
        world.changes.drop(some["sequence"].to_pylist())
        world.facts.write([(_DROP, ())], {"old": some})
    return int(old.num_rows)


def _table(changes: Sequence[Change]) -> pa.Table:
    import pyarrow as pa

    columns = zip(*map(astuple, changes), strict=True)
    return pa.table(dict(zip(Change.__struct_fields__, map(list, columns), strict=True)))
