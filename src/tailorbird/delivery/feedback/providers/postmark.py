"""Postmark: one event a request; who may post is told by a password in our address.

Source: Postmark, Webhooks overview; Bounce types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_password
from tailorbird.delivery.feedback.providers.spoken import Unread, text

verify = by_password
KINDS: Final[dict[str, OutcomeKind]] = {
    "Bounce": "soft_bounce", "Delivery": "delivered", "Open": "opened", "Click": "clicked",
    "SpamComplaint": "complaint", "SubscriptionChange": "unsubscribe",
}  # fmt: skip
BOUNCES: Final[dict[str, OutcomeKind]] = {
    "AutoResponder": "auto_reply", "AddressChange": "auto_reply",
    "ChallengeVerification": "challenge",
    "SpamComplaint": "complaint", "Unsubscribe": "unsubscribe", "Subscribe": "subscribe",
    "ManuallyDeactivated": "dropped", "InboundError": "other", "OpenRelayTest": "other",
}  # fmt: skip
"""Types of what Postmark calls a bounce that are none."""
WHYS: Final[dict[str, Why]] = {
    "SpamNotification": "content", "VirusNotification": "content", "Blocked": "sender_reputation",
    "DMARCPolicy": "sender_authentication", "SMTPApiError": "server",
    "TemplateRenderingFailed": "server", "DnsError": "network",
}  # fmt: skip


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what the event says."""
    kind = KINDS.get(text(content, "RecordType"))
    if kind is None or not isinstance(content, dict):
        yield Unread("its RecordType is not known")
        return
    known = Outcome(
        kind,
        text(content, "Recipient", "Email"),
        message_ids=tuple(found for found in (text(content, "MessageID"),) if found),
        metadata=spoken.metadata(spoken.part(content, "Metadata")),
        at=spoken.instant(text(content, "DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")),
        event_id=spoken.event_id(content, "ID"),
        url=text(content, "OriginalLink"),
        user_agent=text(content, "UserAgent"),
        diagnostic=text(content, "Details", "Description"),
    )
    yield _bounce(known, content) if kind == "soft_bounce" else _other(known, content)


def _bounce(known: Outcome, content: dict[str, object]) -> Outcome:
    said = text(content, "Type")
    if said in BOUNCES:
        return msgspec.structs.replace(known, kind=BOUNCES[said])
    if said in WHYS:
        return msgspec.structs.replace(known, kind="soft_bounce", why=WHYS[said])
    hard = said in ("HardBounce", "BadEmailAddress")
    return spoken.failure(known, known.diagnostic, hard=hard, trying=said == "Transient")


def _other(known: Outcome, content: dict[str, object]) -> Outcome:
    if known.kind == "complaint":
        return msgspec.structs.replace(known, feedback_type="abuse")
    if known.kind != "unsubscribe":
        return known
    if content.get("SuppressSending") is False:
        return msgspec.structs.replace(known, kind="subscribe")
    why = text(content, "SuppressionReason")
    if why == "SpamComplaint":
        return msgspec.structs.replace(known, kind="complaint", feedback_type="abuse")
    return known if why != "HardBounce" else spoken.dropped(known, why)
