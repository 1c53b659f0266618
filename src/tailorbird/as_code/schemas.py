"""The JSON Schemas of definitions, for editors and for programs: what is valid by its shape.

What follows from several values together, or from the names that are there, is for the readers.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, TypeAlias

import msgspec
import yaml

from tailorbird import clusters, journeys, learning_texts, segments
from tailorbird.as_code import file_shapes as shapes
from tailorbird.collect import forms
from tailorbird.collect.sources import definition
from tailorbird.content.rule_conditions import BROWSED, WEEKDAYS
from tailorbird.errors import UsageError
from tailorbird.letters.texts import Texts
from tailorbird.recommend.rules import Rules
from tailorbird.settings import Settings
from tailorbird.yaml_text import nearest

Schema: TypeAlias = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SETTINGS: Final = "settings"
_TEXT: Final[Schema] = {"type": "string"}
_STRUCTS: Final[Mapping[str, Any]] = {
    "campaign": journeys.Campaign,
    "clusters": clusters.Wanted,
    "form": forms.Form,
    "groups": shapes.GroupsFile,
    "image": shapes.ImageFile,
    "imputation": shapes.ImputationFile,
    "list": shapes.ListFile,
    "mapping": shapes.MappingFile,
    "model": learning_texts.WantedModel,
    "recommendations": Rules,
    "slot": shapes.SlotFile,
    "source": definition.Source,
    "texts": Texts,
    "tracking_plan": shapes.TrackingPlanFile,
    SETTINGS: Settings,
}
"""Kinds whose schema follows from a struct; the others have their own grammar."""


def names() -> list[str]:
    """Return the names of all schemas: the kinds that are YAML, and the settings."""
    return sorted({*_STRUCTS, *_MADE})


def schema_text(name: str) -> str:
    """Return the JSON Schema (2020-12) of a kind as text.

    Raises:
        UsageError: there is none of this name.
    """
    return msgspec.json.format(msgspec.json.encode(schema(name)), indent=2).decode() + "\n"


@cache
def schema(name: str) -> Schema:
    """Return the JSON Schema (2020-12) of a kind, with an example. Raises as `schema_text`."""
    if name in _MADE:
        made = _MADE[name]()
    elif name in _STRUCTS:
        made = _of_struct(name, _STRUCTS[name])
    else:
        mend = nearest(name, names())
        raise UsageError(f"no schema {name!r}", mend=mend)
    head = {
        "$schema": DIALECT,
        "$id": f"urn:tailorbird:schema:{name}",
        "title": name.replace("_", " ").capitalize(),
    }
    example = example_text(name)
    shown = {"examples": [yaml.safe_load(example)]} if example else {}
    plain: Schema = msgspec.json.decode(msgspec.json.encode(head | made | head | shown))
    return plain


def example_text(name: str) -> str:
    """Return an example of a kind as its author would write it, '' where there is none."""
    file = files("tailorbird.as_code") / "examples" / f"{name}.yaml"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _of_struct(name: str, struct: Any) -> Schema:
    made = msgspec.json.schema(struct)
    described = {each.__name__: each for each in _reachable(struct)}
    for called, definition_ in made.get("$defs", {}).items():
        if called in described:
            _describe(definition_, described[called])
    for change in _MENDS.get(name, ()):
        change(made)
    return made


def _describe(schema: Schema, struct: type[msgspec.Struct]) -> None:
    """Add what stands below each field of a struct as its description."""
    encoded = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    for owner in reversed(struct.__mro__):
        if not (issubclass(owner, msgspec.Struct) and owner is not msgspec.Struct):
            continue
        for field, text in _field_docs(owner):
            said = schema.get("properties", {}).get(encoded.get(field, field))
            if isinstance(said, dict):
                said.setdefault("description", text)


@cache
def _field_docs(struct: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    except (OSError, TypeError):
        return ()
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found = []
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found.append((name, " ".join(text.split())))
            case _:
                pass
    return tuple(found)


def _reachable(struct: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield every struct that a type is made of."""
    seen: set[Any] = set()
    waiting = [msgspec.inspect.type_info(struct)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
            waiting += [field.type for field in info.fields]
        for name in ("item_type", "key_type", "value_type", "type"):
            below = getattr(info, name, None)
            waiting += [below] if isinstance(below, msgspec.inspect.Type) else []
        for name in ("types", "item_types"):
            waiting += getattr(info, name, ())


# -- what structs cannot say --------------------------------------------------------------------


def _add_conditions(made: Schema) -> None:
    made["$defs"] |= segments.schema()["$defs"]


def _add_slot_conditions(made: Schema) -> None:
    _add_conditions(made)
    inner, many = {"$ref": "#/$defs/slot_condition"}, {"type": "array", "minItems": 1}
    groups = [_keyed(word, {**many, "items": inner}) for word in ("all", "any")]
    made["$defs"]["slot_condition"] = {
        "anyOf": [
            {"$ref": "#/$defs/condition"},
            *groups,
            _keyed("not", inner),
            *(_keyed(word, True) for word in ("known", "missing", "recommendations", "time")),
        ]
    }
    rule = made["$defs"]["SlotRule"]
    rule["oneOf"] = [{"required": [word]} for word in ("if", "elif", "else")]
    time = f"`weekdays` ({', '.join(WEEKDAYS)}), `hours`, `after` and `before`"
    made["$defs"]["slot_condition"]["description"] = (
        f"As of segments; or known, missing, recommendations ({', '.join(BROWSED)} too); or time: "
        f"{time}."
    )


def _add_layers(made: Schema) -> None:
    found = [msgspec.json.schema(each) for each in shapes.LAYERS]
    for each in found:
        made["$defs"] |= each["$defs"]
    made["$defs"]["layer"] = {"anyOf": [{"$ref": each["$ref"]} for each in found]}


def _keyed(word: str, value: Any) -> Schema:
    return {
        "type": "object", "properties": {word: value}, "required": [word],
        "additionalProperties": False,
    }  # fmt: skip


_MENDS: Final[Mapping[str, tuple[Callable[[Schema], None], ...]]] = {
    "groups": (_add_conditions,),
    "slot": (_add_slot_conditions,),
    "image": (_add_layers,),
}
_MADE: Final[Mapping[str, Callable[[], Schema]]] = {
    "journey": journeys.json_schema,
    "segment": segments.schema,
}
"""Kinds that make their schema themselves."""
