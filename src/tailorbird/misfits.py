"""Why a value does not fit the type that it is read as, in the words of whoever wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

Path: TypeAlias = tuple[str | int, ...]

MOST_TOLD: Final = 30
"""Names that an error lists."""
LONGEST: Final = 60
"""Characters of a value that an error shows."""
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_FIELD: Final = re.compile(r"(unknown|missing required) field `([^`]+)`")
_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "datetime": "a time",
    "date": "a date",
}
_SHAPES: Final = {
    "array": " such as [one, another]",
    "object": " (`key: value`)",
    "datetime": " such as 2026-01-31T09:00:00Z",
    "date": " such as 2026-01-31",
}
"""How an author writes a kind that its name alone does not tell."""
_COMPARED: Final = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}
_BOUNDS: Final = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
_LENGTHS: Final = (("min_length", "at least"), ("max_length", "at most"))


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where a value does not fit, what is wrong with it, and how it is mended."""

    path: Path
    what: str
    mend: str


def misfit(
    error: msgspec.ValidationError,
    value: Any,
    type_: Any,
    *,
    shown: bool = True,
    strict: bool = True,
) -> Misfit:
    """Return why a value is refused as a type; unless it is `shown`, without the value itself.

    It was converted `strict` or not, as msgspec means that.

    >>> try:
    ...     msgspec.convert({"tea": "many"}, dict[str, int])
    ... except msgspec.ValidationError as error:
    ...     found = misfit(error, {"tea": "many"}, dict[str, int])
    >>> found.what
    "'tea' is 'many', but it must be a whole number"
    >>> found.mend
    'write a whole number'
    """
    said, _, at = str(error).partition(" - at `")
    root = inspect.type_info(type_)
    path = _named(at.rstrip("`"), value, type_, said, strict=strict)
    held = _held(value, path)
    kinds = list(_kinds(root, path, value))
    if field := _FIELD.search(said):
        return _of_field(field[1], field[2], path, held, kinds)
    name = f"'{dotted(path)}'" if path else "it"
    if at.startswith("key`"):
        return Misfit(path, f"a key of {name} is no text", "put it in quotes")
    mend = _mend(kinds, held) if kinds else _tags(held, list(_kinds(root, path[:-1], None)))
    if said.startswith(("Invalid enum value", "Invalid value")):
        is_ = f"is {says(held)}, which" if shown else "has a value that"
        return Misfit(path, f"{name} {is_} is not known", mend)
    is_ = f"is {says(held)}, but it" if shown else "does not fit: it"
    return Misfit(path, f"{name} {is_} must {_needed(said, kinds)}", mend)


def meant(word: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to a word, '' where none is near.

    >>> meant("purchse", ["return", "purchase"]), meant("tea", ["purchase"])
    ('purchase', '')
    """
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)), "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?`, or the list of what is known, each name once.

    >>> nearest("purchse", ["return", "purchase"]), nearest("tea", ["return", "cart", "return"])
    ("did you mean 'purchase'?", 'known: cart, return')
    """
    names = sorted(set(known))
    if near := meant(word, names):
        return f"did you mean {near!r}?"
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"known: {', '.join(names[:MOST_TOLD])}{more}"


def dotted(path: Path) -> str:
    """Return a path as it is said.

    >>> dotted(("pairs", 0, "show"))
    'pairs[0].show'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def says(value: Any) -> str:
    """Return a value as an author would recognise it.

    >>> says("lots"), says(True), says(None), says([])
    ("'lots'", 'true', 'empty', 'an empty list')
    """
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case Mapping():
            return "a mapping"
        case date():
            return value.isoformat()
        case str():
            return repr(value[:LONGEST] + ("..." if len(value) > LONGEST else ""))
        case _:
            return str(value)[:LONGEST]


def _named(at: str, value: Any, type_: Any, said: str, *, strict: bool) -> Path:
    """Return the path that msgspec says; keys of mappings, which it leaves out, are looked for."""
    path: Path = ()
    for key, index in _STEP.findall(at.rpartition("` in `")[2]):
        if index == "...":
            path = (*path, _culprit(value, path, type_, said, strict=strict))
        else:
            path = (*path, int(index) if index else key)
    return path


def _culprit(value: Any, path: Path, type_: Any, said: str, *, strict: bool) -> str:
    """Return the first key of the mapping at a path that alone is refused in the same words."""
    for key, each in _held(value, path).items():
        try:
            msgspec.convert(_with(value, path, {key: each}), type_, strict=strict)
        except msgspec.ValidationError as error:
            if str(error).startswith(said):
                return str(key)
    return "..."


def _with(value: Any, path: Path, part: Any) -> Any:
    """Return a value with another one at a path."""
    if not path:
        return part
    first, *rest = path
    inner = _with(value[first], tuple(rest), part)
    if isinstance(value, Mapping):
        return {**value, first: inner}
    return [inner if at == first else each for at, each in enumerate(value)]


def _held(value: Any, path: Path) -> Any:
    """Return what stands at a path; None where nothing does."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _kinds(kind: inspect.Type, path: Path, value: Any) -> Iterator[inspect.Type]:
    """Yield every type that may stand at a path of a value, unions as their parts."""
    match kind:
        case inspect.UnionType(types=types):
            for each in types:
                yield from _kinds(each, path, value)
        case _ if not path:
            yield kind
        case inspect.StructType(fields=fields):
            if _tagged_otherwise(kind, value):
                return
            for field in fields:
                if field.encode_name == path[0]:
                    yield from _kinds(field.type, path[1:], _held(value, path[:1]))
        case inspect.DictType(value_type=inner):
            yield from _kinds(inner, path[1:], _held(value, path[:1]))
        case inspect.CollectionType(item_type=inner):
            yield from _kinds(inner, path[1:], _held(value, path[:1]))
        case inspect.TupleType(item_types=inners) if path[0] in range(len(inners)):
            yield from _kinds(inners[int(path[0])], path[1:], _held(value, path[:1]))
        case _:
            return


def _tagged_otherwise(kind: inspect.StructType, value: Any) -> bool:
    """Return whether a mapping says by its tag that it is another struct than this."""
    if kind.tag_field is None or not isinstance(value, Mapping):
        return False
    return bool(value.get(kind.tag_field, kind.tag) != kind.tag)


def _of_field(fault: str, name: str, path: Path, held: Any, kinds: list[inspect.Type]) -> Misfit:
    """Return that a mapping has a field too many or too few."""
    inside = f" in '{dotted(path)}'" if path else ""
    structs = [each for each in kinds if isinstance(each, inspect.StructType)]
    if fault == "unknown":
        own = [each for each in structs if not _tagged_otherwise(each, held)]
        known = [field.encode_name for each in own for field in each.fields]
        mend = nearest(name, known) if known else "remove it"
        return Misfit((*path, name), f"unknown field '{name}'{inside}", mend)
    wanted = [f for each in structs for f in each.fields if f.encode_name == name]
    tags = [str(each.tag) for each in structs if each.tag_field == name]
    if tags:
        mend = f"add `{name}:` and one of {', '.join(sorted(tags))}"
    elif wanted:
        mend = f"add `{name}:` and {_or([_shape(each) for each in _flat(wanted[0].type)])}"
    else:
        mend = f"add `{name}:`"
    return Misfit(path, f"missing required field '{name}'{inside}", mend)


def _flat(kind: inspect.Type) -> list[inspect.Type]:
    found = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [each for each in found if not isinstance(each, inspect.NoneType)]


def _tags(held: Any, kinds: list[inspect.Type]) -> str:
    """Return which kind a mapping may say that it is, by the tags of those that it may be."""
    known = [str(each.tag) for each in kinds if isinstance(each, inspect.StructType)]
    return nearest(str(held), known) if known else "leave it out"


def _needed(said: str, kinds: list[inspect.Type]) -> str:
    """Return what msgspec expects, in words."""
    if bound := re.search(r"` (>=|>|<=|<) (\S+)", said):
        return f"be {_COMPARED[bound[1]]} {_figure(float(bound[2]))}"
    if length := re.search(r"`(str|array|object)` of (?:at least )?length (>= |<= )?(\d+)", said):
        more = f"{_COMPARED[length[2].strip()]} " if length[2] else ""
        one, many = ("character", "characters") if length[1] == "str" else ("entry", "entries")
        return f"have {more}{length[3]} {one if length[3] == '1' else many}"
    if pattern := re.search(r"matching regex (.*)", said):
        return f"match {pattern[1]}"
    known = [_KINDS[kind] for kind in map(_kind, kinds) if kind in _KINDS]
    return f"be {_or(known or _expected(said))}"


def _expected(said: str) -> list[str]:
    """Return the kinds that msgspec names, where the type tells none."""
    found = re.search(r"Expected `([^`]+)`", said)
    names = found[1].split(" | ") if found else []
    return [_KINDS.get(each, each) for each in names if each != "null"] or ["of another kind"]


def _mend(kinds: list[inspect.Type], held: Any) -> str:
    """Return what to write instead."""
    choices = [choice for each in kinds for choice in _choices(each)]
    if choices and isinstance(held, str):
        return nearest(held, choices)
    if any(isinstance(each, inspect.StrType) for each in kinds) and _unquoted(held):
        return "put it in quotes"
    wanted = [_shape(each) for each in kinds if not isinstance(each, inspect.NoneType)]
    return f"write {_or(wanted)}" if wanted else "leave it out"


def _unquoted(held: Any) -> bool:
    """Return whether a value would be text if it stood in quotes."""
    return held is not None and not isinstance(held, str | list | Mapping)


def _choices(kind: inspect.Type) -> list[str]:
    """Return the words of which one may stand there, where they are few."""
    match kind:
        case inspect.LiteralType(values=values):
            return [str(each) for each in values]
        case inspect.EnumType(cls=cls):
            return [str(each.value) for each in cls]
        case _:
            return []


def _kind(kind: inspect.Type) -> str:
    """Return the name of a type as msgspec gives it."""
    match kind:
        case inspect.IntType():
            return "int"
        case inspect.FloatType() | inspect.DecimalType():
            return "float"
        case inspect.BoolType():
            return "bool"
        case inspect.StrType() | inspect.LiteralType() | inspect.EnumType():
            return "str"
        case inspect.CollectionType() | inspect.TupleType():
            return "array"
        case inspect.StructType() | inspect.DictType():
            return "object"
        case inspect.DateTimeType():
            return "datetime"
        case inspect.DateType():
            return "date"
        case _:
            return ""


def _shape(kind: inspect.Type) -> str:
    """Return what an author writes for a type."""
    if choices := _choices(kind):
        return f"one of {', '.join(choices)}"
    name = _kind(kind)
    return f"{_KINDS.get(name, 'a value')}{_SHAPES.get(name, '')}{_limits(kind)}"


def _limits(kind: inspect.Type) -> str:
    """Return the bounds of a type, with what leads to them."""
    found = {words: getattr(kind, name, None) for name, words in _BOUNDS}
    known = {words: _figure(bound) for words, bound in found.items() if bound is not None}
    if set(known) == {"at least", "at most"}:
        return f" from {known['at least']} to {known['at most']}"
    pattern = getattr(kind, "pattern", None)
    shown = [f"{words} {bound}" for words, bound in known.items()]
    lengths = {words: getattr(kind, name, None) for name, words in _LENGTHS}
    shown += [f"{words} {n} long" for words, n in lengths.items() if n is not None]
    shown += [_of_signs(pattern)] if pattern else []
    return f", {' and '.join(shown)}" if shown else ""


def _of_signs(pattern: str) -> str:
    """Return of what signs a text is; names, which are most of them, without a regex."""
    if re.fullmatch(r"\^\[a-z0-9\]\[a-z0-9_-\](\*|\{0,\d+\})\$", pattern):
        return "of small letters, digits, - and _, such as spring-sale"
    return f"matching {pattern}"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:g}"


def _or(words: list[str]) -> str:
    """Return words in a row; what stands for nothing is left out."""
    return " or ".join(dict.fromkeys(each for each in words if each))
