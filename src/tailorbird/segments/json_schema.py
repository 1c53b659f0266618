"""The JSON Schema of segments, made from the grammar that the readers go by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any as Anything
from typing import Final, TypeAlias

import msgspec

from tailorbird.durations import LONGEST, UNITS
from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import Names
from tailorbird.segments import grammar, operands
from tailorbird.segments.grammar import FORMS, Form
from tailorbird.segments.operands import Kind
from tailorbird.segments.parse_counts import EVENTS
from tailorbird.segments.parse_patterns import (
    MOST_LATEST,
    MOST_PERIODS,
    MOST_POINTS,
    MOST_STEPS,
)
from tailorbird.segments.parse_traits import BIRTHDAY
from tailorbird.segments.reader import WORDS
from tailorbird.traits.registry import TRAITS

_Schema: TypeAlias = dict[str, Anything]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NO_FACTS: Final = (Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED)
_DAY: Final = 86_400_000_000
_TEXT: Final[_Schema] = {"type": "string"}
_NAME: Final[_Schema] = {"type": "string", "minLength": 1}
_FLAG: Final[_Schema] = {"type": "boolean"}
_INTEGER: Final[_Schema] = {"type": "integer"}
_NUMBER: Final[_Schema] = {"type": "number"}
_INSTANT: Final[_Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-?(\d{2}|W)",
    "examples": ["2026-01-31", "2026-01-31T10:00:00Z"],
}
_LENGTH: Final[_Schema] = {
    "type": "string",
    "pattern": rf"^\s*\d{{1,10}}\s*[{''.join(UNITS)}]\s*$",
    "examples": ["24h", "30d"],
}


_SCHEDULE: Final = "^(live|hourly|daily( at ([01]?[0-9]|2[0-3]):[0-5][0-9])?)$"


def schema() -> _Schema:
    """Return the JSON Schema (2020-12) of a segment in YAML or JSON.

    What `parse` reads is valid. What is refused by the sense of several values together (windows
    that hold nothing, names that are not known here) is for `parse` alone.
    """
    made: _Schema = msgspec.json.decode(schema_text())
    return made


@lru_cache(1)
def schema_text() -> str:
    """Return the schema as text."""
    whole = {
        "$schema": DIALECT,
        "$id": "urn:tailorbird:schema:segment",
        "title": "Segment",
        "description": "Who is in, at any instant: a tree of conditions on events and traits.",
        **_object(
            {
                "name": {"type": "string", "pattern": f"^{grammar.NAME.pattern}$"},
                "description": _TEXT,
                "refresh": {"type": "string", "pattern": _SCHEDULE},
                "where": _ref("condition"),
                "sql": _TEXT,
            },
            ("name",),
        ),
        "oneOf": [{"required": ["where"]}, {"required": ["sql"]}],
        "$defs": _definitions(),
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"


def _definitions() -> _Schema:
    kinds: tuple[Kind, ...] = (
        "text", "integer", "days", "millionths", "instant", "flag", "open", "duration", "dated",
    )  # fmt: skip
    return {
        "condition": {
            "oneOf": [
                *(_group(key) for key in ("all", "any")),
                _object({"not": _ref("condition")}, ("not",)),
                *(_ref(name) for name in _names()),
            ]
        },
        **{name: _form(form) for name, form in zip(_names(), FORMS, strict=True)},
        **_shapes(),
        **{f"is_{kind}": _comparison(kind) for kind in kinds},
    }


def _names() -> list[str]:
    """Return a name for each form, by its first word and what it needs."""
    said = [
        [form.word, *(form.needs or form.one_of[:1] * (form.word == "trait"))] for form in FORMS
    ]
    called = [form.called.split() or words for form, words in zip(FORMS, said, strict=True)]
    return ["_".join(("if", *words)) for words in called]


def _group(key: str) -> _Schema:
    return _object({key: {"type": "array", "minItems": 1, "items": _ref("condition")}}, (key,))


def _form(form: Form) -> _Schema:
    keys: _Schema = {key: _ref(shape) for key, shape in form.keys.items()}
    keys |= {key: _ref(f"date_{key}") for key, shape in form.keys.items() if shape == "date"}
    if form.word == "trait":
        keys["trait"] = {"allOf": [keys["trait"], {"not": {"enum": _unfit(form)}}]}
    made = _object(keys, (form.word, *form.needs))
    if form.word == "trait" and not form.compared:
        return made | {"minProperties": 2, "maxProperties": 2}
    if form.one_of:
        made["not"] = {"anyOf": list(_pairs(form.one_of))}
    if form.compared:
        made = _compared(form, made)
    return made


def _unfit(form: Form) -> list[str]:
    """Return the traits that a form cannot ask about; personal fields are never read."""
    if form.compared:
        return sorted(PERSONAL_FIELDS)
    date = "date" in form.keys.values()
    computed = {name for name, each in TRAITS.items() if not date or each.type != "instant"}
    return sorted(computed | PERSONAL_FIELDS - ({BIRTHDAY} if date else set()))


def _pairs(keys: tuple[str, ...]) -> Iterable[_Schema]:
    """Yield what no condition may have: two of these keys."""
    for index, one in enumerate(keys):
        if rest := keys[index + 1 :]:
            yield {"required": [one], "anyOf": [{"required": [other]} for other in rest]}


def _compared(form: Form, made: _Schema) -> _Schema:
    """Add one comparison: of the trait's kind, or of a score."""
    made["properties"] |= dict.fromkeys(WORDS, True)
    size = len(form.keys) + 1
    made |= {"minProperties": size, "maxProperties": size}
    if form.word != "trait":
        return made | {"allOf": [_rest(form.names, "millionths")]}
    kinds: dict[Kind, list[str]] = {}
    for name in TRAITS:
        kinds.setdefault(operands.kind_of_trait(name), []).append(name)
    return made | {
        "allOf": [
            *(_if_trait({"enum": names}, kind) for kind, names in kinds.items()),
            _if_trait({"not": {"enum": [*TRAITS]}}, "dated"),
        ]
    }


def _if_trait(named: _Schema, kind: Kind) -> _Schema:
    return {"if": {"properties": {"trait": named}}, "then": _rest(("trait",), kind)}


def _rest(names: tuple[str, ...], kind: Kind) -> _Schema:
    """Return that what stands beside these keys compares values of a kind."""
    kept = dict.fromkeys(names, True)
    return {"properties": {**kept, **_words(kind)}, "additionalProperties": False}


def _shapes() -> dict[str, _Schema]:
    bounds = {key: _ref(shape) for key, shape in grammar.BOUNDS.items()}
    texts = sorted(operands.PROPERTIES.keys() - operands.NUMBERS)
    shapes: dict[str, _Schema] = {
        "event": {**_NAME, "not": {"enum": [*_NO_FACTS]}, "examples": sorted(EVENTS)},
        "name": _NAME,
        "property": _NAME,
        "length": _LENGTH,
        "instant": _INSTANT,
        "properties": _properties(),
        "count": _single("integer", {"minimum": 0}),
        "measure": _measure({**_NAME, "not": {"enum": texts}}, "millionths"),
        "distinct": _measure(_NAME, "integer"),
        "moment": _object(bounds, ()) | {"minProperties": 1},
        "weekdays": {
            "type": "array", "minItems": 1, "maxItems": 6, "uniqueItems": True,
            "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
        },
        "hours": {
            "type": "array", "minItems": 2, "maxItems": 2,
            "items": {"type": "integer", "minimum": 0, "maximum": 24},
        },
        "trait": {**_NAME, "examples": sorted(TRAITS)},
        "has": {"type": ["string", "number", "boolean"]},
        "has_all": {"type": "array", "minItems": 1, "items": _ref("has")},
    }  # fmt: skip
    shapes |= _patterns()
    dates = {f"date_{key}": _distance(kind) for key, kind in operands.DATES.items()}
    return shapes | dates


def _distance(kind: Kind) -> _Schema:
    """Return a comparison with how far a date is: from 0, and never with whether it is."""
    least = {} if kind == "duration" else {"minimum": 0}
    return _single(kind, least, frozenset(("exists", "missing")))


def _patterns() -> dict[str, _Schema]:
    """Return what the conditions on many events together are made of."""
    told = {"where": _ref("properties"), "within": _ref("length")}
    step = [_object({word: _ref("event"), **told}, (word,)) for word in ("did", "did_not")]
    number = {"type": "integer", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}
    worth = {"points": number, "where": _ref("properties")}
    entry = _object({"did": _ref("event"), **worth}, ("did", "points"))
    each = {"anyOf": [number, _object(worth, ("points",))]}
    return {
        "steps": {
            "type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": {"anyOf": step},
        },
        "points": {
            "anyOf": [
                {"type": "array", "minItems": 1, "items": entry},
                {"type": "object", "minProperties": 1, "additionalProperties": each},
            ]
        },
        "latest": {"type": "integer", "minimum": 1, "maximum": MOST_LATEST},
        "periods": {"type": "integer", "minimum": 1, "maximum": MOST_PERIODS},
    }  # fmt: skip


def _properties() -> _Schema:
    known = {name: _ref(f"is_{kind}") for name, kind in operands.PROPERTIES.items()}
    known |= {name: _comparison("text", name) for name in operands.PRODUCT_PROPERTIES}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": known,
        "additionalProperties": _ref("is_open"),
        "propertyNames": {"anyOf": [{"enum": [*known]}, {"not": {"pattern": r"^context\."}}]},
    }


def _measure(of: _Schema, kind: Kind) -> _Schema:
    made = _object({"of": of, **_words(kind)}, ("of",))
    return made | {"minProperties": 2, "maxProperties": 2}


def _single(
    kind: Kind, also: _Schema | None = None, without: frozenset[str] = frozenset()
) -> _Schema:
    """Return exactly one comparison, or a bare value."""
    words = {word: each for word, each in _words(kind, also).items() if word not in without}
    return {"anyOf": [*_bare(words), _object(words, ()) | {"minProperties": 1, "maxProperties": 1}]}


def _comparison(kind: Kind, name: str = "") -> _Schema:
    """Return one comparison or several of a property, or a bare value."""
    words = _words(kind, name=name)
    return {"anyOf": [*_bare(words), _object(words, ()) | {"minProperties": 1}]}


def _bare(words: _Schema) -> list[_Schema]:
    return [words[word] for word in ("is", "in") if word in words]


def _words(kind: Kind, also: _Schema | None = None, name: str = "") -> _Schema:
    """Return the comparisons that a kind of value allows, with what stands under each."""
    made: _Schema = {}
    allowed = operands.comparisons(name, kind)
    for word, op in WORDS.items():
        operand = _OPERANDS[kind] | (also or {})
        if op in ("exists", "missing"):
            # `missing: false` says that it exists.
            says = [op in allowed, ({"exists", "missing"} - {op}) <= allowed]
            made |= {word: {"enum": [each for each, may in zip(_BOTH, says, strict=True) if may]}}
        elif op in allowed:
            many = {"type": "array", "minItems": 1, "items": operand}
            made[word] = many if op in ("in", "not in") else operand
    return {word: each for word, each in made.items() if each != {"enum": []}}


_BOTH: Final = (True, False)


def _object(properties: _Schema, required: Iterable[str]) -> _Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/$defs/{name}"}


_MOST_DAYS: Final = LONGEST // _DAY
_OPEN: Final[_Schema] = {"type": ["string", "number", "boolean"]}
_OPERANDS: Final[dict[Kind, _Schema]] = {
    "text": _TEXT, "integer": _INTEGER, "millionths": _NUMBER, "instant": _INSTANT, "flag": _FLAG,
    "days": {"type": "integer", "minimum": -_MOST_DAYS, "maximum": _MOST_DAYS}, "open": _OPEN,
    "dated": _OPEN, "duration": _LENGTH, "day": _INSTANT,
}  # fmt: skip
