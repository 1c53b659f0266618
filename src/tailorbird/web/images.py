"""`/i/NAME?t=TOKEN`: a picture, drawn when a mail is opened.

Asking changes nothing. Whatever the token is, a picture is the answer: a forged one brings the same
empty picture as one of an image that does not exist.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tailorbird import letters
from tailorbird.errors import TailorbirdError
from tailorbird.schema import Instant
from tailorbird.web.tracking import PIXEL, UNSEEN
from tailorbird.world import World

LOG: Final = logging.getLogger(__name__)
ASSETS: Final = Path(__file__).parent / "static" / "assets"
HEADERS: Final = {
    "content-security-policy": "default-src 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "x-robots-tag": "noindex, nofollow",
}


def house_fonts() -> list[Path]:
    """Return the fonts that the pages are set in: Latin, then the rest of it."""
    return sorted(ASSETS.glob("inter-latin*-wght-normal-*.woff2"), key=lambda path: len(path.name))


def routes(world: World, now: Callable[[], Instant]) -> list[BaseRoute]:
    """Return the public route of pictures."""
    return [Route("/i/{name}", _Pictures(world, now).show, methods=["GET"])]


class _Pictures:
    """The endpoint; it waits for the disk and draws, so it runs in a thread."""

    def __init__(self, world: World, now: Callable[[], Instant]) -> None:
        self._studio = letters.Studio(world, house_fonts())
        self._now = now

    def show(self, request: Request) -> Response:
        """Answer with the picture, or with 304 where the reader has it already."""
        name, token = request.path_params["name"], request.query_params.get("t", "")
        try:
            shown = self._studio.opened(name, token, self._now())
            if shown is None:
                return _empty()
            tag = f'"{shown.digest}"'
            scope = "private" if shown.personal else "public"
            kept = {"etag": tag, "cache-control": f"{scope}, max-age={shown.fresh_seconds}"}
            if _has(request.headers.get("if-none-match", ""), tag):
                return Response(status_code=304, headers=HEADERS | kept)
            picture = self._studio.png(shown)
        except TailorbirdError:
            LOG.exception("a picture could not be drawn")
            return _empty()
        return Response(picture, media_type="image/png", headers=HEADERS | kept)


def _empty() -> Response:
    return Response(PIXEL, media_type="image/gif", headers=HEADERS | UNSEEN)


def _has(said: str, tag: str) -> bool:
    """Return whether an `If-None-Match` names the tag (RFC 9110, 13.1.2)."""
    tags = {each.strip().removeprefix("W/") for each in said.split(",")}
    return tag in tags or said.strip() == "*"
