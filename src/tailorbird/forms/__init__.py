"""Forms: what is asked of whom, what is kept of the answers, who must confirm, what came of it.

In: definitions, what visitors send.
Out: submissions in the log, confirmation mails in the ledger, results.
"""

from __future__ import annotations

from tailorbird.forms.asking import (
    Visitor,
    check_links,
    find,
    link,
    page,
    person_of,
    standing,
    stored,
)
from tailorbird.forms.confirming import (
    PREFIX,
    Request,
    ask,
    confirm,
    is_confirmation,
    outgoing,
    request_of,
)
from tailorbird.forms.results import Results, results
from tailorbird.forms.submitting import anonymous_id, emptied, submission_id, submit

__all__ = [
    "PREFIX",
    "Request",
    "Results",
    "Visitor",
    "anonymous_id",
    "ask",
    "check_links",
    "confirm",
    "emptied",
    "find",
    "is_confirmation",
    "link",
    "outgoing",
    "page",
    "person_of",
    "request_of",
    "results",
    "standing",
    "stored",
    "submission_id",
    "submit",
    "urls",
]
