"""An AMP document with template tags cut into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tailorbird.content.languages import Language
from tailorbird.content.liquid import Source, Token

_TEMPLATE: Final = re.compile(
    r"<(template|script)\b[^>]*\b(?:type|template)=[\"']?amp-mustache[\"']?[^>]*>", re.I
)
_PRIVATE: Final = range(0xE000, 0xF8FF)
"""Characters without a meaning, of which two stand for the marks of tags that are not ours."""


def amp_tokens(text: str, name: str, tongue: Language) -> list[Token]:
    """Return the tokens of an AMP document.

    What stands in a template of `amp-mustache` is filled in by the reader's program, later and from
    the answer of a server: its `{{ }}` are text here.
    """
    free = (chr(code) for code in _PRIVATE if chr(code) not in text)
    one, two = next(free), next(free)
    hidden = "".join(
        part.replace("{{", one * 2).replace("{%", one + two) if inside else part
        for part, inside in _parts(text)
    )
    return [
        replace(token, text=token.text.replace(one * 2, "{{").replace(one + two, "{%"))
        for token in tongue.tokens(Source(name, hidden), {})
    ]


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a document and whether each is inside a template of the reader's."""
    at = 0
    while opening := _TEMPLATE.search(text, at):
        yield text[at : opening.end()], False
        at = _end(text, opening.end(), opening[1])
        yield text[opening.end() : at], True
    yield text[at:], False


def _end(text: str, start: int, name: str) -> int:
    """Return where the element that was opened before `start` is closed."""
    depth = 1
    for mark in re.compile(rf"<(/?){name}\b", re.I).finditer(text, start):
        depth += -1 if mark[1] else 1
        if depth == 0:
            return mark.start()
    return len(text)
