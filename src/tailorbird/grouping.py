"""Lists of exclusive groups over a data folder: their segments, their thresholds, what is kept.

What a scheduled recalculation finds goes into the log as a trait, so that it has a history, counts
at any past instant and survives a rebuild: `tier_loyalty` says what she was on the first of the
month, `loyalty.gold` who is gold now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Final

import msgspec

from tailorbird import segments, yaml_text
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.long_work import AT_ONCE, Work
from tailorbird.recalculating import SOURCE, Recalculated, due, keep
from tailorbird.schema import MINUTE, Definition, Instant
from tailorbird.segments import broken, engagement, groups, rfm
from tailorbird.segments.groups import Groups
from tailorbird.segments.groups_text import Listed, parse_groups
from tailorbird.segments.meaning import resolved
from tailorbird.world import World
from tailorbird.yaml_text import nearest

KEPT_AS: Final = "tier_"
"""Starts the name of the trait that keeps what a recalculation found."""
MOST_THRESHOLDS: Final = 1_000
"""Latest calibrations of a list among which those of a past instant are looked for."""
AGAIN: Final = MINUTE
"""After it customers are counted again, where they were too few to take thresholds of."""
_ASKED: Final = "SELECT segment FROM segment_refreshes UNION SELECT segment FROM membership"


def lists(world: World) -> list[Listed]:
    """Return the latest version of every list that can be read, by name."""
    found = (_or_why(each) for each in world.definitions.latest("groups"))
    return [each for each in found if isinstance(each, Listed)]


def find(world: World, name: str) -> Listed:
    """Return a list's latest version.

    Raises:
        DefinitionError: this version refuses it.
        UsageError: there is none of this name.
    """
    if kept := world.definitions.get("groups", name):
        return _read(kept)
    found = {listed.name: listed for listed in lists(world)}
    if name not in found:
        mend = nearest(name, list(found)) if found else "add one with `tailorbird groups add`"
        raise UsageError(f"no list of groups {name!r}", mend=mend)
    return found[name]


def groups_of(world: World, listed: Listed, as_of: Instant | None = None) -> Groups | None:
    """Return the groups of a list, None while it waits for its thresholds.

    With `as_of`, by the thresholds that were in force then.
    """
    name, text, version = listed.name, listed.description, listed.version
    if listed.plain:
        return listed.plain
    if listed.engagement:
        return engagement.groups_of(name, listed.engagement, description=text, version=version)
    found = calibration(world, listed, as_of)
    if listed.rfm is None or found is None:
        return None
    return rfm.groups_of(name, listed.rfm, found, description=text, version=version)


def derived(world: World, as_of: Instant | None = None) -> list[segments.Segment]:
    """Return the segments of all lists: `LIST.GROUP`, and the rest of each list."""
    found = (groups_of(world, listed, as_of) for listed in lists(world))
    read = [segment for each in found if each for segment in groups.derived(each)]
    return [*read, *_of_broken_lists(world)]


def _of_broken_lists(world: World) -> Iterator[segments.Segment]:
    """Yield what stands for the segments of lists that cannot be read: those that had been asked.

    What the texts call them is not known; the facts know by what names people are in them.
    """
    kept = {each.name: each for each in world.definitions.latest("groups")}
    why = {name: _or_why(each) for name, each in kept.items()}
    errors = {name: each for name, each in why.items() if isinstance(each, DefinitionError)}
    if errors and world.has_facts:
        for name in sorted(world.facts.read(_ASKED)["segment"].to_pylist()):
            listed, point, _ = name.partition(groups.POINT)
            if point and listed in errors:
                yield broken.unreadable(name, kept[listed].version, errors[listed])


def standing_segments(world: World, as_of: Instant | None = None) -> list[segments.Segment]:
    """Return the latest version of every segment, read, and the segments of all groups.

    One that cannot be asked, because this version refuses it or what it rests on, is marked as
    broken. With `as_of`, groups are told apart by the thresholds that were in force then.
    """
    own = [read_segment(found) for found in world.definitions.latest("segment")]
    names = {segment.name for segment in own}
    read = (*own, *(each for each in derived(world, as_of) if each.name not in names))
    name = "standing segments" if as_of is None else "segments that stood"
    return list(world.latest.of(name, read, lambda: broken.marked(read)))


def sound_segments(world: World) -> list[segments.Segment]:
    """Return the standing segments that can be asked."""
    return broken.sound(standing_segments(world))


def all_sound(world: World) -> bool:
    """Return whether no segment is broken, so that nobody need look which."""
    return all(each.broken is None for each in standing_segments(world))


def check_sound(world: World, names: Iterable[str], asking: str) -> None:
    """Return when no segment of these names is broken; `asking` is what rests on them.

    Raises:
        DefinitionError: one of them is.
    """
    standing = {each.name: each for each in standing_segments(world)}
    for name in names:
        if name in standing and (fault := standing[name].broken):
            raise fault.refusal(asking)


def read_segment(found: Definition) -> segments.Segment:
    """Return a version of a segment read; one that is refused now stands as broken."""
    return _segment(found.text, found.name, found.version)


@lru_cache(1024)
def _segment(text: str, name: str, version: int) -> segments.Segment:
    """Return a segment's text read, or what stands for it; the same text is asked at every tick."""
    try:
        return segments.parse(text, f"segments/{name}.yaml", version=version)
    except DefinitionError as error:
        return broken.unreadable(name, version, error)


def check(world: World, name: str, text: str, standing: Sequence[segments.Segment]) -> None:
    """Return when a list is valid among the segments that stand.

    Raises:
        DefinitionError: with the line and the mend.
    """
    file = f"groups/{name}.yaml"
    listed = parse_groups(text, file)
    yaml_text.check_name(listed.name, name, file)
    others = [each for each in standing if not each.name.startswith(f"{name}{groups.POINT}")]
    taken = {each.name for each in standing} - {each.name for each in derived(world)}
    found = groups_of(world, listed)
    for segment in groups.derived(found) if found else []:
        if segment.name in taken:
            what = f"there is a segment {segment.name!r} already"
            raise DefinitionError(what, where=file, mend="give the group another name")
        resolved(segment, [*others, *groups.derived(found)] if found else others)


def calibration(
    world: World, listed: Listed, as_of: Instant | None = None
) -> rfm.Calibration | None:
    """Return the thresholds in force, None where they were never taken for these traits.

    With `as_of`, those that were in force then; before the first were taken, the first.
    """
    if listed.rfm is None:
        return None
    if as_of is None:
        kept = world.definitions.get("calibration", listed.name)
        known = [kept] if kept else []
    else:
        known = world.definitions.versions("calibration", listed.name, MOST_THRESHOLDS)
    read = (msgspec.yaml.decode(each.text, type=rfm.Calibration) for each in known)
    fit = [each for each in read if each.traits == listed.rfm.traits]
    then = (each for each in fit if as_of is None or each.at <= as_of)
    return next(then, fit[-1] if fit else None)


def too_early(world: World, segment: str, as_of: Instant) -> Instant | None:
    """Return when the thresholds were taken by which a group is told apart before there were any.

    None where they were in force at that instant, and for segments without thresholds.
    """
    name = segment.partition(groups.POINT)[0]
    listed = next((each for each in lists(world) if each.name == name != segment), None)
    found = calibration(world, listed, as_of) if listed else None
    return found.at if found and found.at > as_of else None


def at(world: World, segment: segments.Segment, as_of: Instant) -> segments.Segment:
    """Return a segment as it was meant at an instant: a group, by the thresholds of then."""
    if groups.POINT not in segment.name:
        return segment
    return next((each for each in derived(world, as_of) if each.name == segment.name), segment)


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
    done = _recalculated(world, found, among, now, AT_ONCE)
    _note(world, listed, done)
    return done


def recalculated(world: World, listed: Listed) -> Instant:
    """Return when it was kept last who is in which group, 0 for never."""
    return int((world.log.progress(_reader(listed.name)) or "0").partition(" ")[0])


def recalculate_due(
    world: World, among: Sequence[segments.Segment], now: Instant, work: Work = AT_ONCE
) -> list[Recalculated]:
    """Take the thresholds that are too old anew, and keep the groups whose time has come."""
    done = []
    for listed in lists(world):
        if listed.rfm:
            name = f"thresholds of {listed.name}"
            if work.asked(name) or _thresholds_due(world, listed, listed.rfm, now):
                work(name, partial(_calibrate, world, listed, now))
        found = groups_of(world, listed)
        if found is None or _is_broken(found, among) or not _is_due(world, listed, now):
            continue
        name = f"groups {listed.name} {listed.version}"
        told = work(name, partial(_recalculated, world, found, among, now, work))
        if told:
            _note(world, listed, told)
            done.append(told)
    return done


def _thresholds_due(world: World, listed: Listed, asked: rfm.Rfm, now: Instant) -> bool:
    last = calibration(world, listed)
    if last is not None:
        return due(asked.every, last.at, now)
    tried = int(world.log.progress(_trials(listed.name)) or 0)
    return not tried < now < tried + AGAIN


def _is_due(world: World, listed: Listed, now: Instant) -> bool:
    kept_at, _, version = world.log.progress(_reader(listed.name)).partition(" ")
    last = int(kept_at or 0) if version == str(listed.version) else 0
    return bool(listed.recalculate) and due(listed.recalculate, last, now)


def _is_broken(found: Groups, among: Sequence[segments.Segment]) -> bool:
    """Return whether a group rests on a broken segment, so that nobody can be told apart now."""
    names = {each.name for each in groups.derived(found)}
    return any(each.broken for each in among if each.name in names)


def _recalculated(
    world: World, found: Groups, among: Sequence[segments.Segment], now: Instant, work: Work
) -> Recalculated:
    """Tell the log who is in which group now."""
    answers = groups.labels(world.facts, found, among, as_of=now)
    labels = answers.rename_columns(["person", "label"])
    counts = keep(world, f"{KEPT_AS}{found.name}", labels, found.rest, now, work)
    people = {label: counts.get(label, 0) for label in found.labels}
    return Recalculated(found.name, now, people, counts[""])


def _note(world: World, listed: Listed, done: Recalculated) -> None:
    """Keep that everybody was held to the list."""
    world.log.append_from(_reader(listed.name), [], f"{done.at} {listed.version}")


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
    else:
        world.log.append_from(_trials(listed.name), [], str(now))
    return found


def _or_why(found: Definition) -> Listed | DefinitionError:
    """Return a list read, or why this version refuses it."""
    try:
        return _read(found)
    except DefinitionError as error:
        return error


def _read(found: Definition) -> Listed:
    return _parsed(found.text, found.name, found.version)


@lru_cache(maxsize=256)
def _parsed(text: str, name: str, version: int) -> Listed:
    return parse_groups(text, f"groups/{name}.yaml", version=version)


def _trials(name: str) -> str:
    return f"thresholds:{name}"


def _reader(name: str) -> str:
    return f"{SOURCE}:{name}"
