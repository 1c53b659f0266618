"""What visitors answered: read and cleaned field by field, or refused with a sentence for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import msgspec

from tailorbird.collect import clean
from tailorbird.collect.forms import Field, Form, Kind

Value: TypeAlias = str | int | float | bool | tuple[str, ...]
Given: TypeAlias = Mapping[str, Sequence[str]]
"""The values of each field as a browser sends them."""
DIGITS_LIMIT: Final = 18
EARLIEST_YEAR: Final = 1900


class Mistake(Exception):  # noqa: N818 - a slip of a visitor, no error of ours
    """A sentence for the visitor about one field."""


class Answers(msgspec.Struct, frozen=True):
    """The good answers by field, and a sentence for each field that must be looked at again."""

    values: dict[str, Value] = {}
    mistakes: dict[str, str] = {}


def read(form: Form, fields: Iterable[Field], given: Given) -> Answers:
    """Return the answers to these fields. A field that was left empty has none."""
    values: dict[str, Value] = {}
    mistakes: dict[str, str] = {}
    for field in fields:
        try:
            value = _READERS[field.kind](form, field, [text.strip() for text in _of(given, field)])
            if value is None and not (field.optional or field.kind in ("checkbox", "hidden")):
                unticked = field.kind == "consent"
                raise Mistake(form.texts.unticked if unticked else form.texts.missing)
            if value is not None:
                values[field.name] = value
        except Mistake as mistake:
            mistakes[field.name] = str(mistake)
    return Answers(values, mistakes)


def _of(given: Given, field: Field) -> list[str]:
    return [text for text in given.get(field.name, ()) if text.strip()]


def _email(form: Form, _field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    found = clean.email(given[0])
    if found is None:
        raise Mistake(form.texts.bad_email)
    return found


def _telephone(form: Form, _field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    found = clean.phone(given[0], form.country)
    if found is None:
        raise Mistake(form.texts.bad_telephone)
    return found


def _text(form: Form, field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    lines = [clean.name(line) for line in given[0].splitlines()]
    text = "\n".join(lines).strip() if field.lines > 1 else " ".join(filter(None, lines))
    if len(text) > field.longest:
        raise Mistake(form.texts.too_long.replace("{}", str(field.longest)))
    return text or None


def _hidden(_form: Form, field: Field, given: list[str]) -> Value | None:
    return clean.name(given[0])[: field.longest] or None if given else None


def _number(form: Form, field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    try:
        number = Decimal(given[0])
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT or len(given[0]) > 40:
        raise Mistake(form.texts.bad_number)
    if field.lowest is not None and number < Decimal(str(field.lowest)):
        raise Mistake(form.texts.too_low.replace("{}", str(field.lowest)))
    if field.highest is not None and number > Decimal(str(field.highest)):
        raise Mistake(form.texts.too_high.replace("{}", str(field.highest)))
    return int(number) if number == number.to_integral_value() else float(number)


def _date(form: Form, _field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    try:
        found = date.fromisoformat(given[0])
    except ValueError:
        raise Mistake(form.texts.bad_date) from None
    if found.year < EARLIEST_YEAR:
        raise Mistake(form.texts.bad_date)
    return found.isoformat()


def _choice(form: Form, field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    if given[0] not in field.choices:
        raise Mistake(form.texts.bad_choice)
    return given[0]


def _choices(form: Form, field: Field, given: list[str]) -> Value | None:
    if any(one not in field.choices for one in given):
        raise Mistake(form.texts.bad_choice)
    return tuple(choice for choice in field.choices if choice in given) or None


def _ticked(_form: Form, field: Field, given: list[str]) -> Value | None:
    if given:
        return True
    return False if field.kind == "checkbox" else None


def _rating(form: Form, field: Field, given: list[str]) -> Value | None:
    if not given:
        return None
    marks = {str(mark): mark for mark in field.scale}
    if given[0] not in marks:
        raise Mistake(form.texts.bad_choice)
    return marks[given[0]]


_READERS: Final[dict[Kind, Callable[[Form, Field, list[str]], Value | None]]] = {
    "email": _email,
    "text": _text,
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "checkbox": _ticked,
    "telephone": _telephone,
    "consent": _ticked,
    "rating": _rating,
    "nps": _rating,
    "hidden": _hidden,
}
