"""Checks a template before it is sent: for everybody's eyes, for mail readers, for the law.

In: an author's source and the blocks that it calls. Out: findings, each with its place and mend.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tailorbird.content.amp import amp_findings
from tailorbird.content.email import EmailSource, marked_page, written
from tailorbird.content.findings import Finding, Severity
from tailorbird.content.lint import accessibility, readers, sending
from tailorbird.content.lint.document import Document, document
from tailorbird.content.lint.fallbacks import missing

__all__ = ["SHELL", "Finding", "Severity", "is_block", "lint", "lint_file"]

SHELL: Final = (
    '<mjml lang="en" dir="ltr"><mj-head><mj-title>A block</mj-title>{% render "head" %}</mj-head>'
    '<mj-body css-class="page" background-color="#f4f6f8">{% render "BLOCK" %}</mj-body></mjml>'
)
"""A mail around one block, in the colours of our own blocks."""


def lint(
    source: EmailSource,
    blocks: Mapping[str, str],
    *,
    whole: bool = True,
    transactional: bool = False,
    stood_in: Collection[str] = (),
) -> list[Finding]:
    """Return what is wrong with a mail, in the order of its lines; errors must be mended.

    `whole`: it is a mail, not a block of one. A `transactional` mail needs no way out. For the
    paths that are `stood_in`, its campaign has a value where somebody has none.

    Raises:
        TemplateError: it does not compile.
    """
    body, places = marked_page(source, blocks)
    page = document(body, places, source.name)
    found = [
        *_findings(page, whole=whole, transactional=transactional),
        *missing(body, stood_in),
    ]
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda each: (each.where.rpartition(":")[0], each.line))


def lint_file(
    name: str, text: str, blocks: Mapping[str, str], *, transactional: bool = False
) -> list[Finding]:
    """Return what is wrong with a file: a mail in MJML or HTML, a block, or an AMP part.

    Raises:
        TemplateError: it does not compile.
    """
    if name.endswith(".amp.html"):
        return amp_findings(text, name)
    if is_block(text):
        shell = written(name, {}, SHELL.replace("BLOCK", name))
        return [
            each
            for each in lint(shell, {**blocks, name: text}, whole=False)
            if each.where.startswith(f"{name}:")
        ]
    return lint(written(name, {}, text), blocks, transactional=transactional)


def is_block(text: str) -> bool:
    """Return whether a text is a block of MJML, not a whole mail."""
    return "<mj-" in text and "<mjml" not in text


def _findings(page: Document, *, whole: bool, transactional: bool) -> Iterator[Finding]:
    yield from accessibility.findings(page, whole=whole)
    yield from readers.findings(page, whole=whole)
    yield from sending.findings(page, whole=whole, transactional=transactional)
