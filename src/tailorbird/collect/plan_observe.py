"""Writes a first tracking plan from what came: events, properties, types, ranges, with counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any, Final

from tailorbird.collect.plan import NAME, NUMBERS, OF_PRODUCTS, Type, property_name
from tailorbird.collect.plan_rules import LINES, OURS, fields_of, is_time
from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import Event, Names

KINDS_KEPT: Final = 12
"""Different texts that may still be a list to choose from."""
SEEN_OFTEN: Final = 20
"""Events without one exception, before a property counts as required or a list as complete."""
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_.]*")
_YAML_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_IDS: Final = frozenset({"anonymous_id", "email", "item", "order_id", "user_id"})
_HEAD: Final = """\
# Derived from {events:,} events. Read it, mend it, and try it before it is in force:
#   tailorbird tracking-plan check {file}
# Every event may say on_violation: flag (taken and counted) or quarantine (held until mended).
tracking_plan: {name}
unknown_events: flag
events:
"""


@dataclass(slots=True)
class Seen:
    """What one property was, over all events of one name."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    low: float = float("inf")
    high: float = float("-inf")
    values: dict[Any, int] = field(default_factory=dict)
    many: bool = False
    """There were more different values than a list has."""

    def see(self, value: Any) -> None:
        """Count one value."""
        self.count += 1
        kind = _kind(value)
        self.kinds[kind] += 1
        if kind in NUMBERS:
            self.low, self.high = min(self.low, value), max(self.high, value)
        elif not self.many:
            self.values[value] = self.values.get(value, 0) + 1
            if len(self.values) > KINDS_KEPT:
                self.many = True
                self.values.clear()

    def type(self) -> Type:
        """Return the narrowest type that every value had."""
        match sorted(self.kinds):
            case [("boolean" | "integer" | "number" | "text" | "time") as kind]:
                return kind
            case ["integer", "number"]:
                return "number"
            case ["text", "time"]:
                return "text"
            case _:
                return "any"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    # A text is a time only where it looks like one: "5" and "2024" are not.
    return "time" if len(value) > 9 and value[4:5] == "-" and is_time(value) else "text"


@dataclass(slots=True)
class Observed:
    """Everything that was seen, by event and property."""

    events: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    seen: dict[str, dict[str, Seen]] = field(default_factory=dict)

    def see(self, events: Iterable[Event]) -> None:
        """Count these events; those that tell what we did ourselves are left out."""
        for event in events:
            if event.source in OURS:
                continue
            self.events[event.name] += 1
            seen = self.seen.setdefault(event.name, {})
            for name, value in _values(event):
                if name not in seen:
                    seen[name] = Seen()
                seen[name].see(value)
            self.lines[event.name] += 0 if event.item else len(event.lines)


def _values(event: Event) -> Iterator[tuple[str, Any]]:
    fields = fields_of(event.name)
    for name, of_event in fields.items():
        value = of_event(event)
        if value is not None:
            yield name, value
    told = event.traits if event.name == Names.IDENTIFY else event.properties
    for name, value in told.items():
        # A plan's `total` is the field, whatever else an event calls so.
        if value is not None and property_name(name) == name and name not in fields:
            yield name, value
    for line in () if event.item else event.lines:
        for name, of_line in LINES.items():
            value = of_line(line, event.currency)
            if value is not None:
                yield OF_PRODUCTS + name, value


def written(observed: Observed, name: str = "observed") -> str:
    """Return a plan in YAML that everything observed fits, with counts as comments."""
    head = _HEAD.format(events=observed.events.total(), file=f"{NAME}.yaml", name=_quoted(name))
    if not observed.events:
        return head.rstrip().removesuffix("events:") + "events: {}\n"
    lines = [
        line for event, count in observed.events.most_common() for line in _event(observed, event)
    ]
    return head + "\n".join(lines) + "\n"


def _event(observed: Observed, event: str) -> Iterator[str]:
    count = observed.events[event]
    yield f"  {_key(event)}:  # {count:,} events"
    yield "    on_violation: flag"
    yield "    properties:" if observed.seen[event] else "    properties: {}"
    for name, seen in sorted(observed.seen[event].items()):
        of_products = name.startswith(OF_PRODUCTS)
        among = observed.lines[event] if of_products else count
        yield f"      {_key(name)}: {_rule(name, seen, among)}  # {_comment(seen, among)}"


def _rule(name: str, seen: Seen, among: int) -> str:
    parts = [f"type: {seen.type()}"]
    if seen.count >= among >= SEEN_OFTEN:
        parts.append("required: true")
    if seen.type() in NUMBERS:
        whole = seen.type() == "integer"
        parts += [f"min: {_below(seen.low, whole=whole)}", f"max: {_above(seen.high, whole=whole)}"]
    if _is_list(name, seen):
        parts.append(f"one_of: [{', '.join(map(_quoted, sorted(seen.values)))}]")
    return f"{{{', '.join(parts)}}}"


def _is_list(name: str, seen: Seen) -> bool:
    """Return whether these texts look like a list to choose from. A person's own are not."""
    inner = name.removeprefix(OF_PRODUCTS)
    if seen.many or seen.type() != "text" or inner in PERSONAL_FIELDS | _IDS:
        return False
    return "" not in seen.values and seen.count >= SEEN_OFTEN * len(seen.values)


def _comment(seen: Seen, among: int) -> str:
    said = f"{seen.count:,} of {among:,}"
    if len(seen.kinds) > 1:
        said += "; " + ", ".join(f"{kind} {n:,}" for kind, n in seen.kinds.most_common())
    if seen.low <= seen.high:
        said += f"; {seen.low:g} to {seen.high:g}"
    return said


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name not in _YAML_WORDS else _quoted(name)


def _quoted(text: str) -> str:
    """Return a text as YAML in double quotes; JSON's pairs of surrogates mean nothing there."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in plain)


def _below(low: float, *, whole: bool) -> str:
    """Return a round number a little below, 0 for what is not negative."""
    return "0" if low >= 0 else f"-{_above(-low, whole=whole)}"


def _above(high: float, *, whole: bool) -> str:
    """Return 1, 2 or 5 times a power of ten that leaves room for a quarter more."""
    if high <= 0:
        return "0"
    high *= 1.25
    power = floor(log10(high))
    for step in (1, 2, 5, 10):
        bound = step * 10.0**power
        if bound >= high:
            return f"{max(bound, 1.0):.0f}" if whole or bound >= 1 else f"{bound:.{-power}f}"
    return f"{high:g}"
