"""Mailchimp Transactional (Mandrill): a form with a list of events, signed with our address.

Source: Mailchimp, Authenticating webhook requests; Track email activity with webhooks.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import Posted, same
from tailorbird.delivery.feedback.providers.spoken import Unread, text
from tailorbird.schema import Instant

SIGNATURE: Final = "x-mandrill-signature"
KINDS: Final[dict[str, OutcomeKind]] = {
    "send": "accepted", "delivered": "delivered", "deferral": "deferred",
    "soft_bounce": "soft_bounce", "hard_bounce": "hard_bounce", "reject": "dropped",
    "spam": "complaint", "unsub": "unsubscribe", "open": "opened", "click": "clicked",
}  # fmt: skip


def verify(posted: Posted, secret: str, _now: Instant) -> str:
    """Return why the request is not Mandrill's: it signs our address with every field it posts."""
    try:
        pairs = parse_qsl(posted.content.decode(), keep_blank_values=True, max_num_fields=100)
    except (UnicodeDecodeError, ValueError):
        return "its body is no form"
    signed = posted.url + "".join(f"{name}{value}" for name, value in sorted(pairs))
    digest = hmac.new(secret.encode(), signed.encode(), "sha1").digest()
    right = same(posted.header(SIGNATURE), base64.b64encode(digest).decode())
    return "" if right else f"its signature does not fit its body and {posted.url}"


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    listed = spoken.at_path(content, "mandrill_events")
    if isinstance(listed, str):
        listed = spoken.decoded(listed.encode("utf-8", "replace"))
    if not isinstance(listed, list):
        yield Unread("it holds no mandrill_events")
        return
    for event in listed:
        if not isinstance(event, dict):
            yield Unread("the event is no JSON object")
        elif text(event, "type") in ("blacklist", "whitelist"):
            # Mandrill tells of its own lists: it says nothing of a message.
            yield Outcome(
                "other", text(event, "reject.email", "entry.email"),
                event_id=spoken.event_id(event), diagnostic=text(event, "reject.reason"),
            )  # fmt: skip
        else:
            yield _event(event)


def _event(event: dict[str, object]) -> Outcome:
    said = text(event, "event")
    ids = [text(event, "_id"), *(text(event, f"msg.{name}") for name in ("_id", "message-id"))]
    known = Outcome(
        KINDS.get(said, "other"),
        text(event, "msg.email"),
        message_ids=tuple(dict.fromkeys(found.strip("<> ") for found in ids if found)),
        metadata=spoken.metadata(spoken.part(event, "msg.metadata")),
        at=spoken.instant(event.get("ts")),
        event_id=spoken.event_id(event),
        url=text(event, "url"),
        user_agent=text(event, "user_agent"),
        diagnostic=text(event, "msg.diag", "msg.bounce_description", "msg.reject.reason"),
    )
    if known.kind in ("soft_bounce", "hard_bounce", "deferred"):
        trying = known.kind == "deferred"
        hard = None if trying else known.kind == "hard_bounce"
        return spoken.failure(known, known.diagnostic, hard=hard, trying=trying)
    return spoken.dropped(known, known.diagnostic) if known.kind == "dropped" else known
