"""Which block of a slot one person is shown, by which rule, and what was passed over for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from tailorbird.content.fallbacks import found_at, missing
from tailorbird.content.rule_conditions import (
    Answer,
    Condition,
    Every,
    Known,
    Opposite,
    Recommended,
    Some,
    Time,
)
from tailorbird.content.rules import Rule, Slot, in_order

Shown: TypeAlias = Callable[[str, int], int]
"""How often a block was shown to the person in so many days."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that the rules look at: the answers by number, values, the person's clock."""

    answers: Sequence[bool]
    values: Mapping[str, Any]
    clock: datetime
    shown: Shown


@dataclass(frozen=True, slots=True)
class Choice:
    """The block that is shown, '' for none, and the rule that chose it, '' where none fitted.

    `tired` are the rules that fitted, but whose block was shown often enough.
    """

    block: str
    rule: str
    tired: tuple[str, ...] = ()


def choose(slot: Slot, now: Circumstances) -> Choice:
    """Return what a slot shows to one person."""
    tired: list[str] = []
    rules = in_order(slot.rules)
    while True:
        rule = next((each for each in rules if _fits(each, now, tired)), None)
        if rule is None:
            return Choice("", "", tuple(tired))
        if not rule.rules:
            return Choice(rule.show, rule.number, tuple(tired))
        rules = rule.tried()


def holds(condition: Condition, now: Circumstances) -> bool:
    """Return whether a condition holds for one person."""
    match condition:
        case Answer(number):
            return now.answers[number]
        case Every(conditions):
            return all(holds(each, now) for each in conditions)
        case Some(conditions):
            return any(holds(each, now) for each in conditions)
        case Opposite(inner):
            return not holds(inner, now)
        case Known(paths, least):
            found = (found_at(now.values, path) for path in paths)
            return sum(not missing(value) and value != [] for value in found) >= least
        case Recommended(least, category):
            products = now.values.get("recommendations") or []
            fitting = [p for p in products if category in ("", p.get("category"))]
            return len(fitting) >= least
        case Time():
            return _time(condition, now.clock)


def _fits(rule: Rule, now: Circumstances, tired: list[str]) -> bool:
    if rule.when is not None and not holds(rule.when, now):
        return False
    limit = rule.at_most
    if limit is not None and now.shown(rule.show, limit.days) >= limit.times:
        tired.append(rule.number)
        return False
    return True


def _time(asked: Time, clock: datetime) -> bool:
    at = clock.replace(tzinfo=None).isoformat(timespec="seconds")
    if (asked.after and at < asked.after) or (asked.before and at >= asked.before):
        return False
    if asked.weekdays and clock.isoweekday() not in asked.weekdays:
        return False
    if asked.hours is None:
        return True
    first, last = asked.hours
    return first <= clock.hour < last if first < last else not last <= clock.hour < first
