"""Segments back to YAML and JSON: `parse(write(segment))` gives the same tree."""

from __future__ import annotations

from typing import Any as Anything
from typing import Final

import msgspec
import yaml

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
    Segment,
    Then,
    TraitIs,
)
from tailorbird.segments.reader import WORDS
from tailorbird.traits.terms import Op

_WORD: Final[dict[Op, str]] = {op: word for word, op in WORDS.items()}


def write(segment: Segment) -> str:
    """Return the segment as the YAML that `parse` reads."""
    return yaml.safe_dump(_whole(segment), sort_keys=False, allow_unicode=True, width=100)


def to_json(segment: Segment) -> str:
    """Return the segment as the JSON that `parse` reads."""
    return msgspec.json.format(msgspec.json.encode(_whole(segment)), indent=2).decode() + "\n"


def keyed(condition: Condition) -> dict[str, Anything]:
    """Return a condition as the mapping that stands for it in YAML and JSON."""
    return _condition(condition)


def _whole(segment: Segment) -> dict[str, Anything]:
    top: dict[str, Anything] = {"name": segment.name}
    if segment.description:
        top["description"] = segment.description
    return top | {"where": _condition(segment.condition)}


def _condition(condition: Condition) -> dict[str, Anything]:
    match condition:
        case All(conditions):
            return {"all": [_condition(each) for each in conditions]}
        case Any(conditions):
            return {"any": [_condition(each) for each in conditions]}
        case Not(inner):
            return {"not": _condition(inner)}
        case InSegment(name):
            return {"segment": name}
        case TraitIs(name, comparison):
            return {"trait": name, **_comparison(comparison)}
        case Then():
            return _then(condition)
        case Did():
            return _did(condition)
        case DidNot(event, where, within, older_than):
            window = _durations(within=within, older_than=older_than)
            return {"did_not": event, **_filters("where", where), **window}


def _did(did: Did) -> dict[str, Anything]:
    written: dict[str, Anything] = {"did": did.event, **_filters("where", did.where)}
    if did.times:
        written["times"] = _comparison(did.times)
    if did.total:
        written["sum"] = {"of": did.total.of, **_comparison(did.total.comparison)}
    return written | _durations(within=did.within, older_than=did.older_than)


def _then(then: Then) -> dict[str, Anything]:
    written: dict[str, Anything] = {"did": then.event, **_filters("where", then.where)}
    written["then_not" if then.absent else "then"] = then.then
    written |= _filters("then_where", then.then_where)
    return written | _durations(within=then.within, since=then.since, older_than=then.older_than)


def _filters(key: str, filters: tuple[Filter, ...]) -> dict[str, Anything]:
    merged: dict[str, dict[str, Anything]] = {}
    for each in filters:
        merged.setdefault(each.property, {}).update(_comparison(each.comparison))
    return {key: merged} if merged else {}


def _comparison(comparison: Comparison) -> dict[str, Anything]:
    word = _WORD[comparison.op]
    match comparison.op:
        case "exists" | "missing":
            return {word: True}
        case "in" | "not in":
            return {word: list(comparison.operands)}
        case _:
            return {word: comparison.operands[0]}


def _durations(**lengths: int | None) -> dict[str, str]:
    return {key: durations.written(length) for key, length in lengths.items() if length}
