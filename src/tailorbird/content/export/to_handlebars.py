"""The portable form written as Handlebars, with our own helpers."""

from __future__ import annotations

import re
from typing import Final

from tailorbird.content.export.portable import (
    Choice,
    Compared,
    Element,
    Field,
    Joined,
    Loop,
    Made,
    Opposite,
    Part,
    Position,
    Print,
    Root,
    Size,
    Term,
    Test,
    Truth,
    Value,
    Words,
    unfit,
)
from tailorbird.content.handlebars.functions import BLOCKS
from tailorbird.content.handlebars.tokens import BLANKS
from tailorbird.content.tree import Place

_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_RESERVED = frozenset(
    {"this", "true", "false", "null", "undefined", "else", "as", "log", "lookup", "raw", "length"}
    | {"helperMissing", "blockHelperMissing", *BLOCKS}
)
_COMPARED: Final = {"==": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FUNCTIONS: Final = {"upper": "uppercase", "lower": "lowercase"}
_TRUTHS: Final = {
    "present": "(and (ne {0} null) (ne {0} false))",
    "script": "{0}",
    "filled": "(or {0} (eq {0} 0))",
    "blank": "(blank {0})",
    "empty": "(empty {0})",
}
_BRACES = re.compile(r"(\{{2,})")
_NOTHING = "{{lookup null 0}}"
"""Prints nothing; a block behind it does not stand alone on its line, so the line stays."""


class ToHandlebars:
    """Writes one template."""

    def __init__(self) -> None:
        self._written = ""
        self._loops: list[Loop] = []

    def template(self, part: Part) -> str:
        """Return the Handlebars of a whole template.

        Raises:
            TemplateError: Handlebars cannot say it; `where` is the place.
        """
        self._part(part)
        return self._written

    def _part(self, part: Part) -> None:
        for piece in part:
            match piece:
                case Words(text):
                    self._words(text)
                case Print(value, escape, place):
                    inner = self._head(value, place)
                    self._mark(f"{{{{{{{inner}}}}}}}" if escape == "none" else f"{{{{{inner}}}}}")
                case Choice():
                    self._choice(piece)
                case Loop():
                    self._loop(piece)

    def _words(self, text: str) -> None:
        """Write text; braces beside a mark would be read as part of it."""
        for number, piece in enumerate(_BRACES.split(text)):
            if number % 2:
                self._mark(f'{{{{concat "{piece}"}}}}')
                continue
            braces = len(piece) - len(piece.lstrip("}")) if self._written.endswith("}}") else 0
            if braces:
                self._mark(f'{{{{concat "{piece[:braces]}"}}}}')
            self._written += piece[braces:]

    def _mark(self, mark: str) -> None:
        """Write a mark; a backslash or a brace before it must stay what it is."""
        if self._written.endswith("{"):
            self._written = self._written[:-1]
            self._mark('{{concat "{"}}')
        if self._written.endswith("\\"):
            self._written += "\\"
        self._written += mark

    def _block(self, mark: str) -> None:
        """Write a mark of a block."""
        line = self._written[len(self._written.rstrip(BLANKS)) :]
        if "\n" in line or not self._written.strip(BLANKS):
            self._mark(_NOTHING)
        self._mark(mark)

    def _choice(self, choice: Choice) -> None:
        first, *others = choice.branches
        test = self._test(first[0], choice.place)
        self._block(f"{{{{#if {test}}}}}")
        self._part(first[1])
        for other, part in others:
            self._block(f"{{{{else if {self._test(other, choice.place)}}}}}")
            self._part(part)
        if choice.otherwise:
            self._block("{{else}}")
            self._part(choice.otherwise)
        self._block("{{/if}}")

    def _loop(self, loop: Loop) -> None:
        if loop.start and loop.otherwise:
            raise unfit(loop.place, "a loop with an offset and an else", "write one of them")
        name = f"element_{loop.number}"
        self._block(f"{{{{#each {self._term(loop.values, loop.place)} as |{name}|}}}}")
        self._loops.append(loop)
        tests = [f"(gte @index {loop.start})"] if loop.start else []
        tests += [f"(lt @index {loop.end})"] if loop.end is not None else []
        if tests:
            self._block("{{#if " + (f"(and {' '.join(tests)})" if tests[1:] else tests[0]) + "}}")
        self._part(loop.body)
        if tests:
            self._block("{{/if}}")
        self._loops.pop()
        if loop.otherwise:
            self._block("{{else}}")
            self._part(loop.otherwise)
        self._block("{{/each}}")

    # -- tests and values -------------------------------------------------------------------------

    def _test(self, test: Test, place: Place) -> str:
        match test:
            case Opposite(inner):
                return f"(not {self._test(inner, place)})"
            case Truth(value, kind):
                return _TRUTHS[kind].format(self._term(value, place))
            case Compared(operator, left, right):
                one, other = self._term(left, place), self._term(right, place)
                return f"({_COMPARED[operator]} {one} {other})"
            case Joined(operator, left, right):
                return f"({operator} {self._test(left, place)} {self._test(right, place)})"

    def _head(self, term: Term, place: Place) -> str:
        """Return a value as it stands between the braces of a mustache."""
        written = self._term(term, place)
        return written[1:-1] if isinstance(term, Made) else written

    def _term(self, term: Term, place: Place) -> str:
        match term:
            case Value(value):
                return _constant(value, place)
            case Root():
                return "@root" if self._loops else "this"
            case Element(loop):
                return f"element_{loop}"
            case Position(loop, kind):
                return self._position(loop, kind, place)
            case Field(value, name):
                return self._field(value, name, place)
            case Size(value):
                return f"{self._term(value, place)}.length"
            case Made(function, arguments):
                name = _FUNCTIONS.get(function, function)
                return f"({name} {' '.join(self._term(each, place) for each in arguments)})"

    def _field(self, value: Term, name: str, place: Place) -> str:
        if "]" in name or "\\" in name:
            raise unfit(place, f"Handlebars cannot read a field named {name!r}", "rename it")
        plain = bool(_NAME.fullmatch(name)) and name not in _RESERVED
        part = name if plain else f"[{name}]"
        if isinstance(value, Root) and not self._loops:
            return name if plain else f"this.{part}"
        if isinstance(value, Made | Value | Position):
            raise unfit(place, "a field of a computed value", "give it with the data")
        if isinstance(value, Element | Field) and name.endswith("this"):
            raise unfit(place, f"Handlebars misreads a field named {name!r}", "rename it")
        return f"{self._term(value, place)}.{part}"

    def _position(self, loop: int, kind: str, place: Place) -> str:
        around = [each.number for each in self._loops]
        if loop not in around:
            raise unfit(place, "the position of a loop that has ended", "use it inside")
        found = self._loops[around.index(loop)]
        if found.start or (kind == "last" and found.end is not None):
            raise unfit(place, "the position in a part of a list", "leave out offset and limit")
        return "@" + "../" * (len(around) - 1 - around.index(loop)) + kind


def _constant(value: object, place: Place) -> str:
    if isinstance(value, str):
        quote = '"' if '"' not in value else "'"
        if quote in value or "\\" in value:
            raise unfit(
                place, "Handlebars cannot hold this text in quotes", "leave out quotes and \\"
            )
        return f"{quote}{value}{quote}"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    written = repr(value)
    if "e" in written or "n" in written:
        raise unfit(place, f"Handlebars cannot write the number {written}", "write it in full")
    return written
