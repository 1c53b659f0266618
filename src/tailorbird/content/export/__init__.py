"""Writes a template out in another dialect, so that a team can send through what it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from tailorbird.content import handlebars, liquid
from tailorbird.content.email import EmailSource, page_tree
from tailorbird.content.export.from_handlebars import Around, FromHandlebars
from tailorbird.content.export.from_liquid import FromLiquid
from tailorbird.content.export.portable import Part
from tailorbird.content.export.to_ampscript import ToAmpscript
from tailorbird.content.export.to_handlebars import ToHandlebars
from tailorbird.content.export.to_liquid import ToLiquid
from tailorbird.content.html_context import escaped
from tailorbird.content.tree import Body

__all__ = ["Dialect", "Syntax", "export", "export_mail"]

Syntax: TypeAlias = Literal["liquid", "handlebars"]
Dialect: TypeAlias = Literal["liquid", "handlebars", "ampscript"]


def export(
    source: str,
    *,
    to: Dialect,
    syntax: Syntax = "liquid",
    name: str = "template",
    blocks: Mapping[str, str] | None = None,
    escape: bool = False,
    plain: bool = False,
) -> str:
    """Return a template in another dialect, its blocks put in place.

    With `escape` what we make safe by its place in HTML is made safe there too, as far as the
    dialect can: as text. Lists must be lists, and texts, whole numbers and truths print the same
    everywhere; how a dialect prints other things is its own.

    Raises:
        TemplateError: the dialect cannot say something; `where` is `name:line:column`.

    >>> export("{% if n > 1 %}{{ n }}{% endif %}", to="handlebars")
    '{{lookup null 0}}{{#if (gt n 1)}}{{{n}}}{{/if}}'
    """
    return _written(_portable(source, syntax, name, blocks or {}, escape=escape, plain=plain), to)


def export_mail(source: EmailSource, blocks: Mapping[str, str], *, to: Dialect) -> str:
    """Return the HTML of a mail in another dialect: MJML and style sheets are worked out already.

    Its links are those of the author, and nothing counts who opens it. Raises as `export`.
    """
    body = page_tree(source, blocks)
    if source.syntax == "liquid":
        return _written(FromLiquid({}, liquid.parse).whole(body), to)
    return _written(FromHandlebars({}, handlebars.parse).part(body, Around()), to)


def _written(part: Part, to: Dialect) -> str:
    if to == "ampscript":
        return ToAmpscript().template(part)
    return ToHandlebars().template(part) if to == "handlebars" else ToLiquid().part(part)


def _portable(
    source: str,
    syntax: Syntax,
    name: str,
    blocks: Mapping[str, str],
    *,
    escape: bool,
    plain: bool,
) -> Part:
    options = handlebars.Options(unescaped=True, plain=plain)

    def parse(text: str, of: str) -> Body:
        shopify = syntax == "liquid"
        body = liquid.parse(text, of) if shopify else handlebars.parse(text, of, options)
        return escaped(body) if escape else body

    body = parse(source, name)
    if syntax == "liquid":
        return FromLiquid(blocks, parse).whole(body)
    return FromHandlebars(blocks, parse).part(body, Around())
