"""A tracking plan compiled to closures: what it costs is one look-up for each property it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tailorbird import money
from tailorbird.collect.fields import Refusal, instant
from tailorbird.collect.patterns import whole
from tailorbird.collect.plan import OF_PRODUCTS, Expected, Property, Rule, TrackingPlan, parse
from tailorbird.schema import Event, Line, Names

OURS: Final = frozenset({"delivery", "identity", "tracking"})
"""Sources that tell what we did ourselves: no plan of an author is about them."""
ALWAYS_KNOWN: Final = frozenset(
    {
        Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED, Names.UNSUBSCRIBED,
        "alias", "group",
    }
)  # fmt: skip
"""Events that say who somebody is or what there is to buy: a plan need not name them."""
MATCHED_LIMIT: Final = 1_000
"""Characters of a text that is matched: a pattern may cost much more than its text is long."""

Problem: TypeAlias = Literal[
    "missing", "wrong_type", "out_of_range", "not_listed", "no_match", "too_long",
    "unknown_property", "unknown_event",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which events of one name break the plan, and the line that says so."""

    event: str
    property: str
    problem: Problem
    wants: str
    version: int
    line: int
    held: bool
    """Such an event is quarantined; otherwise it is taken and counted."""


Test: TypeAlias = Callable[[Any], Violation | None]
OfEvent: TypeAlias = Callable[[Event], Any]
OfLine: TypeAlias = Callable[[Line, str], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What is asked of one event: (name or getter, what its lack breaks, test) of each rule."""

    plain: tuple[tuple[str, Violation | None, Test], ...]
    fields: tuple[tuple[OfEvent, Violation | None, Test], ...]
    lines: tuple[tuple[OfLine, Violation | None, Test], ...]
    named: frozenset[str]
    closed: Violation | None
    personal: frozenset[str]


class Judge:
    """A plan in force: what each event breaks, and what of it may go on to the facts."""

    __slots__ = ("_by_name", "_plan", "_unknown", "after", "version")

    def __init__(self, plan: TrackingPlan) -> None:
        self.version = plan.version
        self.after = plan.after
        self._plan = plan
        self._by_name = {name: _compiled(plan, event) for name, event in plan.events.items()}
        self._unknown: dict[str, tuple[Violation, ...]] = dict.fromkeys(ALWAYS_KNOWN, ())

    def violations(self, event: Event) -> tuple[Violation, ...] | list[Violation]:
        """Return everything in which an event breaks the plan."""
        compiled = self._by_name.get(event.name)
        if compiled is not None:
            return () if event.source in OURS else _violations(compiled, event)
        if self._plan.unknown == "allow" or event.source in OURS:
            return ()
        found = self._unknown.get(event.name)
        return self._unknown_event(event.name) if found is None else found

    def impersonal(self, event: Event) -> Event:
        """Return an event without the properties that the plan calls personal."""
        compiled = self._by_name.get(event.name)
        if compiled is None or compiled.personal.isdisjoint(event.properties):
            return event
        kept = {k: v for k, v in event.properties.items() if k not in compiled.personal}
        return msgspec.structs.replace(event, properties=kept)

    def _unknown_event(self, name: str) -> tuple[Violation, ...]:
        plan = self._plan
        held = plan.unknown == "quarantine"
        wants = "an event that the plan names"
        return (
            Violation(name, "", "unknown_event", wants, plan.version, plan.line_of_unknown, held),
        )


@lru_cache(maxsize=32)
def judge_of(text: str, version: int, after: int) -> Judge:
    """Return the judge by a plan that was checked when it was put.

    Raises:
        DefinitionError: it was written by a version of Tailorbird that knew more.
    """
    return Judge(parse(text, version=version, after=after))


def _violations(compiled: _Compiled, event: Event) -> list[Violation]:
    found: list[Violation] = []
    values = event.traits if event.name == Names.IDENTIFY else event.properties
    for name, absent, test in compiled.plain:
        value = values.get(name)
        wrong = absent if value is None else test(value)
        if wrong is not None:
            found.append(wrong)
    for of_event, absent, test in compiled.fields:
        value = of_event(event)
        wrong = absent if value is None else test(value)
        if wrong is not None:
            found.append(wrong)
    for of_line, absent, test in compiled.lines:
        broken: list[Violation] = []
        for line in () if event.item else event.lines:
            value = of_line(line, event.currency)
            wrong = absent if value is None else test(value)
            if wrong is not None:
                broken.append(wrong)
        found += dict.fromkeys(broken)
    if compiled.closed is not None and not compiled.named.issuperset(values):
        found.append(compiled.closed)
    return found


# -- what an event has fields for ---------------------------------------------------------------


def _value(event: Event) -> float | None:
    if event.currency or event.value_minor:
        return _major(event.value_minor, event.currency)
    return None


def _major(units: int, currency: str) -> float:
    return float(units / 10 ** money.exponent(currency))


_PEOPLE: Final[dict[str, OfEvent]] = {
    "user_id": lambda event: event.user_id or None,
    "anonymous_id": lambda event: event.anonymous_id or None,
}
FIELDS: Final[dict[str, OfEvent]] = {
    "order_id": lambda event: event.order_id or None,
    "item": lambda event: event.item or None,
    "category": lambda event: event.category or None,
    "quantity": lambda event: event.quantity or None,
    "value": _value,
    "currency": lambda event: event.currency or None,
    **_PEOPLE,
}
FIELDS_OF_IDENTIFY: Final[dict[str, OfEvent]] = {
    "email": lambda event: event.email or None,
    **_PEOPLE,
}
LINES: Final[dict[str, OfLine]] = {
    "item": lambda line, _: line.item or None,
    "name": lambda line, _: line.name or None,
    "category": lambda line, _: line.category or None,
    "quantity": lambda line, _: line.quantity,
    "price": lambda line, currency: _major(line.price_minor, currency),
}


def fields_of(event: str) -> Mapping[str, OfEvent]:
    """Return what events of this name have a field for, beside properties or traits."""
    return FIELDS_OF_IDENTIFY if event == Names.IDENTIFY else FIELDS


# -- one event's rules --------------------------------------------------------------------------


def _compiled(plan: TrackingPlan, event: Expected) -> _Compiled:
    of_event = fields_of(event.name)
    plain, fields, lines = [], [], []
    for rule in event.rules:
        absent = _violation(plan, event, rule, "missing") if rule.wanted.required else None
        test = _test(plan, event, rule)
        inner = rule.name.removeprefix(OF_PRODUCTS)
        if inner != rule.name:
            lines.append((LINES[inner], absent, test))
        elif rule.name in of_event:
            fields.append((of_event[rule.name], absent, test))
        else:
            plain.append((rule.name, absent, test))
    anything = Rule("", Property(), event.line)
    return _Compiled(
        tuple(plain),
        tuple(fields),
        tuple(lines),
        frozenset(name for name, _, _ in plain),
        _violation(plan, event, anything, "unknown_property") if event.closed else None,
        frozenset(rule.name for rule in event.rules if rule.wanted.personal),
    )


def _violation(plan: TrackingPlan, event: Expected, rule: Rule, problem: Problem) -> Violation:
    held = event.action == "quarantine"
    wants = "a property that the plan names" if problem == "unknown_property" else wish(rule.wanted)
    return Violation(event.name, rule.name, problem, wants, plan.version, rule.line, held)


_A: Final = {
    "any": "a value", "text": "a text", "number": "a number", "integer": "a whole number",
    "boolean": "true or false", "time": "a time in ISO 8601",
}  # fmt: skip


def wish(wanted: Property) -> str:
    """Return in words what a property should be.

    >>> wish(Property(type="number", min=0, max=500)), wish(Property(one_of=("S", "M")))
    ('a number from 0 to 500', 'one of S, M')
    """
    if wanted.one_of:
        return f"one of {', '.join(map(str, wanted.one_of))}"
    words = _A[wanted.type]
    if wanted.min is not None and wanted.max is not None:
        return f"{words} from {wanted.min:g} to {wanted.max:g}"
    if wanted.min is not None:
        return f"{words} of at least {wanted.min:g}"
    if wanted.max is not None:
        return f"{words} of at most {wanted.max:g}"
    if wanted.pattern:
        words += f" like {wanted.pattern}"
    return f"{words} of at most {wanted.longest} characters" if wanted.longest else words


def _test(plan: TrackingPlan, event: Expected, rule: Rule) -> Test:
    """Return the test of one property; each of its parts is there only when it is asked for."""
    wanted, tests = rule.wanted, []

    def add(problem: Problem, wrong: Callable[[Any], bool]) -> None:
        tests.append((wrong, _violation(plan, event, rule, problem)))

    if wanted.type != "any":
        add("wrong_type", _other_than(wanted.type))
    if wanted.min is not None or wanted.max is not None:
        add("out_of_range", _outside(wanted.min, wanted.max))
    if wanted.one_of:
        listed = frozenset(map(_told_apart, wanted.one_of))
        add("not_listed", lambda value: _told_apart(value) not in listed)
    if wanted.pattern or wanted.longest:
        limit = wanted.longest or MATCHED_LIMIT
        add("too_long", lambda value: len(value) > limit)
    if wanted.pattern:
        like = whole(wanted.pattern)
        add("no_match", lambda value: not like(value[:MATCHED_LIMIT]))

    if len(tests) == 1:
        ((only, broken),) = tests
        return lambda value: broken if only(value) else None

    def test(value: Any) -> Violation | None:
        for wrong, violation in tests:
            if wrong(value):
                return violation
        return None

    return test


def _told_apart(value: Any) -> tuple[bool, Any]:
    """Return a value as it is listed: 1 and true are equal in Python, and nowhere else."""
    return isinstance(value, bool), value


def _other_than(kind: str) -> Callable[[Any], bool]:
    match kind:
        case "text":
            return lambda value: type(value) is not str
        case "boolean":
            return lambda value: type(value) is not bool
        case "number":
            return lambda value: type(value) is not float and type(value) is not int
        case "integer":
            return lambda value: (
                not (type(value) is int or (type(value) is float and value.is_integer()))
            )
        case _:
            return lambda value: not is_time(value)


def _outside(low: float | None, high: float | None) -> Callable[[Any], bool]:
    bottom = float("-inf") if low is None else low
    top = float("inf") if high is None else high
    return lambda value: not bottom <= value <= top


def is_time(value: Any) -> bool:
    """Return whether a value is a time, as events say one."""
    try:
        return not isinstance(value, bool) and instant(value, "") is not None
    except Refusal:
        return False
