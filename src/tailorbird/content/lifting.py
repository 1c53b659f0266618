"""Template tags out of markup and back: what tools for MJML and CSS read has words in their place.

Those tools reject or corrupt `<`, `>` and quotes inside tags, and move text that stands between the
rows of a table. A word is a placeholder that they leave alone; where text cannot stand, the grammar
says what holds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tailorbird.content.html_scan import START, State, steps
from tailorbird.content.liquid import Source, Token
from tailorbird.content.tree import Place
from tailorbird.errors import TemplateError

VOID: Final = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
"""Elements that hold nothing and are never closed."""
MARK: Final = "data-tb-at"
"""Attribute that says, by its number, where an element stands in the author's file."""

COMMENT_MARK: Final = "tb-at-"
"""What says so at the beginning of a comment, and among the classes of an MJML element."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was opened or closed, and where."""

    name: str
    token: Token
    offset: int

    @property
    def place(self) -> Place:
        """Return where it stands."""
        return self.token.source.place(self.token.start + self.offset)

    def fault(self, what: str, mend: str) -> TemplateError:
        """Return the error to raise for it."""
        return TemplateError(what, where=str(self.place), mend=mend)


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a kind of markup asks of its author.

    `opened` refuses an element that is none of it. `held` returns what stands for a tag between the
    children of an element, from the word and the element's name; None where nothing can stand.
    `strict`: every element is closed, in order, and every value has quotes. `outer` are the
    elements around the document's parts: a tag there is put before or behind all of it. `marked`
    returns the attribute that carries a number through the tools, if the element has one.
    """

    strict: bool
    root: str
    outer: frozenset[str]
    opened: Callable[[Element], None]
    held: Callable[[str, str], str | None]
    marked: Callable[[str, int], str]


@dataclass(slots=True)
class Lift:
    """Replaces tags by words, in one walk over the tokens. With `mark`, elements carry numbers."""

    tokens: list[Token]
    name: str
    grammar: Grammar
    mark: bool = False
    places: list[Place] = field(default_factory=list)
    sheets: list[Element] = field(default_factory=list)
    _masked: list[str] = field(default_factory=list)
    _origins: list[tuple[Token, int]] = field(default_factory=list)
    _word: str = "TBQ"
    _held: list[tuple[Token, bool]] = field(default_factory=list)
    _before: list[Token] = field(default_factory=list)
    _behind: list[Token] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)
    _state: State = START
    _root_seen: bool = False
    _body_seen: bool = False

    def __post_init__(self) -> None:
        texts = [token.text for token in self.tokens if token.kind == "text"]
        while any(self._word in text for text in texts):
            self._word += "Q"
        for token in self.tokens:
            if token.kind == "text":
                self._text(token)
            else:
                self._tag(token)
        if self._open and self.grammar.strict:
            element = self._open[-1]
            raise element.fault(f"<{element.name}> is not closed", f"add </{element.name}>")
        if not self._root_seen:
            root = self.grammar.root
            raise TemplateError(
                f"there is no <{root}> element", where=str(self.start), mend=f"begin with <{root}>"
            )

    @property
    def start(self) -> Place:
        """Return the first place of the author's file."""
        return Place(self.name, 1, 1)

    def place(self, offset: int) -> Place:
        """Return where a byte of the markup without tags stands in the author's file."""
        found = self.start
        passed = 0
        for piece, (token, at) in zip(self._masked, self._origins, strict=True):
            size = len(piece.encode())
            if passed + size > offset:
                inside = len(piece.encode()[: offset - passed].decode(errors="ignore"))
                return token.source.place(token.start + at + inside * (token.kind == "text"))
            passed += size
            found = token.source.place(token.start + at)
        return found

    @property
    def masked(self) -> str:
        """Return the markup without template tags."""
        return "".join(self._masked)

    def steady(self, text: str) -> bool:
        """Return whether a piece of the markup is the same for everybody but for printed values."""
        found = re.finditer(rf"{self._word}(\d+)Z", text, re.I)
        return all(self._held[int(match[1])][0].kind == "output" for match in found)

    # -- lifting ----------------------------------------------------------------------------------

    def _text(self, token: Token) -> None:
        at = 0
        done: list[tuple[str, int]] = []
        for before, piece, behind in steps(token.text, self._state):
            here = Element(behind.tag, token, at + max(0, piece.rfind("<")))
            done.append((piece, at))
            if before.mode in ("text", "raw") and behind.mode == "tag":
                done.append((self._element(behind.tag, here), at + len(piece)))
            elif behind.mode == "comment" != before.mode and self.mark:
                self.places.append(here.place)
                done.append((f"{COMMENT_MARK}{len(self.places) - 1} ", at + len(piece)))
            elif before.mode == "tag" and piece.endswith("/>"):
                self._empty(before.tag)
            elif self.grammar.strict:
                _check(before, piece, behind, here)
            at += len(piece)
            self._state = behind
        if self._open or self._state.mode != "text" or token.text.strip():
            self._masked += [piece for piece, _ in done]
            self._origins += [(token, begin) for _, begin in done]

    def _element(self, name: str, element: Element) -> str:
        """Return the attribute to add to the element, if any."""
        if name.startswith("/"):
            self._close(name[1:], element)
            return ""
        self.grammar.opened(element)
        self._root_seen = self._root_seen or name == self.grammar.root
        self._body_seen = self._body_seen or name in ("body", "mj-body")
        if name in ("style", "mj-style"):
            self.sheets.append(element)
        if name not in VOID:
            self._open.append(element)
        if not self.mark:
            return ""
        self.places.append(element.place)
        return self.grammar.marked(name, len(self.places) - 1)

    def _empty(self, name: str) -> None:
        if self._open and self._open[-1].name == name:
            self._open.pop()

    def _close(self, name: str, element: Element) -> None:
        if name in VOID:
            return
        if not self.grammar.strict:
            while any(each.name == name for each in self._open):
                if self._open.pop().name == name:
                    return
            return
        opener = self._open[-1] if self._open else None
        if opener is None:
            raise element.fault(f"</{name}> closes nothing", "remove it")
        if opener.name != name:
            raise element.fault(
                f"</{name}> stands inside <{opener.name}>, opened at {opener.place}",
                f"close that first with </{opener.name}>",
            )
        self._open.pop()

    def _tag(self, token: Token) -> None:
        mode = self._state.mode
        if mode in ("tag", "bare", "declaration"):
            raise token.fault(
                "a template tag cannot stand between attributes",
                'put it inside quotes: class="{% if wide %}wide{% endif %}"',
            )
        inner = self._open[-1].name if self._open else ""
        if mode == "text" and inner in self.grammar.outer:
            (self._behind if self._body_seen else self._before).append(token)
            return
        word = f"{self._word}{len(self._held)}Z"
        held = self.grammar.held(word, inner) if mode == "text" else word
        if held is None:
            raise token.fault(
                f"a template tag cannot stand between the children of <{inner}>",
                f"put it around the whole <{inner}>",
            )
        self._held.append((token, mode == "comment"))
        self._masked.append(held)
        self._origins.append((token, 0))

    # -- putting back -----------------------------------------------------------------------------

    def put_back(self, html: str) -> list[Token]:
        """Return the HTML as tokens, every word the tag that it stands for.

        Raises:
            TemplateError: a tag was lost on the way.
        """
        source = Source(self.name, html)
        pattern = re.compile(rf"<!--{self._word}(\d+)Z-->|{self._word}(\d+)Z", re.I)
        done = list(self._before)
        found: set[int] = set()
        at = 0
        for match in pattern.finditer(html):
            done.append(Token("text", html[at : match.start()], source, at, at))
            number = int(match[1] or match[2])
            found.add(number)
            done.append(self._held[number][0])
            at = match.end()
        done.append(Token("text", html[at:], source, at, at))
        for number, (token, optional) in enumerate(self._held):
            if number not in found and not optional:
                raise token.fault(
                    f"{self.grammar.root.upper()} has no place for a template tag here",
                    "sizes and widths must be fixed; test around the whole element instead",
                )
        return [*done, *self._behind]


def _check(before: State, piece: str, behind: State, here: Element) -> None:
    if before.mode == "text" and behind.mode == "text" and piece.endswith("<"):
        raise here.fault("a < that begins no tag", "write &lt;")
    if before.mode == "tag" and behind.mode == "bare":
        raise here.fault(f"{behind.attribute} has a value without quotes", "add quotes")
