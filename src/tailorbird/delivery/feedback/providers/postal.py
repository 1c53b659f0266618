"""Postal: one event a request, signed with RSA under the installation's key.

Source: Postal, Webhooks; `postal default-dkim-record` shows the public key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import Posted, unbase64
from tailorbird.delivery.feedback.providers.spoken import Unread, text
from tailorbird.delivery.feedback.reports import ADDRESS
from tailorbird.schema import Instant

STATUSES: Final[dict[str, OutcomeKind]] = {
    "Sent": "delivered", "SoftFail": "deferred", "HardFail": "soft_bounce", "Held": "accepted",
}  # fmt: skip
EVENTS: Final[dict[str, OutcomeKind]] = {
    "MessageSent": "delivered", "MessageDelayed": "deferred", "MessageHeld": "accepted",
    "MessageDeliveryFailed": "soft_bounce", "MessageBounced": "soft_bounce",
    "MessageLinkClicked": "clicked", "MessageLoaded": "opened",
}  # fmt: skip


def verify(posted: Posted, secret: str, _now: Instant) -> str:
    """Return why the request is not this Postal's; the secret is its public key in base64."""
    lines = (line for line in secret.splitlines() if not line.startswith("-----"))
    try:
        key = load_der_public_key(unbase64("".join(lines)))
    except (ValueError, UnsupportedAlgorithm):
        return "feedback.postal_secret is no public key"
    if not isinstance(key, rsa.RSAPublicKey):
        return "feedback.postal_secret is no key of RSA"
    newer = posted.header("x-postal-signature-256")
    signature = newer or posted.header("x-postal-signature")
    digest = SHA256() if newer else SHA1()  # noqa: S303 - what older versions of Postal sign with
    try:
        key.verify(unbase64(signature), posted.content, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return "its signature does not fit its body"
    return ""


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what the event says."""
    told = spoken.part(content, "payload")
    message = spoken.part(told, "message") or spoken.part(told, "original_message")
    if not isinstance(content, dict) or not message:
        yield Unread("it is no event of a message")
        return
    bounce_came = bool(spoken.part(told, "bounce"))
    kind = STATUSES.get(text(told, "status")) or EVENTS.get(text(content, "event"), "other")
    addressed = ADDRESS.search(text(message, "to"))
    ids = (text(message, "message_id"), text(message, "id"))
    known = Outcome(
        kind,
        addressed[0] if addressed else text(message, "to"),
        message_ids=tuple(found.strip("<> ") for found in ids if found),
        at=spoken.instant(content.get("timestamp")),
        event_id=spoken.event_id(content, "uuid"),
        url=text(told, "url"),
        user_agent=text(told, "user_agent"),
        diagnostic=text(told, "output", "details"),
    )
    if bounce_came or kind in ("soft_bounce", "deferred"):
        words = f"{text(told, 'output')}\n{text(told, 'details')}"
        yield spoken.failure(known, words, trying=kind == "deferred" and not bounce_came)
    else:
        yield known
