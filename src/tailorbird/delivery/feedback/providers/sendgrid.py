"""Twilio SendGrid's event webhook: a list of events, signed with ECDSA over P-256.

Source: Twilio SendGrid, Event Webhook Reference, and Signed Event Webhook Requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import Posted, stale, unbase64
from tailorbird.delivery.feedback.providers.spoken import Unread, text
from tailorbird.schema import Instant

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
KINDS: Final[dict[str, OutcomeKind]] = {
    "processed": "accepted", "delivered": "delivered", "deferred": "deferred",
    "bounce": "soft_bounce", "blocked": "soft_bounce", "dropped": "dropped",
    "spamreport": "complaint", "unsubscribe": "unsubscribe", "group_unsubscribe": "unsubscribe",
    "group_resubscribe": "subscribe", "open": "opened", "click": "clicked",
}  # fmt: skip


def verify(posted: Posted, secret: str, now: Instant) -> str:
    """Return why the request is not SendGrid's; the secret is its public key in base64."""
    signed_at = posted.header(TIMESTAMP)
    try:
        key = load_der_public_key(unbase64(secret))
    except (ValueError, UnsupportedAlgorithm):
        return "feedback.sendgrid_secret is no public key as SendGrid shows it"
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return "feedback.sendgrid_secret is no key of an elliptic curve"
    try:
        content = signed_at.encode() + posted.content
        key.verify(unbase64(posted.header(SIGNATURE)), content, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return "its signature does not fit its body"
    return stale(signed_at, now)


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    for event in spoken.each(content):
        if not isinstance(event, dict):
            yield Unread("the event is no JSON object")
            continue
        said = text(event, "event")
        known = Outcome(
            KINDS.get(said, "other"),
            text(event, "email"),
            message_ids=tuple(
                found.strip("<> ") for name in ("smtp-id", "sg_message_id", "anymail_id")
                if (found := text(event, name))
            ),
            metadata=spoken.metadata(event),
            at=spoken.instant(event.get("timestamp")),
            event_id=spoken.event_id(event, "sg_event_id"),
            url=text(event, "url"),
            user_agent=text(event, "useragent"),
            diagnostic=text(event, "response", "reason"),
        )  # fmt: skip
        if said in ("bounce", "blocked", "deferred"):
            words = text(event, "reason", "response")
            blocked = said == "blocked" or text(event, "type") == "blocked"
            yield spoken.failure(
                known, words, text(event, "status"),
                hard=not blocked if said != "deferred" else None, trying=said == "deferred",
            )  # fmt: skip
        elif said == "dropped":
            yield spoken.dropped(known, text(event, "reason"))
        else:
            yield known
