"""What would change an answer: the fewest conditions that would have to turn, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

import msgspec

from tailorbird.schema import Instant
from tailorbird.segments.conditions import (
    All,
    Any,
    Condition,
    Did,
    DidNot,
    InSegment,
    Not,
    Segment,
    parts,
)
from tailorbird.segments.explain import Explanation, Reason
from tailorbird.segments.outlook_words import how
from tailorbird.segments.words import words

MOST_WAYS: Final = 64
"""Ways that are followed at once; the shortest are kept."""


class Turn(msgspec.Struct, frozen=True):
    """A condition that would have to turn: its words, how it would, and when time alone does it."""

    text: str
    how: str
    at: Instant | None = None


class Outlook(msgspec.Struct, frozen=True):
    """What would change an answer: `turns` together, the fewest that do; `others` are as few.

    `at` is when time alone changes it, if nothing happens. Conditions are taken one by one: what
    one event does to several of them is seen only where it is the same event of the same kind.
    """

    turns: tuple[Turn, ...] = ()
    others: int = 0
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf as it stands: what it asks, and the reason with its answer."""

    condition: Condition
    reason: Reason


_Way: TypeAlias = Mapping[Condition, bool]
"""What each condition on the way must be."""


def outlook(
    segment: Segment,
    explanation: Explanation,
    among: Sequence[Segment] = (),
    turns: Mapping[Condition | None, Instant] | None = None,
) -> Outlook:
    """Return what would make a member of one who is none, or end the membership of one who is.

    `turns` says when time alone turns a condition, and under None the whole.
    """
    when = turns or {}
    library = {each.name: each for each in among}
    found = {leaf.condition: leaf for leaf in _leaves(segment.condition, explanation, library)}
    reasons = {condition: leaf.reason for condition, leaf in found.items()}
    ways = _Ways(reasons, when, library).of(segment.condition, not explanation.member)
    if explanation.reason.holds != explanation.member:
        ways = []  # nobody knew her yet
    costs = [_cost(way, reasons) for way in ways]
    best = next((way for way, cost in zip(ways, costs, strict=True) if cost), {})
    told = tuple(
        Turn(words(each), how(each, reasons[each], when.get(each)) or "", when.get(each))
        for each, wanted in best.items()
        if reasons[each].holds != wanted
    )
    others = max(sum(cost == len(told) for cost in costs) - 1, 0) if told else 0
    return Outlook(told, others, when.get(None))


def leaves_of(condition: Condition, among: Sequence[Segment] = ()) -> list[Condition]:
    """Return the leaves of a condition and of the segments that it names, each once."""
    library = {each.name: each for each in among}
    return list(dict.fromkeys(_below(condition, library)))


def _below(condition: Condition, library: Mapping[str, Segment]) -> Iterator[Condition]:
    inner = _inner(condition, library)
    if not inner:
        yield condition
    for part in inner:
        yield from _below(part, library)


def _leaves(
    condition: Condition, explanation: Explanation, library: Mapping[str, Segment]
) -> Iterator[_Leaf]:
    reasons = _flat(explanation.reason)
    for leaf, reason in zip(_below(condition, library), reasons, strict=True):
        yield _Leaf(leaf, reason)


def _flat(reason: Reason) -> Iterator[Reason]:
    if not reason.parts:
        yield reason
    for part in reason.parts:
        yield from _flat(part)


def _inner(condition: Condition, library: Mapping[str, Segment]) -> tuple[Condition, ...]:
    if isinstance(condition, InSegment):
        return (library[condition.segment].condition,)
    return parts(condition)


@dataclass(frozen=True, slots=True)
class _Ways:
    reasons: Mapping[Condition, Reason]
    when: Mapping[Condition | None, Instant]
    library: Mapping[str, Segment]

    def of(self, condition: Condition, wanted: bool) -> list[_Way]:
        """Return the shortest ways to have a condition be so."""
        match condition:
            case Not(inner):
                return self.of(inner, not wanted)
            case InSegment(name):
                return self.of(self.library[name].condition, wanted)
            case All(conditions) | Any(conditions):
                options = [self.of(each, wanted) for each in conditions]
                every = isinstance(condition, All) == wanted
                return self._together(options) if every else self._shortest(list(chain(*options)))
            case leaf:
                return [{leaf: wanted}] if self._can(leaf, wanted) else []

    def _can(self, leaf: Condition, wanted: bool) -> bool:
        reason = self.reasons[leaf]
        return reason.holds == wanted or how(leaf, reason, self.when.get(leaf)) is not None

    def _together(self, options: Iterable[list[_Way]]) -> list[_Way]:
        ways: list[_Way] = [{}]
        for each in options:
            joined = [{**way, **also} for way in ways for also in each if _agree(way, also)]
            ways = self._shortest([way for way in joined if not self._clashes(way)])
        return ways

    def _shortest(self, ways: list[_Way]) -> list[_Way]:
        unique = {frozenset(way.items()): way for way in ways}.values()
        return sorted(unique, key=lambda way: _cost(way, self.reasons))[:MOST_WAYS]

    def _clashes(self, way: _Way) -> bool:
        """Return whether an event that the way needs would undo what it also needs."""
        needed = [
            each
            for each, wanted in way.items()
            if isinstance(each, Did) and wanted and not self.reasons[each].holds
        ]
        kept = [
            each
            for each, wanted in way.items()
            if (isinstance(each, DidNot) and wanted) or (_once(each) and not wanted)
        ]
        return any(
            isinstance(none, Did | DidNot)
            and none.event == did.event
            and set(none.where) <= set(did.where)
            and not none.older_than
            and none.when == type(none)(none.event).when
            for did in needed
            for none in kept
        )


def _once(condition: Condition) -> bool:
    """Return whether a condition asks for one event, whatever it is like."""
    return isinstance(condition, Did) and not (
        condition.times or condition.measured or condition.moment
    )


def _agree(one: _Way, other: _Way) -> bool:
    return all(one.get(each, wanted) == wanted for each, wanted in other.items())


def _cost(way: _Way, reasons: Mapping[Condition, Reason]) -> int:
    return sum(reasons[each].holds != wanted for each, wanted in way.items())
