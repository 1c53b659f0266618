"""An AMP document as a list of what opens in it, each with its place."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from tailorbird.content.lifting import VOID
from tailorbird.content.liquid import Token
from tailorbird.content.tree import Place

PRINTED: Final = "\ue000"
"""Stands for a value that is printed there when the mail is made."""


@dataclass(slots=True, eq=False)
class Mark:
    """An element: its name, attributes, place, and what is around it, the nearest first."""

    tag: str
    attributes: dict[str, str]
    place: Place
    around: tuple[Mark, ...]
    text: str = ""
    children: list[Mark] = field(default_factory=list)

    @property
    def templated(self) -> bool:
        """Return whether the reader's program fills it in."""
        return any(
            each.tag == "template" or ("template" in each.attributes and each.tag == "script")
            for each in self.around
        )


class Page(HTMLParser):
    """Reads the tokens of a document, all branches of its choices."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(convert_charrefs=True)
        self.marks: list[Mark] = []
        self.doctype = ""
        self.instructions: list[Place] = []
        self._open: list[Mark] = []
        self._parts: list[tuple[int, Token]] = []
        self._lines: list[int] = []
        self.read(tokens)

    def read(self, tokens: list[Token]) -> None:
        """Read all of it."""
        pieces: list[str] = []
        length = 0
        for token in tokens:
            self._parts.append((length, token))
            pieces.append(token.text if token.kind == "text" else _stand_in(token))
            length += len(pieces[-1])
        text = "".join(pieces)
        self._lines = [0]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(text)
        self.close()

    @property
    def here(self) -> Place:
        """Return where the reader stands in the author's file."""
        line, column = self.getpos()
        offset = self._lines[line - 1] + column
        number = bisect_right(self._parts, offset, key=lambda part: part[0]) - 1
        begin, token = self._parts[max(0, number)]
        inside = offset - begin if token.kind == "text" else 0
        return token.source.place(token.start + inside)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        attributes = {name: value or "" for name, value in attrs}
        mark = Mark(tag, attributes, self.here, tuple(reversed(self._open)))
        self.marks.append(mark)
        if self._open:
            self._open[-1].children.append(mark)
        if tag not in VOID:
            self._open.append(mark)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; only what is void needs no end."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close an element and all that is still open inside."""
        if any(each.tag == tag for each in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep the text of an element."""
        if self._open:
            self._open[-1].text += data

    def handle_decl(self, decl: str) -> None:
        """Note the document type."""
        self.doctype = self.doctype or decl.lower()

    def handle_pi(self, data: str) -> None:
        """Note an instruction, which the format does not know."""
        self.instructions.append(self.here)


def _stand_in(token: Token) -> str:
    return PRINTED if token.kind == "output" else ""
