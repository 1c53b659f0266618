"""Handlebars tokens into statements, by the grammar of handlebars.js 4.7."""

from __future__ import annotations

import re
from typing import NoReturn

from tailorbird.content.handlebars.syntax import (
    Comment,
    Content,
    Insertion,
    Invocation,
    Literal,
    Mustache,
    Name,
    Program,
    Section,
    Statement,
    Strip,
    Value,
)
from tailorbird.content.handlebars.tokens import Token
from tailorbird.content.handlebars.values import js_text
from tailorbird.errors import TemplateError

DEEPEST = 50
_LONGEST_NUMBER = 40
_LINE_END = re.compile("[\n\r\u2028\u2029]")
_WORDS = {
    "close": "}}",
    "close_unescaped": "}}}",
    "close_raw": "}}}}",
    "end_sub": ")",
    "equals": "=",
    "bar": "|",
    "end": "the end of the template",
}


class Parser:
    """Reads a list of tokens once."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def parse(self) -> Program:
        """Return the whole template.

        Raises:
            TemplateError: it is not well formed.
        """
        program = self._program()
        if self._word.kind != "end":
            self._misplaced()
        return program

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def _word(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _expect(self, kind: str, what: str = "") -> Token:
        if self._word.kind != kind:
            raise self._unexpected(what or repr(_WORDS.get(kind, kind)))
        return self._take()

    def _unexpected(self, wanted: str) -> TemplateError:
        token = self._word
        found = repr(token.written) if token.written else "the end of the template"
        mend = ""
        if token.kind == "invalid":
            mend = "put a name with such characters in brackets: [first name]"
        return token.fault(f"expected {wanted}, found {found}", mend)

    def _misplaced(self) -> NoReturn:
        token = self._word
        if token.kind == "open_end":
            raise token.fault("the block that is closed here was not opened", "remove it")
        if token.kind in ("inverse", "open_chain"):
            raise token.fault("else stands outside of a block", "open a block with {{#if ...}}")
        raise self._unexpected("text or {{")

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise token.fault(
                f"blocks and brackets are nested more than {DEEPEST} deep", "split the template"
            )

    # -- statements -------------------------------------------------------------------------------

    def _program(self) -> Program:
        body: list[Statement] = []
        while True:
            token = self._word
            match token.kind:
                case "content":
                    self._take()
                    body.append(Content(token.text, token.text))
                case "comment":
                    self._take()
                    body.append(Comment(Strip(token.tilde_before, token.tilde_behind)))
                case "open" | "open_unescaped":
                    body.append(self._mustache())
                case "open_block" | "open_inverse" | "open_partial_block" | "open_raw":
                    self._deeper(token)
                    body.append(self._block())
                    self._depth -= 1
                case "open_partial":
                    body.append(self._insertion())
                case _:
                    return Program(body)

    def _mustache(self) -> Statement:
        opening = self._take()
        call = self._invocation(opening, brackets=False)
        unescaped = opening.kind == "open_unescaped"
        closing = self._expect("close_unescaped" if unescaped else "close")
        strip = Strip(opening.tilde_before, closing.tilde_behind)
        if "*" in opening.written:
            raise opening.fault("decorators need a block", 'write {{#*inline "name"}}')
        return Mustache(call, not unescaped and "&" not in opening.written, strip)

    def _insertion(self) -> Insertion:
        opening = self._take()
        call = self._invocation(opening, brackets=True)
        closing = self._expect("close")
        return Insertion(call.name, call, Strip(opening.tilde_before, closing.tilde_behind))

    # -- blocks -----------------------------------------------------------------------------------

    def _block(self) -> Section:
        opening = self._take()
        if opening.kind == "open_raw":
            return self._raw(opening)
        partial = opening.kind == "open_partial_block"
        inverted = opening.kind == "open_inverse"
        call, parameters, opened = self._head(opening, brackets=partial)
        program = self._program()
        program.parameters = parameters
        inverse: Program | None = None
        between = Strip()
        decorator = "*" in opening.written
        if self._word.kind in ("inverse", "open_chain") and not partial:
            if decorator:
                raise self._word.fault("an inline partial has no else", "remove it")
            if inverted and self._word.kind == "open_chain":
                raise self._unexpected("{{else}} or the end of the block")
            inverse, between = self._otherwise()
        closed = self._closing(opening, call.name)
        _close_chain(inverse, closed)
        if inverted:
            return Section(call, inverse, program, opened, between, closed, token=opening)
        return Section(
            call, program, inverse, opened, between, closed, partial, decorator, token=opening
        )

    def _head(self, opening: Token, *, brackets: bool) -> tuple[Invocation, tuple[str, ...], Strip]:
        """Return what stands in the head of a block behind its opening mark."""
        call = self._invocation(opening, brackets=brackets)
        parameters = () if brackets else self._parameters()
        closing = self._expect("close")
        return call, parameters, Strip(opening.tilde_before, closing.tilde_behind)

    def _otherwise(self) -> tuple[Program, Strip]:
        """Return what stands behind `else`, and how its mark strips."""
        token = self._take()
        if token.kind == "inverse":
            return self._program(), Strip(token.tilde_before, token.tilde_behind)
        self._deeper(token)
        call, parameters, opened = self._head(token, brackets=False)
        program = self._program()
        program.parameters = parameters
        inverse: Program | None = None
        between = Strip()
        if self._word.kind in ("inverse", "open_chain"):
            inverse, between = self._otherwise()
            _close_chain(inverse, between)
        self._depth -= 1
        section = Section(call, program, inverse, opened, between, between, token=token)
        return Program([section], chained=True), opened

    def _closing(self, opening: Token, name: Value) -> Strip:
        """Step over the mark that closes a block and return how it strips."""
        token = self._word
        if token.kind in ("inverse", "open_chain"):
            raise token.fault("a second else in one block", "use {{else if ...}} before the last")
        if token.kind == "end":
            raise opening.fault(
                f"{opening.written}{_written(name)} is not closed", f"add {{{{/{_written(name)}}}}}"
            )
        self._expect("open_end")
        closed = self._name()
        if isinstance(name, Invocation) or closed.written != name.written:
            raise token.fault(
                f"/{closed.written} closes {_written(name)}, opened at {opening.place}",
                f"close that first with {{{{/{_written(name)}}}}}",
            )
        return Strip(token.tilde_before, self._expect("close").tilde_behind)

    def _raw(self, opening: Token) -> Section:
        call = self._invocation(opening, brackets=False)
        self._expect("close_raw")
        body: list[Statement] = []
        while self._word.kind == "content":
            token = self._take()
            body.append(Content(token.text, token.text))
        closing = self._expect("end_raw")
        if isinstance(call.name, Invocation) or closing.text != call.name.written:
            raise closing.fault(
                f"/{closing.text} closes {_written(call.name)}", f"opened at {opening.place}"
            )
        return Section(call, Program(body), None, Strip(), Strip(), Strip(), token=opening)

    def _parameters(self) -> tuple[str, ...]:
        if self._word.kind != "as":
            return ()
        self._take()
        names: list[str] = []
        while (token := self._word).kind == "id":
            names.append(_part(token))
            self._take()
        if not names:
            raise self._unexpected("the name of a block parameter")
        self._expect("bar")
        return tuple(names)

    # -- values -----------------------------------------------------------------------------------

    def _invocation(self, opening: Token, *, brackets: bool) -> Invocation:
        """Return a name with its arguments; `brackets`: the name may be computed."""
        name = self._value() if brackets else self._name()
        arguments: list[Value] = []
        named: list[tuple[str, Value]] = []
        while self._word.kind in _VALUES:
            if self._word.kind == "id" and self._tokens[self._next + 1].kind == "equals":
                key = _part(self._take())
                self._take()
                named.append((key, self._value()))
            elif named:
                raise self._word.fault("a value stands behind a named one", "write name=value last")
            else:
                arguments.append(self._value())
        return Invocation(name, tuple(arguments), tuple(named), opening.place)

    def _value(self) -> Value:
        if self._word.kind != "sub":
            return self._name()
        opening = self._take()
        self._deeper(opening)
        call = self._invocation(opening, brackets=False)
        self._expect("end_sub")
        self._depth -= 1
        return call

    def _name(self) -> Name | Literal:
        token = self._word
        match token.kind:
            case "id":
                return self._path(private=False)
            case "data":
                self._take()
                return self._path(private=True)
            case "string":
                return Literal(self._take().text, token.text, token.place)
            case "boolean":
                return Literal(self._take().text == "true", token.text, token.place)
            case "undefined" | "null":
                return Literal(None, self._take().text, token.place)
            case "number":
                return self._number()
            case _:
                raise self._unexpected("a value")

    def _number(self) -> Literal:
        token = self._take()
        if len(token.text) > _LONGEST_NUMBER:
            raise token.fault("a number is too long", "put it in quotes")
        number = float(token.text)
        value = int(number) if number.is_integer() and abs(number) <= 2**53 else number
        return Literal(value, js_text(value), token.place)

    def _path(self, *, private: bool) -> Name:
        first = self._word
        written = "@" if private else ""
        parts: list[str] = []
        up = 0
        while True:
            token = self._expect("id", "a name")
            part = _part(token)
            written += part
            if part == token.text and part in ("..", ".", "this"):
                if parts:
                    raise token.fault(f"{part} stands inside the path {written}", "begin with it")
                up += part == ".."
            else:
                parts.append(part)
            if len(parts) + up > DEEPEST:
                raise token.fault(f"more than {DEEPEST} steps in one path", "shorten it")
            if self._word.kind != "separator":
                return Name(tuple(parts), up, private, written, first.place)
            written += self._take().text


_VALUES = frozenset({"sub", "id", "data", "string", "boolean", "undefined", "null", "number"})


def _part(token: Token) -> str:
    """Return a part of a path without its brackets."""
    text = token.text
    bracketed = text.startswith("[") and text.endswith("]") and not _LINE_END.search(text)
    return text[1:-1] if bracketed else text


def _written(name: Value) -> str:
    return "(...)" if isinstance(name, Invocation) else name.written


def _close_chain(inverse: Program | None, closed: Strip) -> None:
    """Give the block of an `else if` the mark that closes the block around it."""
    if inverse is not None and inverse.chained:
        section = inverse.body[0]
        assert isinstance(section, Section)  # noqa: S101 - a chain holds just its block
        section.closed = closed
