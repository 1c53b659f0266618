"""Lists of exclusive groups over a data folder: their segments, their thresholds, what is kept.

What a scheduled recalculation finds goes into the log as a trait, so that it has a history, counts
at any past instant and survives a rebuild: `tier_loyalty` says what she was on the first of the
month, `loyalty.gold` who is gold now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec

from tailorbird import segments
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.schema import DAY, Body, Definition, Instant, PersonId
from tailorbird.segments import durations, engagement, groups, rfm
from tailorbird.segments.groups import Groups
from tailorbird.segments.groups_text import Listed, parse_groups
from tailorbird.segments.meaning import resolved
from tailorbird.traits.table import table
from tailorbird.world import World
from tailorbird.yaml_text import nearest

KEPT_AS: Final = "tier_"
"""Starts the name of the trait that keeps what a recalculation found."""
SOURCE: Final = "groups"
EVENTS_IN_BODY: Final = 2_000


class Recalculated(msgspec.Struct, frozen=True):
    """What a recalculation found: people of each group, and how many changed theirs."""

    name: str
    at: Instant
    people: dict[str, int]
    changed: int


def lists(world: World) -> list[Listed]:
    """Return the latest version of every list, by name."""
    return [_read(each) for each in world.definitions.latest("groups")]


def find(world: World, name: str) -> Listed:
    """Return a list's latest version.

    Raises:
        UsageError: there is none of this name.
    """
    found = {listed.name: listed for listed in lists(world)}
    if name not in found:
        mend = nearest(name, list(found)) if found else "add one with `tailorbird groups add`"
        raise UsageError(f"no list of groups {name!r}", mend=mend)
    return found[name]


def groups_of(world: World, listed: Listed) -> Groups | None:
    """Return the groups of a list as they count now, None while it waits for its thresholds."""
    name, text, version = listed.name, listed.description, listed.version
    if listed.plain:
        return listed.plain
    if listed.engagement:
        return engagement.groups_of(name, listed.engagement, description=text, version=version)
    found = calibration(world, listed)
    if listed.rfm is None or found is None:
        return None
    return rfm.groups_of(name, listed.rfm, found, description=text, version=version)


def derived(world: World) -> list[segments.Segment]:
    """Return the segments of all lists: `LIST.GROUP`, and the rest of each list."""
    found = (groups_of(world, listed) for listed in lists(world))
    return [segment for each in found if each for segment in groups.derived(each)]


def standing_segments(world: World) -> list[segments.Segment]:
    """Return the latest version of every segment, parsed, and the segments of all groups."""
    own = [
        _segment(found.text, f"segments/{found.name}.yaml", found.version)
        for found in world.definitions.latest("segment")
    ]
    names = {segment.name for segment in own}
    return [*own, *(each for each in derived(world) if each.name not in names)]


@lru_cache(1024)
def _segment(text: str, file: str, version: int) -> segments.Segment:
    """Return a segment's text read; the same text is asked for at every tick."""
    return segments.parse(text, file, version=version)


def check(world: World, name: str, text: str, standing: Sequence[segments.Segment]) -> None:
    """Return when a list is valid among the segments that stand.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"groups/{name}.yaml"
    listed = parse_groups(text, file)
    if listed.name != name:
        what = f"the list is named {listed.name!r}"
        raise DefinitionError(what, where=file, mend=f"name it {name!r}, as its file")
    others = [each for each in standing if not each.name.startswith(f"{name}{groups.POINT}")]
    taken = {each.name for each in standing} - {each.name for each in derived(world)}
    found = groups_of(world, listed)
    for segment in groups.derived(found) if found else []:
        if segment.name in taken:
            what = f"there is a segment {segment.name!r} already"
            raise DefinitionError(what, where=file, mend="give the group another name")
        resolved(segment, [*others, *groups.derived(found)] if found else others)


def calibration(world: World, listed: Listed) -> rfm.Calibration | None:
    """Return the thresholds in force, None where they were never taken for these traits."""
    kept = world.definitions.get("calibration", listed.name)
    if kept is None or listed.rfm is None:
        return None
    found = msgspec.yaml.decode(kept.text, type=rfm.Calibration)
    return found if found.traits == listed.rfm.traits else None


def calibrate(world: World, name: str, now: Instant) -> rfm.Calibration:
    """Take the thresholds of an RFM list anew and keep them with their date.

    Raises:
        UsageError: the list is no RFM, or there are too few customers.
    """
    listed = find(world, name)
    if listed.rfm is None:
        raise UsageError(f"{name!r} has no thresholds", mend="only lists with `rfm:` have them")
    found = _calibrate(world, listed, now)
    if found is None:
        what = f"there are fewer than {listed.rfm.at_least} customers"
        mend = "wait for more, or lower `at_least` under `rfm:`"
        raise UsageError(what, where=name, mend=mend)
    return found


def recalculate(
    world: World, listed: Listed, among: Sequence[segments.Segment], now: Instant
) -> Recalculated | None:
    """Keep in the log who is in which group now; the next ingest makes it a trait.

    Only changes are written; who never left the rest has no such trait. None where the list waits
    for its thresholds.
    """
    found = groups_of(world, listed)
    if found is None:
        return None
    answers = groups.labels(world.facts, found, among, as_of=now)
    trait = f"{KEPT_AS}{listed.name}"
    label = dict(zip(answers["person"].to_pylist(), answers["group"].to_pylist(), strict=True))
    people = dict.fromkeys(found.labels, 0)
    for each in label.values():
        people[each] += 1
    changed = changes(world, trait, label, found.rest, now)
    progress = f"{now} {listed.version}"
    bodies = said(trait, changed, now)
    world.log.append_from(_reader(listed.name), list(bodies), progress)
    return Recalculated(listed.name, now, people, len(changed))


def recalculated(world: World, listed: Listed) -> Instant:
    """Return when it was kept last who is in which group, 0 for never."""
    return int((world.log.progress(_reader(listed.name)) or "0").partition(" ")[0])


def recalculate_due(
    world: World, among: Sequence[segments.Segment], now: Instant
) -> list[Recalculated]:
    """Take the thresholds that are too old anew, and keep the groups whose time has come."""
    done = []
    for listed in lists(world):
        if listed.rfm:
            last = calibration(world, listed)
            if due(listed.rfm.every, last.at if last else 0, now):
                _calibrate(world, listed, now)
        kept_at, _, version = world.log.progress(_reader(listed.name)).partition(" ")
        last_at = int(kept_at or 0) if version == str(listed.version) else 0
        if listed.recalculate and due(listed.recalculate, last_at, now):
            found = recalculate(world, listed, among, now)
            done += [found] if found else []
    return done


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


def changes(
    world: World, trait: str, labels: dict[PersonId, str], rest: str, now: Instant
) -> dict[PersonId, str]:
    """Return whose label is another than the trait says; who is in the rest needs none."""
    known = table(world.facts, [trait], as_of=now)
    before = dict(zip(known["person"].to_pylist(), known[trait].to_pylist(), strict=True))
    return {
        person: label for person, label in labels.items() if label != (before.get(person) or rest)
    }


def said(trait: str, labels: dict[PersonId, str], at: Instant) -> Iterator[Body]:
    """Yield what the log is told: each person's trait, by her number."""
    iso = datetime.fromtimestamp(at // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    rows: Iterable[dict[str, object]] = (
        {
            "type": "identify",
            "messageId": f"{trait}-{person}-{at}",
            "timestamp": iso,
            "context": {"personId": person},
            "traits": {trait: label},
        }
        for person, label in sorted(labels.items())
    )
    rows = iter(rows)
    while batch := list(islice(rows, EVENTS_IN_BODY)):
        yield Body(SOURCE, at, msgspec.json.encode({"batch": batch}))


def _calibrate(world: World, listed: Listed, now: Instant) -> rfm.Calibration | None:
    if listed.rfm is None:
        return None
    found = rfm.calibrate(world.facts, listed.name, listed.rfm, now=now)
    if found is not None:
        text = msgspec.yaml.encode(found).decode()
        reason = f"thresholds of {found.people} customers"
        world.definitions.put(
            "calibration", listed.name, text, author="tailorbird", reason=reason, now=now
        )
    return found


def _read(found: Definition) -> Listed:
    return _parsed(found.text, found.name, found.version)


@lru_cache(maxsize=256)
def _parsed(text: str, name: str, version: int) -> Listed:
    return parse_groups(text, f"groups/{name}.yaml", version=version)


def _reader(name: str) -> str:
    return f"{SOURCE}:{name}"


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
