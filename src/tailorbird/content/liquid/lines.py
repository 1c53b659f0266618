"""The `liquid` tag: one tag a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tailorbird.content.liquid.tokens import Token

_LINE = re.compile(r"[ \t\r\v\f]*(#|\w+)?([^\n]*)")


def line_tokens(token: Token) -> list[Token]:
    """Return the tags that stand on the lines of a `liquid` tag, comments left out.

    Raises:
        TemplateError: a comment is not closed.
    """
    return list(_tags(token))


def _tags(token: Token) -> Iterator[Token]:
    comments: list[Token] = []
    at = 0
    while at <= len(token.text):
        match = _LINE.match(token.text, at)
        if match is None:
            break
        at = match.end() + 1
        name = match[1] or ""
        if not name and not match[2].strip():
            continue
        start, opened = token.start + match.start(2), token.start + match.start(1)
        tag = Token("tag", match[2], token.source, start, opened if name else start, name)
        if name == "comment":
            comments.append(tag)
        elif comments:
            if name == "endcomment":
                comments.pop()
        elif name != "#":
            yield tag
    if comments:
        raise comments[0].fault("comment is not closed", "add a line endcomment")
