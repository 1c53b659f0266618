"""Pixels: events of pages that run no script, by our own parameters or as Segment's pixel.

The picture always comes, and no cache keeps it. What it says is recorded, durably, before it is
answered with 200; nothing is recorded of a browser that asks not to be tracked, or that only loads
ahead. We set no cookie: who it was must be said by the site, which knows its own session.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.errors import TailorbirdError
from tailorbird.schema import Body
from tailorbird.web.collector import (
    Admit,
    Append,
    Clock,
    Refusal,
    shape_of,
    source_of,
    unregistered,
)

PICTURE: Final = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
UNKEPT: Final = {
    "cache-control": "no-store, private",
    "cross-origin-resource-policy": "cross-origin",
    "x-robots-tag": "noindex, nofollow",
}
KINDS: Final = ("track", "page", "screen", "identify", "group", "alias")
_OURS: Final = frozenset(
    {"anonymousId", "consent", "event", "key", "messageId", "referrer", "title", "url", "userId"}
)
_CAMPAIGN: Final = {"utm_campaign": "name"}


def routes(append: Append, now: Clock, admit: Admit = unregistered) -> list[Route]:
    """Return `/v1/pixel.gif`, and Segment's `/v1/pixel/track`, `/v1/pixel/page` ..."""
    readers = {"/v1/pixel.gif": _own, **{f"/v1/pixel/{kind}": _segments(kind) for kind in KINDS}}
    return [
        Route(path, _endpoint(read, append, now, admit), methods=["GET"])
        for path, read in readers.items()
    ]


def unwanted(headers: Mapping[str, str]) -> bool:
    """Return whether the browser says no (Global Privacy Control, Do Not Track), or loads ahead."""
    ahead = (headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return (
        headers.get("sec-gpc") == "1"
        or headers.get("dnt") == "1"
        or any("prefetch" in purpose for purpose in ahead)
    )


def _endpoint(
    read: Callable[[Request], bytes | None], append: Append, now: Clock, admit: Admit
) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> None:
        content = read(request)
        if content is None:
            return
        source = source_of(request, shape_of(content), admit)
        if source.startswith("server:"):
            raise Refusal(403, "secret_key_in_browser", "a secret key stood in a page: revoke it")
        await append(Body(source, now(), content))

    async def answer(request: Request) -> Response:
        status = 200
        try:
            # Starlette answers HEAD by GET: who asks only for headers shows nobody a picture.
            if request.method == "GET" and not unwanted(request.headers):
                await take(request)
        except Refusal as refusal:
            status = refusal.status
        except TailorbirdError:
            status = 503
        return Response(PICTURE, status, headers=UNKEPT, media_type="image/gif")

    return answer


def _own(request: Request) -> bytes | None:
    """Return the event of our own pixel, None without a consent or without somebody."""
    said = request.query_params
    user, anonymous = said.get("userId", ""), said.get("anonymousId", "")
    agreed = {purpose for part in said.getlist("consent") for purpose in part.split(",")}
    if "tracking" not in agreed or not (user or anonymous):
        return None
    event = said.get("event", "")
    page = _page(request)
    more = {key: value for key, value in said.items() if key not in _OURS}
    message: dict[str, Any] = {
        "type": "track" if event else "page",
        "event": event,
        "userId": user,
        "anonymousId": anonymous,
        "messageId": said.get("messageId", ""),
        "writeKey": said.get("key", ""),
        "properties": more if event else page | more,
        "context": {
            "page": page,
            "campaign": _campaign(page.get("search", "")),
            "userAgent": request.headers.get("user-agent", ""),
            "consent": {"categoryPreferences": dict.fromkeys(sorted(agreed), True)},
        },
    }
    return msgspec.json.encode({key: value for key, value in message.items() if value})


def _page(request: Request) -> dict[str, str]:
    """Return the page: as the site says, else where the browser says that the picture stands."""
    said = request.query_params
    url = said.get("url") or request.headers.get("referer", "")
    page = {"url": url, "title": said.get("title", ""), "referrer": said.get("referrer", "")}
    try:
        parts = urlsplit(url)
        page |= {"path": parts.path, "search": f"?{parts.query}" if parts.query else ""}
    except ValueError:
        pass  # no address: it is kept as it came
    return {key: value for key, value in page.items() if value}


def _campaign(search: str) -> dict[str, str]:
    pairs = parse_qsl(search.removeprefix("?"))
    return {
        _CAMPAIGN.get(key, key.removeprefix("utm_")): value
        for key, value in pairs
        if key.startswith("utm_")
    }


def _segments(kind: str) -> Callable[[Request], bytes | None]:
    """Return how to read Segment's pixel: `data` is the message, JSON in base 64."""

    def read(request: Request) -> bytes | None:
        data = request.query_params.get("data", "")
        plain = data.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
        try:
            content = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
            message = msgspec.json.decode(content, type=dict[str, Any])
        except (binascii.Error, ValueError, RecursionError):
            raise Refusal(400, "invalid_data", "data is no JSON object in base 64") from None
        context = message.get("context")
        if context is None:
            context = {"userAgent": request.headers.get("user-agent", ""), "page": _page(request)}
        return msgspec.json.encode({**message, "type": kind, "context": context})

    return read
