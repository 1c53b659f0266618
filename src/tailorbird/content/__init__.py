"""Compiles templates once and renders each person's mail fast.

In: template sources, blocks, plain values.
Out: subject, HTML, text.
"""

from __future__ import annotations

from tailorbird.content.email import EmailSource, EmailTemplate, compile_email, written
from tailorbird.content.library import library, templates
from tailorbird.content.template import Syntax, Template, compile  # noqa: A004 - the trade's word
from tailorbird.content.values import Plain

__all__ = [
    "EmailSource",
    "EmailTemplate",
    "Plain",
    "Syntax",
    "Template",
    "compile",
    "compile_email",
    "library",
    "templates",
    "written",
]
