"""Mailjet: events in a list, or one alone; who may post is told by a password in our address.

Source: Mailjet, Event API: real-time notifications.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why, bounce
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_password
from tailorbird.delivery.feedback.providers.spoken import Spoken, Unread, text

verify = by_password
KINDS: Final[dict[str, OutcomeKind]] = {
    "sent": "delivered", "open": "opened", "click": "clicked", "bounce": "soft_bounce",
    "blocked": "dropped", "spam": "complaint", "unsub": "unsubscribe",
}  # fmt: skip
WHYS: Final[dict[str, Why]] = {
    "user unknown": "mailbox_missing", "mailbox inactive": "mailbox_disabled",
    "quota exceeded": "mailbox_full", "invalid domain": "domain_missing",
    "no mail host": "domain_missing", "relay/access denied": "relay", "greylisted": "rate",
    "typofix": "domain_missing", "bad or empty template": "server",
    "blacklisted": "sender_reputation",
    "spam content": "content", "content blocked": "content", "policy issue": "sender_policy",
    "system issue": "server", "protocol issue": "server", "connection issue": "network",
    "preblocked": "sender_suppressed", "duplicate in campaign": "sender_suppressed",
    "sender blocked": "sender_reputation", "sender blacklisted": "sender_reputation",
}  # fmt: skip
"""Mailjet's words for what went wrong."""


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    for event in spoken.each(content):
        kind = KINDS.get(text(event, "event"))
        if kind is None or not isinstance(event, dict):
            yield Unread("it is no event of Mailjet that is known here")
            continue
        known = Outcome(
            kind,
            text(event, "email"),
            message_ids=tuple(
                found for name in ("MessageID", "Message_GUID", "CustomID")
                if (found := text(event, name))
            ),
            metadata=spoken.metadata(spoken.part(event, "Payload")) + _custom(event),
            at=spoken.instant(event.get("time")),
            event_id=spoken.event_id(event),
            url=text(event, "url"),
            user_agent=text(event, "agent"),
            diagnostic=text(event, "comment", "error", "smtp_reply"),
        )  # fmt: skip
        yield _failed(known, event) if kind in ("soft_bounce", "dropped") else known


def _custom(event: Spoken) -> tuple[tuple[str, str], ...]:
    found = text(event, "CustomID")
    return (("send_id", found),) if found else ()


def _failed(known: Outcome, event: Spoken) -> Outcome:
    why = WHYS.get(text(event, "error"))
    if known.kind == "dropped":
        return msgspec.structs.replace(known, why=why or "sender_suppressed")
    hard = event.get("hard_bounce") is True
    if why is None:
        return spoken.failure(known, known.diagnostic, hard=hard)
    # A greylisting server is tried again; others that Mailjet calls soft have ended.
    kind = bounce(why, trying=not hard and why == "rate")
    return msgspec.structs.replace(
        known, why=why, kind=kind if hard or kind != "hard_bounce" else "soft_bounce"
    )
