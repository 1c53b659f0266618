"""Who would enter and leave by a plan: exact, on the live facts, with samples and their reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird import authoring, flow, journeys, segments
from tailorbird.as_code.entries import set_off
from tailorbird.edits import Key
from tailorbird.errors import DefinitionError, TailorbirdError
from tailorbird.membership import found_by_sql
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import Reason, Segment
from tailorbird.stopping import Stop
from tailorbird.world import World

SAMPLE: Final = 5
"""People who are named of those who enter, and of those who leave."""
EXPLAINED: Final = 2
"""Of those, how many are explained."""
MOST_EXPLAINED: Final = 40
"""Explanations of one plan."""
MOST_REASONS: Final = 4
People = npt.NDArray[np.int64]


class Example(msgspec.Struct, frozen=True):
    """One person who would enter or leave, and the conditions that decide it; () unexplained."""

    person: PersonId
    why: tuple[str, ...] = ()


class AudienceChange(msgspec.Struct, frozen=True):
    """How many are in a segment or an audience before and after, and who would enter and leave.

    None stands for what is not there before, or after. `trouble` says why nobody was counted.
    """

    kind: str
    name: str
    before: int | None
    after: int | None
    entering: int = 0
    leaving: int = 0
    enter: tuple[Example, ...] = ()
    leave: tuple[Example, ...] = ()
    trouble: str = ""


@dataclass(slots=True)
class Audiences:
    """Counts the people of segments and campaigns in two worlds: as it is, and as it would be."""

    world: World
    after: World
    now: Instant
    stop: Stop | None = None
    _before: list[Segment] = field(default_factory=list)
    _after: list[Segment] = field(default_factory=list)
    _explained: int = 0

    def __post_init__(self) -> None:
        self._before = authoring.standing_segments(self.world)
        self._after = authoring.standing_segments(self.after)

    def of_segments(self) -> Iterator[AudienceChange]:
        """Yield what changes of every segment and group that changes, or rests on one that does."""
        before, after = _by_name(self._before), _by_name(self._after)
        for name in self.touched():
            if self.stop:
                self.stop.check()
            yield self._of_one(name, before.get(name), after.get(name))

    def touched(self) -> list[str]:
        """Return the names of the segments that the plan may fill otherwise, in order."""
        before, after = _by_name(self._before), _by_name(self._after)
        reached = [
            n for n in before.keys() | after.keys() if not _same(before.get(n), after.get(n))
        ]
        naming = _naming([*self._before, *self._after])
        touched = set(reached)
        while reached:
            for user in naming.get(reached.pop(), set()) - touched:
                touched.add(user)
                reached.append(user)
        place = {each.name: number for number, each in enumerate([*self._after, *self._before])}
        return sorted(touched, key=lambda name: (_depth(name, after), place[name]))

    def of_campaigns(self, keys: Iterable[Key]) -> Iterator[AudienceChange]:
        """Yield what changes of the audiences of these campaigns, and of these journeys.

        A journey's audience is whom the past week would have set off.
        """
        audiences: dict[str, Callable[[World, str], People | None]] = {
            "campaign": self._audience, "journey": self._set_off,
        }  # fmt: skip
        for kind, name in keys:
            if kind in audiences:
                yield self._of_audience(kind, name, audiences[kind])

    def _of_audience(
        self, kind: str, name: str, found: Callable[[World, str], People | None]
    ) -> AudienceChange:
        try:
            return _change(kind, name, found(self.world, name), found(self.after, name))
        except DefinitionError as error:  # a segment that it names is broken, here or there
            return AudienceChange(kind, name, None, None, trouble=error.sentence())

    def _audience(self, world: World, name: str) -> People | None:
        found = world.definitions.get("campaign", name)
        if found is None:
            return None
        campaign = journeys.parse(found.text, f"campaigns/{name}.yaml")
        return np.asarray(flow.audience(world, campaign, self.now), dtype=np.int64)

    def _set_off(self, world: World, name: str) -> People | None:
        if world.definitions.get("journey", name) is None:
            return None
        journey, _ = authoring.find_journey(world, name)
        return np.asarray(set_off(world, journey, self.now), dtype=np.int64)

    def _of_one(self, name: str, before: Segment | None, after: Segment | None) -> AudienceChange:
        try:
            had = _people(self.world, before, self._before, self.now)
            has = self._found_after(before, after)
            found = _change("segment", name, had, has)
            enter = self._examples(found.enter, after, self._after)
            leave = self._examples(found.leave, after, self._after)
            return msgspec.structs.replace(found, enter=enter, leave=leave)
        except TailorbirdError as error:
            return AudienceChange("segment", name, None, None, trouble=error.sentence())

    def _found_after(self, before: Segment | None, after: Segment | None) -> People | None:
        if after and after.sql and (before is None or before.sql != after.sql):
            table = found_by_sql(self.after, after, self.now)
            return np.unique(np.asarray(table["person"], dtype=np.int64))
        return _people(self.after, after, self._after, self.now)

    def _examples(
        self, found: tuple[Example, ...], segment: Segment | None, among: Sequence[Segment]
    ) -> tuple[Example, ...]:
        """Return the same people, the first of them with their reasons."""
        if segment is None or segment.sql:
            return found
        told = []
        for number, each in enumerate(found):
            explains = number < EXPLAINED and self._explained < MOST_EXPLAINED
            self._explained += explains
            why = self._why(each.person, segment, among) if explains else ()
            told.append(Example(each.person, why))
        return tuple(told)

    def _why(self, person: PersonId, segment: Segment, among: Sequence[Segment]) -> tuple[str, ...]:
        """Return the conditions that decide, those that are as before last."""
        facts = self.world.facts
        found = segments.explain(facts, segment, person, among, as_of=self.now)
        standing = _by_name(self._before).get(segment.name)
        old: set[str] = set()
        if standing is not None:
            earlier = segments.explain(facts, standing, person, self._before, as_of=self.now)
            old = set(_told(earlier.reason))
        told = dict.fromkeys(_told(found.reason))
        return tuple(sorted(told, key=lambda each: each in old))[:MOST_REASONS]


def _people(
    world: World, segment: Segment | None, among: Sequence[Segment], now: Instant
) -> People | None:
    if segment is None:
        return None
    return np.asarray(segments.people(world.facts, segment, among, as_of=now), dtype=np.int64)


def _change(kind: str, name: str, before: People | None, after: People | None) -> AudienceChange:
    none = np.empty(0, dtype=np.int64)
    had, has = (none if each is None else each for each in (before, after))
    enter = np.setdiff1d(has, had, assume_unique=True)
    leave = np.setdiff1d(had, has, assume_unique=True)
    return AudienceChange(
        kind,
        name,
        None if before is None else len(before),
        None if after is None else len(after),
        len(enter),
        len(leave),
        _first(enter),
        _first(leave),
    )


def _first(people: People) -> tuple[Example, ...]:
    """Return some people from all over the numbers, which rise with time."""
    chosen = people[:: max(1, len(people) // SAMPLE)][:SAMPLE]
    return tuple(Example(int(each)) for each in chosen)


def _told(reason: Reason) -> Iterator[str]:
    """Yield the conditions that make a tree hold, or not hold, with their values."""
    if not reason.parts:
        known = reason.value is not None and bool(reason.threshold)
        holds = "" if reason.holds else "not: "
        yield f"{holds}{reason.text}{f' (it is {reason.value})' if known else ''}"
        return
    deciding = [each for each in reason.parts if each.holds == reason.holds] or reason.parts
    for each in deciding:
        yield from _told(each)


def _by_name(standing: Sequence[Segment]) -> dict[str, Segment]:
    return {each.name: each for each in standing}


def _same(before: Segment | None, after: Segment | None) -> bool:
    if before is None or after is None:
        return before is after
    return (before.condition, before.sql) == (after.condition, after.sql)


def _naming(standing: Iterable[Segment]) -> Mapping[str, set[str]]:
    """Return, for each name, the segments whose conditions name it."""
    found: dict[str, set[str]] = {}
    for each in standing:
        for name in segments.named(each.condition):
            found.setdefault(name, set()).add(each.name)
    return found


def _depth(name: str, standing: Mapping[str, Segment], way: frozenset[str] = frozenset()) -> int:
    """Return how many segments a segment rests on, one under the other."""
    if name not in standing or name in way:
        return 0
    below = segments.named(standing[name].condition)
    return 1 + max((_depth(each, standing, way | {name}) for each in below), default=0)
