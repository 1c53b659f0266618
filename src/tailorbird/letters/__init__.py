"""One person's mail: the values that a template is given, its links, its message.

`flow` decides and delivers with it; `readings` shows a mail as any person would get it.

In: a campaign, people, an instant.
Out: what a decision keeps, compiled templates, messages.
"""

from __future__ import annotations

from tailorbird.letters.compiled import check, check_template, template
from tailorbird.letters.given import TRAITS, Values, inputs, recommendations, values
from tailorbird.letters.messages import Composer, sent_html, settled_event, signers

__all__ = [
    "TRAITS",
    "Composer",
    "Values",
    "check",
    "check_template",
    "inputs",
    "recommendations",
    "sent_html",
    "settled_event",
    "signers",
    "template",
    "values",
]
