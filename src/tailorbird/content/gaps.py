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

from tailorbird.content.email import EmailSource, html_tree
from tailorbird.content.handlebars.paths import Reader
from tailorbird.content.languages import Handlebars, Language, block_in, language
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
    Helped,
    If,
    IfChanged,
    Inline,
    Insertion,
    Link,
    Node,
    Output,
    Partial,
    Path,
    Place,
    Special,
    TableRow,
    Text,
    Truth,
    Within,
)
from tailorbird.content.values import Plain
from tailorbird.content.variables import UNKNOWN, arguments_of, path_of
from tailorbird.content.walk import parts
from tailorbird.schema import Instant

PERSONAL: Final = (
    "person", "traits", "scores", "recommendations", "texts", "segments",
    "top_browsed_categories", "product_browse_history", "event", "journey",
)  # fmt: skip
"""Roots of what one person may have and another lack."""
SURE: Final = frozenset(
    f"recommendations[].{name}"
    for name in ("item", "name", "price_minor", "currency", "url", "score")
) | frozenset(
    f"event.products[].{name}" for name in ("item", "name", "currency", "url", "quantity")
)
"""What every product has that is recommended, or of the event that set the mail off."""
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
        html, _ = html_tree(source, blocks, marks=True)
        tongue = language(source.syntax)
        text = tongue.plain(source.text, f"{source.name}, text") if source.text else ()
        body = (*_asking(html, tongue), *_asking(text, tongue))
        self._body = tongue.template(body, source.name)
        subjects = [
            _asking(tongue.plain(subject, f"{source.name}, subject {variant}"), tongue)
            for variant, subject in source.subjects.items()
        ]
        self._subjects = [tongue.template(tree, source.name) for tree in subjects]
        self.may_lack = frozenset(_asked((*body, *(node for tree in subjects for node in tree))))
        """Every path that is printed somewhere without a default."""

    def find(self, data: Mapping[str, Plain], now: Instant) -> Found:
        """Return what a person's mail would lack, in whichever variant.

        Raises:
            TemplateError: the data do not fit the template.
        """
        asked = (self._body, *self._subjects)
        return _read("".join([each.render(data, now=now) for each in asked]))


def _asking(body: Body, tongue: Language) -> Body:
    return (_Handlebars() if isinstance(tongue, Handlebars) else _Questions()).body(body)


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
        case Partial(body=body) | Insertion(body=body) if body is not None:
            yield from body
        case Within(_, _, _, body, otherwise):
            yield from (*body, *otherwise)
        case Inline(body=body):
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
                if not isinstance(nested, _CHOICES) or any(map(_matters, _inner(nested))):
                    yield nested

    def _output(self, node: Output, value: Expression, names: dict[str, str]) -> Iterator[Node]:
        path, whole = self._stands_for(value, names)
        if path is None or not _personal(path) or (whole and path in SURE):
            yield from self._write()
            return
        if (path, value) in self._asked and self._written:
            return
        self._asked |= {(path, value)}
        written = () if self._written else (Text(_WRITTEN),)
        blank = self._blank(value, node.place)
        yield If((Branch(blank, (Text(f"{_GAP}{path}{_END}"),)),), written, node.place)

    def _stands_for(self, value: Expression, names: dict[str, str]) -> tuple[str | None, bool]:
        """Return the path that an output prints, and whether it prints it as it is."""
        return _path_in(value, names), isinstance(value, Path)

    def _blank(self, value: Expression, place: Place) -> Expression:
        return Compare("==", value, Special("blank"), place)

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
                called = str(name.value) if isinstance(name, Constant) else ""
                return replace(node, body=self._block(called, body, arguments_of(node, names)))
        return node

    def _block(self, called: str, body: Body, names: dict[str, str]) -> Body:
        """Return the questions of a block, and whether it writes anything."""
        written, self._written = self._written, False
        inner = self.body(body, names)
        self._written = written
        if Text(_WRITTEN) in inner:  # it writes something to everybody
            return (*(each for each in inner if each != Text(_WRITTEN)), *self._write())
        if not _may_write(inner):  # styles alone, or nothing at all: there is nothing to be read
            return inner
        return (Text(f"{_OPENED}{called}{_END}"), *inner, Text(_CLOSED))


class _Handlebars(_Questions):
    """The same of a Handlebars tree. `_reader` says what can be seen from where we are."""

    def __init__(self) -> None:
        super().__init__()
        self._reader = Reader()

    def _stands_for(self, value: Expression, names: dict[str, str]) -> tuple[str | None, bool]:
        found = [(_path_in(each, names), each) for each in self._reader.meanings(value)]
        paths = [(path, isinstance(each, Path)) for path, each in found if path is not None]
        ours = [each for each in paths if _personal(each[0])]
        return next(iter(ours or paths), (None, False))

    def _blank(self, value: Expression, place: Place) -> Expression:
        return Truth(Helped("blank", (value,), (), place))

    def _nested(self, node: Node, names: dict[str, str]) -> Node:
        match node:
            case If((Branch(test, body),)) if (called := block_in(node)) is not None:
                return replace(node, branches=(Branch(test, self._block(called, body, names)),))
            case Within(_, _, _, body, otherwise):
                before, self._reader = self._reader, self._reader.within(node)
                turn = self.body(body, names)
                self._reader = before
                return replace(node, body=turn, otherwise=self.body(otherwise, names))
            case Insertion(body=body) if body is not None:
                return replace(node, body=self.body(body, names))
            case Inline(_, body):  # asked where it is defined, as if it were called there
                before = self._reader
                self._reader = replace(before, levels=())
                turn = self.body(body, names)
                self._reader = before
                return replace(node, body=turn)
        return super()._nested(node, names)


_CHOICES: Final = (If, For, Case, Within)


def _may_write(body: Body) -> bool:
    """Return whether anybody may get something to read."""
    return any(each == Text(_WRITTEN) or _may_write(tuple(_inner(each))) for each in body)


def _personal(path: str) -> bool:
    """Return whether one person may have what stands there and another lack it."""
    return path.partition(".")[0].removesuffix("[]") in PERSONAL


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
