"""MJML into HTML around template tags."""

from __future__ import annotations

import difflib
import re
from typing import Final

import css_inline
import mrml

from tailorbird.content.lifting import MARK, VOID, Element, Grammar, Lift
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
_STYLE: Final = re.compile(r"<mj-style(?![^>]*inline)[^>]*>(.*?)</mj-style>", re.S)
_TWO_CLASSES: Final = re.compile(r'(<mj-[\w-]+) css-class="(tb-at-\d+)"([^<>]*?\scss-class=["\'])')
_FOREIGN_ATTRIBUTE: Final = re.compile(r'(<td\b[^>]*?) vertical-align="[a-z]*"')


def rendered(lifted: Lift) -> str:
    """Return the HTML of lifted MJML, the rules of its style sheets inlined.

    Raises:
        TemplateError: the MJML is not valid.
    """
    masked = _TWO_CLASSES.sub(r"\1\3\2 ", lifted.masked)
    try:
        html: str = mrml.to_html(
            masked,
            mrml.ParserOptions(include_loader=mrml.noop_loader()),
            mrml.RenderOptions(disable_comments=False, fonts={}),
        ).content
    except OSError as error:
        raise TemplateError(
            f"the MJML is not valid: {error}",
            where=lifted.name,
            mend="look for an attribute without quotes, or without a blank before it",
        ) from None
    html = _FOREIGN_ATTRIBUTE.sub(r"\1", html)
    css = "\n".join(sheet for sheet in _STYLE.findall(masked) if lifted.steady(sheet))
    if not css.strip():
        return html
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        load_remote_stylesheets=False,
        extra_css=css,
    )
    inlined: str = inliner.inline(html)
    return inlined


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
