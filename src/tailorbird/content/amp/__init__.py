"""AMP for Email: the part of a mail that readers who know it show in place of the HTML.

In: an author's AMP document. Out: its tree, and what the format forbids.
"""

from __future__ import annotations

from tailorbird.content.amp.document import amp_tree
from tailorbird.content.amp.rules import amp_findings

__all__ = ["amp_findings", "amp_tree"]
