"""MJML into HTML around template tags."""

from __future__ import annotations

import difflib
import re
from typing import Final

import mrml

from tailorbird.content.lifting import MARK, VOID, Element, Grammar, Lift
from tailorbird.content.sheets import inlined
from tailorbird.errors import TemplateError

_LAYOUT: Final = frozenset(
    {"mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"}
)
"""Elements that hold elements only; between those a word needs `mj-raw`."""
_CLOSED: Final = frozenset(
    {"mj-attributes", "mj-navbar", "mj-social", "mj-accordion", "mj-accordion-element"}
    | {"mj-carousel"}
)
"""Elements between whose children nothing else may stand."""
_TABLES: Final = frozenset(
    {"mj-table", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "select"}
)
_PARTS: Final = frozenset(
    {"mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-navbar-link"}
    | {"mj-social-element", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"}
    | {"mj-navbar", "mj-social", "mj-accordion", "mj-carousel"}
)
"""Elements that take a `css-class`."""
_ELEMENTS: Final = frozenset(
    {"mjml", "mj-all", "mj-class", "mj-breakpoint", "mj-font", "mj-preview", "mj-style", "mj-title"}
    | {"mj-raw", "mj-carousel-image", "mj-accordion-title", "mj-accordion-text"}
    | {"mj-html-attributes", "mj-selector", "mj-html-attribute"}
    | _LAYOUT
    | _CLOSED
    | _PARTS
)
_TWO_CLASSES: Final = re.compile(r'(<mj-[\w-]+) css-class="(tb-at-\d+)"([^<>]*?\scss-class=["\'])')
_POSITION: Final = re.compile(r" (?:at position|in) (\d+)(?::\d+|\.\.\d+)")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)|<![^-].*?(?:>|\Z)", re.S)
_CONDITION: Final = re.compile(r"\[(?:if|endif)|<!\[", re.I)
_CONDITIONAL: Final = re.compile(
    r"<!--\[if [^\]\[<>]*\]>(?:(?!<!\[).)*<!\[endif\]-->"
    r"|<!--\[if [^\]\[<>]*\]><!-->|<!--<!\[endif\]-->",
    re.S,
)
_FOREIGN_ATTRIBUTE: Final = re.compile(r'(<td\b[^>]*?) vertical-align="[a-z]*"')


def rendered(lifted: Lift) -> str:
    """Return the HTML of lifted MJML, the rules of its style sheets inlined.

    Raises:
        TemplateError: the MJML is not valid.
    """
    masked = _TWO_CLASSES.sub(r"\1\3\2 ", lifted.masked)
    _check_conditions(lifted, masked)
    try:
        html: str = mrml.to_html(
            masked,
            mrml.ParserOptions(include_loader=mrml.noop_loader()),
            mrml.RenderOptions(disable_comments=False, fonts={}),
        ).content
    except OSError as error:
        raise TemplateError(
            f"the MJML is not valid: {_POSITION.sub('', str(error))}",
            where=str(lifted.place(_offset(str(error)))),
            mend="look for an attribute without quotes, or without a blank before it",
        ) from None
    html = _FOREIGN_ATTRIBUTE.sub(r"\1", html)
    return inlined(html, lifted)


def _offset(message: str) -> int:
    """Return the byte that a message of mrml names."""
    position = _POSITION.search(message)
    return int(position[1]) if position else 0


def _check_conditions(lifted: Lift, masked: str) -> None:
    """Refuse conditional comments at which mrml would stop the whole program."""
    for comment in _COMMENT.finditer(masked):
        if _CONDITION.search(comment[0]) and not _CONDITIONAL.fullmatch(comment[0]):
            raise TemplateError(
                f"a conditional comment that is not well formed: {comment[0][:40]!r}",
                where=str(lifted.place(len(masked[: comment.start()].encode()))),
                mend="write <!--[if mso]> ... <![endif]-->, or leave it to MJML",
            )


def _opened(element: Element) -> None:
    name = element.name
    if name.startswith("mj") and name not in _ELEMENTS:
        raise element.fault(f"unknown MJML element <{name}>", _mend(name))


def _held(word: str, inner: str) -> str | None:
    if inner in _CLOSED:
        return None
    if inner in _LAYOUT:
        return f"<mj-raw><!--{word}--></mj-raw>"  # a column becomes the body of a table
    return f"<!--{word}-->" if inner in _TABLES else word


def _marked(name: str, number: int) -> str:
    if name in _PARTS:
        return f' css-class="tb-at-{number}"'
    return "" if name.startswith("mj") else f' {MARK}="{number}"'


GRAMMAR: Final = Grammar(
    strict=True,
    root="mjml",
    outer=frozenset({"", "mjml"}),
    opened=_opened,
    held=_held,
    marked=_marked,
)


def _mend(name: str) -> str:
    if name == "mj-include":
        return "put the part into a block and write {% render 'BLOCK' %}"
    near = difflib.get_close_matches(name, _ELEMENTS - VOID, n=1)
    return f"did you mean <{near[0]}>?" if near else "see the MJML reference"
