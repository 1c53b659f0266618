"""Unisender Go: events by account, with a digest over the whole body.

Source: Unisender Go, Webhooks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why, bounce
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import Posted, same
from tailorbird.delivery.feedback.providers.spoken import Unread, text
from tailorbird.schema import Instant

KINDS: Final[dict[str, OutcomeKind]] = {
    "sent": "accepted", "delivered": "delivered", "opened": "opened", "clicked": "clicked",
    "unsubscribed": "unsubscribe", "subscribed": "subscribe", "spam": "complaint",
    "soft_bounced": "soft_bounce", "hard_bounced": "hard_bounce",
}  # fmt: skip
WHYS: Final[dict[str, Why]] = {
    "err_user_unknown": "mailbox_missing", "err_user_inactive": "mailbox_disabled",
    "err_mailbox_discarded": "mailbox_missing", "err_mailbox_full": "mailbox_full",
    "err_spam_rejected": "content", "err_blacklisted": "sender_reputation",
    "err_too_large": "size", "err_unreachable": "network", "err_domain_inactive": "domain_missing",
    "err_destination_misconfigured": "server", "err_will_retry": "network",
    "err_not_allowed": "sender_policy", "err_spam_folder": "content",
    "err_unsubscribed": "sender_suppressed", "err_skip_letter": "sender_suppressed",
    "err_spam_skipped": "sender_suppressed",
}  # fmt: skip


def verify(posted: Posted, secret: str, _now: Instant) -> str:
    """Return why the request is not theirs: its digest is of the body with our API key in it."""
    said = text(spoken.decoded(posted.content), "auth")
    if not said:
        return "it brings no auth"
    signed = posted.content.replace(said.encode(), secret.encode(), 1)
    right = hashlib.md5(signed, usedforsecurity=False).hexdigest()
    return "" if same(said, right) else "its auth does not fit its body"


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    accounts = spoken.at_path(content, "events_by_user")
    events = [
        event
        for account in (accounts if isinstance(accounts, list) else [])
        for event in spoken.each(spoken.at_path(account, "events"))
    ]
    for event in events or spoken.each(content):
        told = spoken.part(event, "event_data") or event
        if text(event, "event_name") == "transactional_spam_block":
            yield Outcome("other", event_id=spoken.event_id(event))
        elif text(told, "status") in KINDS and isinstance(told, dict):
            yield _event(told)
        else:
            yield Unread("it is no event of Unisender Go that is known here")


def _event(told: dict[str, object]) -> Outcome:
    known = Outcome(
        KINDS[text(told, "status")],
        text(told, "email"),
        message_ids=tuple(
            found for name in ("job_id", "metadata.anymail_id") if (found := text(told, name))
        ),
        metadata=spoken.metadata(spoken.part(told, "metadata")),
        at=spoken.instant(told.get("event_time")),
        event_id=spoken.event_id(told),
        url=text(told, "url"),
        user_agent=text(told, "delivery_info.user_agent"),
        diagnostic=text(told, "delivery_info.destination_response", "comment"),
    )
    if known.kind not in ("soft_bounce", "hard_bounce"):
        return known
    why = WHYS.get(text(told, "delivery_info.delivery_status"))
    trying = text(told, "delivery_info.delivery_status") == "err_will_retry"
    if why is None:
        hard = known.kind == "hard_bounce"
        return spoken.failure(known, known.diagnostic, hard=hard, trying=trying)
    return msgspec.structs.replace(known, why=why, kind=bounce(why, trying=trying))
