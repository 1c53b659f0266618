"""Amazon SES through SNS: one JSON in another, signed with RSA under a certificate of Amazon's.

The certificate is given by the operator and never fetched: a stranger would choose the address.
Source: AWS, Verifying the signatures of Amazon SNS messages; Amazon SES, event publishing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import FRESH, Posted, unbase64
from tailorbird.delivery.feedback.providers.spoken import Spoken, Unread, text
from tailorbird.schema import Instant

SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
KINDS: Final[dict[str, OutcomeKind]] = {
    "bounce": "soft_bounce", "complaint": "complaint", "delivery": "delivered",
    "send": "accepted", "reject": "dropped", "open": "opened", "click": "clicked",
    "rendering failure": "dropped", "renderingfailure": "dropped", "deliverydelay": "deferred",
    "subscription": "unsubscribe",
}  # fmt: skip
PARTS: Final = {
    "bounce": ("bounce", "bouncedRecipients"), "complaint": ("complaint", "complainedRecipients"),
    "delivery": ("delivery", "recipients"), "deliverydelay": ("deliveryDelay", "delayedRecipients"),
    "open": ("open", ""), "click": ("click", ""), "reject": ("reject", ""), "send": ("send", ""),
    "rendering failure": ("failure", ""), "renderingfailure": ("failure", ""),
}  # fmt: skip


def verify(posted: Posted, secret: str, now: Instant) -> str:
    """Return why the request is not Amazon's; the secret is one or more certificates in PEM."""
    said = spoken.decoded(posted.content)
    if not isinstance(said, dict) or text(said, "Type") not in SIGNED:
        return "it is no message of Amazon SNS"
    names = [name for name in SIGNED[text(said, "Type")] if isinstance(said.get(name), str)]
    content = "".join(f"{name}\n{said[name]}\n" for name in names).encode()
    digest = SHA256() if text(said, "SignatureVersion") == "2" else SHA1()  # noqa: S303 - theirs
    at = spoken.instant(said.get("Timestamp"))
    if not at or abs(now - at) > FRESH:
        return "its time is missing, or more than a day from now"
    try:
        certificates = x509.load_pem_x509_certificates(secret.encode())
    except ValueError:
        return "feedback.amazon_ses_certificate_file holds no certificate in PEM"
    for certificate in certificates:
        key = certificate.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(unbase64(text(said, "Signature")), content, padding.PKCS1v15(), digest)
                return ""
        except InvalidSignature:
            continue
    return "its signature is not of the certificate in feedback.amazon_ses_certificate_file"


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what a notification says of each recipient."""
    if not isinstance(content, dict):
        yield Unread("the message of Amazon SNS is no JSON object")
        return
    if text(content, "Type") == "SubscriptionConfirmation":
        address = text(content, "SubscribeURL")
        yield Unread(f"Amazon SNS asks whether to begin: open {address} in a browser to confirm")
        return
    told = spoken.part(content, "Message") or content
    kind = text(told, "eventType", "notificationType").lower()
    if kind not in KINDS:
        yield Unread("Amazon SES tells of something that is not known here")
        return
    yield from notice(told, kind, text(content, "MessageId"), content.get("Timestamp"))


def notice(told: Spoken, kind: str, delivery: str, at: object) -> Iterator[Outcome]:
    """Yield what an event of SES says of each recipient."""
    name, listed = PARTS.get(kind, ("", ""))
    said = spoken.part(told, name) if name else spoken.NOTHING
    recipients = said.get(listed) or spoken.at_path(told, "mail.destination")
    for number, found in enumerate(recipients if isinstance(recipients, list) else [""]):
        address = found if isinstance(found, str) else text(found, "emailAddress")
        known = _known(told, said, kind, address, at)
        named = f"{delivery}-{number}" if delivery and number else delivery
        yield _outcome(known, said, kind, found, named or spoken.event_id(told))


def _known(told: Spoken, said: Spoken, kind: str, address: str, at: object) -> Outcome:
    mail = spoken.part(told, "mail")
    tags = spoken.part(mail, "tags")
    flat = {name: value[0] for name, value in tags.items() if isinstance(value, list) and value}
    ids = (text(mail, "messageId"), text(mail, "commonHeaders.messageId"), *_header_ids(mail))
    return Outcome(
        KINDS[kind],
        address,
        message_ids=tuple(dict.fromkeys(found.strip("<> ") for found in ids if found)),
        metadata=spoken.metadata(flat, *_header_metadata(mail)),
        at=spoken.instant(said.get("timestamp")) or spoken.instant(at),
        feedback_type=text(said, "complaintFeedbackType") if kind == "complaint" else "",
        reporting_host=text(said, "reportingMTA").removeprefix("dns; "),
        url=text(said, "link"),
        user_agent=text(said, "userAgent"),
        diagnostic=text(said, "smtpResponse", "errorMessage", "reason"),
    )


def _header_metadata(mail: Spoken) -> list[Spoken]:
    return [spoken.part(each, "value") for each in _headers(mail, "x-metadata")]


def _header_ids(mail: Spoken) -> list[str]:
    return [text(each, "value") for each in _headers(mail, "message-id")]


def _headers(mail: Spoken, name: str) -> list[object]:
    headers = mail.get("headers")
    listed: list[object] = headers[:200] if isinstance(headers, list) else []
    return [each for each in listed if text(each, "name").lower() == name]


def _outcome(known: Outcome, said: Spoken, kind: str, found: object, named: str) -> Outcome:
    known = msgspec.structs.replace(known, event_id=named)
    if kind in ("bounce", "deliverydelay"):
        permanent = text(said, "bounceType") == "Permanent"
        if text(said, "bounceSubType") in ("Suppressed", "OnAccountSuppressionList"):
            return spoken.dropped(known, text(said, "bounceSubType"))
        words = text(found, "diagnosticCode")
        status = text(found, "status")
        trying = kind == "deliverydelay"
        hard = permanent if kind == "bounce" and text(said, "bounceType") else None
        return spoken.failure(known, words, status, hard=hard, trying=trying)
    if kind in ("reject", "rendering failure", "renderingfailure"):
        why = text(said, "reason", "errorMessage")
        return spoken.dropped(known, why, "content" if kind == "reject" else "server")
    return known
