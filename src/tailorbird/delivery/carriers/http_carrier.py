"""The carrier over a provider's HTTP API, and how answers are judged where it says nothing else."""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Final

import msgspec

from tailorbird.delivery.carriers.http_session import (
    Answer,
    Api,
    HttpServer,
    HttpSession,
    Unanswered,
    connected,
    shown,
)
from tailorbird.delivery.carriers.sessions import Sessions
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply, ReplyKind

TOO_MANY: Final = 429
LATER: Final = frozenset({TOO_MANY, 503})
"""Refused at the door: the provider says that it did nothing."""
OURS: Final = frozenset({401, 402, 403, 404, 405, 407, 410, 421, 451})
"""What no message can help: the key, the account, the address of the API."""


class Line(msgspec.Struct, frozen=True):
    """How a carrier reaches its provider; every carrier over HTTP takes these settings."""

    base_url: str
    connections: int
    timeout_seconds: float
    together: int = 1


class HttpCarrier:
    """`ports.Carrier` over one provider's API, on persistent connections.

    Raises:
        SettingsError: its base URL is none, or credentials would cross the network in clear.
    """

    def __init__(self, name: str, api: Api, line: Line) -> None:
        self.name = name
        self.repeatable_seconds = api.repeatable_seconds
        self._api = api
        self._server = HttpServer(
            line.base_url, where=f"carriers.{name}", timeout_seconds=line.timeout_seconds
        )
        self._sessions = Sessions(
            lambda: HttpSession(self._server, api),
            name=name,
            connections=line.connections,
            together=line.together,
        )

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Send as they come; yields a reply for each.

        Raises:
            CarrierError: the provider cannot be reached or takes nothing from us; what was not
                answered was not sent.
        """
        with closing(self._sessions.send(messages, journal)) as replies:
            for reply in replies:
                yield reply
                if reply.kind == "untaken":
                    raise refusal(reply, self._server.where)

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        """Return those that the provider shows to have, None where it cannot be asked.

        What it does not show may still be on its way into its lists, so it is not said to be
        missing.
        """
        calls = {send_id: self._api.lookup(send_id) for send_id in send_ids}
        if not any(calls.values()):
            return None
        seen: dict[bytes, bool] = {}
        with suppress(OSError, Unanswered, CarrierError, http.client.HTTPException):
            session = HttpSession(self._server, self._api)
            try:
                for send_id, own in calls.items():
                    if any(self._api.sighted(send_id, session.ask(call)) for call in own):
                        seen[send_id] = True
            finally:
                session.quit()
        return seen

    def reach(self) -> None:
        """Return when the provider can be reached; nothing is asked of it.

        Raises:
            CarrierError: it cannot.
        """
        connected(self._server).close()

    def close(self) -> None:
        """Hang up."""
        self._sessions.close()


def kind_of(status: int) -> ReplyKind:
    """Return what a status says of a message, where the provider documents nothing else.

    A server's error leaves open whether it took the message: some have sent what they failed at.
    """
    if 200 <= status < 300:
        return "accepted"  # asked only by those whose answers need no more than that
    if status in LATER:
        return "deferred"
    if status in OURS or 300 <= status < 400:
        return "untaken"
    return "rejected" if 400 <= status < 500 else "unknown"


def replied(
    messages: Sequence[Outgoing], answer: Answer, text: str, kind: ReplyKind | None = None
) -> list[Reply]:
    """Return one reply for every message of a call; `kind` stands before what the status says."""
    said = kind or kind_of(answer.status)
    return [one_reply(message, said, answer, text) for message in messages]


def one_reply(message: Outgoing, kind: ReplyKind, answer: Answer, text: str) -> Reply:
    """Return the reply for one message; its address does not stand in it."""
    wait = answer.retry_seconds if kind == "deferred" else 0
    told = shown(_without(message.envelope_to, text))
    told = told or http.client.responses.get(answer.status, "")
    return Reply(message.send_id, kind, answer.status, told, wait)


def _without(address: str, text: str) -> str:
    """Return a text that does not name an address, however it is written there."""
    wanted = address.lower()
    while wanted and (at := text.lower().find(wanted)) >= 0:
        text = f"{text[:at]}the address{text[at + len(wanted) :]}"
    return text


def refusal(reply: Reply, where: str) -> CarrierError:
    """Return the error of a provider that takes nothing from us."""
    if reply.code in (401, 403):
        mend = "look at the credentials and at what they may do"
    elif 300 <= reply.code < 400 or reply.code in (404, 405):
        mend = "look at base_url and at the domain or region in the carrier's settings"
    else:
        mend = "look at your account and your sender addresses there"
    return CarrierError(
        f"the provider takes nothing from us: {reply.code} {reply.text}".rstrip(),
        where=where,
        mend=f"{mend}; nothing is lost",
    )


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")
