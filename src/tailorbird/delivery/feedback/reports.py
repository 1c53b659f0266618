"""Reports that were made for programs: delivery status (RFC 3464) and abuse (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.mime import Part, headers_of
from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, bounce
from tailorbird.delivery.feedback.reasons import Reason, reason_of

DELIVERY_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
FEEDBACK: Final = "message/feedback-report"
MOST_RECIPIENTS: Final = 50
ADDRESS: Final = re.compile(r"[^\s<>@,;:()\[\]\"']{1,128}@[\w.-]{1,253}[\w]")
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")
_INLINE: Final = re.compile(r"^[> \t]*Final-Recipient:[^\n]*\n[> \t]*Action:", re.I | re.M)
_QUOTING: Final = re.compile(r"^[> \t]+", re.M)
_ARRIVED: Final = frozenset({"delivered", "relayed", "expanded"})
_COMPLAINTS: Final[dict[str, OutcomeKind]] = {
    "opt-out": "unsubscribe", "opt-out-list": "unsubscribe", "not-spam": "other",
    "auth-failure": "other", "dmarc": "other",
}  # fmt: skip
"""Feedback types that are no complaint of a person; every other one is."""


class Fields:
    """One block of header-like fields of a report."""

    __slots__ = ("_values",)

    def __init__(self, text: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers_of(text):
            self._values.setdefault(name, []).append(value)

    def __bool__(self) -> bool:
        return bool(self._values)

    def get(self, *names: str) -> str:
        """Return the first value of the first of these fields that has one, or ''."""
        return next((self._values[name][0] for name in names if self._values.get(name)), "")

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return self._values.get(name, [])

    def typed(self, *names: str) -> str:
        """Return a value without the type before its semicolon, as in `rfc822; a@b`."""
        value = self.get(*names)
        return value.partition(";")[2].strip() if ";" in value else value.strip()

    def address(self, *names: str) -> str:
        """Return the first address of a value, or ''."""
        match = ADDRESS.search(self.typed(*names))
        return match[0] if match else ""


def blocks(text: str) -> list[Fields]:
    """Return the groups of fields of a report; a mail's fields come before its recipients'."""
    found = [Fields(block.strip("\n \t")) for block in _BLANK_LINE.split(text)[:1000]]
    return [fields for fields in found if fields][: MOST_RECIPIENTS + 1]


def delivery_status(text: str, prose: str) -> Iterator[Outcome]:
    """Yield what became of each recipient; `prose` is what the report tells people."""
    groups = blocks(text)
    host = next((each.typed("reporting-mta") for each in groups if each.get("reporting-mta")), "")
    told = [each for each in groups if each.get("action", "status", "final-recipient")]
    for fields in told:
        yield _recipient(fields, host, prose if len(told) == 1 else "")


def quoted_status(text: str) -> str:
    """Return a delivery status that stands in the text of a mail, as when it was forwarded."""
    match = _INLINE.search(text)
    if match is None:
        return ""
    return _QUOTING.sub("", text[max(0, text.rfind("\n\n", 0, match.start())) :])


def complaint(report: str, original: Part | None) -> Iterator[Outcome]:
    """Yield one outcome for each recipient of whom a report speaks; one with none, where none."""
    fields = Fields(_BLANK_LINE.sub("\n", report.strip()))
    kind_said = fields.get("feedback-type").strip().lower() or "abuse"
    kind = _COMPLAINTS.get(kind_said, "complaint")
    named = fields.all("original-rcpt-to") + fields.all("removal-recipient")
    recipients = [match[0] for value in named if (match := ADDRESS.search(value))]
    if not recipients and original is not None:
        match = ADDRESS.search(
            original.first("x-hmxmroriginalrecipient", "to", "x-original-to", "delivered-to")
        )
        recipients = [match[0]] if match else []
    for recipient in list(dict.fromkeys(recipients))[:MOST_RECIPIENTS] or [""]:
        yield Outcome(
            kind,
            recipient,
            why="sender_authentication" if kind_said in ("auth-failure", "dmarc") else "",
            feedback_type=kind_said,
            reporting_host=fields.typed("reporting-mta") or fields.get("user-agent"),
        )


def report_text(part: Part) -> str:
    """Return a report's fields, which some servers wrap in a part of their own."""
    return "\n\n".join(each.text() for each in part.walk() if not each.parts)


def _recipient(fields: Fields, host: str, prose: str) -> Outcome:
    words = "\n".join(
        value.partition(";")[2].strip() or value
        for name in ("diagnostic-code", "x-supplementary-info", "x-powermta-bouncecategory")
        for value in fields.all(name)
    )
    status = fields.typed("status").partition(" ")[0]
    action = fields.get("action").strip().lower().partition(" ")[0]
    recipient = fields.address("original-recipient", "final-recipient", "x-actual-recipient")
    final = fields.address("final-recipient", "x-actual-recipient") or recipient
    reason = _reason(words, status, prose)
    kind = _kind(action, reason)
    return Outcome(
        kind,
        recipient or final,
        why="" if kind == "delivered" else reason.why,
        status=reason.status,
        reply=reason.reply,
        diagnostic=words or " ".join(prose.split())[:500],
        reporting_host=fields.typed("remote-mta") or host,
    )


def _reason(words: str, status: str, prose: str) -> Reason:
    reason = reason_of(words, status, prose)
    if reason.why in ("unknown", "server", "network") and prose:
        more = reason_of(prose, reason.status, prose)
        if more.why not in ("unknown", "network", "server"):
            return Reason(more.why, reason.status or more.status, reason.reply or more.reply)
    return reason


def _kind(action: str, reason: Reason) -> OutcomeKind:
    if action in _ARRIVED or (not action and reason.status.startswith("2")):
        return "delivered"
    return bounce(reason.why, trying=action == "delayed")
