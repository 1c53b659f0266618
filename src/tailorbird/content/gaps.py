"""What a person's mail would print and does not have, and which of its blocks would be empty.

The mail's own tree, its texts left out and each output turned into a question: so every test and
loop runs as in the mail, at a part of its cost. `Hi ,` is found wherever it would be printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from tailorbird.content import liquid
from tailorbird.content.email import EmailSource, html_tree
from tailorbird.content.template import Template, from_tree
from tailorbird.content.tree import (
    Assign,
    Body,
    Branch,
    Capture,
    Case,
    Compare,
    Constant,
    Count,
    Cycle,
    Expression,
    Filtered,
    For,
    If,
    IfChanged,
    Link,
    Node,
    Output,
    Partial,
    Path,
    Special,
    TableRow,
    Text,
)
from tailorbird.content.values import Plain
from tailorbird.content.variables import UNKNOWN, arguments_of, path_of
from tailorbird.content.walk import parts
from tailorbird.schema import Instant

PERSONAL: Final = ("person", "traits", "scores", "recommendations", "texts", "segments")
"""Roots of what one person may have and another lack."""
SURE: Final = frozenset(
    f"recommendations[].{name}"
    for name in ("item", "name", "price_minor", "currency", "url", "score")
)
"""What every product that is recommended has."""
_GAP, _WRITTEN, _OPENED, _CLOSED, _END = "\x01", "\x02", "\x03", "\x04", "\x05"
_MARKS: Final = re.compile(
    f"{_GAP}([^{_END}]*){_END}|{_OPENED}([^{_END}]*){_END}|({_WRITTEN})|({_CLOSED})"
)


class Found(msgspec.Struct, frozen=True):
    """Of one person: the paths that are missing where they are printed, and the empty blocks."""

    missing: tuple[str, ...]
    empty: tuple[str, ...]


class Gaps:
    """Finds the gaps of one mail. Compiled once, asked for every person."""

    __slots__ = ("_body", "_subjects", "may_lack")

    def __init__(self, source: EmailSource, blocks: Mapping[str, str]) -> None:
        html, _ = html_tree(source, blocks)
        text = liquid.parse(source.text, f"{source.name}, text") if source.text else ()
        body = (*_Questions().body(html), *_Questions().body(text))
        self._body = _compiled(body, source.name)
        subjects = [
            _Questions().body(liquid.parse(subject, f"{source.name}, subject {variant}"))
            for variant, subject in source.subjects.items()
        ]
        self._subjects = [_compiled(tree, source.name) for tree in subjects]
        self.may_lack = frozenset(_asked((*body, *(node for tree in subjects for node in tree))))
        """Every path that is printed somewhere without a default."""

    def find(self, data: Mapping[str, Plain], now: Instant) -> Found:
        """Return what a person's mail would lack, in whichever variant.

        Raises:
            TemplateError: the data do not fit the template.
        """
        asked = (self._body, *self._subjects)
        return _read("".join([each.render(data, now=now) for each in asked]))


def _compiled(body: Body, name: str) -> Template:
    return from_tree(body, name, {}, liquid.parse)


def _read(marks: str) -> Found:
    missing: dict[str, None] = {}
    empty: dict[str, None] = {}
    open_blocks: list[tuple[str, bool]] = []
    for mark in _MARKS.finditer(marks):
        if mark[1] is not None:
            missing[mark[1]] = None
        elif mark[2] is not None:
            open_blocks.append((mark[2], False))
        elif mark[3]:
            open_blocks = [(name, True) for name, _ in open_blocks]
        elif open_blocks:
            name, written = open_blocks.pop()
            if not written:
                empty[name] = None
    return Found(tuple(missing), tuple(empty))


def _asked(body: Body) -> Iterator[str]:
    for node in body:
        if isinstance(node, Text) and node.text.startswith(_GAP):
            yield node.text[1:-1]
        yield from _asked(tuple(_inner(node)))


def _inner(node: Node) -> Iterator[Node]:
    match node:
        case If(branches, otherwise):
            for branch in branches:
                yield from branch.body
            yield from otherwise
        case Case(_, arms):
            for _, body in arms:
                yield from body
        case For(_, body, otherwise):
            yield from (*body, *otherwise)
        case TableRow(body=body):
            yield from body
        case Partial(body=body) if body is not None:
            yield from body


class _Questions:
    """Turns a mail's tree into its questions; what is known already is not asked again.

    `_written`: the block around has written something by here. `_asked` are the outputs whose
    values were asked for by here.
    """

    def __init__(self) -> None:
        self._written = True
        self._asked: frozenset[tuple[str, Expression]] = frozenset()

    def body(self, body: Body, known: Mapping[str, str] | None = None) -> Body:
        names = dict(known or {})
        before = self._written, self._asked
        done: list[Node] = []
        for node in body:
            done += self._node(node, names)
            match node:
                case Assign(name, value):
                    names[name] = _path_in(value, names) or UNKNOWN
                    self._asked = frozenset()
                case Capture(name) | Count(name):
                    names[name] = UNKNOWN
                    self._asked = frozenset()
        self._written, self._asked = before
        return tuple(done)

    def _write(self) -> Iterator[Node]:
        """Yield the mark that the block around is not empty, once."""
        if not self._written:
            self._written = True
            yield Text(_WRITTEN)

    def _node(self, node: Node, names: dict[str, str]) -> Iterator[Node]:
        match node:
            case Text(text):
                if text.strip():
                    yield from self._write()
            case Output(value):
                yield from self._output(node, value, names)
            case Cycle() | Count():
                yield node
            case Capture(body=body):
                yield from self.body(body, names)
                yield node
            case IfChanged(body) | Link(parts=body):
                yield from self.body(body, names)
            case _:
                nested = self._nested(node, names)
                if not isinstance(nested, If | For | Case) or any(map(_matters, _inner(nested))):
                    yield nested

    def _output(self, node: Output, value: Expression, names: dict[str, str]) -> Iterator[Node]:
        path = _path_in(value, names)
        root = "" if path is None else path.partition(".")[0].removesuffix("[]")
        if path is None or root not in PERSONAL or (isinstance(value, Path) and path in SURE):
            yield from self._write()
            return
        if (path, value) in self._asked and self._written:
            return
        self._asked |= {(path, value)}
        written = () if self._written else (Text(_WRITTEN),)
        blank = Compare("==", value, Special("blank"), node.place)
        yield If((Branch(blank, (Text(f"{_GAP}{path}{_END}"),)),), written, node.place)

    def _nested(self, node: Node, names: dict[str, str]) -> Node:
        match node:
            case If(branches, otherwise):
                inner = tuple(replace(each, body=self.body(each.body, names)) for each in branches)
                return replace(node, branches=inner, otherwise=self.body(otherwise, names))
            case Case(_, arms):
                return replace(node, arms=tuple((v, self.body(b, names)) for v, b in arms))
            case For(each, body, otherwise):
                turn = self.body(body, _within(names, each.variable, each.collection))
                return replace(node, body=turn, otherwise=self.body(otherwise, names))
            case TableRow(each, _, body):
                turn = self.body(body, _within(names, each.variable, each.collection))
                return replace(node, body=turn)
            case Partial(name, body=body) if body is not None:
                return self._block(node, name, body, names)
        return node

    def _block(self, node: Partial, name: Expression, body: Body, names: dict[str, str]) -> Node:
        written, self._written = self._written, False
        inner = self.body(body, arguments_of(node, names))
        self._written = written
        if Text(_WRITTEN) in inner:  # it writes something to everybody
            return replace(node, body=tuple(each for each in inner if each != Text(_WRITTEN)))
        called = str(name.value) if isinstance(name, Constant) else ""
        opened, closed = Text(f"{_OPENED}{called}{_END}"), Text(_CLOSED)
        return replace(node, body=(opened, *inner, closed))


def _matters(node: Node) -> bool:
    """Return whether a node of the questions says anything, or changes what others say."""
    return not isinstance(node, Text) or bool(node.text)


def _within(names: Mapping[str, str], variable: str, collection: Expression) -> dict[str, str]:
    path = path_of(collection, names)
    return {**names, variable: f"{path}[]" if path else UNKNOWN}


def _path_in(expression: Expression, names: Mapping[str, str]) -> str | None:
    """Return the path that an output stands for: itself, or what its filters are put on."""
    while isinstance(expression, Filtered):
        expression = expression.value
    for part in parts(expression):
        if isinstance(part, Path) and (path := path_of(part, names)):
            return path
    return None
