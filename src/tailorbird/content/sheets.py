"""Style sheets of a mail into the elements that they style."""

from __future__ import annotations

import re
from typing import Final

import css_inline

from tailorbird.content.lifting import Lift
from tailorbird.errors import TemplateError

_COMMENT: Final = re.compile(r"<!--.*?-->", re.S)
_SHEET: Final = re.compile(r"<(?:mj-)?style\b([^>]*)>(.*?)</(?:mj-)?style>", re.S | re.I)
_ELSEWHERE: Final = re.compile(r"\binline\b|\bmedia\s*=\s*[\"']?(?!all|screen\b[\"'\s])", re.I)
"""Sheets that are inlined by MJML itself, or are for some screens alone."""


def inlined(html: str, lifted: Lift) -> str:
    """Return the HTML with the rules of the author's sheets in the elements too; the sheets stay.

    Sheets that hold conditions are left as they are.

    Raises:
        TemplateError: a sheet is not valid.
    """
    found = list(_SHEET.finditer(_COMMENT.sub("", lifted.masked)))
    sheets = {
        number: match[2]
        for number, match in enumerate(found)
        if match[2].strip() and not _ELSEWHERE.search(match[1]) and lifted.steady(match[2])
    }
    if lifted.grammar.strict and not sheets:
        return html
    try:
        return _with("\n".join(sheets.values()), html)
    except css_inline.InlineError:
        for number, sheet in sheets.items():
            _check(sheet, number, lifted)
        raise _fault(
            "the style sheets are not valid together", len(lifted.sheets), lifted
        ) from None


def _with(css: str, html: str) -> str:
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        load_remote_stylesheets=False,
        extra_css=css,
    )
    done: str = inliner.inline(html)
    return done


def _check(sheet: str, number: int, lifted: Lift) -> None:
    try:
        _with(sheet, "<p></p>")
    except css_inline.InlineError as error:
        raise _fault(f"the style sheet is not valid: {error}", number, lifted) from None


def _fault(what: str, number: int, lifted: Lift) -> TemplateError:
    place = lifted.sheets[number].place if number < len(lifted.sheets) else lifted.start
    return TemplateError(
        what, where=str(place), mend="look for a brace, a colon or a selector that is missing"
    )
