"""What conditions of segments test, so that rules can be found that nobody reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tailorbird.content.rules_reach import Asks, Contrary, Formula, Group, Op, Question
from tailorbird.segments import Segment
from tailorbird.segments.conditions import (
    All,
    Any,
    Comparison,
    Condition,
    Did,
    DidNot,
    InSegment,
    Not,
    Scored,
    TraitIs,
)
from tailorbird.segments.schedule import LIVE
from tailorbird.traits.registry import computed

_OPS: Final[dict[str, Op]] = {
    op: op for op in ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "exists", "missing")
}


def formula(condition: Condition, among: Mapping[str, Segment]) -> Formula:
    """Return what a condition tests; segments that stand at any instant are written out."""
    match condition:
        case All(conditions):
            return Group(True, tuple(formula(each, among) for each in conditions))
        case Any(conditions):
            return Group(False, tuple(formula(each, among) for each in conditions))
        case Not(inner):
            return Contrary(formula(inner, among))
        case InSegment(name) if name in among:
            segment = among[name]
            if segment.refresh == LIVE and not segment.sql:
                return formula(segment.condition, among)
        case TraitIs(name, comparison):
            known = computed(name)
            whole = known is not None and known.type == "integer"
            ordered = known is not None and known.type == "instant"
            return _compared(f"traits.{name}", comparison, condition, whole, ordered)
        case Scored(model, comparison):
            return _compared(f"model {model}", comparison, condition, False, False)
        case Did():
            return _did(condition)
        case DidNot(event, where, within, older_than, when):
            return Contrary(
                _did(Did(event, where, within=within, older_than=older_than, when=when))
            )
    return _opaque(condition)


def _did(did: Did) -> Formula:
    """Return a test of how long ago something happened last, or how often it did."""
    if did.measured is not None or did.moment is not None or did.per:
        return _opaque(did)
    if did.times is not None:
        subject = _key(msgspec.structs.replace(did, times=None))
        return _compared(f"times {subject}", did.times, did, True, False, sure=True)
    if did.older_than:
        return _opaque(did)
    subject = f"last {_key(msgspec.structs.replace(did, within=None))}"
    if did.within is None:
        return Asks(Question(subject, "exists"))
    return Asks(Question(subject, "<", (did.within,), whole=True))


def _compared(
    subject: str,
    comparison: Comparison,
    condition: Condition,
    whole: bool,
    ordered: bool,
    *,
    sure: bool = False,
) -> Formula:
    op = _OPS.get(comparison.op)
    texts = any(isinstance(each, str) for each in comparison.operands)
    if op is None or (op in ("<", "<=", ">", ">=") and texts and not ordered):
        return _opaque(condition)
    return Asks(Question(subject, op, comparison.operands, whole, sure))


def _opaque(condition: Condition) -> Formula:
    return Asks(Question(_key(condition), "=", (True,), sure=True))


def _key(condition: Condition) -> str:
    return msgspec.json.encode(condition).decode()
