"""Whitespace control: `~`, and marks that stand alone on their line.

Follows handlebars.js 4.7 statement by statement, with its order and its exceptions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tailorbird.content.handlebars.syntax import (
    Comment,
    Content,
    Insertion,
    Mustache,
    Program,
    Section,
    Statement,
    Strip,
)
from tailorbird.content.handlebars.tokens import BLANKS

_LINE_START = re.compile(r"[ \t]*\r?\n?")
_INDENT = re.compile(r"[ \t]+\Z")


@dataclass(frozen=True, slots=True)
class _Side:
    """What a statement does to the text around it."""

    strip: Strip
    alone: bool = False
    opens_alone: bool = False
    closes_alone: bool = False


def without_blanks(program: Program) -> None:
    """Take the blanks out of a whole template that its marks take."""
    _program(program, root=True)


def _program(program: Program | None, *, root: bool = False) -> None:
    if program is None:
        return
    body = program.body
    for place, statement in enumerate(body):
        side = _side(statement)
        if side is None:
            continue
        before = _blank_before(body, place, root=root)
        behind = _blank_behind(body, place, root=root)
        if side.strip.behind:
            _strip_start(body, place + 1, whole=True)
        if side.strip.before:
            _strip_end(body, place - 1, whole=True)
        if side.alone and before and behind:
            _strip_start(body, place + 1)
            if _strip_end(body, place - 1) and isinstance(statement, Insertion):
                statement.indent = _indent_before(body, place)
        if isinstance(statement, Section):
            if side.opens_alone and before:
                _strip_start(_first(statement).body, 0)
                _strip_end(body, place - 1)
            if side.closes_alone and behind:
                _strip_start(body, place + 1)
                last = statement.inverse or _first(statement)
                _strip_end(last.body, len(last.body) - 1)


def _side(statement: Statement) -> _Side | None:
    match statement:
        case Content():
            return None
        case Mustache(strip=strip):
            return _Side(strip)
        case Comment(strip) | Insertion(strip=strip):
            return _Side(strip, alone=True)
        case Section():
            return _section(statement)


def _first(section: Section) -> Program:
    found = section.program or section.inverse
    assert found is not None  # noqa: S101 - the parser gives every block one
    return found


def _section(section: Section) -> _Side:
    _program(section.program)
    _program(section.inverse)
    program = _first(section)
    inverse = section.inverse if section.program else None
    first = last = inverse
    if inverse is not None and inverse.chained:
        first = _chained(inverse.body[0])
        while last is not None and last.chained:
            last = _chained(last.body[-1])
    ends = (first or program).body
    side = _Side(
        Strip(section.opened.before, section.closed.behind),
        opens_alone=_blank_behind(program.body, -1),
        closes_alone=_blank_before(ends, len(ends)),
    )
    if section.opened.behind:
        _strip_start(program.body, 0, whole=True)
    if first is not None and last is not None:
        _between(section, program, first, last)
    elif section.closed.before:
        _strip_end(program.body, len(program.body) - 1, whole=True)
    return side


def _chained(statement: Statement) -> Program:
    assert isinstance(statement, Section)  # noqa: S101 - a chain holds just its block
    return _first(statement)


def _between(section: Section, program: Program, first: Program, last: Program) -> None:
    """Take the blanks around the `else` of a block."""
    if section.between.before:
        _strip_end(program.body, len(program.body) - 1, whole=True)
    if section.between.behind:
        _strip_start(first.body, 0, whole=True)
    if section.closed.before:
        _strip_end(last.body, len(last.body) - 1, whole=True)
    if _blank_before(program.body, len(program.body)) and _blank_behind(first.body, -1):
        _strip_end(program.body, len(program.body) - 1)
        _strip_start(first.body, 0)


def _blank_before(body: list[Statement], place: int, *, root: bool = False) -> bool:
    """Return whether only blanks stand between a place and the start of its line."""
    if place < 1:
        return root
    content = body[place - 1]
    if not isinstance(content, Content):
        return False
    text = content.original
    blanks = text[len(text.rstrip(BLANKS)) :]
    return "\n" in blanks or (root and place == 1 and blanks == text)


def _blank_behind(body: list[Statement], place: int, *, root: bool = False) -> bool:
    """Return whether only blanks stand between a place and the end of its line."""
    if place + 1 >= len(body):
        return root
    content = body[place + 1]
    if not isinstance(content, Content):
        return False
    text = content.original
    blanks = text[: len(text) - len(text.lstrip(BLANKS))]
    return "\n" in blanks or (root and place + 2 == len(body) and blanks == text)


def _strip_start(body: list[Statement], place: int, *, whole: bool = False) -> None:
    """Take the blanks at the start of a text: all of them, or the rest of its first line."""
    content = body[place] if place < len(body) else None
    if not isinstance(content, Content) or (content.stripped_right and not whole):
        return
    before = content.text
    if whole:
        content.text = before.lstrip(BLANKS)
    else:
        content.text = _LINE_START.sub("", before, count=1)
    content.stripped_right = content.text != before


def _strip_end(body: list[Statement], place: int, *, whole: bool = False) -> bool:
    """Take the blanks at the end of a text: all of them, or those of its last line."""
    content = body[place] if place >= 0 else None
    if not isinstance(content, Content) or (content.stripped_left and not whole):
        return False
    before = content.text
    content.text = before.rstrip(BLANKS) if whole else before.rstrip(" \t")
    content.stripped_left = content.text != before
    return content.stripped_left


def _indent_before(body: list[Statement], place: int) -> str:
    content = body[place - 1]
    match = _INDENT.search(content.original) if isinstance(content, Content) else None
    return match[0] if match else ""
