"""Mailtrap: a list of events, signed with HMAC-SHA256.

Source: Mailtrap, Webhooks, and Verifying webhook signatures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_hmac
from tailorbird.delivery.feedback.providers.spoken import Unread, text

verify = by_hmac("mailtrap-signature")
KINDS: Final[dict[str, OutcomeKind]] = {
    "delivery": "delivered", "open": "opened", "click": "clicked", "unsubscribe": "unsubscribe",
    "spam": "complaint", "soft bounce": "deferred", "bounce": "soft_bounce",
    "suspension": "deferred", "reject": "dropped",
}  # fmt: skip


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    listed = spoken.at_path(content, "events")
    for event in spoken.each(listed if listed is not None else content):
        kind = KINDS.get(text(event, "event"))
        if kind is None or not isinstance(event, dict):
            yield Unread("it is no event of Mailtrap that is known here")
            continue
        known = Outcome(
            kind,
            text(event, "email"),
            message_ids=tuple(found for found in (text(event, "message_id"),) if found),
            metadata=spoken.metadata(spoken.part(event, "custom_variables")),
            at=spoken.instant(event.get("timestamp")),
            event_id=_id(event),
            url=text(event, "url"),
            user_agent=text(event, "user_agent"),
            diagnostic=text(event, "response", "reason"),
        )
        if kind in ("deferred", "soft_bounce"):
            trying = kind == "deferred"
            hard = text(event, "bounce_category") in ("hard", "invalid_recipient") or None
            words = f"{text(event, 'response_code')} {known.diagnostic}"
            yield spoken.failure(known, words, hard=None if trying else hard, trying=trying)
        elif kind == "dropped":
            yield spoken.dropped(known, known.diagnostic)
        else:
            yield known


def _id(event: dict[str, object]) -> str:
    """Return the event's id; the samples of Mailtrap's own tests share one, so its kind is said."""
    named = text(event, "event_id")
    return f"{text(event, 'event')}-{named}" if named else spoken.event_id(event)
