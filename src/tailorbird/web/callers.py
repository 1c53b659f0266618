"""Who calls the API: a program with a secret key, or somebody at this machine's own console.

Without a key this machine may read. It may write without one only from a page of the console
itself, which the browser says by `Sec-Fetch-Site: same-origin`: no other site's page can say that,
and a program should show its key. Keys and receivers of webhooks always need a key with the scope
`admin`, or the command line.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Final, NamedTuple

from starlette.datastructures import Headers

from tailorbird.access import Key, Scope
from tailorbird.web import guard

CALLER: Final = "tailorbird.caller"
"""Where a request's scope says who calls."""
ONCE: Final = "tailorbird.once"
"""Where a request's scope names its Idempotency-Key, as a digest; absent where it has none."""
Find = Callable[[str], Key | None]


class Caller(NamedTuple):
    """Who calls, and what they may do. `key` is empty for the console."""

    key: str
    scopes: frozenset[Scope]

    @property
    def source(self) -> str:
        """Return the source of the events that the caller sends."""
        return f"server:{self.key}" if self.key else "web:console"

    @property
    def at_console(self) -> bool:
        """Return whether it is a page of this machine's own console that asks."""
        return not self.key and "write" in self.scopes


READER: Final = Caller("", frozenset({"read"}))
CONSOLE: Final = Caller("", frozenset({"read", "write"}))


class Turned(NamedTuple):
    """Why a caller is turned away."""

    status: int
    code: str
    message: str


def caller_of(headers: Headers, find: Find, hosts: frozenset[str]) -> Caller | Turned:
    """Return who calls the API, or why they must not."""
    if "authorization" not in headers:
        said = guard.console_refusal(headers, navigates=False)
        if said:
            return Turned(421, "host", said)
        return CONSOLE if headers.get("sec-fetch-site") == "same-origin" else READER
    if said := guard.refusal(headers, hosts):
        return Turned(421, "host", said)
    if headers.get("sec-fetch-site") == "cross-site":
        message = "a secret key came from another site's page: revoke it"
        return Turned(403, "secret_key_in_browser", message)
    key = next((key for text in shown(headers["authorization"]) if (key := find(text))), None)
    if key is None:
        return Turned(401, "unknown_key", "this key is not known, or was revoked")
    if key.kind == "public":
        message = "a public key only appends, at /v1: make a secret one for the API"
        return Turned(403, "public_key", message)
    return Caller(key.name, frozenset(key.scopes))


def shown(authorization: str) -> tuple[str, ...]:
    """Return the keys that a header shows: a Bearer token, or user and password of Basic."""
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return (credentials.strip(),)
        case "basic":
            try:
                user, _, password = b64decode(credentials, validate=True).decode().partition(":")
            except ValueError:
                return ()
            return (user, password)
        case _:
            return ()


def is_bearer(headers: Headers) -> bool:
    """Return whether a request shows a token, as clients of Customer.io's Track API never do."""
    return headers.get("authorization", "")[:7].lower() == "bearer "
