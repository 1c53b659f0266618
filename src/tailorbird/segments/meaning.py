"""What a condition means: from the author's tree to typed terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

from tailorbird.errors import DefinitionError
from tailorbird.segments import operands
from tailorbird.segments.conditions import (
    All,
    Any,
    Comparison,
    Condition,
    Did,
    DidNot,
    Filter,
    InSegment,
    Not,
    Segment,
    Then,
    TraitIs,
)
from tailorbird.traits.registry import TRAITS, trait
from tailorbird.traits.terms import (
    Compare,
    ContextColumn,
    Count,
    Declared,
    Every,
    Followed,
    KnownBy,
    LastFollowed,
    Negation,
    Op,
    Operand,
    Predicate,
    ProductColumn,
    ProductTest,
    PropertyTest,
    Rows,
    Some,
    Sum,
    Test,
    Truth,
    Value,
)
from tailorbird.yaml_text import nearest


def resolved(segment: Segment, among: Sequence[Segment] = ()) -> Condition:
    """Return the segment's condition with every other segment that it names written out.

    Raises:
        DefinitionError: it names a segment that is not among these, or, in a circle, itself.
    """
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
        case Did():
            value, comparison = asked_of(condition)
            return Compare(value, comparison.op, _operands(comparison))
        case DidNot(event, where, within, older_than):
            return Compare(Count(_rows(event, where, within, older_than)), "=", (0,))
        case Then():
            return Compare(LastFollowed(sequence(condition)), "exists")
        case TraitIs(name, comparison):
            kind = operands.kind_of_trait(name)
            stored = operands.stored_all(name, kind, comparison.operands)
            return Compare(_trait(name, stored), comparison.op, stored)
        case InSegment(name):
            raise DefinitionError(
                f"segment {name!r} is not written out", mend="resolve the condition first"
            )


def asked_of(did: Did) -> tuple[Value, Comparison]:
    """Return what a `did` counts or adds up, and what that must be."""
    rows = _rows(did.event, did.where, did.within, did.older_than)
    if did.total:
        return Sum(rows, did.total.of), did.total.comparison
    return Count(rows), did.times or Comparison(">=", (1,))


def sequence(then: Then) -> Followed:
    """Return the facts of a sequence; one that waits for silence is ripe when that is over."""
    wait = then.within or 0
    older_than = max(then.older_than, wait if then.absent else 0)
    first = _rows(then.event, then.where, then.since, older_than)
    return Followed(first, _rows(then.then, then.then_where, None, 0), then.within, then.absent)


def rows_of(condition: Did | DidNot) -> Rows:
    """Return the facts that the condition counts."""
    return _rows(condition.event, condition.where, condition.within, condition.older_than)


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
            return _inlined(library[name].condition, library, (*trail, name))
        case _:
            return condition


def _rows(event: str, where: tuple[Filter, ...], within: int | None, older_than: int) -> Rows:
    return Rows((event,), _predicates(where), within, older_than)


def _predicates(where: tuple[Filter, ...]) -> tuple[Predicate, ...]:
    products: list[tuple[ProductColumn, Op, tuple[Operand, ...]]] = []
    rest: list[Predicate] = []
    for each in where:
        match each.property:
            case "item" | "category" as column:
                products.append((column, each.comparison.op, _stored(each)))
            case _:
                rest.append(_predicate(each))
    return (*rest, ProductTest(tuple(products))) if products else tuple(rest)


def _predicate(each: Filter) -> Predicate:
    stored, op = _stored(each), each.comparison.op
    match each.property:
        case (
            "order_id" | "currency" | "campaign" | "variant" | "source"
            | "quantity" | "value_minor" | "machine"
        ) as column:  # fmt: skip
            return Test(column, op, stored)
        case name if name.startswith(operands.CONTEXT):
            return Test(_CONTEXT[name], op, stored)
        case name:
            return PropertyTest(name, _column(stored), op, stored)


_CONTEXT: Final[dict[str, ContextColumn]] = {
    operands.CONTEXT + column: column for column in get_args(ContextColumn)
}


def _trait(name: str, stored: tuple[operands.Stored, ...]) -> Value:
    return trait(name).value if name in TRAITS else Declared(name, _column(stored))


def _column(stored: tuple[operands.Stored, ...]) -> Literal["text", "number"]:
    return "number" if stored and not isinstance(stored[0], str) else "text"


def _stored(each: Filter) -> tuple[operands.Stored, ...]:
    kind = operands.kind_of_property(each.property)
    return operands.stored_all(each.property, kind, each.comparison.operands)


def _operands(comparison: Comparison) -> tuple[operands.Stored, ...]:
    return operands.stored_all("times", "integer", comparison.operands)
