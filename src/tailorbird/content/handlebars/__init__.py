"""The Handlebars front end: source into the neutral tree, as handlebars.js 4.7 reads it."""

from __future__ import annotations

from tailorbird.content.handlebars.meaning import Options, meaning
from tailorbird.content.handlebars.parse import Parser
from tailorbird.content.handlebars.tokens import tokenize
from tailorbird.content.handlebars.whitespace import without_blanks
from tailorbird.content.liquid.tokens import Source
from tailorbird.content.tree import Body

__all__ = ["Options", "parse"]

_USUAL = Options()


def parse(source: str, name: str, options: Options = _USUAL) -> Body:
    """Return the tree of one template.

    Raises:
        TemplateError: it is not valid Handlebars; `where` is `name:line:column`.
    """
    program = Parser(tokenize(Source(name, source))).parse()
    without_blanks(program)
    return meaning(program, options)
