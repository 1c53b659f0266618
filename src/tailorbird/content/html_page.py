"""A mail written as plain HTML, its style sheets inlined around template tags."""

from __future__ import annotations

import re
from typing import Final

from tailorbird.content.lifting import MARK, Element, Grammar, Lift
from tailorbird.content.liquid import Source, Token
from tailorbird.content.sheets import inlined

_WHOLE: Final = re.compile(r"<html[\s>]", re.I)
_BODY: Final = re.compile(r"<body[\s>]", re.I)
_HEAD: Final = (
    '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>'
)
_TAIL: Final = "</body></html>"
_INKY: Final = frozenset({"block-grid", "callout", "columns", "container", "row", "wrapper"})
_PARTS: Final = frozenset(
    {"head", "html", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "select"}
)
"""Elements in which text cannot stand: a word there is a comment."""


def whole(tokens: list[Token], name: str) -> list[Token]:
    """Return the tokens of a whole page, whatever part of one they are."""
    texts = [token.text for token in tokens if token.kind == "text"]
    if any(map(_WHOLE.search, texts)):
        return tokens
    head = Source(name, _HEAD[: _HEAD.index("<body>")] if any(map(_BODY.search, texts)) else _HEAD)
    tail = Source(name, "</html>" if any(map(_BODY.search, texts)) else _TAIL)
    return [
        Token("text", head.text, head, 0, 0),
        *tokens,
        Token("text", tail.text, tail, 0, 0),
    ]


def rendered(lifted: Lift) -> str:
    """Return the page, its rules inlined; sheets that hold conditions are left as they are."""

    return inlined(lifted.masked, lifted)


def _opened(element: Element) -> None:
    if element.name.startswith(("mj-", "mjml")):
        raise element.fault(f"<{element.name}> stands outside <mjml>", "begin with <mjml>")
    if element.name in _INKY:
        raise element.fault(
            f"<{element.name}> is Foundation's markup (Inky), not HTML",
            "build the page with Foundation's own tool first, or write the mail as MJML",
        )


def _held(word: str, inner: str) -> str:
    return f"<!--{word}-->" if inner in _PARTS else word


def _marked(name: str, number: int) -> str:
    return f' {MARK}="{number}"'


GRAMMAR: Final = Grammar(
    strict=False,
    root="html",
    outer=frozenset({""}),
    opened=_opened,
    held=_held,
    marked=_marked,
)
