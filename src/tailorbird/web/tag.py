"""What sites load from us: the tag, the banner, Segment's classic `analytics.js`, the pixel.

The scripts are built from `sdk/js` into the package. They hold nothing of anybody's: any site may
load them, and every cache may keep them for an hour.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tailorbird.web import pixel
from tailorbird.web.collector import Admit, Append, Clock, unregistered

BUILT: Final = Path(__file__).parent / "static" / "sdk"
UNBUILT: Final = "The tag is not built. Install the package again: that builds it.\n"
PATHS: Final = {
    "/tb.js": "tag.js",
    "/tb-consent.js": "banner.js",
    "/analytics.js/v1/{key}/analytics.min.js": "classic.js",
    "/analytics.js/v1/{key}/analytics.js": "classic.js",
}
HEADERS: Final = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=3600",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "Accept-Encoding",
}


class Script(NamedTuple):
    """A built file, plain and packed, and the tag by which a cache knows it again."""

    plain: bytes
    packed: bytes
    etag: str


def routes(append: Append, now: Clock, admit: Admit = unregistered) -> list[Route]:
    """Return the routes of the scripts, and of the pixel for pages that run none."""
    return [*scripts(), *pixel.routes(append, now, admit)]


def scripts(folder: Path = BUILT) -> list[Route]:
    """Return the routes of the built scripts."""
    return [Route(path, _endpoint(folder / name), methods=["GET"]) for path, name in PATHS.items()]


@lru_cache(maxsize=16)
def script(path: Path, changed_ns: int) -> Script:
    """Return a built file; `changed_ns` is when it was written, so that a new build is seen."""
    plain = path.read_bytes()
    digest = sha256(plain + str(changed_ns).encode()).hexdigest()[:16]
    return Script(plain, gzip.compress(plain, 9, mtime=0), f'"{digest}"')


def _endpoint(path: Path) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        if not path.is_file():
            return PlainTextResponse(UNBUILT, 503, {"cache-control": "no-store"})
        plain, packed, etag = script(path, path.stat().st_mtime_ns)
        headers = {**HEADERS, "etag": etag}
        if request.headers.get("if-none-match", "").removeprefix("W/") == etag:
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(plain, headers=headers, media_type="text/javascript")
        headers["content-encoding"] = "gzip"
        return Response(packed, headers=headers, media_type="text/javascript")

    return serve
