"""Mailgun: one event in JSON, or in the form of before 2018, each signed within its body.

Source: Mailgun, Webhooks, and Securing Webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import Posted, hmac_hex, same, stale
from tailorbird.delivery.feedback.providers.spoken import Spoken, Unread, text
from tailorbird.delivery.feedback.reports import ADDRESS
from tailorbird.schema import Instant

KINDS: Final[dict[str, OutcomeKind]] = {
    "accepted": "accepted", "rejected": "dropped", "dropped": "dropped", "delivered": "delivered",
    "failed": "soft_bounce", "bounced": "soft_bounce", "opened": "opened", "clicked": "clicked",
    "unsubscribed": "unsubscribe", "complained": "complaint",
}  # fmt: skip
EARLIER: Final = frozenset({"605", "606", "607"})
"""Mailgun's codes of who bounced, unsubscribed or complained before."""


def verify(posted: Posted, secret: str, now: Instant) -> str:
    """Return why the request is not Mailgun's; the secret is the HTTP webhook signing key."""
    said = spoken.decoded(posted.content)
    signed = spoken.part(said, "signature") or said
    timestamp, token = text(signed, "timestamp"), text(signed, "token")
    if not same(text(signed, "signature"), hmac_hex(f"{timestamp}{token}".encode(), secret)):
        return "its signature does not fit its token"
    return stale(timestamp, now)


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what the event says."""
    event = spoken.part(content, "event-data")
    if event:
        yield _event(event, text(content, "signature.token"))
    elif isinstance(content, dict) and text(content, "event"):
        yield _form(content)
    else:
        yield Unread("it holds no event of Mailgun")


def _event(event: Spoken, token: str) -> Outcome:
    said = text(event, "event")
    status = spoken.part(event, "delivery-status")
    recipient = text(event, "recipient")
    addressed = ADDRESS.search(text(event, "message.headers.to"))
    known = Outcome(
        KINDS.get(said, "other"),
        recipient or (addressed[0] if addressed else ""),
        message_ids=_ids(text(event, "message.headers.message-id")),
        metadata=spoken.metadata(spoken.part(event, "user-variables")),
        at=spoken.instant(event.get("timestamp")),
        event_id=token or spoken.event_id(event, "id"),
        url=text(event, "url"),
        user_agent=text(event, "client-info.user-agent"),
        diagnostic=text(status, "message", "description"),
    )
    if said == "failed":
        if text(event, "reason").startswith("suppress-") or text(status, "code") in EARLIER:
            return spoken.dropped(known, text(status, "description", "message"))
        trying = text(event, "severity") == "temporary"
        words = f"{text(status, 'code')} {text(status, 'message', 'description')}"
        enhanced = text(status, "enhanced-code")
        hard = None if trying else text(event, "reason") in ("bounce", "generic") or None
        return spoken.failure(known, words, enhanced, hard=hard, trying=trying)
    if said == "rejected":
        return spoken.dropped(known, text(event, "reject.reason"), "sender_policy")
    return known


def _form(fields: Spoken) -> Outcome:
    said, code = text(fields, "event"), text(fields, "code")
    known = Outcome(
        KINDS.get(said, "other"),
        text(fields, "recipient"),
        message_ids=_ids(text(fields, "Message-Id", "message-id")),
        metadata=spoken.metadata(spoken.part(fields, "metadata"), fields),
        at=spoken.instant(fields.get("timestamp")),
        event_id=spoken.event_id(fields, "token"),
        url=text(fields, "url"),
        user_agent=text(fields, "user-agent"),
    )
    if said == "bounced":
        words = text(fields, "error", "notification", "description")
        return spoken.failure(known, words if code in words else f"{code} {words}", hard=None)
    if said == "dropped":
        words = text(fields, "description", "error")
        if code in EARLIER:
            return spoken.dropped(known, words)
        return spoken.failure(known, f"{code} {words}", hard=text(fields, "reason") == "hardfail")
    return known


def _ids(said: str) -> tuple[str, ...]:
    return (said.strip("<> "),) if said else ()
