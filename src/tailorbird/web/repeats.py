"""`Idempotency-Key`: the same request again gets the same answer, for a day.

A request that was answered with an error of ours (5xx) is tried again. Writes take their message
ids from the key, so that a repeat counts once even where the answer was lost with the process.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailorbird.registries import Keys
from tailorbird.schema import Instant
from tailorbird.web import problems
from tailorbird.web.callers import CALLER, ONCE, READER

NAME: Final = "idempotency-key"
LONGEST: Final = 255
LARGEST_BYTES: Final = 4 << 20
SHOWN_ONCE: Final = ("/api/v1/keys", "/api/v1/hooks", "/api/v1/quarantine")
"""Paths whose answers may hold a secret or a raw record: those are not kept, and a repeat is
another request."""
WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Repeats:
    """An ASGI application that answers repeated requests from what it kept."""

    def __init__(self, app: ASGIApp, keys: Keys, now: Callable[[], Instant]) -> None:
        self._app = app
        self._keys = keys
        self._now = now
        self._running: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, from what was kept where it came before."""
        given = Headers(scope=scope).get(NAME, "")
        counted = scope["method"] in WRITING and not scope["path"].startswith(SHOWN_ONCE)
        if not given or not counted:
            await self._app(scope, receive, send)
            return
        if len(given) > LONGEST or not given.isprintable():
            message = f"an Idempotency-Key has 1 to {LONGEST} printable characters"
            await _problem(400, "invalid", message, scope)(scope, receive, send)
            return
        content = await _content(receive)
        if content is None:
            message = f"a body may have {LARGEST_BYTES:,} bytes"
            await _problem(413, "too_large", message, scope)(scope, receive, send)
            return
        caller = scope.get(CALLER, READER)
        name = hashlib.blake2b(f"{caller.key}\x00{given}".encode(), digest_size=16).digest()
        await self._once(name, content, scope, send)

    async def _once(self, name: bytes, content: bytes, scope: Scope, send: Send) -> None:
        asked = [scope["method"], scope["path"], scope.get("query_string", b"").decode("latin-1")]
        print_ = hashlib.blake2b(msgspec.json.encode(asked) + content, digest_size=16).digest()
        kept = await asyncio.to_thread(self._keys.answer, name, self._now())
        replay = _replay(content)
        if kept is not None:
            answer = _again(kept, scope) if kept[0] == print_ else _reused(scope)
            await answer(scope, replay, send)
            return
        if name in self._running:
            message = "the first request with this Idempotency-Key has not been answered yet"
            await _problem(409, "in_progress", message, scope)(scope, replay, send)
            return
        self._running.add(name)
        try:
            answered = _Listener(send)
            await self._app({**scope, ONCE: name.hex()}, replay, answered)
            if 200 <= answered.status < 500 and answered.status != 401:
                await asyncio.to_thread(
                    self._keys.keep_answer, name, print_, answered.whole(), self._now()
                )
        finally:
            self._running.discard(name)


class _Listener:
    """Passes an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self._headers: dict[str, str] = {}
        self._content = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message["headers"]
                if name.lower() in (b"content-type", b"location")
            }
        elif message["type"] == "http.response.body":
            self._content += message.get("body", b"")
        await self._send(message)

    def whole(self) -> tuple[int, bytes, bytes]:
        """Return status, headers and content."""
        return self.status, msgspec.json.encode(self._headers), bytes(self._content)


def _again(kept: tuple[bytes, int, bytes, bytes], scope: Scope) -> Response:
    _, status, headers, content = kept
    named = msgspec.json.decode(headers, type=dict[str, str])
    return Response(content, status, {**named, "idempotent-replayed": "true"})


def _reused(scope: Scope) -> Response:
    message = "this Idempotency-Key came with another request: take a new one"
    return _problem(422, "idempotency_key_reused", message, scope)


def _problem(status: int, code: str, message: str, scope: Scope) -> Response:
    document = problems.problem(status, code, message, instance=scope["path"])
    return Response(msgspec.json.encode(document), status, media_type=problems.MEDIA_TYPE)


async def _content(receive: Receive) -> bytes | None:
    """Return the body, None when it is too large."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(content)
        content += message.get("body", b"")
        if len(content) > LARGEST_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(content)


def _replay(content: bytes) -> Receive:
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return {"type": "http.disconnect"}
        told = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive
