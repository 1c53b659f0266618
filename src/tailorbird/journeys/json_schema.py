"""The JSON Schema of a journey's file: what is valid by its shape.

What follows from several values together, or from the names that are there, is for the validator;
a condition below `is` is one of segments, whose own schema says more of it.
"""

from __future__ import annotations

from typing import Any as Anything
from typing import Final, TypeAlias, get_args

import msgspec

from tailorbird.durations import UNITS
from tailorbird.journeys.campaign import COMMON_PRIORITY, Campaign
from tailorbird.journeys.journey import StockNews
from tailorbird.journeys.journey_reader import WEEKDAYS
from tailorbird.journeys.parse_journey import KEYS
from tailorbird.journeys.parse_steps import MESSAGE, MOST_JUMPS
from tailorbird.schema import PURPOSES

Schema: TypeAlias = dict[str, Anything]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}
_TEXT: Final = {"type": "string", "minLength": 1}
_FLAG: Final = {"type": "boolean"}
_OBJECT: Final = {"type": "object"}
_LENGTH: Final = {"type": "string", "pattern": rf"^\s*\d{{1,10}}\s*[{''.join(UNITS)}]\s*$"}
_CLOCK: Final = {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"}
_DAY: Final = {"enum": list(WEEKDAYS)}
_STEPS: Final = {"$ref": "#/$defs/steps"}
_CONDITION: Final = {"$ref": "#/$defs/condition"}
_WHERE: Final = {"type": "object", "minProperties": 1}


def json_schema() -> Schema:
    """Return the JSON Schema (2020-12) of a journey in YAML."""
    defs = _message_defs()
    message = defs.pop("Campaign")
    defs |= {
        "condition": {"oneOf": _conditions()},
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        "step": {"oneOf": _steps(message["properties"])},
        "trigger": {"oneOf": _triggers()},
    }
    properties = _properties()
    return {
        "$schema": DIALECT,
        "title": "A journey of Tailorbird",
        **_mapping(properties, ("name", "trigger", "steps")),
        "$defs": defs,
    }


def _properties() -> Schema:
    found: Schema = {
        "name": _NAME,
        "description": _TEXT | {"maxLength": 2000},
        "trigger": {"$ref": "#/$defs/trigger"},
        "who": _CONDITION,
        "exit_when": _CONDITION,
        "skip_ahead": {
            "type": "array",
            "items": _mapping({"if": _CONDITION, "to": _TEXT}, ("if", "to")),
        },
        "reentry": {"anyOf": [{"enum": ["never", "always"]}, _LENGTH], "default": "never"},
        "several": _FLAG,
        "per": _TEXT | {"maxLength": 200},
        "dedupe": _LENGTH,
        "restart": _FLAG,
        "holdout": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "goal": _mapping({"event": _TEXT, "where": _WHERE, "within": _LENGTH}, ("event",)),
        "purpose": {"enum": list(PURPOSES)},
        "priority": _whole(1, 9) | {"default": COMMON_PRIORITY},
        "exclusive": _TEXT | {"maxLength": 63},
        "mode": {"enum": ["live", "shadow", "paused"], "default": "live"},
        "steps": {**_STEPS, "minItems": 1},
    }
    return {key: found[key] for key in KEYS}


def _conditions() -> list[Schema]:
    parts = {"type": "array", "items": _CONDITION, "minItems": 1}
    event = {"event": _TEXT, "where": _WHERE, "since": {"enum": ["entry", "step"]}}
    return [
        _mapping({"segment": _TEXT}, ("segment",)),
        _mapping({"is": _OBJECT}, ("is",)),
        _mapping(event, ("event",)),
        _mapping({"all": parts}, ("all",)),
        _mapping({"any": parts}, ("any",)),
        _mapping({"not": _CONDITION}, ("not",)),
    ]


def _triggers() -> list[Schema]:
    interest = {"anyOf": [_TEXT, {"const": True}]}
    bounds = {
        "price_drop": {"least_percent": _whole(1, 99)},
        "low_stock": {"at_most": _whole(1, 1_000_000)},
    }
    date = {"date": _TEXT, "days": _whole(-3650, 3650), "at": _CLOCK, "yearly": _FLAG}
    return [
        {"const": "call"},
        _mapping({"call": {"const": True}}, ("call",)),
        _mapping({"event": _TEXT, "where": _WHERE, "late": _LENGTH}, ("event",)),
        _mapping({"segment": _TEXT, "on": {"enum": ["entry", "exit"]}}, ("segment",)),
        _mapping(date, ("date",)),
        *(
            _mapping({news: interest, "within": _LENGTH, **bounds.get(news, {})}, (news,))
            for news in get_args(StockNews)
        ),
    ]


def _steps(message: Schema) -> list[Schema]:
    way = _mapping({"if": _CONDITION, "then": _STEPS}, ("if",))
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e9}
    arm = _mapping({"share": share, "steps": _STEPS}, ())
    arms = {"type": "object", "minProperties": 2, "propertyNames": _NAME}
    scalar = {"type": ["string", "number", "boolean"]}
    traits = {"type": "object", "minProperties": 1, "additionalProperties": scalar}
    jump = _mapping({"to": _TEXT, "most": _whole(1, MOST_JUMPS), "if": _CONDITION}, ("to",))
    ways = {"type": "array", "items": way, "minItems": 1}
    thens = {"then": _STEPS, "else": _STEPS}
    error = {"on_error": _STEPS}
    return [
        _step("wait", _waits()),
        _step("wait_for", _CONDITION, {"timeout": _LENGTH, **thens}, ("timeout",)),
        _step("if", _CONDITION, thens) | {"anyOf": [{"required": [key]} for key in thens]},
        _step("branch", ways, {"else": _STEPS}),
        _step("split", arms | {"additionalProperties": arm}),
        _send(message),
        _step("recommend", _NAME, {"count": _whole(1, 24), "recommended_by": _NAME, **error}),
        _step("set", traits),
        _step("add_to_list", _NAME),
        _step("remove_from_list", _NAME),
        _step("webhook", _TEXT, error),
        _step("jump", {"anyOf": [_TEXT, jump]}),
        _step("goal", _NAME),
        _step("exit", {"type": ["string", "null"], "maxLength": 200}),
    ]


def _waits() -> Schema:
    days = {"anyOf": [_DAY, {"type": "array", "items": _DAY, "minItems": 1}]}
    local = {"for": _LENGTH, "at": _CLOCK, "on": days}
    instant = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}
    until = _mapping({"until": instant}, ("until",))
    return {"anyOf": [_LENGTH, until, _mapping(local, ()) | {"minProperties": 1}]}


def _send(message: Schema) -> Schema:
    said = {key: message[key] for key in MESSAGE}
    subject = {"type": "string", "minLength": 1, "maxLength": 500}
    found = _mapping(
        {"send": _NAME, **said, "subject": subject, "on_refused": _STEPS, "on_error": _STEPS},
        ("send", "template"),
    )
    return found | {"oneOf": [{"required": ["subject"]}, {"required": ["variants"]}]}


def _message_defs() -> Schema:
    """Return the definitions of a campaign, whose fields a send has, and of its parts."""
    _, defs = msgspec.json.schema_components([Campaign], ref_template="#/$defs/{name}")
    return defs


def _step(
    form: str, said: Schema, beside: Schema | None = None, needed: tuple[str, ...] = ()
) -> Schema:
    """Return the schema of a step that starts with a word."""
    return _mapping({form: said, **(beside or {}), "id": _NAME}, (form, *needed))


def _mapping(properties: Schema, required: tuple[str, ...]) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return found | ({"required": list(required)} if required else {})


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}
