"""Mailgun's API: the whole message, with our signature, in one call.

Source: Mailgun documentation, "Send an email in MIME format", "API response codes", "Events".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, basic, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.schema import Outgoing, Reply


class MailgunSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `mailgun`."""

    api_key: str = ""
    domain: str = ""
    """The sending domain as Mailgun knows it."""
    base_url: str = "https://api.mailgun.net"
    """`https://api.eu.mailgun.net` for a domain in the EU."""
    connections: int = 8
    timeout_seconds: float = 60


class Mailgun:
    """`http_session.Api` of Mailgun. `domains` are those of our Message-IDs, a brand's own, too."""

    repeatable_seconds = 0

    def __init__(self, settings: MailgunSettings, domains: Sequence[str]) -> None:
        self.base_url = settings.base_url
        self._path = f"/v3/{quote(settings.domain)}"
        self._authorization = {"Authorization": basic("api", settings.api_key)}
        self._domains = domains

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands the message over."""
        (message,) = messages
        fields = {
            "to": message.envelope_to,
            "v:send_id": message.send_id.hex(),
            "o:tracking": "no",
            "o:tracking-clicks": "no",
            "o:tracking-opens": "no",
        }
        boundary, body = _form(fields, message.content, message.send_id.hex())
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return Call(f"{self._path}/messages.mime", self._authorization | kind, body)

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.fine:
            if not (taken := answer.said("id")):
                raise Malformed("the answer names no message")
            return replied(messages, answer, f"taken as {taken}")
        return replied(messages, answer, answer.said("message"))

    def lookup(self, send_id: bytes) -> Sequence[Call]:
        """Return the calls that look for our Message-ID among the events, for each domain one."""
        named = ({"message-id": f"{send_id.hex()}@{each}", "limit": 1} for each in self._domains)
        return [
            Call(f"{self._path}/events?{urlencode(query)}", self._authorization, method="GET")
            for query in named
        ]

    def sighted(self, _send_id: bytes, answer: Answer) -> bool:
        """Return whether there is an event of it."""
        return answer.status == 200 and bool(answer.said("items", 0, "id"))


def _form(fields: Mapping[str, str], content: bytes, unique: str) -> tuple[str, bytes]:
    """Return the boundary and body of a form with the message as a file (RFC 7578)."""
    boundary = f"mail-{unique}"
    while boundary.encode() in content:
        boundary += "x"
    line = f"--{boundary}\r\n".encode()
    pieces = [
        line + f'Content-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n'.encode()
        for name, said in fields.items()
    ]
    pieces += [
        line,
        b'Content-Disposition: form-data; name="message"; filename="message.eml"\r\n'
        b"Content-Type: message/rfc822\r\n\r\n",
        content,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return boundary, b"".join(pieces)


def _opened(settings: MailgunSettings, place: Place) -> HttpCarrier:
    line = Line(settings.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, Mailgun(settings, place.domains or (place.hello,)), line)


KIND: Final = Kind(
    MailgunSettings,
    _opened,
    Abilities(
        raw=True,
        keeps_signature=True,
        looks_up=True,
        send_id_in="event-data.user-variables.send_id",
    ),
    needs=("api_key", "domain"),
)
