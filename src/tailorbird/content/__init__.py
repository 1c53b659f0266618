"""Compiles templates once and renders each person's mail fast.

In: template sources, blocks, plain values.
Out: subject, HTML, text.
"""

from __future__ import annotations

from tailorbird.content.template import Template, compile  # noqa: A004 - the trade's word
from tailorbird.content.values import Plain

__all__ = ["Plain", "Template", "compile"]
