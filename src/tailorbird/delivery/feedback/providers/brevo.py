"""Brevo: one event a request; who may post is told by a password or a bearer token.

Source: Brevo, Transactional webhooks, and Secured webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_password
from tailorbird.delivery.feedback.providers.spoken import Unread, text

verify = by_password
KINDS: Final[dict[str, OutcomeKind]] = {
    "request": "accepted", "sent": "accepted", "delivered": "delivered", "deferred": "deferred",
    "soft_bounce": "soft_bounce", "hard_bounce": "hard_bounce", "invalid_email": "hard_bounce",
    "blocked": "dropped", "error": "dropped", "spam": "complaint", "complaint": "complaint",
    "unsubscribed": "unsubscribe", "opened": "opened", "unique_opened": "opened",
    "first_opening": "opened", "proxy_open": "opened", "unique_proxy_open": "opened",
    "click": "clicked",
}  # fmt: skip
PROXIES: Final = frozenset({"proxy_open", "unique_proxy_open"})
"""Opens that Brevo lays on a mail client's proxy, not on a person."""
PROXY_AGENT: Final = "Mozilla/5.0"
"""The user agent under which such proxies load pictures."""


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    for event in spoken.each(content):
        kind = KINDS.get(text(event, "event"))
        if kind is None or not isinstance(event, dict):
            yield Unread("it is no event of Brevo that is known here")
            continue
        said = text(event, "event")
        known = Outcome(
            kind,
            text(event, "email"),
            message_ids=tuple(
                found.strip("<> ") for found in (text(event, "message-id"),) if found
            ),
            metadata=spoken.metadata(
                spoken.part(event, "X-Mailin-custom"), {"custom": text(event, "X-Mailin-custom")}
            ),
            at=spoken.instant(event.get("ts_epoch")) or spoken.instant(event.get("ts_event")),
            event_id=spoken.event_id(event),
            url=text(event, "link"),
            user_agent=PROXY_AGENT if said in PROXIES else text(event, "user_agent"),
            diagnostic=text(event, "reason"),
        )
        if kind in ("soft_bounce", "hard_bounce", "deferred"):
            hard = None if kind == "deferred" else kind == "hard_bounce"
            trying = kind == "deferred"
            yield spoken.failure(known, known.diagnostic, hard=hard, trying=trying)
        elif kind == "dropped":
            why: Why = "server" if said == "error" else "sender_suppressed"
            yield spoken.dropped(known, known.diagnostic, why)
        else:
            yield known
