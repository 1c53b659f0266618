"""Compiles templates once and renders each person's mail fast.

In: template sources, blocks, plain values.
Out: subject, HTML, text.
"""

from __future__ import annotations

from tailorbird.content.cache import TemplateCache
from tailorbird.content.dispatch import Choosing, called, dispatched
from tailorbird.content.email import EmailSource, EmailTemplate, compile_email, written
from tailorbird.content.gaps import Gaps
from tailorbird.content.library import library, recipes, templates
from tailorbird.content.locales import is_locale
from tailorbird.content.rules import Slot, parse_slot
from tailorbird.content.template import Syntax, Template, compile  # noqa: A004 - the trade's word
from tailorbird.content.values import Plain

__all__ = [
    "Choosing",
    "EmailSource",
    "EmailTemplate",
    "Gaps",
    "Plain",
    "Slot",
    "Syntax",
    "Template",
    "TemplateCache",
    "called",
    "compile",
    "compile_email",
    "dispatched",
    "is_locale",
    "library",
    "parse_slot",
    "recipes",
    "templates",
    "written",
]
