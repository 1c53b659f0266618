"""Segments as Python source: running `python(segment)` makes the same tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tailorbird.segments.conditions import All, Any, Condition, Not, Segment
from tailorbird.segments.python_leaves import NAMES, is_name, leaf
from tailorbird.segments.schedule import LIVE, written
from tailorbird.segments.write import keyed

_IMPORTED: Final = ("all_of", "any_of", *NAMES)


def python(segment: Segment) -> str:
    """Return Python source that makes the segment, under a name like its own."""
    if segment.sql:
        return _in_sql(segment)
    where = expression(segment.condition, 1)
    used = [name for name in _IMPORTED if re.search(rf"(?<![\w.'\"]){name}\(", where)]
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
        case one:
            return leaf(keyed(one))


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
    if not isinstance(condition, All | Any) or _is_called(type(condition), condition.conditions):
        return expression(condition, depth)
    space = "    " * (depth + 1)
    return f"(\n{space}{expression(condition, depth + 1)}\n{'    ' * depth})"


def _identifier(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_")
    taken = plain in (*_IMPORTED, "define")
    return plain if is_name(plain) and not taken else f"segment_{plain}".rstrip("_")
