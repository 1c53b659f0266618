"""Links of a mail that no one would count: those that are not put in place of an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tailorbird.content.email import EmailSource, html_tree
from tailorbird.content.links import RESERVED
from tailorbird.content.tree import Body, Link, Member, Node, Output, Path, Text
from tailorbird.content.walk import bodies

LEFT_ALONE: Final = ("mailto:", "tel:", "sms:", "cid:", "data:")
"""How addresses begin that lead to no page."""
_HREF: Final = re.compile(r"""href\s*=\s*(?:"([^"]*)("?)|'([^']*)('?))""", re.IGNORECASE)


def may_be_unsigned(source: EmailSource, blocks: Mapping[str, str]) -> bool:
    """Return whether a mail can hold a link to a page that is not signed, in whatever way.

    Those to leave or to view a mail are not signed on purpose.

    Raises:
        TemplateError: the mail is not valid.
    """
    html, _ = html_tree(source, blocks)
    return any(_unsigned(html))


def _unsigned(body: Body) -> Iterator[bool]:
    for place, node in enumerate(body):
        behind = body[place + 1] if place + 1 < len(body) else None
        if isinstance(node, Text):
            for match in _HREF.finditer(node.text):
                closed, written = match[2] or match[4], match[1] or match[3] or ""
                yield not _excused(written, behind) if not closed else not _leaves(written)
        for inner in bodies(node):
            yield from _unsigned(inner)


def _leaves(written: str) -> bool:
    return written.startswith(LEFT_ALONE)


def _excused(written: str, behind: Node | None) -> bool:
    """Return whether an address that goes on in the next node is signed, or need not be."""
    if isinstance(behind, Link):
        return True
    if isinstance(behind, Output) and isinstance(behind.value, Path):
        return behind.value.root in RESERVED
    if isinstance(behind, Output) and isinstance(behind.value, Member):
        return behind.value.name in RESERVED
    return _leaves(written)
