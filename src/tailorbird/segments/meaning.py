"""What a condition means: from the author's tree to typed terms."""

from __future__ import annotations

from collections import abc
from collections.abc import Mapping

from tailorbird.errors import DefinitionError
from tailorbird.segments import meaning_events, meaning_traits
from tailorbird.segments.conditions import (
    All,
    Answered,
    Any,
    Condition,
    DateIs,
    Did,
    DidNot,
    Has,
    InSegment,
    Not,
    OnList,
    PointsAre,
    Regularly,
    Scored,
    Segment,
    Sequence,
    Then,
    TraitIs,
    worked_out,
)
from tailorbird.segments.schedule import LIVE
from tailorbird.traits.terms import (
    Compare,
    Constant,
    Every,
    KnownBy,
    Negation,
    Some,
    Truth,
    Value,
    When,
)
from tailorbird.yaml_text import nearest


def resolved(segment: Segment, among: abc.Sequence[Segment] = ()) -> Condition:
    """Return the segment's condition with every other segment that it names written out.

    Of a segment with a schedule that is how it was last worked out.

    Raises:
        DefinitionError: it is broken, or it names a segment that is broken, or is not among these,
            or, in a circle, itself.
    """
    if segment.broken:
        raise segment.broken.refusal(segment.name)
    if segment.refresh != LIVE:
        return worked_out(segment.name)
    return _inlined(segment.condition, {each.name: each for each in among}, (segment.name,))


def member(condition: Condition) -> Truth:
    """Return that a person exists at the instant asked about, and the resolved condition holds."""
    return Every((KnownBy(), truth(condition)))


def truth(condition: Condition) -> Truth:
    """Return what a resolved condition asks, as a term."""
    match condition:
        case All(conditions):
            return Every(tuple(truth(each) for each in conditions))
        case Any(conditions):
            return Some(tuple(truth(each) for each in conditions))
        case Not(inner):
            return Negation(truth(inner))
        case Did() | DidNot() | Then() | Sequence() | Answered() | Regularly() | PointsAre():
            return meaning_events.truth(condition)
        case TraitIs() | DateIs() | Has() | Scored() | OnList():
            return meaning_traits.truth(condition)
        case InSegment(name):
            raise DefinitionError(
                f"segment {name!r} is not written out", mend="resolve the condition first"
            )


def value(condition: Condition) -> Value:
    """Return what a leaf compares: what explanations show."""
    match condition:
        case Did() | DidNot() | Then() | Sequence() | Answered() | Regularly() | PointsAre():
            return meaning_events.value(condition)
        case leaf:
            asked = truth(leaf)
            return asked.value if isinstance(asked, Compare) else When(asked, Constant(1))


def _inlined(
    condition: Condition, library: Mapping[str, Segment], trail: tuple[str, ...]
) -> Condition:
    match condition:
        case All(conditions):
            return All(tuple(_inlined(each, library, trail) for each in conditions))
        case Any(conditions):
            return Any(tuple(_inlined(each, library, trail) for each in conditions))
        case Not(inner):
            return Not(_inlined(inner, library, trail))
        case InSegment(name):
            if name in trail:
                circle = " -> ".join((*trail[trail.index(name) :], name))
                raise DefinitionError(
                    f"segments in a circle: {circle}",
                    where=trail[0],
                    mend="let one of them stand on its own",
                )
            if name not in library:
                raise DefinitionError(
                    f"no segment {name!r}", where=trail[-1], mend=nearest(name, list(library))
                )
            if broken := library[name].broken:
                raise broken.refusal(trail[0])
            if library[name].refresh != LIVE:
                return worked_out(name)
            return _inlined(library[name].condition, library, (*trail, name))
        case _:
            return condition
