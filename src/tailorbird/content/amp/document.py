"""An AMP document with template tags into a tree."""

from __future__ import annotations

from tailorbird.content.amp.rules import amp_findings
from tailorbird.content.amp.tokens import amp_tokens
from tailorbird.content.html_context import escaped
from tailorbird.content.languages import Language
from tailorbird.content.links import LinkFinder
from tailorbird.content.tree import Body
from tailorbird.errors import TemplateError


def amp_tree(text: str, name: str, tongue: Language, links: LinkFinder | None = None) -> Body:
    """Return the tree of an AMP document; `links` goes on counting.

    Raises:
        TemplateError: the format forbids something, the template tags are not valid, or they print
            where nothing can be made safe.
    """
    for found in amp_findings(text, name):
        if found.severity == "error":
            raise TemplateError(found.what, where=found.where, mend=found.mend)
    return escaped(tongue.body(amp_tokens(text, name, tongue)), links)
