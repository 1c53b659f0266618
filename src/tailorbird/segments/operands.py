"""What a trait or a property can be compared with, and how the operand is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, TypeAlias

from tailorbird import durations
from tailorbird.durations import LONGEST
from tailorbird.schema import DAY
from tailorbird.segments import mends
from tailorbird.segments.conditions import DateMeasure, Measure, Operand
from tailorbird.segments.mends import said
from tailorbird.traits.registry import computed
from tailorbird.traits.terms import MILLION, Amount, Op, Steps
from tailorbird.yaml_text import nearest

Kind: TypeAlias = Literal[
    "text", "integer", "days", "millionths", "instant", "flag", "open", "day", "duration", "dated"
]
"""`open`: a declared trait or a free property; its operand decides between text and number.

`dated`: a declared trait, for which it can decide for a day or an instant, too.
"""
Stored: TypeAlias = str | int | bool

PRODUCT_PROPERTIES: Final = ("item", "category")
PROPERTIES: Final[dict[str, Kind]] = {
    "item": "text", "category": "text", "order_id": "text", "currency": "text",
    "campaign": "text", "variant": "text", "source": "text", "quantity": "integer",
    "value_minor": "integer", "machine": "flag", "send_id": "text",
    **dict.fromkeys(
        (
            "context.session_id", "context.browser", "context.os", "context.device", "context.app",
            "context.country", "context.region", "context.city", "context.page",
            "context.referrer", "context.channel", "context.utm_source", "context.utm_medium",
            "context.utm_campaign", "context.utm_term", "context.utm_content",
        ),
        "text",
    ),
    **dict.fromkeys(
        (
            "context.hour", "context.weekday", "context.session_seconds", "context.session_pages",
        ),
        "integer",
    ),
}  # fmt: skip
"""Properties of events that have a column; all others are free.

What surrounds an event is asked by names with a point, which no property of a sender can have.
"""
CONTEXT: Final = "context."
TOTALS: Final[tuple[Amount, ...]] = ("value_minor", "quantity", "dwell_seconds")

NUMBERS: Final[frozenset[str]] = frozenset(
    (
        *TOTALS, "context.hour", "context.weekday", "context.session_seconds",
        "context.session_pages",
    )
)  # fmt: skip
"""Properties with a column that can be added up; those without one can, too."""

DATES: Final[dict[DateMeasure, Kind]] = {
    "ago": "duration", "ahead": "duration", "days_ago": "days", "days_ahead": "days",
    "anniversary_in": "days", "years": "integer", "turning": "integer",
}  # fmt: skip
"""How far a date is: what each measure can be compared with."""

WORDS: Final[dict[str, Op]] = {
    "is": "=", "is_not": "!=", "less_than": "<", "at_most": "<=", "more_than": ">",
    "at_least": ">=", "in": "in", "not_in": "not in", "exists": "exists", "missing": "missing",
    "contains": "contains", "starts_with": "starts with", "ends_with": "ends with",
}  # fmt: skip
"""Comparisons as authors write them."""
WORD_OF: Final = {op: word for word, op in WORDS.items()}
_TESTS: Final[frozenset[Op]] = frozenset(("contains", "starts with", "ends with"))
_ORDER: Final[frozenset[Op]] = frozenset(("<", "<=", ">", ">="))
_EQUALITY: Final[frozenset[Op]] = frozenset(("=", "!=", "in", "not in", "exists", "missing"))
_FLAG: Final[frozenset[Op]] = frozenset(("=", "!="))
_TEXT: Final = _EQUALITY | _TESTS
_PRODUCT: Final[frozenset[Op]] = _TEXT - {"missing"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 4_000_000_000_000_000_000


class Unfit(Exception):  # noqa: N818 - it becomes a DefinitionError, which knows the line
    """An operand or operator that does not fit; `mend` says what would."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def kind_of_trait(name: str) -> Kind:
    """Return what a trait can be compared with."""
    trait = computed(name)
    if trait is None:
        return "open"
    return "days" if trait.unit == "days" else trait.type


def kind_of_property(name: str) -> Kind:
    """Return what a property of an event can be compared with."""
    return PROPERTIES.get(name, "open")


def kind_of_measure(measure: Measure, of: str) -> Kind:
    """Return what a measure of a property can be compared with.

    Raises:
        Unfit: the property has no such measure.
    """
    if of.startswith(CONTEXT) and of not in PROPERTIES:
        known = [name for name in PROPERTIES if name.startswith(CONTEXT)]
        raise Unfit(f"an event's context has no {of.removeprefix(CONTEXT)!r}", nearest(of, known))
    if measure == "distinct":
        if of in NUMBERS - {"context.hour", "context.weekday"} or of == "machine":
            raise Unfit(f"{of!r} is not counted by its values", "name a text, such as `item`")
        return "integer"
    if of in PROPERTIES and of not in NUMBERS:
        raise Unfit(f"{of!r} is {_ARTICLES[PROPERTIES[of]]}", "name a number, or use `distinct`")
    whole = of in NUMBERS and (measure != "average" or of == "value_minor")
    return "integer" if whole else "millionths"


def check(name: str, kind: Kind, op: Op, operands: Sequence[Operand]) -> None:
    """Check that the comparison makes sense.

    Raises:
        Unfit: the operator or an operand does not fit the kind; there is no such context.
    """
    if name.startswith(CONTEXT) and name not in PROPERTIES:
        near = nearest(name, [known for known in PROPERTIES if known.startswith(CONTEXT)])
        raise Unfit(f"an event's context has no {name.removeprefix(CONTEXT)!r}", near)
    if kind in ("open", "dated"):
        kind = _decided(op, operands, dated=kind == "dated")
    if op in _TESTS and "" in operands:
        raise Unfit("an empty text is part of every text", "write what to look for")
    allowed = comparisons(name, kind)
    if op not in allowed:
        words = ", ".join(f"`{word}`" for word, each in WORDS.items() if each in allowed)
        mend = "write `did_not` for 'no such product'" if op == "missing" else f"write {words}"
        what = f"{name!r} is {_ARTICLES[kind]} and cannot be compared by {WORD_OF[op]!r}"
        raise Unfit(what, mend)
    for operand in operands:
        stored(name, kind, operand)
    _check_possible(name, op, operands)


def _check_possible(name: str, op: Op, operands: Sequence[Operand]) -> None:
    """Refuse what no value of a computed trait can be."""
    trait = computed(name)
    if trait is None:
        return
    if isinstance(trait.value, Steps):
        known = [*(label for _, label in trait.value.steps), trait.value.otherwise]
        for operand in operands if op in _EQUALITY else ():
            if operand not in known:
                raise Unfit(f"{name!r} is never {said(operand)}", nearest(str(operand), known))
    if trait.unit == "days" and any(isinstance(each, int) and each < 0 for each in operands):
        raise Unfit(f"{name!r} is never below 0", "count the days from 0")


def stored_all(name: str, kind: Kind, operands: Sequence[Operand]) -> tuple[Stored, ...]:
    """Return the operands as the store keeps such values."""
    decided = kind_of(operands) if kind == "open" else kind
    return tuple(stored(name, decided, operand) for operand in operands)


def kind_of_comparison(name: str, op: Op, operands: Sequence[Operand]) -> Kind:
    """Return what a comparison with a trait compares: of a declared one, its operands decide."""
    return kind_of_trait(name) if computed(name) else _decided(op, operands, dated=True)


def _decided(op: Op, operands: Sequence[Operand], *, dated: bool) -> Kind:
    """Return what the operands ask for; texts have no order here, but days and instants have."""
    kind = kind_of(operands)
    if not (dated and kind == "text" and op in _ORDER):
        return kind
    days = [operand for operand in operands if isinstance(operand, str) and _is_day(operand)]
    if len(days) == len(operands):
        return "day"
    return "instant" if all(map(_is_instant, operands)) else kind


def kind_of(operands: Sequence[Operand]) -> Kind:
    """Return the kind that the operands of an open comparison ask for.

    Raises:
        Unfit: they are of different kinds.
    """
    kinds: set[Kind] = {
        "text" if isinstance(operand, str | bool) else "millionths" for operand in operands
    }
    if len(kinds) > 1:
        raise Unfit("text and numbers in one list", "keep to one; quote numbers that are text")
    return kinds.pop() if kinds else "text"


def stored(name: str, kind: Kind, operand: Operand) -> Stored:
    """Return one operand as the store keeps such a value.

    Raises:
        Unfit: it is of another type, not exact, or out of range.
    """
    match kind, operand:
        case "flag", bool():
            return operand
        case "text", str():
            return operand
        case "text", bool() if not computed(name) and name not in PROPERTIES:
            return "true" if operand else "false"
        case "day", str() if _is_day(operand):
            return (date.fromisoformat(operand) - _EPOCH.date()).days
        case "duration", str() if length := durations.read(operand):
            return _ranged(length, LONGEST)
        case "instant", str() if not durations.read(operand):
            return instant(operand)
        case "integer" | "days", int() if not isinstance(operand, bool):
            return _ranged(operand, LONGEST // DAY if kind == "days" else _LARGEST)
        case "millionths", int() | float() if not isinstance(operand, bool):
            return _millionths(operand)
        case _:
            what = f"{name!r} is {_ARTICLES[kind]}, but {said(operand)} is not"
            raise Unfit(what, _mend(name, kind, operand))


def _mend(name: str, kind: Kind, operand: Operand) -> str:
    match kind:
        case "integer":
            return mends.number(name, operand)
        case "days":
            return mends.days(operand)
        case "duration":
            return mends.length(operand)
        case "text" if isinstance(operand, bool):
            return "put it in quotes: bare yes, no, on and off are true and false"
        case "instant" if isinstance(operand, str) and durations.read(operand):
            return f"write `ago: {{at_least: {operand}}}` for how long ago it is"
        case _:
            return _MENDS[kind]


def iso(value: date | datetime) -> str:
    """Return a YAML date or time as the text that the tree keeps, in UTC."""
    if not isinstance(value, datetime):
        return value.isoformat()
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def comparisons(name: str, kind: Kind) -> frozenset[Op]:
    """Return how a trait or a property of a kind can be compared; an open one in every way."""
    if name in PRODUCT_PROPERTIES:
        return _PRODUCT
    if kind in ("open", "dated"):
        return _TEXT | _ORDER
    return {"text": _TEXT, "flag": _FLAG}.get(kind, _ORDER | _EQUALITY)


def _is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None and _is_instant(text)


def _is_instant(text: Operand) -> bool:
    try:
        instant(str(text))
    except Unfit:
        return False
    return True


def instant(text: str) -> int:
    """Return the instant that a text in ISO 8601 names, in microseconds; a bare one is in UTC.

    Raises:
        Unfit: it names none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unfit(f"{text!r} is no instant", _MENDS["instant"]) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    elapsed = aware - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


def _millionths(number: float) -> int:
    try:
        exact = Decimal(repr(number)) * MILLION
        whole = int(exact)
    except (InvalidOperation, OverflowError, ValueError):
        raise Unfit(f"{number!r} is no finite number", _MENDS["millionths"]) from None
    if whole != exact:
        raise Unfit(f"{number!r} has more than six decimals", "round it")
    return _ranged(whole, _LARGEST)


def _ranged(number: int, largest: int) -> int:
    if abs(number) > largest:
        raise Unfit(f"{number} is out of range", f"stay within {largest}")
    return number


_ARTICLES: Final[dict[Kind, str]] = {
    "text": "text", "integer": "a whole number", "days": "a whole number of days",
    "millionths": "a number", "instant": "an instant", "flag": "true or false", "open": "open",
    "day": "a day", "duration": "a length of time", "dated": "open",
}  # fmt: skip
_MENDS: Final[dict[Kind, str]] = {
    "text": "put it in quotes",
    "millionths": "write a number with at most six decimals",
    "instant": "write 2026-01-31 or 2026-01-31T10:00:00Z",
    "flag": "write true or false",
    "open": "write text or a number",
    "dated": "write text, a number or a date",
    "day": "write 2026-01-31",
}
