"""Why a slot showed what it showed, in words: the rule, what it asks, what was passed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tailorbird import content
from tailorbird.content.rule_conditions import (
    WEEKDAYS,
    Answer,
    Condition,
    Every,
    Known,
    Opposite,
    Recommended,
    Some,
    Time,
)
from tailorbird.errors import TailorbirdError
from tailorbird.letters import editions
from tailorbird.letters.asking import condition
from tailorbird.segments import conditions as c
from tailorbird.segments.words import words
from tailorbird.world import World


def told(world: World, kept: Mapping[str, Any]) -> list[str]:
    """Return a line for each slot of a decision, and one for each value that was stood in for.

    What was decided with a slot that cannot be read any more is told without its conditions.
    """
    return told_of(_slots(world, str(kept.get("edition", ""))), kept)


def told_of(known: Iterable[content.Slot], kept: Mapping[str, Any]) -> list[str]:
    """Return the same, of the slots as they were."""
    lines = []
    slots = {slot.name: slot for slot in known}
    tired = kept.get("tired", {})
    for name, block in kept.get("slots", {}).items():
        number = kept.get("rules", {}).get(name, "")
        rules = {rule.number: rule for rule in slots[name].every_rule()} if name in slots else {}
        for each in tired.get(name, []):
            limit = rules[each].at_most if each in rules else None
            often = f"{limit.times} times in {limit.days} days" if limit else "often enough"
            shown = rules[each].show if each in rules else "its block"
            lines.append(f"slot {name}: rule {each} fits, but {shown} was shown {often}")
        lines.append(_line(name, block, number, slots.get(name)))
    links = {"segment": "the segment's default", "default": "the default", "hide": "nothing"}
    for path, link in kept.get("fallbacks", {}).items():
        if link in links:
            lines.append(f"{path} is missing: {links[link]} stands in")
    return lines


def _line(name: str, block: str, number: str, slot: content.Slot | None) -> str:
    if not number:
        return f"slot {name}: no rule fits, so nothing is shown"
    shown = f"shows {block}" if block else "shows nothing"
    if slot is None:
        return f"slot {name}: {shown} by rule {number}"
    rules = {rule.number: rule for rule in slot.every_rule()}
    steps = number.split(".")
    way = [rules.get(".".join(steps[: at + 1])) for at in range(len(steps))]
    asked = [in_words(rule.when, slot) for rule in way if rule and rule.when]
    last = rules.get(number)
    because = " and ".join(asked) if asked else "no rule above fits"
    where = f", {last.place}" if last else ""
    return f"slot {name}: {shown} by rule {number} ({because}{where})"


def in_words(condition: Condition, slot: content.Slot) -> str:
    """Return what a condition of a rule asks, in one line."""
    match condition:
        case Answer(number):
            return _asked(number, slot)
        case Every(conditions):
            return " and ".join(_part(each, slot) for each in conditions)
        case Some(conditions):
            return " or ".join(_part(each, slot) for each in conditions)
        case Opposite(inner):
            return f"not ({in_words(inner, slot)})"
        case Known(paths, least):
            if len(paths) == least:
                return f"known: {', '.join(paths)}"
            return f"known: at least {least} of {', '.join(paths)}"
        case Recommended(least, category):
            of = f" of {category}" if category else ""
            return f"at least {least} products{of} are recommended"
        case Time():
            return f"the time is {_time(condition)}"


def _part(condition: Condition, slot: content.Slot) -> str:
    text = in_words(condition, slot)
    return f"({text})" if isinstance(condition, Some) else text


def _asked(number: int, slot: content.Slot) -> str:
    return _in_line(condition(slot.asked[number], slot.document))


def _in_line(asked: c.Condition) -> str:
    match asked:
        case c.All(conditions):
            return " and ".join(map(_in_line, conditions))
        case c.Any(conditions):
            return f"({' or '.join(map(_in_line, conditions))})"
        case c.Not(inner):
            return f"not ({_in_line(inner)})"
        case _:
            return words(asked)


def _time(asked: Time) -> str:
    found = []
    if asked.weekdays:
        found.append(", ".join(WEEKDAYS[day - 1] for day in asked.weekdays))
    if asked.hours:
        found.append(f"from {asked.hours[0]} to {asked.hours[1]} o'clock")
    found += [f"from {asked.after} on"] if asked.after else []
    found += [f"before {asked.before}"] if asked.before else []
    return ", ".join(found)


def _slots(world: World, digest: str) -> tuple[content.Slot, ...]:
    if not digest:
        return ()
    try:
        return editions.kept(world, digest).slots
    except TailorbirdError:
        return ()
