"""The portable form written as Liquid."""

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
from tailorbird.content.tree import Place

_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_RESERVED = frozenset(
    {"nil", "null", "true", "false", "empty", "blank", "size", "first", "last", "forloop", "self"}
    | {"contains", "and", "or", "continue"}
)
_OWN = re.compile(r"(?:element|made)_\d+")
_FUNCTIONS: Final = {"upper": "upcase", "lower": "downcase", "trim": "strip"}
_TRUTHS: Final = {
    "present": ("{0}", ""),
    "script": ("{0} and {0} != 0 and {0} != empty", "and"),
    "filled": ("{0} and {0} != empty", "and"),
    "blank": ("{0} == blank", ""),
    "empty": ("{0} == empty", ""),
}
_UNTRUTHS: Final = {
    "present": ("{0} == nil or {0} == false", "or"),
    "script": ("{0} == nil or {0} == false or {0} == 0 or {0} == empty", "or"),
    "filled": ("{0} == nil or {0} == false or {0} == empty", "or"),
    "blank": ("{0} != blank", ""),
    "empty": ("{0} != empty", ""),
}
_SWAPPED: Final = {"==": "!=", "!=": "=="}


class ToLiquid:
    """Writes one template."""

    def __init__(self) -> None:
        self._loops: list[Loop] = []
        self._made: list[str] = []
        self._count = 0

    def part(self, part: Part, *, inside: bool = False) -> str:
        """Return the Liquid of a part.

        Raises:
            TemplateError: Liquid cannot say it; `where` is the place.
        """
        written = ""
        kept = inside and _silent(part)
        for piece in part:
            match piece:
                case Words(text):
                    written += _words(text, kept=kept)
                case Print():
                    written += self._print(piece)
                case Choice():
                    written += self._choice(piece)
                case Loop():
                    written += self._loop(piece)
        return written

    def _print(self, printed: Print) -> str:
        escape = " | escape" if printed.escape in ("html", "mustache", "url") else ""
        written = f"{{{{ {self._filtered(printed.value, printed.place)}{escape} }}}}"
        return f"{self._made_before()}{written}"

    def _made_before(self) -> str:
        """Return what gives names to the values that were just worked out."""
        before, self._made = "".join(self._made), []
        return before

    def _choice(self, choice: Choice) -> str:
        before, written = "", ""
        word = "if"
        for test, part in choice.branches:
            code, _ = self._test(test, choice.place, negated=False)
            before += self._made_before()
            written += f"{{% {word} {code} %}}{self.part(part, inside=True)}"
            word = "elsif"
        if choice.otherwise:
            written += f"{{% else %}}{self.part(choice.otherwise, inside=True)}"
        return f"{before}{written}{{% endif %}}"

    def _loop(self, loop: Loop) -> str:
        values = self._term(loop.values, loop.place)
        options = f" offset: {loop.start}" if loop.start else ""
        options += f" limit: {loop.end - loop.start}" if loop.end is not None else ""
        before = self._made_before()
        self._loops.append(loop)
        body = self.part(loop.body, inside=True)
        self._loops.pop()
        otherwise = self.part(loop.otherwise, inside=True)
        written = f"{before}{{% for element_{loop.number} in {values}{options} %}}{body}"
        written += f"{{% else %}}{otherwise}" if otherwise else ""
        return written + "{% endfor %}"

    # -- tests ------------------------------------------------------------------------------------

    def _test(self, test: Test, place: Place, *, negated: bool) -> tuple[str, str]:
        """Return a test, and the operator that joins it where one does."""
        match test:
            case Opposite(inner):
                return self._test(inner, place, negated=not negated)
            case Truth(value, kind):
                form, operator = (_UNTRUTHS if negated else _TRUTHS)[kind]
                return form.format(self._term(value, place)), operator
            case Compared(operator, left, right):
                written = _SWAPPED.get(operator) if negated else operator
                if written is None:
                    raise unfit(place, f"Liquid cannot turn {operator} round", "write the opposite")
                return f"{self._term(left, place)} {written} {self._term(right, place)}", ""
            case Joined(operator, left, right):
                return self._joined(operator, left, right, place, negated=negated)

    def _joined(
        self, operator: str, left: Test, right: Test, place: Place, *, negated: bool
    ) -> tuple[str, str]:
        if negated:
            operator = "or" if operator == "and" else "and"
        first, inner = self._test(left, place, negated=negated)
        second, outer = self._test(right, place, negated=negated)
        if inner not in ("", operator):
            raise unfit(
                place, f"Liquid has no brackets around {inner}", "write it as tests in each other"
            )
        joined = operator if outer in ("", operator) else "mixed"
        return f"{first} {operator} {second}", joined

    # -- values -----------------------------------------------------------------------------------

    def _filtered(self, term: Term, place: Place) -> str:
        if not isinstance(term, Made):
            return self._term(term, place)
        value, *others = term.arguments
        if term.function == "concat":
            added = "".join(f" | append: {self._term(each, place)}" for each in others)
            return f"{self._filtered(value, place)}{added}"
        given = ", ".join(self._term(each, place) for each in others)
        name = _FUNCTIONS.get(term.function, term.function)
        return f"{self._filtered(value, place)} | {name}" + (f": {given}" if given else "")

    def _term(self, term: Term, place: Place) -> str:
        match term:
            case Value(value):
                return _constant(value, place)
            case Root():
                raise unfit(place, "Liquid has no name for all of the data", "name a field")
            case Element(loop):
                return f"element_{loop}"
            case Position(loop, kind):
                return self._position(loop, kind, place)
            case Field(value, name):
                return self._field(value, name, place)
            case Size(value):
                return f"{self._term(value, place)}.size"
            case Made():
                self._count += 1
                name = f"made_{self._count}"
                self._made.append(f"{{% assign {name} = {self._filtered(term, place)} %}}")
                return name

    def _field(self, value: Term, name: str, place: Place) -> str:
        plain = bool(_NAME.fullmatch(name)) and name not in _RESERVED
        if isinstance(value, Root):
            if _OWN.fullmatch(name):
                raise unfit(place, f"{name} is a name that the export uses", "rename the field")
            return name if plain else f"[{_constant(name, place)}]"
        inner = self._term(value, place)
        return f"{inner}.{name}" if plain else f"{inner}[{_constant(name, place)}]"

    def _position(self, loop: int, kind: str, place: Place) -> str:
        around = [each.number for each in self._loops]
        if loop not in around:
            raise unfit(place, "the position of a loop that has ended", "use it inside")
        chain = "parentloop." * (len(around) - 1 - around.index(loop))
        return f"forloop.{chain}{'index0' if kind == 'index' else kind}"


def _silent(part: Part) -> bool:
    """Return whether nothing but blanks stands in a part, which Liquid would leave out."""
    for piece in part:
        match piece:
            case Words(text):
                if text.strip():
                    return False
            case Print():
                return False
            case Choice(branches, otherwise):
                if not all(_silent(each) for each in (otherwise, *(body for _, body in branches))):
                    return False
            case Loop(_, _, body, otherwise):
                if not (_silent(body) and _silent(otherwise)):
                    return False
    return True


def _words(text: str, *, kept: bool) -> str:
    if not kept and "{{" not in text and "{%" not in text and not text.endswith("{"):
        return text
    inner = text.replace("{% endraw", "{% endraw %}{{ '{% endraw' }}{% raw %}")
    return f"{{% raw %}}{inner}{{% endraw %}}"


def _constant(value: object, place: Place) -> str:
    if isinstance(value, str):
        quote = '"' if '"' not in value else "'"
        if quote in value:
            raise unfit(place, "Liquid cannot hold both kinds of quotes in a text", "use one")
        return f"{quote}{value}{quote}"
    if value is None or isinstance(value, bool):
        return "nil" if value is None else str(value).lower()
    written = repr(value)
    if "e" in written or "n" in written:
        raise unfit(place, f"Liquid cannot write the number {written}", "write it in full")
    return written
