"""Handlebars source into tokens, as the lexer of handlebars.js 4.7 cuts it.

Which rule comes first matters, and what counts as a blank is what JavaScript says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tailorbird.content.liquid.tokens import Source
from tailorbird.content.tree import Place
from tailorbird.errors import TemplateError

BLANKS = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `\\s` means in JavaScript."""

Kind = Literal[
    "content", "comment", "open", "open_unescaped", "open_block", "open_inverse", "open_chain",
    "open_end", "open_partial", "open_partial_block", "open_raw", "inverse", "end_raw",
    "close", "close_unescaped", "close_raw", "sub", "end_sub", "equals", "id", "separator",
    "string", "data", "boolean", "undefined", "null", "number", "as", "bar", "invalid", "end",
]  # fmt: skip

_S = f"[{BLANKS}]"
_NAME = rf"[^{BLANKS}!\"#%-,./;->@\[-^`{{-~]+"
_BEHIND_NAME = rf"(?=[=~}}{BLANKS}/.)|\]])"
_BEHIND_LITERAL = rf"(?=[~}}{BLANKS})])"
_RULES: tuple[tuple[str, str], ...] = (
    ("sub", r"\("),
    ("end_sub", r"\)"),
    ("open_raw", r"\{\{\{\{"),
    ("close_raw", r"\}\}\}\}"),
    ("open_partial", r"\{\{~?>"),
    ("open_partial_block", r"\{\{~?#>"),
    ("open_block", r"\{\{~?#\*?"),
    ("open_end", r"\{\{~?/"),
    ("inverse", rf"\{{\{{~?(?:\^{_S}*|{_S}*else{_S}*)~?\}}\}}"),
    ("open_inverse", r"\{\{~?\^"),
    ("open_chain", rf"\{{\{{~?{_S}*else(?![A-Za-z0-9_])"),
    ("open_unescaped", r"\{\{~?\{"),
    ("long_comment", r"\{\{~?!--"),
    ("comment", r"\{\{~?![\s\S]*?\}\}"),
    ("open", r"\{\{~?(?:&|\*?)"),
    ("equals", "="),
    ("id_up", r"\.\.|\.(?=[=~}" + BLANKS + r"/.)|\]])"),
    ("separator", r"[/.]"),
    ("blank", rf"{_S}+"),
    ("close_unescaped", r"\}~?\}\}"),
    ("close", r"~?\}\}"),
    ("string", r'"(?:\\["]|[^"])*"|' + r"'(?:\\[']|[^'])*'"),
    ("data", "@"),
    ("boolean", rf"(?:true|false){_BEHIND_LITERAL}"),
    ("undefined", rf"undefined{_BEHIND_LITERAL}"),
    ("null", rf"null{_BEHIND_LITERAL}"),
    ("number", rf"-?[0-9]+(?:\.[0-9]+)?{_BEHIND_LITERAL}"),
    ("as", rf"as{_S}+\|"),
    ("bar", r"\|"),
    ("id", rf"{_NAME}(?=[=~}}{BLANKS}/.)|])"),
    ("id_literal", r"\[(?:\\\]|[^\]])*\]"),
)
_INSIDE = re.compile("|".join(f"(?P<{name}>{rule})" for name, rule in _RULES))
_WORD = re.compile(rf"[^{BLANKS}}}]+")
_CLOSING = frozenset({"inverse", "close", "close_unescaped", "comment"})
_ESCAPED_END = re.compile(r"\\{0,2}\{\{|\Z")
_LONG_COMMENT_END = re.compile(r"--~?\}\}")
_RAW_END = re.compile(rf"\{{\{{\{{\{{/({_NAME})\}}\}}\}}\}}")
_LITERAL_ESCAPE = re.compile(r"\\([\\\]])")
MOST_TOKENS = 400_000


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a template. `text` is its meaning, `written` how it stands in the file."""

    kind: Kind
    text: str
    written: str
    source: Source
    start: int

    @property
    def place(self) -> Place:
        """Return where the token stands."""
        return self.source.place(self.start)

    def fault(self, what: str, mend: str = "") -> TemplateError:
        """Return the error to raise for this token."""
        return self.source.fault(self.start, what, mend)

    @property
    def tilde_before(self) -> bool:
        """Return whether the mark takes the blanks before it."""
        return self.written[2:3] == "~"

    @property
    def tilde_behind(self) -> bool:
        """Return whether the mark takes the blanks behind it."""
        return self.written[-3:-2] == "~"


def tokenize(source: Source) -> list[Token]:
    """Return the tokens of a template, the last of kind `end`.

    Raises:
        TemplateError: a mark, a comment or a raw block is not closed.
    """
    if "\0" in source.text:
        raise source.fault(source.text.index("\0"), "a template cannot hold NUL", "remove it")
    return [*_Lexer(source).tokens(), Token("end", "", "", source, len(source.text))]


class _Lexer:
    """Walks through a source once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.text):
            start = self.text.find("{{", self.at)
            if start < 0:
                yield self._token("content", len(self.text))
                return
            yield from self._content(start)

    def _token(self, kind: Kind, end: int, text: str | None = None) -> Token:
        written = self.text[self.at : end]
        token = Token(kind, written if text is None else text, written, self.source, self.at)
        self.at = end
        return token

    def _content(self, start: int) -> Iterator[Token]:
        """Yield the text before a mark, and the mark or the text that a backslash makes of it."""
        before = self.text[self.at : start]
        escaped = before.endswith("\\") and not before.endswith("\\\\")
        kept = before[:-1] if before.endswith("\\") else before
        if kept:
            yield self._token("content", start, kept)
        self.at = start
        if not escaped:
            yield from self._inside()
            return
        end = _ESCAPED_END.search(self.text, start + 2)
        yield self._token("content", end.start() if end else len(self.text))

    def _inside(self) -> Iterator[Token]:
        """Yield the tokens of one mark."""
        opened = self.at
        while True:
            match = _INSIDE.match(self.text, self.at)
            if match is None:
                if self.text.find("}}", self.at) < 0:
                    raise self.source.fault(opened, "{{ is not closed", "add }}")
                word = _WORD.match(self.text, self.at)
                yield self._token("invalid", word.end() if word else self.at + 1)
                return
            name = str(match.lastgroup)
            if name == "long_comment":
                yield self._long_comment()
                return
            if name == "blank":
                self.at = match.end()
                continue
            yield self._word(name, match)
            if name in _CLOSING:
                return
            if name == "close_raw":
                yield from self._raw(opened)
                return

    def _word(self, name: str, match: re.Match[str]) -> Token:
        written = match[0]
        if name == "string":
            quote = written[0]
            return self._token("string", match.end(), written[1:-1].replace("\\" + quote, quote))
        if name == "id_up":
            return self._token("id", match.end())
        if name == "id_literal":
            return self._token("id", match.end(), _LITERAL_ESCAPE.sub(r"\1", written))
        return self._token(name, match.end())  # type: ignore[arg-type] # the other rules are kinds

    def _long_comment(self) -> Token:
        end = _LONG_COMMENT_END.search(self.text, self.at + 3)
        if end is None:
            raise self.source.fault(self.at, "the comment is not closed", "add --}}")
        return self._token("comment", end.end())

    def _raw(self, opened: int) -> Iterator[Token]:
        """Yield what a raw block holds, and its end."""
        depth = 1
        while depth:
            mark = self.text.find("{{{{", self.at)
            if mark < 0:
                raise self.source.fault(opened, "the raw block is not closed", "add {{{{/NAME}}}}")
            if mark > self.at:
                yield self._token("content", mark)
            end = _RAW_END.match(self.text, mark)
            if end is None:
                slash = self.text[mark + 4 : mark + 5] == "/"
                depth += not slash
                yield self._token("content", mark + 1 if slash else mark + 4)
                continue
            depth -= 1
            if depth:
                yield self._token("content", end.end())
            else:
                yield self._token("end_raw", end.end(), end[1])
