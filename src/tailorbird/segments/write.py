"""Segments back to YAML and JSON: `parse(write(segment))` gives the same tree."""

from __future__ import annotations

from typing import Any as Anything
from typing import Final

import msgspec
import yaml

from tailorbird import durations
from tailorbird.segments import instants
from tailorbird.segments.conditions import (
    All,
    Answered,
    Any,
    Calendar,
    Comparison,
    Condition,
    DateIs,
    Did,
    DidNot,
    Filter,
    Has,
    InSegment,
    Moment,
    Not,
    OnList,
    Points,
    PointsAre,
    Regularly,
    Scored,
    Segment,
    Sequence,
    Then,
    TraitIs,
)
from tailorbird.segments.parse_windows import WEEKDAYS
from tailorbird.segments.reader import WORDS
from tailorbird.segments.schedule import LIVE, written
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
    if segment.refresh != LIVE:
        top["refresh"] = written(segment.refresh)
    return top | ({"sql": segment.sql} if segment.sql else {"where": _condition(segment.condition)})


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
        case TraitIs() | DateIs() | Has() | Scored() | OnList():
            return _known(condition)
        case Then():
            return _then(condition)
        case Sequence() | Answered() | Regularly() | PointsAre():
            return _pattern(condition)
        case Did():
            return _did(condition)
        case DidNot(event, where):
            return {"did_not": event, **_filters("where", where), **_window(condition)}


def _known(condition: TraitIs | DateIs | Has | Scored | OnList) -> dict[str, Anything]:
    match condition:
        case TraitIs(name, comparison):
            return {"trait": name, **_comparison(comparison)}
        case DateIs(name, measure, comparison):
            return {"trait": name, measure: _comparison(comparison)}
        case Has(name, (one,), False):
            return {"trait": name, "has": one}
        case Has(name, wanted, every):
            return {"trait": name, "has_all" if every else "has_any": list(wanted)}
        case Scored(model, comparison):
            return {"model": model, **_comparison(comparison)}
        case OnList(name):
            return {"list": name}


def _did(did: Did) -> dict[str, Anything]:
    written: dict[str, Anything] = {"did": did.event, **_filters("where", did.where)}
    if did.times:
        written["times"] = _comparison(did.times)
    if did.measured:
        asked = _comparison(did.measured.comparison)
        written[did.measured.measure] = {"of": did.measured.of, **asked}
    if did.moment:
        moment = did.moment
        lengths = _durations(within=moment.within, older_than=moment.older_than)
        written[moment.which] = lengths | _instants(moment)
    per = {"per": did.per} if did.per else {}
    return written | per | _window(did)


def _then(then: Then) -> dict[str, Anything]:
    written: dict[str, Anything] = {"did": then.event, **_filters("where", then.where)}
    written["then_not" if then.absent else "then"] = then.then
    written |= _filters("then_where", then.then_where)
    lengths = _durations(within=then.within, since=then.since, older_than=then.older_than)
    return written | lengths | _calendar(then.when)


def _pattern(condition: Sequence | Answered | Regularly | PointsAre) -> dict[str, Anything]:
    match condition:
        case Sequence():
            return _sequence(condition)
        case Answered():
            return _answered(condition)
        case Regularly():
            return _regularly(condition)
        case PointsAre(points, half_life_days, comparison):
            half_life = {"half_life": f"{half_life_days}d"}
            return {"points": _points(points), **half_life, **_comparison(comparison)}


def _sequence(sequence: Sequence) -> dict[str, Anything]:
    steps = [
        {
            "did_not" if step.absent else "did": step.event,
            **_filters("where", step.where),
            **_durations(within=step.within),
        }
        for step in sequence.steps
    ]
    return {
        "did": sequence.event,
        **_filters("where", sequence.where),
        "then": steps,
        **_durations(since=sequence.since, older_than=sequence.older_than),
        **_calendar(sequence.when),
    }


def _answered(answered: Answered) -> dict[str, Anything]:
    return {
        "did": answered.event,
        **_filters("where", answered.where),
        "of_last": answered.last,
        "answered_by": answered.by,
        **_filters("answer_where", answered.by_where),
        "linked_by": answered.link,
        **_durations(answered_within=answered.answered_within),
        "times": _comparison(answered.times),
        **_window(answered),
    }


def _regularly(regularly: Regularly) -> dict[str, Anything]:
    some = regularly.in_at_least
    return {
        "did": regularly.event,
        **_filters("where", regularly.where),
        "times": _comparison(regularly.times),
        **_durations(every=regularly.every),
        "periods": regularly.periods,
        **({} if some is None else {"in_at_least": some}),
        **_calendar(regularly.when),
    }


def _points(points: tuple[Points, ...]) -> list[dict[str, Anything]]:
    return [
        {"did": each.event, "points": each.points, **_filters("where", each.where)}
        for each in points
    ]


def _window(condition: Did | DidNot | Answered) -> dict[str, Anything]:
    lengths = _durations(within=condition.within, older_than=condition.older_than)
    return lengths | _calendar(condition.when)


def _calendar(when: Calendar) -> dict[str, Anything]:
    written: dict[str, Anything] = dict(_instants(when))
    if when.weekdays:
        written["weekdays"] = [WEEKDAYS[day - 1] for day in when.weekdays]
    return written | ({"between_hours": list(when.hours)} if when.hours else {})


def _instants(bounds: Calendar | Moment) -> dict[str, str]:
    ends = {"after": bounds.after, "before": bounds.before}
    return {key: instants.written(end) for key, end in ends.items() if end is not None}


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
