"""The HTTP door for events: what existing SDKs of the Segment spec send, unchanged.

Facts about these SDKs, from captured traffic: two of them send again after 202 or 204, so the
answer is exactly 200; gzipped JSON arrives labelled as a form, so the Content-Type is ignored; one
bad event is never a 4xx, it is refused later with its reason; error bodies have `code` and
`message`; all of them send again after a 503, most of them when its `Retry-After` says so.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.collect.bodies import BodyError, Shape, shape
from tailorbird.errors import TailorbirdError
from tailorbird.keys import PREFIXES
from tailorbird.schema import Body, Instant
from tailorbird.web.places import Placing, anywhere, placed

BODY_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of one body, unpacked. Segment's own limit is 500 kB a batch."""
KEY_LIMIT: Final = 64
RETRY_SECONDS: Final = 5
"""After which a client may try again when the disk did not take what it sent."""
BUSY_SECONDS: Final = 1
WAITING_LIMIT: Final = 2_000
"""Bodies that may wait for the log: about a second's worth of single events."""
WAITING_BYTES: Final = 64 * 1024 * 1024
Append: TypeAlias = Callable[[Body], Awaitable[int]]
Clock: TypeAlias = Callable[[], Instant]
Admit: TypeAlias = Callable[[Request, str, int], str]
"""Returns the source of (request, key, events), or raises `Refusal`."""
KINDS: Final = {
    "track": "track", "t": "track", "identify": "identify", "i": "identify", "page": "page",
    "p": "page", "screen": "screen", "s": "screen", "group": "group", "g": "group",
    "alias": "alias", "a": "alias", "batch": "", "b": "", "import": "",
}  # fmt: skip

_SUCCESS: Final = b'{"success": true}'
_GZIP: Final = b"\x1f\x8b"


class Refusal(Exception):  # noqa: N818 - a request that we turn down, answered as such
    """A request that cannot be taken at all."""

    def __init__(self, status: int, code: str, message: str, retry_seconds: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_seconds = retry_seconds


class Gate:
    """Lets bodies through to the log, and turns them down while too many wait for it.

    What is turned down costs neither memory nor disk, and its client sends it again.
    """

    def __init__(
        self, append: Append, *, bodies: int = WAITING_LIMIT, content_bytes: int = WAITING_BYTES
    ) -> None:
        self._append = append
        self.free_bodies = bodies
        """How many bodies more may wait."""
        self._free_bytes = content_bytes

    async def append(self, body: Body) -> int:
        """Return the body's offset once it is durable.

        Raises:
            Refusal: 503, when the log is too far behind.
        """
        size = len(body.content)
        if not self.free_bodies or size > self._free_bytes:
            raise Refusal(503, "busy", "too much is waiting to be stored: retry", BUSY_SECONDS)
        self.free_bodies -= 1
        self._free_bytes -= size
        try:
            return await self._append(body)
        finally:
            self.free_bodies += 1
            self._free_bytes += size


def unregistered(_request: Request, key: str, _events: int) -> str:
    """Return `web:KEY`, the source where no key was ever registered: any names itself."""
    plain = key.isascii() and key.isprintable() and len(key) <= KEY_LIMIT
    return f"web:{key}" if key and plain else "web"


def routes(
    append: Append, now: Clock, admit: Admit = unregistered, place: Placing = anywhere
) -> list[Route]:
    """Return the routes `/v1/track`, `/v1/t` ... `/v1/batch`.

    `append` returns when the body is durable; only then is the answer 200.
    """
    return [
        Route(
            f"/v1/{name}", _endpoint(kind, append, now, admit, place), methods=["POST", "OPTIONS"]
        )
        for name, kind in KINDS.items()
    ]


def _endpoint(
    kind: str, append: Append, now: Clock, admit: Admit, place: Placing
) -> Callable[[Request], Awaitable[Response]]:
    async def collect(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=cross_origin(request))

        async def take() -> None:
            content = await content_of(request)
            whole = shape_of(content)
            source = source_of(request, whole, admit)
            content = _typed(content, kind, whole)
            if beginning := place(request):
                content = placed(content, beginning)
            await append(Body(source, now(), content))

        return await answered(request, take)

    return collect


async def answered(
    request: Request, take: Callable[[], Awaitable[None]], success: bytes = _SUCCESS
) -> Response:
    """Return `success` with 200 when `take` ended well, else what went wrong."""
    try:
        await take()
    except Refusal as refusal:
        return _refused(request, refusal)
    except TailorbirdError as error:
        message = "not stored: send it again"
        return _refused(request, Refusal(503, error.code, message, RETRY_SECONDS))
    return answer(request, 200, success)


# -- what came ----------------------------------------------------------------------------------


async def content_of(request: Request) -> bytes:
    """Return the body, unpacked when its first bytes say gzip, whatever the headers say.

    Raises:
        Refusal: it is too large, ended early, or is broken gzip.
    """
    received = bytearray()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > BODY_LIMIT:
                raise _too_large()
    except ClientDisconnect:
        raise Refusal(400, "incomplete", "the body ended early: send it again") from None
    return _unpacked(bytes(received)) if received.startswith(_GZIP) else bytes(received)


def _unpacked(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        content = inflater.decompress(packed, BODY_LIMIT + 1)
    except zlib.error:
        raise Refusal(400, "invalid_gzip", "the body starts as gzip and is none") from None
    if len(content) > BODY_LIMIT:
        raise _too_large()
    if not inflater.eof:
        raise Refusal(400, "incomplete", "the gzip body ended early: send it again")
    return content


def _too_large() -> Refusal:
    return Refusal(413, "too_large", f"a body may have {BODY_LIMIT:,} bytes: send smaller batches")


def shape_of(content: bytes) -> Shape:
    """Return the body's messages.

    Raises:
        Refusal: 400, when it is no JSON object or list.
    """
    try:
        return shape(content)
    except BodyError as error:
        if error.json:
            return Shape([content])
        raise Refusal(400, "invalid_json", f"the body cannot be read: {error}") from None


def _typed(content: bytes, kind: str, whole: Shape) -> bytes:
    """Return the body with the type that its path stands for, where it says none itself."""
    if whole.typed or not kind:
        return content
    rest = content[content.index(b"{") + 1 :]
    comma = b"" if rest.lstrip().startswith(b"}") else b","
    return b'{"type":"%s"%s%s' % (kind.encode(), comma, rest)


def source_of(request: Request, whole: Shape, admit: Admit = unregistered) -> str:
    """Return where a body comes from, as its key says.

    Raises:
        Refusal: the key does not open this door, or too much came with it.
    """
    return admit(request, key_of(request, whole), len(whole.messages))


def key_of(request: Request, whole: Shape) -> str:
    """Return the key that a request shows, '' for none.

    It is the user name of Basic, or its password where that is a secret key (Customer.io's clients
    send both); a Bearer token; or the body's `writeKey`.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "basic":
            try:
                user, _, password = (
                    base64.b64decode(credentials, validate=True).decode().partition(":")
                )
            except (binascii.Error, ValueError):
                return ""
            return password if password.startswith(PREFIXES["secret"]) else user
        case "bearer":
            return credentials.strip()
        case _:
            return whole.write_key


# -- what we answer -----------------------------------------------------------------------------


def _refused(request: Request, refusal: Refusal) -> Response:
    problem = {
        "type": "about:blank",
        "title": refusal.code.replace("_", " "),
        "status": refusal.status,
        "detail": refusal.message,
        "code": refusal.code,
        "message": refusal.message,
    }
    response = answer(request, refusal.status, msgspec.json.encode(problem))
    response.headers["content-type"] = "application/problem+json"
    if refusal.retry_seconds:
        response.headers["retry-after"] = str(refusal.retry_seconds)
    return response


def answer(request: Request, status: int, content: bytes) -> Response:
    """Return an answer in JSON that the pages of any site may read."""
    headers = cross_origin(request)
    return Response(content, status_code=status, headers=headers, media_type="application/json")


def cross_origin(request: Request) -> dict[str, str]:
    """Return the CORS headers: any site may send, with the headers that it asks for.

    No cookies are read here, so that no site can act in somebody's name.
    """
    if "origin" not in request.headers:
        return {}
    headers = {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Retry-After",
    }
    if request.method == "OPTIONS":
        asked = request.headers.get("access-control-request-headers", "Content-Type, Authorization")
        headers |= {
            "access-control-allow-methods": "GET, POST, OPTIONS",
            "access-control-allow-headers": asked,
            "access-control-max-age": "86400",
            "vary": "Access-Control-Request-Headers",
        }
    return headers
