"""Liquid source into tokens: text, outputs and tags, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tailorbird.content.tree import Place
from tailorbird.errors import TemplateError

BLANKS = " \t\n\v\f\r\0"
"""What whitespace control takes away."""

_OPENING = re.compile(r"\{\{|\{%")
_TAG_NAME = re.compile(r"\s*(#|\w*)")
_END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_END_DOC = re.compile(r"\{%-?\s*enddoc\b.*?%\}", re.S)
_ANY_TAG = re.compile(r"\{%-?\s*(\w*).*?%\}", re.S)


class Source:
    """An author's file, and the way from an offset to a line and a column.

    `lenient`: unknown filters and what is left over in a tag are no faults.
    """

    __slots__ = ("_starts", "lenient", "name", "text")

    def __init__(self, name: str, text: str, *, lenient: bool = False) -> None:
        self.name = name
        self.text = text
        self.lenient = lenient
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        """Return where `offset` stands."""
        line = bisect_right(self._starts, offset)
        return Place(self.name, line, offset - self._starts[line - 1] + 1)

    def fault(self, offset: int, what: str, mend: str = "") -> TemplateError:
        """Return the error to raise for something at `offset`."""
        return TemplateError(what, where=str(self.place(offset)), mend=mend)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a template.

    `start` is where `text` begins (for a tag it follows the name), `opened` where the piece does.
    """

    kind: Literal["text", "output", "tag"]
    text: str
    source: Source
    start: int
    opened: int
    name: str = ""

    @property
    def place(self) -> Place:
        """Return where the piece stands."""
        return self.source.place(self.opened)

    def fault(self, what: str, mend: str = "") -> TemplateError:
        """Return the error to raise for this piece."""
        return self.source.fault(self.opened, what, mend)


def tokenize(source: Source) -> list[Token]:
    """Return the tokens, comments left out and whitespace control applied.

    Raises:
        TemplateError: an output, a tag or a comment is not closed.
    """
    return [token for token in _Reader(source).tokens() if token.kind != "text" or token.text]


class _Reader:
    """Walks through a source once. `strip` says that the next text loses its leading blanks."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.strip = False

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.text):
            opening = _OPENING.search(self.text, self.at)
            if opening is None:
                yield self._literal(self.at, len(self.text), strip_end=False)
                return
            start = opening.start()
            yield self._literal(self.at, start, strip_end=self.text[start + 2 : start + 3] == "-")
            yield from self._output(start) if opening[0] == "{{" else self._tag(start)

    def _literal(self, start: int, end: int, *, strip_end: bool) -> Token:
        text = self.text[start:end]
        if self.strip:
            text = text.lstrip(BLANKS)
        if strip_end:
            text = text.rstrip(BLANKS)
        self.strip = False
        return Token("text", text, self.source, start, start)

    def _inner(self, start: int, closing: str) -> tuple[int, int]:
        """Return the span between the marks, and move behind them."""
        end = self.text.find(closing, start + 2)
        if end < 0:
            raise self.source.fault(
                start, f"{self.text[start : start + 2]} is not closed", f"add {closing}"
            )
        self.at = end + 2
        first = start + 2 + (self.text[start + 2] == "-")
        self.strip = end > start + 2 and self.text[end - 1] == "-"
        return first, max(first, end - self.strip)

    def _output(self, start: int) -> Iterator[Token]:
        first, last = self._inner(start, "}}")
        yield Token("output", self.text[first:last], self.source, first, start)

    def _tag(self, start: int) -> Iterator[Token]:
        first, last = self._inner(start, "%}")
        match = _TAG_NAME.match(self.text, first, last)
        name = match[1] if match else ""
        if name == "#":
            self._check_remark(start, self.text[first:last])
            return
        if name == "comment":
            self._skip_comment(start)
        elif name == "doc":
            self._skip_doc(start, self.text[match.end() : last] if match else "")
        elif name == "raw":
            yield self._raw(start, self.text[match.end() : last] if match else "")
        else:
            behind = match.end() if match else first
            yield Token("tag", self.text[behind:last], self.source, behind, start, name)

    def _check_remark(self, start: int, markup: str) -> None:
        if any(line.strip() and not line.strip().startswith("#") for line in markup.split("\n")):
            raise self.source.fault(start, "a comment line does not begin with #", "add it")

    def _raw(self, start: int, markup: str) -> Token:
        if markup.strip():
            raise self.source.fault(start, f"raw takes nothing, got {markup.strip()!r}")
        closing = _END_RAW.search(self.text, self.at)
        if closing is None:
            raise self.source.fault(start, "raw is not closed", "add {% endraw %}")
        content = self.text[self.at : closing.start()]
        inner = Token("text", content, self.source, self.at, start, "raw")
        self._behind(closing)
        return inner

    def _skip_doc(self, start: int, markup: str) -> None:
        if markup.strip():
            raise self.source.fault(start, f"doc takes nothing, got {markup.strip()!r}")
        closing = _END_DOC.search(self.text, self.at)
        if closing is None:
            raise self.source.fault(start, "doc is not closed", "add {% enddoc %}")
        if re.search(r"\{%-?\s*doc\b.*?%\}", self.text[self.at : closing.start()]):
            raise self.source.fault(start, "doc cannot hold another doc", "close the first")
        self._behind(closing)

    def _skip_comment(self, start: int) -> None:
        depth = 1
        while depth:
            tag = _ANY_TAG.search(self.text, self.at)
            if tag is None:
                raise self.source.fault(start, "comment is not closed", "add {% endcomment %}")
            self._behind(tag)
            if tag[1] == "raw":
                closing = _END_RAW.search(self.text, self.at)
                if closing is None:
                    raise self.source.fault(tag.start(), "raw is not closed", "add {% endraw %}")
                self._behind(closing)
            else:
                depth += {"comment": 1, "endcomment": -1}.get(tag[1], 0)

    def _behind(self, match: re.Match[str]) -> None:
        self.at = match.end()
        self.strip = match[0].endswith("-%}")
