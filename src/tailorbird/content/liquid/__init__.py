"""The Liquid front end: source into the neutral tree, as Shopify's own parser reads it."""

from __future__ import annotations

from tailorbird.content.liquid.blanks import without_blanks
from tailorbird.content.liquid.tags import Parser
from tailorbird.content.liquid.tokens import Source, Token, tokenize
from tailorbird.content.tree import Body

__all__ = [
    "Source",
    "Token",
    "parse",
    "parse_leniently",
    "parse_tokens",
    "tokenize",
    "without_blanks",
]


def parse(source: str, name: str) -> Body:
    """Return the tree of one template.

    Raises:
        TemplateError: it is not valid Liquid; `where` is `name:line:column`.
    """
    return parse_tokens(tokenize(Source(name, source)))


def parse_leniently(source: str, name: str) -> Body:
    """Return as `parse`, but as old shop themes are read: faults inside a tag are passed over."""
    return parse_tokens(tokenize(Source(name, source, lenient=True)))


def parse_tokens(tokens: list[Token], *, inlined: bool = False) -> Body:
    """Return the tree of tokens; `inlined` lets partials that were put in place be among them."""
    return Parser(tokens, inlined=inlined).parse()
