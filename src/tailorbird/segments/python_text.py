"""Segments as Python source: running `python(segment)` makes the same tree."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything
from typing import Final, TypeAlias

from tailorbird.segments.conditions import All, Any, Condition, Not, Segment
from tailorbird.segments.schedule import LIVE, written
from tailorbird.segments.write import keyed

_Keyed: TypeAlias = Mapping[str, Anything]
_NAMES: Final = ("all_of", "any_of", "did", "did_not", "segment", "stated", "trait")
_SPELLED: Final = {"is": "is_", "in": "is_in"}


def python(segment: Segment) -> str:
    """Return Python source that makes the segment, under a name like its own."""
    if segment.sql:
        return _in_sql(segment)
    where = expression(segment.condition, 1)
    used = [name for name in _NAMES if re.search(rf"(?<![\w.'\"]){name}\(", where)]
    described = f"    description={segment.description!r},\n" if segment.description else ""
    if segment.refresh != LIVE:
        described += f"    refresh={written(segment.refresh)!r},\n"
    return (
        f"from tailorbird.segments import {', '.join(sorted(['define', *used]))}\n\n"
        f"{_identifier(segment.name)} = define(\n"
        f"    {segment.name!r},\n    {where},\n{described})\n"
    )


def _in_sql(segment: Segment) -> str:
    lines = (segment.name, segment.sql)
    said = "".join(f"    {each!r},\n" for each in lines)
    described = f"    description={segment.description!r},\n" if segment.description else ""
    every = f"    refresh={written(segment.refresh)!r},\n"
    return (
        "from tailorbird.segments import in_sql\n\n"
        f"{_identifier(segment.name)} = in_sql(\n{said}{described}{every})\n"
    )


def expression(condition: Condition, depth: int = 0) -> str:
    """Return the Python expression of a condition."""
    match condition:
        case Not(inner):
            return f"~{_operand(inner, depth)}"
        case All(conditions):
            return _joined("all_of", "&", conditions, depth)
        case Any(conditions):
            return _joined("any_of", "|", conditions, depth)
        case leaf:
            return _leaf(keyed(leaf))


def _joined(name: str, mark: str, conditions: Sequence[Condition], depth: int) -> str:
    """Join by a mark where that gives the same tree, which has no group of its kind in itself."""
    space = "    " * (depth + 1)
    if _is_called(All if mark == "&" else Any, conditions):
        inner = "".join(f"{space}{expression(each, depth + 1)},\n" for each in conditions)
        return f"{name}(\n{inner}{'    ' * depth})"
    return f"\n{'    ' * depth}{mark} ".join(_operand(each, depth) for each in conditions)


def _is_called(kind: type[All | Any], conditions: Sequence[Condition]) -> bool:
    """Return whether a group is made by name, because its mark would make another tree."""
    return len(conditions) < 2 or any(isinstance(each, kind) for each in conditions)


def _operand(condition: Condition, depth: int) -> str:
    text = expression(condition, depth + 1)
    grouped = isinstance(condition, All | Any) and not _is_called(
        type(condition), condition.conditions
    )
    space = "    " * (depth + 1)
    return f"(\n{space}{text}\n{'    ' * depth})" if grouped else expression(condition, depth)


def _leaf(keys: _Keyed) -> str:
    """Return a leaf by its methods, or as a mapping where it says what has no method."""
    form = next(iter(keys))
    write = _FORMS.get(form)
    rest = {key: each for key, each in keys.items() if key != form}
    written = write(keys[form], rest) if write else None
    return f"stated({keys!r})" if written is None else written


def _did(event: str, rest: _Keyed) -> str | None:
    followed = next((word for word in ("then", "then_not") if word in rest), None)
    first = f"did({event!r})"
    if followed is None:
        return _calls(first, rest, {key: key for key in ("where", "times", "sum", *_WINDOW)})
    before = {"where": "where", "since": "within", "older_than": "older_than"}
    after = {"then_where": "where", "within": "within"}
    if set(rest) - {followed, *before, *after}:
        return None
    start = _calls(first, {key: each for key, each in rest.items() if key in before}, before)
    middle = f"{start}.{followed}({rest[followed]!r})"
    return _calls(middle, {key: each for key, each in rest.items() if key in after}, after)


_WINDOW: Final = ("within", "older_than")


def _did_not(event: str, rest: _Keyed) -> str | None:
    return _calls(f"did_not({event!r})", rest, {key: key for key in ("where", *_WINDOW)})


def _trait(name: str, rest: _Keyed) -> str | None:
    if len(rest) != 1:
        return None
    ((word, operand),) = rest.items()
    if word not in _COMPARED:
        return None
    if word in ("exists", "missing"):
        said = ""
    else:
        said = ", ".join(map(repr, operand)) if isinstance(operand, list) else repr(operand)
    return f"trait({name!r}).{_SPELLED.get(word, word)}({said})"


_COMPARED: Final = frozenset(
    (
        "is", "is_not", "less_than", "at_most", "more_than", "at_least", "in", "not_in", "exists",
        "missing",
    )
)  # fmt: skip
_BOUNDS: Final = _COMPARED - {"exists", "missing"}


def _segment(name: str, rest: _Keyed) -> str | None:
    return None if rest else f"segment({name!r})"


_FORMS: Final[Mapping[str, Callable[[str, _Keyed], str | None]]] = {
    "did": _did,
    "did_not": _did_not,
    "trait": _trait,
    "segment": _segment,
}


def _calls(start: str, keys: _Keyed, methods: Mapping[str, str]) -> str | None:
    """Return the expression with a call for each key; None where a key has no method."""
    text = start
    for key, value in keys.items():
        arguments = _arguments(key, value) if key in methods else None
        if arguments is None:
            return None
        text += f".{methods[key]}({arguments})"
    return text


def _arguments(key: str, value: Anything) -> str | None:
    match key, value:
        case "where" | "then_where", dict():
            return _properties(value)
        case "times", dict():
            return _bounds(value)
        case "sum", dict():
            bounds = _bounds({word: each for word, each in value.items() if word != "of"})
            return None if bounds is None else f"{value['of']!r}, {bounds}"
        case _, str():
            return repr(value)
        case _:
            return None


def _properties(value: _Keyed) -> str:
    plain = {name: asked["is"] if list(asked) == ["is"] else asked for name, asked in value.items()}
    if all(_is_name(name) for name in plain):
        return ", ".join(f"{name}={asked!r}" for name, asked in plain.items())
    return repr(plain)


def _bounds(value: _Keyed) -> str | None:
    if not set(value) <= _BOUNDS:
        return None
    return ", ".join(
        repr(each) if word == "is" else f"{_SPELLED.get(word, word)}={each!r}"
        for word, each in value.items()
    )


def _identifier(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_")
    taken = plain in (*_NAMES, "define")
    return plain if _is_name(plain) and not taken else f"segment_{plain}".rstrip("_")


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)
