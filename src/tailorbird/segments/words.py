"""Conditions in plain words, for lists, explanations and audits."""

from __future__ import annotations

from typing import Final

from tailorbird.segments import durations
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
    Then,
    TraitIs,
)
from tailorbird.traits.terms import Op

_OPS: Final[dict[Op, str]] = {
    "=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than",
    ">=": "is at least", "in": "is one of", "not in": "is none of", "exists": "is known",
    "missing": "is not known",
}  # fmt: skip


def words(condition: Condition) -> str:
    """Return one line that says what the condition asks."""
    match condition:
        case All():
            return "all of these"
        case Any():
            return "at least one of these"
        case Not():
            return "not this"
        case InSegment(name):
            return f"is in the segment {name}"
        case TraitIs(name, comparison):
            return f"{name} {threshold(comparison)}"
        case Did():
            return _did(condition)
        case DidNot(event, where, within, older_than):
            return f"did not {event}{_where(where)}{_window(within, older_than)}"
        case Then():
            return _then(condition)


def threshold(comparison: Comparison) -> str:
    """Return what the value must be."""
    listed = ", ".join(str(operand) for operand in comparison.operands)
    return f"{_OPS[comparison.op]} {listed}".rstrip()


def _did(did: Did) -> str:
    how = ""
    if did.times:
        how = f", and how often {threshold(did.times)}"
    if did.total:
        how = f", and the sum of {did.total.of} {threshold(did.total.comparison)}"
    return f"did {did.event}{_where(did.where)}{_window(did.within, did.older_than)}{how}"


def _then(then: Then) -> str:
    first = f"did {then.event}{_where(then.where)}{_window(then.since, then.older_than)}"
    second = f"{then.then}{_where(then.then_where)}"
    while_ = f"within {durations.written(then.within)}" if then.within else "since"
    return f"{first}, then {'no' if then.absent else 'a'} {second} {while_}"


def _where(where: tuple[Filter, ...]) -> str:
    tests = " and ".join(f"{each.property} {threshold(each.comparison)}" for each in where)
    return f" ({tests})" if tests else ""


def _window(within: int | None, older_than: int) -> str:
    last = f" in the last {durations.written(within)}" if within else ""
    ago = f", at least {durations.written(older_than)} ago" if older_than else ""
    return last + ago
