"""Postmark's email API: the parts of up to 500 messages in one call.

Source: Postmark developer documentation, "Email API", "Messages API", "API overview". It rebuilds
the message, so our DKIM signature is left out and its own stands in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, one_reply, replied
from tailorbird.delivery.carriers.http_session import Answer, Call, Malformed
from tailorbird.delivery.carriers.kinds import Abilities, Kind, Place
from tailorbird.delivery.carriers.parts import Mailbox, parts_of
from tailorbird.schema import Outgoing, Reply, ReplyKind

MOST_TOGETHER: Final = 500
OURS: Final = frozenset({10, 400, 401, 405, 409, 412, 413, 1235})
"""ErrorCode of a token, a sender signature, a stream or an account that will not send."""
LATER: Final = frozenset({100, 429})


class PostmarkSettings(msgspec.Struct, frozen=True):
    """Table of a carrier of kind `postmark`."""

    server_token: str = ""
    stream: str = "outbound"
    """Message stream: `outbound` is transactional, `broadcast` is for campaigns."""
    base_url: str = "https://api.postmarkapp.com"
    connections: int = 4
    timeout_seconds: float = 60
    together: int = 20
    """Messages in one call, 500 at most; as many are looked up after a crash."""


class Postmark:
    """`http_session.Api` of Postmark."""

    repeatable_seconds = 0

    def __init__(self, settings: PostmarkSettings) -> None:
        self.base_url = settings.base_url
        self._stream = settings.stream
        self._headers = {
            "X-Postmark-Server-Token": settings.server_token,
            "Content-Type": "application/json",
        }

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands these messages over."""
        body = msgspec.json.encode([self._email(message) for message in messages])
        return Call("/email/batch", self._headers, body)

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what the answer says of each message, in order."""
        if answer.status != 200:
            ours = answer.status == 422 and _code(answer.said("ErrorCode")) in OURS
            return replied(messages, answer, answer.said("Message"), "untaken" if ours else None)
        said = answer.json()
        if not isinstance(said, list) or len(said) != len(messages):
            raise Malformed("the answer does not name each message")
        return [
            self._reply(message, one, answer) for message, one in zip(messages, said, strict=True)
        ]

    def lookup(self, send_id: bytes) -> Sequence[Call]:
        """Return the call that searches what was sent by our send id."""
        path = f"/messages/outbound?count=1&offset=0&metadata_send_id={send_id.hex()}"
        return [Call(path, self._headers, method="GET")]

    def sighted(self, send_id: bytes, answer: Answer) -> bool:
        """Return whether the search found it."""
        return answer.status == 200 and answer.said("TotalCount") not in ("", "0")

    def _reply(self, message: Outgoing, said: Any, answer: Answer) -> Reply:
        if not isinstance(said, dict) or not isinstance(code := said.get("ErrorCode"), int):
            raise Malformed("the answer does not say what became of a message")
        if code == 0:
            return one_reply(message, "accepted", answer, f"taken as {said.get('MessageID', '')}")
        kind: ReplyKind = "rejected"
        if code in OURS or code in LATER:
            kind = "untaken" if code in OURS else "deferred"
        return one_reply(message, kind, answer, f"{code} {said.get('Message', '')}")

    def _email(self, message: Outgoing) -> dict[str, Any]:
        parts = parts_of(message.content)
        # X-PM-KeepID: Message-ID stays ours.
        headers = parts.headers | {"X-PM-KeepID": "true"}
        email = {
            "From": parts.sender.written(),
            "To": Mailbox(message.envelope_to, parts.to.name).written(),
            "ReplyTo": parts.reply_to.address if parts.reply_to else "",
            "Subject": parts.subject,
            "TextBody": parts.text,
            "HtmlBody": parts.html,
            "Headers": [{"Name": name, "Value": said} for name, said in headers.items()],
            "Metadata": {"send_id": message.send_id.hex()},
            "MessageStream": self._stream,
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        return {name: said for name, said in email.items() if said != ""}


def _code(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def _opened(settings: PostmarkSettings, place: Place) -> HttpCarrier:
    line = Line(
        settings.base_url,
        settings.connections,
        settings.timeout_seconds,
        min(settings.together, MOST_TOGETHER),
    )
    return HttpCarrier(place.name, Postmark(settings), line)


KIND: Final = Kind(
    PostmarkSettings,
    _opened,
    Abilities(raw=False, looks_up=True, together=MOST_TOGETHER, send_id_in="Metadata.send_id"),
    needs=("server_token",),
)
