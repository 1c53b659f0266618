"""The inside of a Liquid tag: markup into expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from tailorbird.content.filters import check_filter
from tailorbird.content.liquid.tokens import Source, Token
from tailorbird.content.tree import (
    Compare,
    Constant,
    Expression,
    Filtered,
    Logic,
    Operator,
    Path,
    Place,
    Span,
    Special,
    Step,
)
from tailorbird.errors import TemplateError

_LEXEME = re.compile(
    r"""(?P<string>"[^"]*"|'[^']*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][\w-]*\??)
      | (?P<compare>==|!=|<>|<=|>=|<|>)
      | (?P<range>\.\.)
      | (?P<mark>[|:,.\[\]()?=-])""",
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r"\s*")
_DEEPEST = 60
_LONGEST_NUMBER = 40
_CONSTANTS: dict[str, str | bool | None] = {
    "nil": None,
    "null": None,
    "true": True,
    "false": False,
    "empty": "",
    "blank": "",
}


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One word of markup. The last one has the kind `end`."""

    kind: str
    text: str
    start: int


class Markup:
    """A cursor over the words of one tag or output."""

    def __init__(self, token: Token) -> None:
        self.source: Source = token.source
        self._text = token.text
        self._base = token.start
        self._words = list(self._lex(token))
        self._next = 0
        self._depth = 0

    def _lex(self, token: Token) -> list[Lexeme]:
        words: list[Lexeme] = []
        at = 0
        text = token.text
        while (at := cast("re.Match[str]", _SPACE.match(text, at)).end()) < len(text):
            match = _LEXEME.match(text, at)
            if match is None and self.source.lenient:
                at += 1
                continue
            if match is None:
                raise token.source.fault(
                    token.start + at, f"unexpected character {text[at]!r}", "remove it"
                )
            words.append(Lexeme(str(match.lastgroup), match[0], token.start + at))
            at = match.end()
        words.append(Lexeme("end", "", token.start + len(text.rstrip())))
        return words

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def word(self) -> Lexeme:
        """Return the next word without taking it."""
        return self._words[self._next]

    @property
    def place(self) -> Place:
        """Return where the next word stands."""
        return self.source.place(self.word.start)

    def after(self) -> Lexeme:
        """Return the word behind the next one."""
        return self._words[min(self._next + 1, len(self._words) - 1)]

    def take(self) -> Lexeme:
        """Return the next word and step over it."""
        word = self._words[self._next]
        if word.kind != "end":
            self._next += 1
        return word

    def accept(self, text: str) -> bool:
        """Step over the next word if it is `text`, and say whether it was."""
        found = self.word.text == text and self.word.kind not in ("string", "end")
        self._next += found
        return found

    def expect(self, text: str) -> None:
        """Step over `text`.

        Raises:
            TemplateError: something else stands there.
        """
        if not self.accept(text):
            raise self.unexpected(f"expected {text!r}")

    def name(self, what: str = "a name") -> str:
        """Return the name that must stand here."""
        if self.word.kind != "name":
            raise self.unexpected(f"expected {what}")
        return self.take().text

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            TemplateError: something is.
        """
        if self.word.kind != "end" and not self.source.lenient:
            raise self.unexpected("expected the end of the tag")

    def unexpected(self, what: str, mend: str = "") -> TemplateError:
        """Return the error that says what stands here instead."""
        found = repr(self.word.text) if self.word.kind != "end" else "nothing more"
        return self.source.fault(self.word.start, f"{what}, found {found}", mend)

    def between(self, start: int, end: int) -> str:
        """Return the markup from one word's start to another's, as it was written."""
        return self._text[start - self._base : end - self._base].strip()

    # -- expressions ------------------------------------------------------------------------------

    def output(self) -> Expression:
        """Return a whole markup of a value with filters."""
        if self.word.kind == "end":
            return Constant(None)
        value = self.filtered()
        self.end()
        return value

    def filtered(self) -> Expression:
        """Return a value with its filters."""
        value = self.value()
        count = 0
        while self.accept("|"):
            count += 1
            if count > _DEEPEST:
                raise self.unexpected(f"more than {_DEEPEST} filters on one value")
            value = self._filter(value)
        return value

    def _filter(self, value: Expression) -> Filtered:
        place = self.place
        name = self.name("the name of a filter")
        arguments: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        if self.accept(":") and self.word.kind != "end" and self.word.text != "|":
            self._argument(arguments, named)
            while self.accept(",") and self.word.kind != "end" and self.word.text != "|":
                self._argument(arguments, named)
        if not self.source.lenient:
            check_filter(name, len(arguments), [key for key, _ in named], place)
        return Filtered(value, name, tuple(arguments), tuple(named), place)

    def _argument(self, arguments: list[Expression], named: list[tuple[str, Expression]]) -> None:
        if self.word.kind == "name" and self.after().text == ":":
            key = self.name()
            self.expect(":")
            named.append((key, self.value()))
        else:
            arguments.append(self.value())

    def value(self) -> Expression:
        """Return one value: a constant, a look-up or a range."""
        word = self.word
        if word.kind == "string":
            return Constant(self.take().text[1:-1])
        if word.kind == "number":
            if len(word.text) > _LONGEST_NUMBER:
                raise self.unexpected("a number is too long")
            text = self.take().text
            return Constant(float(text) if "." in text else int(text))
        if word.kind == "name":
            return self._named()
        if self.accept("["):
            return Path(self._root(), self._steps(), self.source.place(word.start))
        if self.accept("("):
            first = self._nested()
            self.expect("..")
            last = self._nested()
            self.expect(")")
            return Span(first, last)
        raise self.unexpected("expected a value")

    def _root(self) -> str | Expression:
        """Return the name in brackets that a look-up begins with."""
        inner = self._inside("]")
        if not isinstance(inner, Constant):
            return inner
        if not isinstance(inner.value, str):
            raise self.unexpected("expected a name in quotes in the brackets")
        return inner.value

    def _named(self) -> Expression:
        if self.word.text == "contains":
            raise self.unexpected("expected a value")
        word = self.take()
        if word.text == "self" and self.word.text in ("[", "."):
            root = self._root() if self.accept("[") else self._dotted()
            return Path(root, self._steps(), self.source.place(word.start))
        steps = self._steps()
        if not steps and word.text in _CONSTANTS:
            return Constant(_CONSTANTS[word.text])
        return Path(word.text, steps, self.source.place(word.start))

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            if len(steps) > _DEEPEST:
                raise self.unexpected(f"more than {_DEEPEST} steps into one value")
            if self.accept("["):
                steps.append(Step(self._inside("]"), dotted=False))
            elif self.word.text == ".":
                steps.append(Step(Constant(self._dotted()), dotted=True))
            else:
                return tuple(steps)

    def _dotted(self) -> str:
        self.expect(".")
        return self.name("a name behind the dot")

    def _inside(self, closing: str) -> Expression:
        value = self._nested()
        self.expect(closing)
        return value

    def _nested(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.unexpected("brackets are nested too deeply", "assign a part to a name first")
        value = self.value()
        self._depth -= 1
        return value

    # -- tests ------------------------------------------------------------------------------------

    def test(self) -> Expression:
        """Return a whole markup of comparisons, joined by `and` and `or` from the right."""
        value = self._joined()
        self.end()
        return value

    def _joined(self) -> Expression:
        parts: list[Expression] = [self.comparison()]
        operators: list[Literal["and", "or"]] = []
        while self.word.kind == "name" and self.word.text in ("and", "or"):
            operators.append("and" if self.take().text == "and" else "or")
            parts.append(self.comparison())
        if len(parts) > _DEEPEST:
            raise self.unexpected(f"more than {_DEEPEST} comparisons in one test")
        value = parts.pop()
        for operator, left in zip(reversed(operators), reversed(parts), strict=True):
            value = Logic(operator, left, value)
        return value

    def comparison(self) -> Expression:
        """Return one comparison, or a value by itself."""
        place = self.place
        left = self.operand()
        word = self.word
        if word.kind != "compare" and (word.kind, word.text) != ("name", "contains"):
            return left
        operator = self.take().text
        right = self.operand()
        return Compare(cast("Operator", "!=" if operator == "<>" else operator), left, right, place)

    def operand(self) -> Expression:
        """Return one side of a comparison; here `empty` and `blank` are special."""
        word = self.word
        value = self.value()
        if word.kind == "name" and isinstance(value, Constant) and value.value == "":
            return Special("empty" if word.text == "empty" else "blank")
        return value
