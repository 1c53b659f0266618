"""Mailjet's send API v3.1: the parts of up to 50 messages in one call.

Source: Mailjet developer documentation, "Send API v3.1", "Messages", "Status codes". It rebuilds
the message, so our DKIM signature and Message-ID are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tailorbird.delivery.carriers.http_carrier import (
    OURS,
    HttpCarrier,
    Line,
    basic,
    one_reply,
    replied,
)
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import Mailbox, parts_of
from tailorbird.schema import Outgoing, Reply

MOST_TOGETHER: Final = 50
ITS_OWN: Final = frozenset({"message-id"})


class MailjetSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `mailjet`."""

    api_key: str = ""
    secret_key: str = ""
    base_url: str = "https://api.mailjet.com"
    connections: int = 4
    timeout_seconds: float = 60
    together: int = 20
    """Messages in one call, 50 at most; as many are looked up after a crash."""


class Mailjet:
    """`http_session.Api` of Mailjet."""

    repeatable_seconds = 0

    def __init__(self, settings: MailjetSettings) -> None:
        self.base_url = settings.base_url
        self._headers = {
            "Authorization": basic(settings.api_key, settings.secret_key),
            "Content-Type": "application/json",
        }

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands these messages over."""
        body = msgspec.json.encode({"Messages": [_email(message) for message in messages]})
        return Call("/v3.1/send", self._headers, body)

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of each message, in order."""
        said = answer.json().get("Messages") if answer.said("Messages") else None
        if said is None:
            if answer.fine:
                raise Malformed("the answer does not name each message")
            return replied(messages, answer, answer.said("ErrorMessage"))
        if not isinstance(said, list) or len(said) != len(messages):
            raise Malformed("the answer does not name each message")
        return [_reply(message, one, answer) for message, one in zip(messages, said, strict=True)]

    def lookup(self, send_id: bytes) -> Sequence[Call]:
        """Return the call that searches what was sent by our send id."""
        path = f"/v3/REST/message?CustomID={send_id.hex()}&Limit=1"
        return [Call(path, self._headers, method="GET")]

    def sighted(self, _send_id: bytes, answer: Answer) -> bool:
        """Return whether the search found it."""
        return answer.status == 200 and answer.said("Count") not in ("", "0")


def _reply(message: Outgoing, said: Any, answer: Answer) -> Reply:
    match said:
        case {"Status": "success", "To": [{"MessageID": taken}, *_]}:
            return one_reply(message, "accepted", answer, f"taken as {taken}")
        case {"Status": "error", "Errors": [{"ErrorMessage": str(text), **rest}, *_]}:
            about = str(rest.get("ErrorRelatedTo", ""))
            ours = rest.get("StatusCode") in OURS or "'From" in about
            told = f"{rest.get('ErrorCode', '')} {text}"
            return one_reply(message, "untaken" if ours else "rejected", answer, told)
    raise Malformed("the answer does not say what became of a message")


def _email(message: Outgoing) -> dict[str, Any]:
    parts = parts_of(message.content)
    email: dict[str, Any] = {
        "From": _mailbox(parts.sender),
        "To": [_mailbox(Mailbox(message.envelope_to, parts.to.name))],
        "Subject": parts.subject,
        "HTMLPart": parts.html,
        "CustomID": message.send_id.hex(),
        "Headers": parts.headers_but(ITS_OWN),
        "TrackOpens": "disabled",
        "TrackClicks": "disabled",
    }
    if parts.text:
        email["TextPart"] = parts.text
    if parts.reply_to:
        email["ReplyTo"] = _mailbox(parts.reply_to)
    return email


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    named = {"Name": mailbox.name} if mailbox.name else {}
    return {"Email": mailbox.address, **named}


def _opened(settings: MailjetSettings, place: Place) -> HttpCarrier:
    line = Line(
        settings.base_url,
        settings.connections,
        settings.timeout_seconds,
        min(settings.together, MOST_TOGETHER),
    )
    return HttpCarrier(place.name, Mailjet(settings), line)


KIND: Final = Kind(
    MailjetSettings,
    _opened,
    Abilities(raw=False, looks_up=True, together=MOST_TOGETHER, send_id_in="CustomID"),
    needs=("api_key", "secret_key"),
)
