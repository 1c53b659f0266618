"""Membership of segments: brought up to an instant, worked out on schedules, and when it is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from tailorbird import authoring, crossing, segments
from tailorbird.access import Change
from tailorbird.errors import TailorbirdError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.schema import Instant
from tailorbird.segments import analyst, broken, schedule
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import WORKED_OUT
from tailorbird.segments.refresh import untimed
from tailorbird.segments.schedule import LIVE
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

SQL_SECONDS: Final = 60.0
_UNTIL: Final = 'SELECT COALESCE(MAX("at"), 0) AS latest FROM segment_refreshes'
_DUE: Final = "SELECT MIN(next_check) AS due FROM membership WHERE next_check > ?"
_ENTER: Final = (
    'INSERT INTO scores (model, version, person, "at", value) '
    "SELECT $1, $2, person, $3, 1000000 FROM found WHERE person IN (SELECT person FROM people) "
    "AND person NOT IN (SELECT person FROM membership WHERE segment = $4 AND member)"
)
_LEAVE: Final = (
    'INSERT INTO scores (model, version, person, "at", value) '
    "SELECT $1, $2, person, $3, 0 FROM membership WHERE segment = $4 AND member "
    "AND person NOT IN (SELECT person FROM found)"
)
_REMEMBER: Final = (
    'INSERT INTO scores (model, version, person, "at", value) '
    'SELECT $1, version, person, "at", CASE WHEN entered THEN 1000000 ELSE 0 END '
    "FROM membership_changes WHERE segment = $2"
)


class WorkedOut(msgspec.Struct, frozen=True):
    """When a scheduled segment was last worked out, and what that took; or why it failed."""

    at: Instant
    version: int
    people: int
    micros: int
    trouble: str = ""


def refresh(
    world: World,
    now: Instant,
    seconds: Callable[[], float] = untimed,
    work: Work = AT_ONCE,
) -> list[Change]:
    """Bring every segment's membership up to this instant, and return who entered and left.

    A broken segment keeps the members that it had; see `troubles`. What each segment costs is
    noted by `seconds`, a running clock. `work` finds who is in segments with a schedule.
    """
    restored = crossing.restore(world)
    standing = authoring.standing_segments(world)
    authoring.forget_removed(world, standing, now)
    if restored:
        _remember(world, [each for each in standing if each.refresh != LIVE])
    # Of a broken one, who was in it stays: it is neither asked nor forgotten.
    standing = broken.sound(standing)
    redefined = [
        segment.name
        for segment in standing
        if segment.refresh != LIVE
        and _is_due(world, segment, now)
        and _work_out(world, segment, standing, now, seconds, work)
    ]
    changes = segments.refresh(world.facts, standing, now=now, seconds=seconds, redefined=redefined)
    crossing.cross(world)
    return changes


def troubles(world: World) -> list[str]:
    """Return of each broken segment why nobody is asked about it, and how it is mended."""
    standing = authoring.standing_segments(world)
    return [each.broken.refusal(each.name).sentence() for each in standing if each.broken]


def worked_out(world: World, name: str) -> WorkedOut | None:
    """Return how a scheduled segment was last worked out, None where it never was."""
    kept = world.log.progress(_reader(name))
    return msgspec.json.decode(kept, type=WorkedOut) if kept else None


def next_due(world: World, now: Instant) -> Instant | None:
    """Return the next instant at which time alone can change who is in a segment; None for never.

    Call it after `refresh`.
    """
    due: Instant | None = world.facts.read(_DUE, (now,))["due"][0].as_py()
    zone = world.settings.shop.zone
    planned = [
        schedule.following(each.refresh, now, zone)
        for each in broken.sound(authoring.standing_segments(world))
        if each.refresh != LIVE
    ]
    return min([*planned, *([] if due is None else [due])], default=None)


def refreshed_until(world: World) -> Instant:
    """Return the instant up to which segments were brought last, 0 if never."""
    return int(world.facts.read(_UNTIL)["latest"][0].as_py())


def found_by_sql(world: World, segment: segments.Segment, now: Instant) -> pa.Table:
    """Return the people, as `person`, whom the segment's statement gives now.

    Raises:
        UsageError: it fails, or takes too long or too much memory.
    """
    query = analyst.check(segment.sql, now)
    return world.facts.ask_apart(query.sql, query.columns, SQL_SECONDS)


def _reader(name: str) -> str:
    return f"{WORKED_OUT}{name}"


def _is_due(world: World, segment: segments.Segment, now: Instant) -> bool:
    last = worked_out(world, segment.name)
    if last is None or last.version != segment.version or last.at > now:
        return True
    return last.at < schedule.latest(segment.refresh, now, world.settings.shop.zone)


def _work_out(
    world: World,
    segment: segments.Segment,
    standing: Sequence[segments.Segment],
    now: Instant,
    seconds: Callable[[], float],
    work: Work,
) -> bool:
    """Keep who is in the segment now; where that fails, who was in it stays.

    Returns whether that is by another definition than before.
    """
    took: list[float] = []

    def find() -> pa.Table:
        began = seconds()
        try:
            return _found(world, segment, standing, now)
        finally:
            took.append(seconds() - began)

    trouble, people, last = "", 0, worked_out(world, segment.name)
    try:
        found = work(f"{segment.name} {segment.version}", find)
        if found is None:
            return False
        people = found.num_rows
        named = (_reader(segment.name), segment.version, now, segment.name)
        world.facts.write([(_ENTER, named), (_LEAVE, named)], {"found": found})
    except TailorbirdError as error:
        trouble = error.sentence()
    micros = round(sum(took) * 1_000_000)
    done = WorkedOut(now, segment.version, people, micros, trouble)
    world.log.append_from(_reader(segment.name), [], msgspec.json.encode(done).decode())
    return last is None or last.version != segment.version


def _found(
    world: World, segment: segments.Segment, standing: Sequence[segments.Segment], now: Instant
) -> pa.Table:
    if segment.sql:
        return found_by_sql(world, segment, now)
    live = replace(segment, refresh=LIVE)
    statement = compiler.members(live, standing, as_of=now)
    return world.facts.read(statement.sql, statement.parameters, statement.tables)


def _remember(world: World, scheduled: Sequence[segments.Segment]) -> None:
    """Have facts that were made anew know what was worked out before."""
    world.facts.write([(_REMEMBER, (_reader(each.name), each.name)) for each in scheduled])
