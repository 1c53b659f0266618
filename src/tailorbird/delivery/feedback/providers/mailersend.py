"""MailerSend: one activity a request, signed with HMAC-SHA256.

Source: MailerSend, Webhooks, and Verifying a webhook request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_hmac
from tailorbird.delivery.feedback.providers.spoken import Unread, text

verify = by_hmac("signature")
KINDS: Final[dict[str, OutcomeKind]] = {
    "sent": "accepted", "delivered": "delivered", "deferred": "deferred",
    "soft_bounced": "soft_bounce", "hard_bounced": "hard_bounce", "spam_complaint": "complaint",
    "unsubscribed": "unsubscribe", "opened": "opened", "opened_unique": "opened",
    "clicked": "clicked", "clicked_unique": "clicked", "survey_opened": "opened",
    "survey_submitted": "other",
}  # fmt: skip


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what the activity says."""
    activity = spoken.part(content, "data")
    kind = KINDS.get(text(activity, "type") or text(content, "type").removeprefix("activity."))
    if kind is None:
        yield Unread("it is no activity of MailerSend that is known here")
        return
    known = Outcome(
        kind,
        text(activity, "email.recipient.email"),
        message_ids=tuple(
            found.strip("<> ")
            for name in ("email.message.id", "email.headers.message-id", "email.id")
            if (found := text(activity, name))
        ),
        metadata=spoken.metadata(spoken.part(activity, "email.headers")),
        at=spoken.instant(activity.get("created_at")),
        event_id=spoken.event_id(activity, "id"),
        url=text(activity, "morph.url"),
        user_agent=text(activity, "morph.user_agent"),
        diagnostic=text(activity, "morph.readable_reason", "morph.reason"),
    )
    if kind in ("soft_bounce", "hard_bounce", "deferred"):
        hard = None if kind == "deferred" else kind == "hard_bounce"
        yield spoken.failure(known, known.diagnostic, hard=hard, trying=kind == "deferred")
    else:
        yield known
