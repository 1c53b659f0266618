"""Resend's API: the parts of one message a call, once for each idempotency key.

Source: Resend documentation, "Send Email", "Idempotency keys", "Errors". It rebuilds the message,
so our DKIM signature and Message-ID are left out. Its batches would have one key for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import Mailbox, parts_of
from tailorbird.schema import Outgoing, Reply, ReplyKind

REPEATABLE_SECONDS: Final = 86_400
ITS_OWN: Final = frozenset({"message-id"})
KINDS: Final[Mapping[str, ReplyKind]] = {
    "application_error": "deferred",
    "concurrent_idempotent_requests": "deferred",
    "daily_quota_exceeded": "deferred",
    "internal_server_error": "deferred",
    "invalid_access": "untaken",
    "invalid_from_address": "untaken",
    "invalid_idempotent_request": "unknown",
    "invalid_region": "untaken",
    "monthly_quota_exceeded": "untaken",
}
"""What Resend calls its refusals; the others are judged by their status.

After its own errors the same key may be sent again. A key that comes with another content was used
before, and nobody knows with what success.
"""


class ResendSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `resend`."""

    api_key: str = ""
    """A key with "sending access" is enough."""
    base_url: str = "https://api.resend.com"
    connections: int = 2
    timeout_seconds: float = 60


class Resend:
    """`http_session.Api` of Resend."""

    repeatable_seconds = REPEATABLE_SECONDS

    def __init__(self, settings: ResendSettings) -> None:
        self.base_url = settings.base_url
        self._headers = {
            "Authorization": f"Bearer {settings.api_key}",
            "Content-Type": "application/json",
        }

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands the message over."""
        (message,) = messages
        headers = self._headers | {"Idempotency-Key": message.send_id.hex()}
        return Call("/emails", headers, msgspec.json.encode(_email(message)))

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.fine:
            if not (taken := answer.said("id")):
                raise Malformed("the answer names no message")
            return replied(messages, answer, f"taken as {taken}")
        name, text = answer.said("name"), answer.said("message")
        return replied(messages, answer, f"{name} {text}", KINDS.get(name))

    def lookup(self, _send_id: bytes) -> Sequence[Call]:
        """Return none: Resend finds messages by its own ids alone."""
        return ()

    def sighted(self, _send_id: bytes, _answer: Answer) -> bool:
        """Return False: it is never asked."""
        return False


def _email(message: Outgoing) -> dict[str, Any]:
    parts = parts_of(message.content)
    email: dict[str, Any] = {
        "from": parts.sender.written(),
        "to": [Mailbox(message.envelope_to, parts.to.name).written()],
        "subject": parts.subject,
        "html": parts.html,
        "headers": parts.headers_but(ITS_OWN),
        "tags": [{"name": "send_id", "value": message.send_id.hex()}],
    }
    if parts.text:
        email["text"] = parts.text
    if parts.reply_to:
        email["reply_to"] = parts.reply_to.written()
    return email


def _opened(settings: ResendSettings, place: Place) -> HttpCarrier:
    line = Line(settings.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, Resend(settings), line)


KIND: Final = Kind(
    ResendSettings,
    _opened,
    Abilities(raw=False, repeatable_seconds=REPEATABLE_SECONDS, send_id_in="data.tags.send_id"),
    needs=("api_key",),
)
