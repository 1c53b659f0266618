"""SparkPost's transmissions API: the whole message in one call.

Source: SparkPost developer documentation, "Transmissions", "Template language", "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import without_signatures
from tailorbird.schema import Outgoing, Reply, ReplyKind

LIMIT_REACHED: Final = 420
NO_SENDING_DOMAIN: Final = "7001"
CURLY: Final = re.compile(rb"\{\{|\}\}")
MACROS: Final = {
    b"{{": b"{{opening_double_curly()}}",
    b"}}": b"{{closing_double_curly()}}",
}


class SparkpostSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `sparkpost`."""

    api_key: str = ""
    transactional: bool = False
    """Whether it counts as transactional there; SparkPost adds its own way out to others."""
    own_return_path: bool = False
    """Whether our return path is used; its domain must be a bounce domain there."""
    base_url: str = "https://api.sparkpost.com"
    """`https://api.eu.sparkpost.com` for an account in the EU."""
    connections: int = 8
    timeout_seconds: float = 60


class Sparkpost:
    """`http_session.Api` of SparkPost."""

    repeatable_seconds = 0

    def __init__(self, settings: SparkpostSettings) -> None:
        self.base_url = settings.base_url
        self._settings = settings
        self._headers = {"Authorization": settings.api_key, "Content-Type": "application/json"}

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands the message over."""
        (message,) = messages
        body = msgspec.json.encode(self._transmission(message))
        return Call("/api/v1/transmissions", self._headers, body)

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of the message."""
        if answer.fine:
            accepted = answer.said("results", "total_accepted_recipients")
            if accepted not in ("0", "1"):
                raise Malformed("the answer does not say who was accepted")
            kind: ReplyKind = "accepted" if accepted == "1" else "rejected"
            return replied(messages, answer, f"taken as {answer.said('results', 'id')}", kind)
        first = [answer.said("errors", 0, name) for name in ("message", "description")]
        text = ": ".join(filter(None, first))
        if answer.status == LIMIT_REACHED:
            return replied(messages, answer, text, "deferred")
        ours = answer.said("errors", 0, "code") == NO_SENDING_DOMAIN
        return replied(messages, answer, text, "untaken" if ours else None)

    def lookup(self, _send_id: bytes) -> Sequence[Call]:
        """Return none: its events cannot be searched by what we give it."""
        return ()

    def sighted(self, _send_id: bytes, _answer: Answer) -> bool:
        """Return False: it is never asked."""
        return False

    def _transmission(self, message: Outgoing) -> dict[str, Any]:
        transmission: dict[str, Any] = {
            "options": {
                "open_tracking": False,
                "click_tracking": False,
                "transactional": self._settings.transactional,
            },
            "metadata": {"send_id": message.send_id.hex()},
            "recipients": [{"address": {"email": message.envelope_to}}],
            "content": {"email_rfc822": _literal(message.content).decode("utf-8", "replace")},
        }
        if self._settings.own_return_path:
            transmission["return_path"] = message.envelope_from
        return transmission


def _literal(content: bytes) -> bytes:
    """Return a message in which SparkPost finds no variables of its own.

    It reads double curly braces in whole messages too. Where there are any, they are written as the
    macros that stand for them, which our signature does not survive.
    """
    if b"{{" not in content:
        return content
    apart = without_signatures(content).replace(b"{}}", b"{ }}")
    return CURLY.sub(lambda match: MACROS[match[0]], apart)


def _opened(settings: SparkpostSettings, place: Place) -> HttpCarrier:
    line = Line(settings.base_url, settings.connections, settings.timeout_seconds)
    return HttpCarrier(place.name, Sparkpost(settings), line)


KIND: Final = Kind(
    SparkpostSettings,
    _opened,
    Abilities(raw=True, keeps_signature=True, send_id_in="rcpt_meta.send_id"),
    needs=("api_key",),
)
