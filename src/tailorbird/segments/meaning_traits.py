"""What conditions on traits, scores and lists mean."""

from __future__ import annotations

from typing import Final, Literal

from tailorbird.schema import DAY, Names
from tailorbird.segments import operands
from tailorbird.segments.conditions import DateIs, Has, OnList, Scored, TraitIs
from tailorbird.traits.marks import text_of
from tailorbird.traits.registry import computed
from tailorbird.traits.terms import (
    Compare,
    Constant,
    Declared,
    Followed,
    FromToday,
    Holding,
    LastFollowed,
    PropertyTest,
    Quotient,
    Rows,
    Score,
    Span,
    Value,
)

_COLUMNS: Final[dict[str, Literal["text", "number", "day", "instant"]]] = {
    "millionths": "number", "day": "day", "instant": "instant",
}  # fmt: skip


def truth(condition: TraitIs | DateIs | Has | Scored | OnList) -> Compare:
    """Return what the condition asks."""
    match condition:
        case TraitIs(name, comparison):
            kind = operands.kind_of_comparison(name, comparison.op, comparison.operands)
            stored = operands.stored_all(name, kind, comparison.operands)
            known = computed(name)
            value = known.value if known else Declared(name, _COLUMNS.get(kind, "text"))
            return Compare(value, comparison.op, stored)
        case DateIs(name, _, comparison):
            kind = operands.DATES[condition.measure]
            stored = operands.stored_all(name, kind, comparison.operands)
            return Compare(_measured(condition), comparison.op, stored)
        case Has(name, wanted, every):
            texts = tuple(dict.fromkeys(text_of(each) for each in wanted))
            return Compare(Holding(name, texts), ">=", (len(texts) if every else 1,))
        case Scored(model, comparison):
            score = operands.stored_all(model, "millionths", comparison.operands)
            return Compare(Score(model), comparison.op, score)
        case OnList(name):
            return Compare(LastFollowed(listed(name)), "exists")


def listed(name: str) -> Followed:
    """Return the facts that put a person on a list, and are not followed by one that takes her off.

    Who is on a list is so a function of the log alone, at every instant; who is merged brings hers.
    """
    called = (PropertyTest("list", "text", "=", (name,)),)
    removed = Rows((Names.LIST_REMOVED,), called)
    return Followed(Rows((Names.LIST_ADDED,), called), removed, None, absent=True)


def _measured(date: DateIs) -> Value:
    """Return how far the date is; of an instant that we count, its day is the one in UTC."""
    known = computed(date.trait)
    match date.measure:
        case "ago" | "ahead" as side:
            instant = known.value if known else Declared(date.trait, "instant")
            return Span(instant, ahead=side == "ahead")
        case measure:
            day = Quotient(known.value, Constant(DAY)) if known else Declared(date.trait, "day")
            return FromToday(measure, day)
