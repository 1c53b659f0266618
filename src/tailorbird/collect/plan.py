"""The tracking plan: which events are expected, what they say, and what becomes of the others.

In force it judges what comes after it in the log, so that a record is judged alike at ingest and at
every rebuild. `plan_check` judges, `plan_observe` writes a first plan from what came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar

import msgspec

from tailorbird import yaml_text
from tailorbird.collect.clean import snake
from tailorbird.collect.names import canonical
from tailorbird.collect.patterns import whole
from tailorbird.errors import DefinitionError
from tailorbird.schema import Names

T = TypeVar("T")
NAME: Final = "tracking-plan"
"""A data folder has one plan; its definition has this name."""
FILE: Final = f"{NAME}.yaml"

Type: TypeAlias = Literal["any", "text", "number", "integer", "boolean", "time"]
Action: TypeAlias = Literal["flag", "quarantine"]
NUMBERS: Final = frozenset({"number", "integer"})
LINE_FIELDS: Final = ("item", "name", "category", "quantity", "price")
"""What `products.NAME` may be: a rule for every product of an event."""
OF_PRODUCTS: Final = "products."
EVENT_FIELDS: Final = (
    "order_id", "item", "category", "quantity", "value", "currency", "user_id", "anonymous_id",
)  # fmt: skip
"""What every event has a field for; all else is a property, or a trait of `identify`."""
_SPELLINGS: Final = {"product_id": "item", "sku": "item", "revenue": "value", "total": "value"}


class Property(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wants one property to be. `min` and `max` count as allowed."""

    type: Type = "any"
    required: bool = False
    min: int | float | None = None
    max: int | float | None = None
    one_of: tuple[str | int | float | bool, ...] = ()
    pattern: str = ""
    """A regular expression for the whole text."""
    longest: int = 0
    """Characters of a text; 0 is as many as any property may have."""
    personal: bool = False
    """It says who the person is: it is kept out of the facts."""
    about: str = ""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wants of one event."""

    properties: dict[str, Any] = {}
    on_violation: Action = "flag"
    unknown_properties: Literal["allow", "violation"] = "allow"
    about: str = ""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, as it is written."""

    tracking_plan: str
    events: dict[str, Any] = {}
    unknown_events: Literal["allow", "flag", "quarantine"] = "allow"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One property under our name, and the line that says so."""

    name: str
    wanted: Property
    line: int


@dataclass(frozen=True, slots=True)
class Expected:
    """One event under our name, its rules, and the line that names it."""

    name: str
    rules: tuple[Rule, ...]
    action: Action
    closed: bool
    """No property that is not in the plan may come."""
    line: int


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """A whole plan, checked. It judges log records with an offset above `after`."""

    name: str
    events: dict[str, Expected]
    unknown: Literal["allow", "flag", "quarantine"]
    line_of_unknown: int
    version: int = 0
    after: int = 0


def parse(text: str, file: str = FILE, *, version: int = 0, after: int = 0) -> TrackingPlan:
    """Return the plan that a YAML text says.

    Raises:
        DefinitionError: as `file:line: what; mend`.
    """
    document = yaml_text.read(text, file)
    written = yaml_text.convert(document, _Written)
    events: dict[str, Expected] = {}
    for given, expected in written.events.items():
        path = ("events", given)
        name = canonical(given)
        if not name:
            _complain(document, path, "an event's name holds no letter", "give it a name")
        if name in events:
            what = f"{given!r} is {name!r}, which stands above"
            _complain(document, path, what, "keep one of them")
        events[name] = _event(document, given, name, _part(document, path, expected, _Event))
    line = document.lines.get(("unknown_events",), 1)
    return TrackingPlan(written.tracking_plan, events, written.unknown_events, line, version, after)


def _event(document: yaml_text.Document, given: str, name: str, expected: _Event) -> Expected:
    rules: dict[str, Rule] = {}
    for written, rule in expected.properties.items():
        path = ("events", given, "properties", written)
        ours = property_name(written)
        wanted = _part(document, path, rule, Property)
        if ours in rules:
            what = f"{written!r} is {ours!r}, which stands above"
            _complain(document, path, what, "keep one of them")
        if found := _wrong(name, ours, wanted):
            _complain(document, path, *found)
        rules[ours] = Rule(ours, wanted, document.lines.get(path, 1))
    return Expected(
        name,
        tuple(rules.values()),
        expected.on_violation,
        expected.unknown_properties == "violation",
        document.lines.get(("events", given), 1),
    )


def _part(document: yaml_text.Document, path: yaml_text.Path, value: Any, type_: type[T]) -> T:
    """Return one entry of the file as a struct; one that says nothing has all defaults."""
    if value is None:
        return type_()
    return yaml_text.convert(yaml_text.part(document, path, value), type_)


def property_name(written: str) -> str:
    """Return our name of a property, as decoded events have it.

    >>> property_name("Product ID"), property_name("products.price"), property_name("couponCode")
    ('item', 'products.price', 'coupon_code')
    """
    if written.startswith(OF_PRODUCTS):
        inner = snake(written.removeprefix(OF_PRODUCTS))
        return OF_PRODUCTS + _SPELLINGS.get(inner, inner)
    name = snake(written)
    return _SPELLINGS.get(name, name)


def _wrong(event: str, name: str, wanted: Property) -> tuple[str, str] | None:
    """Return what is wrong with a rule, and how to mend it."""
    if not name.removeprefix(OF_PRODUCTS):
        return "a property's name holds no letter", "give it a name"
    if name.startswith(OF_PRODUCTS) and name.removeprefix(OF_PRODUCTS) not in LINE_FIELDS:
        return f"a product has no {name!r}", f"known: {', '.join(LINE_FIELDS)}"
    bounds = [bound for bound in (wanted.min, wanted.max) if bound is not None]
    if bounds and wanted.type not in NUMBERS:
        return "`min` and `max` need a number", "add `type: number` or `type: integer`"
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        return "`min` is above `max`", "swap them"
    if (wanted.pattern or wanted.longest) and wanted.type != "text":
        return "`pattern` and `longest` need a text", "add `type: text`"
    if wanted.longest < 0:
        return "`longest` is negative", "give a number of characters"
    if wanted.personal and (event == Names.IDENTIFY or name in EVENT_FIELDS or "." in name):
        return "only a property of an event can be `personal`", "remove `personal`"
    try:
        _ = wanted.pattern and whole(wanted.pattern)
    except ValueError as error:
        return f"`pattern` is no regular expression: {error}", "mend it; RE2 reads it"
    return None


def _complain(document: yaml_text.Document, path: yaml_text.Path, what: str, mend: str) -> NoReturn:
    raise DefinitionError(what, where=document.where(path), mend=mend)
