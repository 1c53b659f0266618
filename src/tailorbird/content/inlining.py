"""Blocks put in place: a block's text instead of the tag that calls it, before MJML reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tailorbird.content.liquid import Source, Token, tokenize
from tailorbird.content.liquid.lines import line_tokens
from tailorbird.content.liquid.tags import INLINED
from tailorbird.content.scope import unknown_block

_DEEPEST: Final = 20
_CALLS: Final = ("render", "include")
TAKES: Final = re.compile(
    r"\{%-?\s*doc\b[^%]*%\}(?:(?!enddoc).)*?^takes: *\[([\w, ]*)\]", re.S | re.M
)
"""Where a block says in its `doc` which values a call of it may give."""


def expanded(
    tokens: list[Token], blocks: Mapping[str, str], inside: tuple[str, ...] = ()
) -> list[Token]:
    """Return the tokens with the text of each block in place of the tag that calls it.

    Raises:
        TemplateError: there is no such block, or it calls itself.
    """
    done: list[Token] = []
    for token in tokens:
        if token.kind != "tag" or token.name not in _CALLS:
            _check_lines(token)
            done.append(token)
            continue
        name = _block_name(token)
        if name not in blocks:
            fault = unknown_block(name, blocks)
            raise token.fault(fault.what, fault.mend)
        if name in inside or len(inside) >= _DEEPEST:
            raise token.fault(f"block {name!r} calls itself", f"way: {' > '.join((*inside, name))}")
        start = token.start - len(token.name)
        call = token.name + token.text + _left_out(token, blocks[name])
        done.append(Token("tag", call, token.source, start, token.opened, INLINED))
        done += expanded(tokenize(Source(name, blocks[name])), blocks, (*inside, name))
        done.append(Token("tag", "", token.source, start, start, f"end{INLINED}"))
    return done


def _left_out(token: Token, block: str) -> str:
    """Return the values that a block takes and its call does not give, as nothing."""
    takes = TAKES.search(block)
    if takes is None or token.name != "render":
        return ""
    names = [name.strip() for name in takes[1].split(",")]
    missing = [name for name in names if not re.search(rf"\b{re.escape(name)}\s*:", token.text)]
    return "".join(f", {name}: nil" for name in missing if name)


def _check_lines(token: Token) -> None:
    """Refuse a block inside a `liquid` tag: there is no place for its MJML."""
    if token.kind == "tag" and token.name == "liquid":
        for line in line_tokens(token):
            if line.name in _CALLS:
                raise line.fault(
                    f"{line.name} stands inside a liquid tag",
                    "in a mail write it as a tag of its own",
                )


def _block_name(token: Token) -> str:
    markup = token.text.strip()
    quote = markup[:1]
    end = markup.find(quote, 1) if quote in ("'", '"') else -1
    if end < 0:
        raise token.fault(
            f"{token.name} needs the name of a block in quotes", "in a mail it must be fixed"
        )
    return markup[1:end]
