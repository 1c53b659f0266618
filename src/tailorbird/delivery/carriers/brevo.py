"""Brevo's transactional API v3: the parts of one message a call.

Source: Brevo developer documentation, "Send a transactional email", "Idempotency for batch emails",
"Rate limit headers". It rebuilds the message, so our DKIM signature and Message-ID are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import Mailbox, parts_of
from tailorbird.schema import Outgoing, Reply, ReplyKind

LONGEST_NAME: Final = 70
REPEATABLE_SECONDS: Final = 900
"""The shorter of the two spans that Brevo documents for an idempotency key."""
ITS_OWN: Final = frozenset({"message-id"})
OURS: Final = frozenset(
    {
        "account_under_validation",
        "not_enough_credits",
        "permission_denied",
        "unauthorized",
    }
)


class BrevoSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `brevo`."""

    api_key: str = ""
    base_url: str = "https://api.brevo.com"
    connections: int = 8
    timeout_seconds: float = 60


class Brevo:
    """`http_session.Api` of Brevo."""

    repeatable_seconds = REPEATABLE_SECONDS

    def __init__(self, settings: BrevoSettings) -> None:
        self.base_url = settings.base_url
        self._headers = {"api-key": settings.api_key, "Content-Type": "application/json"}

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands the message over."""
        (message,) = messages
        return Call("/v3/smtp/email", self._headers, msgspec.json.encode(_email(message)))

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.fine:
            if not (taken := answer.said("messageId")):
                raise Malformed("the answer names no message")
            return replied(messages, answer, f"taken as {taken}")
        code, text = answer.said("code"), answer.said("message")
        kind: ReplyKind | None = None
        if code in OURS or text.lower().startswith("sender"):
            kind = "untaken"
        elif code.startswith("duplicate"):
            kind = "unknown"  # its key was used before, and nobody knows with what success
        return replied(messages, answer, f"{code} {text}", kind)

    def lookup(self, _send_id: bytes) -> Sequence[Call]:
        """Return none: Brevo finds messages by its own ids alone."""
        return ()

    def sighted(self, _send_id: bytes, _answer: Answer) -> bool:
        """Return False: it is never asked."""
        return False


def _email(message: Outgoing) -> dict[str, Any]:
    parts = parts_of(message.content)
    custom = msgspec.json.encode({"send_id": message.send_id.hex()}).decode()
    own = {"idempotencyKey": _uuid(message.send_id), "X-Mailin-custom": custom}
    email: dict[str, Any] = {
        "sender": _mailbox(parts.sender),
        "to": [_mailbox(Mailbox(message.envelope_to, parts.to.name))],
        "subject": parts.subject,
        "htmlContent": parts.html,
        "headers": parts.headers_but(ITS_OWN) | own,
    }
    if parts.text:
        email["textContent"] = parts.text
    if parts.reply_to:
        email["replyTo"] = _mailbox(parts.reply_to)
    return email


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    named = {"name": mailbox.name[:LONGEST_NAME]} if mailbox.name else {}
    return {"email": mailbox.address, **named}


def _uuid(send_id: bytes) -> str:
    """Return the send id in the form that Brevo asks of a key."""
    return str(UUID(bytes=blake2b(send_id, digest_size=16).digest(), version=4))


def _opened(settings: BrevoSettings, place: Place) -> HttpCarrier:
    line = Line(settings.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, Brevo(settings), line)


KIND: Final = Kind(
    BrevoSettings,
    _opened,
    Abilities(
        raw=False, repeatable_seconds=REPEATABLE_SECONDS, send_id_in="X-Mailin-custom.send_id"
    ),
    needs=("api_key",),
)
