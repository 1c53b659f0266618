"""SendGrid's Web API v3: the parts of one message a call.

Source: Twilio SendGrid documentation, "Mail Send", "Errors", "Rate limits". It rebuilds the
message, so our DKIM signature is left out and its own stands in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import Mailbox, Parts, parts_of
from tailorbird.schema import Outgoing, Reply

SILENT: Final = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
"""Links, pixels and ways out are ours already."""


class SendgridSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `sendgrid`."""

    api_key: str = ""
    base_url: str = "https://api.sendgrid.com"
    """`https://api.eu.sendgrid.com` for a regional subuser in the EU."""
    connections: int = 8
    timeout_seconds: float = 60


class Sendgrid:
    """`http_session.Api` of SendGrid."""

    repeatable_seconds = 0

    def __init__(self, settings: SendgridSettings) -> None:
        self.base_url = settings.base_url
        self._headers = {
            "Authorization": f"Bearer {settings.api_key}",
            "Content-Type": "application/json",
        }

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands the message over."""
        (message,) = messages
        return Call("/v3/mail/send", self._headers, msgspec.json.encode(_email(message)))

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.status == 202:
            return replied(messages, answer, f"taken as {answer.headers.get('x-message-id', '')}")
        if answer.fine:
            raise Malformed("it was looked at and not taken on")
        text, field = answer.said("errors", 0, "message"), answer.said("errors", 0, "field")
        ours = answer.status == 400 and field.partition(".")[0] == "from"
        return replied(messages, answer, text, "untaken" if ours else None)

    def lookup(self, _send_id: bytes) -> Sequence[Call]:
        """Return none: what was sent is shown only to those who buy more of its history."""
        return ()

    def sighted(self, _send_id: bytes, _answer: Answer) -> bool:
        """Return False: it is never asked."""
        return False


def _email(message: Outgoing) -> dict[str, Any]:
    parts = parts_of(message.content)
    email: dict[str, Any] = {
        "personalizations": [
            {
                "to": [_recipient(Mailbox(message.envelope_to, parts.to.name))],
                "custom_args": {"send_id": message.send_id.hex()},
            }
        ],
        "from": _mailbox(parts.sender),
        "subject": parts.subject,
        "content": _content(parts),
        "headers": parts.headers,
        "tracking_settings": SILENT,
    }
    if parts.reply_to:
        email["reply_to"] = _mailbox(parts.reply_to)
    return email


def _content(parts: Parts) -> list[dict[str, str]]:
    """Return the texts in the order that SendGrid asks for."""
    texts = (
        ("text/plain", parts.text),
        ("text/x-amp-html", parts.amp),
        ("text/html", parts.html),
    )
    return [{"type": kind, "value": text} for kind, text in texts if text]


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    named = {"name": mailbox.name} if mailbox.name else {}
    return {"email": mailbox.address, **named}


def _recipient(mailbox: Mailbox) -> dict[str, str]:
    """Return a mailbox among recipients, where SendGrid itself quotes no name with punctuation."""
    if not set(",;") & set(mailbox.name):
        return _mailbox(mailbox)
    name = mailbox.name.replace("\\", "\\\\").replace('"', '\\"')
    return _mailbox(Mailbox(mailbox.address, f'"{name}"'))


def _opened(settings: SendgridSettings, place: Place) -> HttpCarrier:
    line = Line(settings.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, Sendgrid(settings), line)


KIND: Final = Kind(
    SendgridSettings,
    _opened,
    Abilities(raw=False, send_id_in="send_id"),
    needs=("api_key",),
)
