"""The tree of an HTML mail into the tree of its plain text part."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TypeAlias

from tailorbird.content.html_scan import START, State, seen, steps
from tailorbird.content.tree import (
    Body,
    Branch,
    Capture,
    Case,
    Cycle,
    For,
    If,
    IfChanged,
    Inline,
    Insertion,
    Link,
    Node,
    Output,
    Partial,
    TableRow,
    Text,
    Within,
)
from tailorbird.content.walk import bodies

_BREAKS = {
    "br": "\n",
    "/tr": "\n",
    "/div": "\n",
    "/li": "\n",
    "hr": "\n---\n",
    "/td": " ",
    "/th": " ",
    **{f"{slash}{name}": "\n\n" for slash in ("", "/") for name in ("p", "ul", "ol", "table")},
    **{f"{slash}h{level}": "\n\n" for slash in ("", "/") for level in range(1, 7)},
}
_EMPTY_LINES = re.compile(r"\n{3,}")
_BLANKS = re.compile(r"\s+")
_SKIPPED = ("head", "style", "script")
_COUNTED = ("ul", "ol", "li", "table", "tr", "td", "th")
_HIDDEN = re.compile(r"display\s*:\s*none")


def text_of(body: Body) -> Body:
    """Return the tree of the text part; `tidy` finishes what it prints.

    Links stand behind their words in brackets, with the same numbers as in the HTML.
    """
    return _Reader().body(body, START)[0]


def tidy(text: str) -> str:
    """Return the text without blanks around lines and with at most one empty line in a row."""
    lines = "\n".join([line.strip() for line in text.split("\n")])
    return _EMPTY_LINES.sub("\n\n", lines).strip() + "\n"


_Nested: TypeAlias = If | Case | For | TableRow | IfChanged | Partial | Within | Insertion | Inline


class _Reader:
    """Walks over the HTML.

    `_skip` is the element whose end is waited for and `_depth` how often it was opened since,
    `_address` what the open link leads to, `_picture` the words of the last picture. `_lists` has
    the next number of each open list, None where it has none; `_tables` says of each open table
    whether its cells are values, not a layout.
    """

    def __init__(self) -> None:
        self._skip = ""
        self._depth = 0
        self._lists: list[int | None] = []
        self._tables: list[bool] = []
        self._cells = 0
        self._address: list[Node] = []
        self._picture: Node | None = None

    def body(self, body: Body, state: State) -> tuple[Body, State]:
        done: list[Node] = []
        for node in body:
            if isinstance(node, Text):
                for before, piece, after in steps(node.text, state):
                    self._piece(before, piece, after, done)
                    state = after
            else:
                state = self._node(node, state, done)
        return tuple(done), state

    # -- literal text -----------------------------------------------------------------------------

    def _piece(self, before: State, piece: str, after: State, done: list[Node]) -> None:
        if before.mode == "text":
            words = piece if after.mode == "text" else piece[: piece.rfind("<")]
            if not self._skip:
                _add(done, _BLANKS.sub(" ", html.unescape(words)))
            if after.mode == "tag":
                self._mark(after.tag, done)
        elif before.mode == "raw" and after.mode == "tag":
            self._mark(after.tag, done)
        elif before.mode == "value":
            self._value(before, piece.removesuffix(before.quote), done)

    def _mark(self, tag: str, done: list[Node]) -> None:
        if self._skip:
            self._depth += {self._skip: 1, f"/{self._skip}": -1}.get(tag, 0)
            if self._depth < 0:
                self._skip = ""
            return
        if tag in _SKIPPED:
            self._skip, self._depth = tag, 0
        elif tag == "a":
            self._address = []
        elif tag == "/a":
            self._end_link(done)
        elif tag.endswith(_COUNTED):
            self._structure(tag, done)
        else:
            _add(done, _BREAKS.get(tag, ""))

    def _structure(self, tag: str, done: list[Node]) -> None:
        """Open or close a list, a table or a part of one."""
        match tag:
            case "ul" | "ol":
                self._lists.append(1 if tag == "ol" else None)
            case "/ul" | "/ol" if self._lists:
                self._lists.pop()
            case "table":
                self._tables.append(False)
            case "/table" if self._tables:
                self._tables.pop()
            case "li":
                _add(done, f"\n{self._bullet()}")
                return
            case "tr":
                self._cells = 0
            case "td" | "th":
                if self._tables:
                    self._tables[-1] |= tag == "th"
                    _add(done, "| " if self._tables[-1] and self._cells else "")
                self._cells += 1
        _add(done, _BREAKS.get(tag, ""))

    def _bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- " if len(self._lists) < 2 else "* "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _end_link(self, done: list[Node]) -> None:
        address, self._address = self._address, []
        if address:
            done += [Text(" ("), *address, Text(")")]

    def _value(self, state: State, value: str, done: list[Node]) -> None:
        if self._skip:
            return
        if state.tag == "img" and state.attribute == "alt":
            _add(done, html.unescape(value))
        elif state.tag == "a" and state.attribute == "href" and not value.startswith("#"):
            self._address.append(Text(html.unescape(value)))
        elif state.tag == "div" and state.attribute == "style" and _HIDDEN.search(value):
            self._skip, self._depth = "div", 0

    # -- nodes ------------------------------------------------------------------------------------

    def _node(self, node: Node, state: State, done: list[Node]) -> State:
        match node:
            case Output() | Cycle():
                self._printed(replace(node, escape="none"), state, done)
                return seen(state)
            case Link():
                self._printed(replace(node, escape=False), state, done)
                return seen(state)
            case If() | Case() | For() | TableRow() | IfChanged() | Partial():
                return self._nested(node, state, done)
            case Within() | Insertion() | Inline():
                return self._nested(node, state, done)
            case Capture(body=body):
                done.append(replace(node, body=self.body(body, START)[0], safe=False))
            case _:
                done.append(node)
        return state

    def _printed(self, node: Node, state: State, done: list[Node]) -> None:
        if self._skip:
            return
        if state.mode == "text":
            self._drop_picture(node, done)
            done.append(node)
        elif state.tag == "img" and state.attribute == "alt":
            done.append(node)
            self._picture = node
        elif state.tag == "a" and state.attribute == "href":
            self._address.append(node)

    def _drop_picture(self, node: Node, done: list[Node]) -> None:
        """Take the picture away that stands before the same words."""
        place = len(done) - 1
        while place >= 0 and isinstance(blank := done[place], Text) and not blank.text.strip():
            place -= 1
        if place >= 0 and done[place] is self._picture and _same(done[place], node):
            del done[place]

    def _nested(self, node: _Nested, state: State, done: list[Node]) -> State:
        """Add the node with the text of its parts, and return the state behind it.

        All parts of a choice end in the same state: the pass that escapes made sure.
        """
        skip, behind = self._skip, state

        def part(body: Body) -> Body:
            nonlocal behind
            self._skip = skip
            read, behind = self.body(body, state)
            return read

        new: Node
        match node:
            case If(branches, otherwise):
                read = tuple(Branch(each.test, part(each.body)) for each in branches)
                new = If(read, part(otherwise), node.place)
            case Case(subject, arms):
                read_arms = tuple((values, part(body)) for values, body in arms)
                new = Case(subject, read_arms, node.place)
            case For(each, body, otherwise):
                self._lists = [None] * len(self._lists)  # how many there will be nobody knows
                new = For(each, part(body), part(otherwise), node.place)
            case Within(body=body, otherwise=otherwise):
                self._lists = [None] * len(self._lists)
                new = replace(node, body=part(body), otherwise=part(otherwise))
            case Partial(body=None) | Insertion(body=None):
                new = node
            case _:
                new = replace(node, body=part(node.body or ()))
        if isinstance(new, Partial | Insertion) or any(bodies(new)):
            done.append(new)
        return behind


def _same(one: Node, other: Node) -> bool:
    return isinstance(one, Output) and isinstance(other, Output) and one.value == other.value


def _add(done: list[Node], text: str) -> None:
    """Add a text, joined with the one before it."""
    if not text:
        return
    last = done[-1] if done else None
    if isinstance(last, Text):
        done[-1] = Text(_BLANKS.sub(_fewer, last.text + text))
    else:
        done.append(Text(text))


def _fewer(blanks: re.Match[str]) -> str:
    """Return what blanks come to: an empty line, a line break or one space."""
    return "\n" * min(2, blanks[0].count("\n")) or " "
