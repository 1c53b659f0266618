"""The tree that defines a segment; YAML, JSON, Python and the UI are views of it.

Durations are microseconds here and `90d`, `24h`, `30m` in YAML. Comparison values are as the author
wrote them: money in minor units, scores and points as decimals, instants as ISO 8601 text in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.errors import DefinitionError
from tailorbird.schema import Instant
from tailorbird.segments.schedule import LIVE, Schedule
from tailorbird.traits.terms import Op

Duration: TypeAlias = int
"""Microseconds."""
Operand: TypeAlias = str | int | float | bool
DateMeasure: TypeAlias = Literal[
    "ago", "ahead", "days_ago", "days_ahead", "anniversary_in", "years", "turning"
]
Measure: TypeAlias = Literal["sum", "average", "min", "max", "distinct"]


class Comparison(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a value must compare: `in` and `not in` take several operands, `exists` none."""

    op: Op
    operands: tuple[Operand, ...] = ()


class Filter(msgspec.Struct, frozen=True):
    """What a property of the event must be."""

    property: str
    comparison: Comparison


class Calendar(msgspec.Struct, frozen=True, omit_defaults=True):
    """When an event must have happened, by the calendar and by the local clock.

    From `after` on and before `before`; on one of the `weekdays` (1 is Monday); from the first of
    the `hours` up to the second, over midnight where that is the lesser.
    """

    after: Instant | None = None
    before: Instant | None = None
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None


ALWAYS: Final = Calendar()


class Measured(msgspec.Struct, frozen=True):
    """What a measure of a property over the events must be.

    An average is compared exactly, not rounded. `distinct` counts the property's values.
    """

    measure: Measure
    of: str
    comparison: Comparison


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """In which window the first, or the last, of the events must lie."""

    which: Literal["first", "last"]
    within: Duration | None = None
    older_than: Duration = 0
    after: Instant | None = None
    before: Instant | None = None


class Did(msgspec.Struct, frozen=True, tag="did", omit_defaults=True):
    """The person did this: at least once, or so often, or to such a measure, or first or last then.

    The window holds what is younger than `within` and at least as old as `older_than`. With `per`,
    the events that share one value of that property must be so many, or sum up so.
    """

    event: str
    where: tuple[Filter, ...] = ()
    times: Comparison | None = None
    measured: Measured | None = None
    within: Duration | None = None
    older_than: Duration = 0
    when: Calendar = ALWAYS
    moment: Moment | None = None
    per: str = ""


class DidNot(msgspec.Struct, frozen=True, tag="did_not", omit_defaults=True):
    """The person did not do this in the window."""

    event: str
    where: tuple[Filter, ...] = ()
    within: Duration | None = None
    older_than: Duration = 0
    when: Calendar = ALWAYS


class Then(msgspec.Struct, frozen=True, tag="then", omit_defaults=True):
    """The person did one thing and then, within a while, did another (or, if `absent`, did not).

    `since`, `older_than` and `when` bound the first event. Without `within` the second may come
    until the instant asked about. With `absent` and `within` the answer waits until the
    while is over.
    """

    event: str
    then: str
    absent: bool = False
    where: tuple[Filter, ...] = ()
    then_where: tuple[Filter, ...] = ()
    within: Duration | None = None
    since: Duration | None = None
    older_than: Duration = 0
    when: Calendar = ALWAYS


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of a sequence: an event within a while of the step before it, or (`absent`) none.

    Between two steps nothing of an absent one between them may lie; with `within`, in that while
    after the step before.
    """

    event: str
    absent: bool = False
    where: tuple[Filter, ...] = ()
    within: Duration | None = None


class Sequence(msgspec.Struct, frozen=True, tag="sequence", omit_defaults=True):
    """The person did one thing, and then the others in this order.

    `since`, `older_than` and `when` bound the first event. A step that is absent at the end waits
    until its while is over.
    """

    event: str
    steps: tuple[Step, ...]
    where: tuple[Filter, ...] = ()
    since: Duration | None = None
    older_than: Duration = 0
    when: Calendar = ALWAYS


class Answered(msgspec.Struct, frozen=True, tag="answered", omit_defaults=True):
    """So many of the latest events were answered, by an event with the same property `link`.

    Who has fewer than `last` such events is asked about those. An answer counts that comes within
    `answered_within` of what it answers; without it, whenever it comes.
    """

    event: str
    last: int
    by: str
    times: Comparison
    link: str = "send_id"
    where: tuple[Filter, ...] = ()
    by_where: tuple[Filter, ...] = ()
    answered_within: Duration | None = None
    within: Duration | None = None
    older_than: Duration = 0
    when: Calendar = ALWAYS


class Regularly(msgspec.Struct, frozen=True, tag="regularly", omit_defaults=True):
    """The person did this so often in each of the latest periods, or in at least some of them.

    The periods lie end to end, the last ends at the instant asked about.
    """

    event: str
    times: Comparison
    every: Duration
    periods: int
    in_at_least: int | None = None
    where: tuple[Filter, ...] = ()
    when: Calendar = ALWAYS


class Points(msgspec.Struct, frozen=True, omit_defaults=True):
    """What each event of a kind is worth."""

    event: str
    points: int
    where: tuple[Filter, ...] = ()


class PointsAre(msgspec.Struct, frozen=True, tag="points", omit_defaults=True):
    """The points of all events, halving every so many days, compare so.

    Ages are whole UTC days; what machines did does not count.
    """

    points: tuple[Points, ...]
    half_life_days: int
    comparison: Comparison


class TraitIs(msgspec.Struct, frozen=True, tag="trait"):
    """A trait, computed or declared, compares so."""

    trait: str
    comparison: Comparison


class DateIs(msgspec.Struct, frozen=True, tag="date"):
    """How far the date in a trait is compares so.

    `ago` and `ahead` are lengths of time, of an instant. The others count whole days, or years, of
    the person's own calendar; of what is behind, nothing is ahead, and the other way round.
    """

    trait: str
    measure: DateMeasure
    comparison: Comparison


class Has(msgspec.Struct, frozen=True, tag="has", omit_defaults=True):
    """A trait that is a list has one of these, or every one; a single value is a list of one."""

    trait: str
    wanted: tuple[Operand, ...]
    every: bool = False


class Scored(msgspec.Struct, frozen=True, tag="model"):
    """The latest score of a model compares so; it is missing of whom the model never scored."""

    model: str
    comparison: Comparison


class OnList(msgspec.Struct, frozen=True, tag="list"):
    """The person is on a list: somebody put her there, and nobody took her off since."""

    name: str


class InSegment(msgspec.Struct, frozen=True, tag="segment"):
    """The person is in another segment."""

    segment: str


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every condition holds."""

    conditions: tuple[Condition, ...]


class Any(msgspec.Struct, frozen=True, tag="any"):
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The condition does not hold."""

    condition: Condition


EventCondition: TypeAlias = Did | DidNot | Then | Sequence | Answered | Regularly | PointsAre
"""Conditions on what happened."""
KnownCondition: TypeAlias = TraitIs | DateIs | Has | Scored | OnList
"""Conditions on what is known."""
Condition: TypeAlias = EventCondition | KnownCondition | InSegment | All | Any | Not


class Broken(msgspec.Struct, frozen=True):
    """Why nobody can be asked about a kept segment: which one cannot be read, and how it is mended.

    >>> fault = Broken("vip", "'many' is no number", "segments/vip.yaml:2:8", "write a number")
    >>> fault.refusal("vip").sentence()
    "segments/vip.yaml:2:8: 'many' is no number; write a number"
    >>> fault.refusal("vip-abroad").what
    "it rests on segment 'vip', which is broken: 'many' is no number"
    """

    segment: str
    what: str
    where: str
    mend: str

    def refusal(self, asked: str) -> DefinitionError:
        """Return why this segment, or whatever rests on it, cannot be asked."""
        if asked == self.segment:
            return DefinitionError(self.what, where=self.where, mend=self.mend)
        what = f"it rests on segment {self.segment!r}, which is broken: {self.what}"
        return DefinitionError(what, where=asked, mend=f"in {self.where}: {self.mend}")


class Segment(msgspec.Struct, frozen=True):
    """A named condition. `version` is that of the definition that it was read from.

    Where `refresh` is not live, who is in it is worked out on that schedule and stands until the
    next time. It may be a statement in `sql` instead; its condition is then `worked_out`. One that
    is `broken` stands with the members that it had, and nobody is asked about it.
    """

    name: str
    condition: Condition
    description: str = ""
    version: int = 0
    refresh: Schedule = LIVE
    sql: str = ""
    broken: Broken | None = None


WORKED_OUT: Final = "segment:"
"""Starts the name under which the scores keep who was in a segment when it was worked out."""


def worked_out(name: str) -> Scored:
    """Return that a person was in a segment when it was last worked out."""
    return Scored(f"{WORKED_OUT}{name}", Comparison("=", (1,)))


def parts(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that this one is made of; none for a leaf."""
    match condition:
        case All(conditions) | Any(conditions):
            return conditions
        case Not(inner):
            return (inner,)
        case _:
            return ()


def leaves(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions that are not made of others, from the first to the last."""
    inner = parts(condition)
    if not inner:
        yield condition
    for part in inner:
        yield from leaves(part)


def named(condition: Condition) -> frozenset[str]:
    """Return the segments that a condition names itself."""
    return frozenset(leaf.segment for leaf in leaves(condition) if isinstance(leaf, InSegment))
