"""MJML into HTML around template tags: lifted out to placeholders before, put back after.

MJML and CSS tools reject or corrupt `<`, `>` and quotes inside tags, and move text that stands
between the rows of a table. A placeholder is a word that they leave alone: bare in texts and
attributes, a comment in tables, and inside `mj-raw` between the parts of the layout.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

import css_inline
import mrml

from tailorbird.content.html_scan import START, State, steps
from tailorbird.content.liquid import Source, Token
from tailorbird.errors import TemplateError

_LAYOUT = frozenset(
    {"mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"}
)
"""Elements that hold elements only; between those a placeholder needs `mj-raw`."""
_CLOSED = frozenset(
    {"mj-attributes", "mj-navbar", "mj-social", "mj-accordion", "mj-accordion-element"}
    | {"mj-carousel"}
)
"""Elements between whose children nothing else may stand."""
_TABLES = frozenset({"mj-table", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "select"})
_VOID = frozenset(
    {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_ELEMENTS = frozenset(
    {"mjml", "mj-all", "mj-class", "mj-breakpoint", "mj-font", "mj-preview", "mj-style", "mj-title"}
    | {"mj-raw", "mj-text", "mj-button", "mj-carousel-image", "mj-divider", "mj-image", "mj-spacer"}
    | {"mj-navbar-link", "mj-social-element", "mj-table", "mj-accordion-title"}
    | {"mj-accordion-text", "mj-html-attributes", "mj-selector", "mj-html-attribute"}
    | _LAYOUT
    | _CLOSED
)
_STYLE = re.compile(r"<mj-style(?![^>]*inline)[^>]*>(.*?)</mj-style>", re.S)
_TAG_NAME = re.compile(r"(<[A-Za-z][\w:-]*) ")
_VERBATIM = re.compile(r"<style\b.*?</style>|<!--.*?-->", re.S | re.I)
"""Parts in which a character reference would be shown, not read."""


def compile_mjml(tokens: list[Token], name: str) -> list[Token]:
    """Return the tokens of the HTML that an MJML document with template tags stands for.

    Raises:
        TemplateError: the MJML is not valid, or a tag stands where nothing can hold it.
    """
    lifted = _Lift(tokens, name)
    masked = "".join(lifted.masked)
    try:
        html = mrml.to_html(
            masked,
            mrml.ParserOptions(include_loader=mrml.noop_loader()),
            mrml.RenderOptions(disable_comments=False, fonts={}),
        ).content
    except OSError as error:
        raise lifted.fault(str(error)) from None
    css = "\n".join(_STYLE.findall(masked))
    if css.strip():
        html = css_inline.CSSInliner(
            inline_style_tags=False,
            keep_style_tags=True,
            load_remote_stylesheets=False,
            extra_css=css,
        ).inline(html)
    return lifted.put_back(_wired(html))


def _wired(html: str) -> str:
    """Return the HTML in the form that travels best: short lines, and ASCII where it can be.

    A line break stands behind the name of a tag, where it changes nothing.
    """
    html = _TAG_NAME.sub("\\1\n", html)
    if any(not match[0].isascii() for match in _VERBATIM.finditer(html)):
        return html
    return html.encode("ascii", "xmlcharrefreplace").decode()


@dataclass(frozen=True, slots=True)
class _Element:
    name: str
    token: Token
    offset: int

    def fault(self, what: str, mend: str) -> TemplateError:
        return self.token.source.fault(self.token.start + self.offset, what, mend)


@dataclass(slots=True)
class _Lift:
    """Replaces tags by placeholders, in one walk over the tokens."""

    tokens: list[Token]
    name: str
    masked: list[str] = field(default_factory=list)
    _mark: str = "TBQ"
    _held: list[tuple[Token, bool]] = field(default_factory=list)
    _before: list[Token] = field(default_factory=list)
    _behind: list[Token] = field(default_factory=list)
    _open: list[_Element] = field(default_factory=list)
    _state: State = START
    _root_seen: bool = False
    _body_seen: bool = False

    def __post_init__(self) -> None:
        texts = [token.text for token in self.tokens if token.kind == "text"]
        while any(self._mark in text for text in texts):
            self._mark += "Q"
        for token in self.tokens:
            if token.kind == "text":
                self._text(token)
            else:
                self._tag(token)
        if self._open:
            element = self._open[-1]
            raise element.fault(f"<{element.name}> is not closed", f"add </{element.name}>")
        if not self._root_seen:
            raise TemplateError(
                "there is no <mjml> element", where=self.name, mend="write the mail as MJML"
            )

    # -- lifting ----------------------------------------------------------------------------------

    def _text(self, token: Token) -> None:
        at = 0
        for before, piece, behind in steps(token.text, self._state):
            here = _Element(behind.tag, token, at + max(0, piece.rfind("<")))
            if before.mode in ("text", "raw") and behind.mode == "tag":
                self._element(behind.tag, here)
            elif before.mode == "text" and behind.mode == "text" and piece.endswith("<"):
                raise here.fault("a < that begins no tag", "write &lt;")
            elif before.mode == "tag" and behind.mode == "bare":
                raise here.fault(f"{behind.attribute} has a value without quotes", "add quotes")
            elif before.mode == "tag" and piece.endswith("/>"):
                self._empty(before.tag)
            at += len(piece)
            self._state = behind
        if self._open or self._state.mode != "text" or token.text.strip():
            self.masked.append(token.text)

    def _element(self, name: str, element: _Element) -> None:
        if name.startswith("/"):
            self._close(name[1:], element)
            return
        if name.startswith("mj") and name not in _ELEMENTS:
            raise element.fault(f"unknown MJML element <{name}>", _mend(name))
        self._root_seen = self._root_seen or name == "mjml"
        self._body_seen = self._body_seen or name == "mj-body"
        if name not in _VOID:
            self._open.append(element)

    def _empty(self, name: str) -> None:
        if self._open and self._open[-1].name == name:
            self._open.pop()

    def _close(self, name: str, element: _Element) -> None:
        if name in _VOID:
            return
        opener = self._open[-1] if self._open else None
        if opener is None:
            raise element.fault(f"</{name}> closes nothing", "remove it")
        if opener.name != name:
            place = opener.token.source.place(opener.token.start + opener.offset)
            raise element.fault(
                f"</{name}> stands inside <{opener.name}>, opened at {place}",
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
        if mode == "text" and inner in ("", "mjml"):
            outside_end = any(
                part.startswith("<mj-body") or "<mj-body" in part for part in self.masked
            )
            (self._behind if outside_end else self._before).append(token)
            return
        if mode == "text" and inner in _CLOSED:
            raise token.fault(
                f"a template tag cannot stand between the children of <{inner}>",
                f"put it around the whole <{inner}>",
            )
        word = f"{self._mark}{len(self._held)}Z"
        self._held.append((token, mode == "comment"))
        if mode == "text" and inner in _LAYOUT:
            word = f"<mj-raw>{word}</mj-raw>"
        elif mode == "text" and inner in _TABLES:
            word = f"<!--{word}-->"
        self.masked.append(word)

    # -- putting back -----------------------------------------------------------------------------

    def put_back(self, html: str) -> list[Token]:
        """Return the HTML as tokens, every placeholder the tag that it stands for.

        Raises:
            TemplateError: a tag was lost on the way.
        """
        source = Source(self.name, html)
        pattern = re.compile(rf"<!--{self._mark}(\d+)Z-->|{self._mark}(\d+)Z", re.I)
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
                    "MJML has no place for a template tag here",
                    "sizes and widths must be fixed; test around the whole element instead",
                )
        return [*done, *self._behind]

    def fault(self, message: str) -> TemplateError:
        """Return the error of an MJML message, which names no place."""
        return TemplateError(
            f"the MJML is not valid: {message}",
            where=self.name,
            mend="look for an attribute without quotes, or without a blank before it",
        )


def _mend(name: str) -> str:
    if name == "mj-include":
        return "put the part into a block and write {% render 'BLOCK' %}"
    near = difflib.get_close_matches(name, _ELEMENTS, n=1)
    return f"did you mean <{near[0]}>?" if near else "see the MJML reference"
