"""One ASGI application: collector, tracking pages, API, and the pages of the console."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from tailorbird.schema import Instant
from tailorbird.views import Readings
from tailorbird.web import guard, problems
from tailorbird.web.api import api
from tailorbird.web.callers import CALLER, READER, Caller, Find, Turned, caller_of, is_bearer
from tailorbird.web.desk import Desk
from tailorbird.web.keys import KeyRing
from tailorbird.web.repeats import Repeats

STATIC = Path(__file__).parent / "static"
API = "/api/"
ASSETS = "/assets/"
SECTIONS = frozenset(
    {
        "", "people", "segments", "campaigns", "inbox", "templates", "images",
        "data", "sources", "quality", "quarantine", "forms", "keys", "new-segment", "overlap",
        "matches", "groups", "clusters", "lists", "delivery", "pace", "feedback", "suppressions",
        "history", "journeys", "models", "recommendations",
    }
)  # fmt: skip
"""First parts of the paths that the router in the browser knows."""
_FOREVER = "public, max-age=31536000, immutable"
_UNBUILT = "The pages are not built. Install the package again: that builds them.\n"


def application(
    *,
    public: Sequence[BaseRoute],
    readings: Readings,
    base_url: str,
    clock: Callable[[], Instant],
    static: Path = STATIC,
    lifespan: Any = None,
    ring: KeyRing | None = None,
    desk: Desk | None = None,
    brand_urls: Sequence[str] = (),
) -> ASGIApp:
    """Return the server: `public` routes first, then `/api/v1`, then the console's pages.

    `lifespan` is Starlette's: it starts and ends what runs beside the server, such as the worker.
    Without `ring` no key opens the API, without `desk` it only reads. `brand_urls` are further
    addresses under which mails lead here.
    """
    outside = Starlette(routes=[Route("/healthz", _healthy), *public], lifespan=lifespan)
    inside = {**guard.EVERYWHERE, **guard.CONSOLE}
    answers = cast("ASGIApp", api(readings, clock, desk))
    if desk is not None:
        answers = Repeats(answers, desk.world.keys, desk.clock)
    return _Site(
        outside=outside,
        public=guard.with_headers(outside, guard.EVERYWHERE),
        api=guard.with_headers(answers, inside),
        pages=guard.with_headers(_Pages(static), inside),
        hosts=guard.public_hosts(base_url, *brand_urls),
        find=ring.find if ring else lambda _text: None,
    )


class _Site:
    """Sends each request to the part that answers it, or refuses it."""

    def __init__(
        self,
        *,
        outside: Starlette,
        public: ASGIApp,
        api: ASGIApp,
        pages: ASGIApp,
        hosts: frozenset[str],
        find: Find,
    ) -> None:
        self.outside = outside
        self.public = public
        self.api = api
        self.pages = pages
        self.hosts = hosts
        self.find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.outside(scope, receive, send)
            return
        part, caller = self.part(scope)
        if isinstance(caller, Turned):
            part = guard.with_headers(_refused(caller, scope["path"]), guard.EVERYWHERE)
        await part({**scope, CALLER: caller}, receive, send)

    def part(self, scope: Scope) -> tuple[ASGIApp, Caller | Turned]:
        """Return the part that answers and for whom, or why it must not."""
        headers = Headers(scope=scope)
        within_api = scope["path"].startswith(API)
        matches = {route.matches(scope)[0] for route in self.outside.routes}
        programs = within_api and is_bearer(headers)
        if not programs and (
            Match.FULL in matches or (Match.PARTIAL in matches and not within_api)
        ):
            return self.public, _turned(guard.refusal(headers, self.hosts))
        if within_api:
            return self.api, caller_of(headers, self.find, self.hosts)
        return self.pages, _turned(guard.console_refusal(headers, navigates=True))


class _Pages:
    """The built files, and the one page for every path that is the router's in the browser."""

    def __init__(self, folder: Path) -> None:
        self.index = folder / "index.html"
        self.files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.response(scope)
        await response(scope, receive, send)

    async def response(self, scope: Scope) -> Response:
        """Return a file, the page, or the reason why there is none."""
        path = scope["path"]
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Only GET here.\n", 405, {"allow": "GET, HEAD"})
        if not self.index.is_file():
            return PlainTextResponse(_UNBUILT, 503)
        if path.startswith(ASSETS) or "." in path.lstrip("/").partition("/")[0]:
            return await self.file(path, scope)
        known = path.split("/")[1] in SECTIONS
        headers = {"cache-control": "no-cache"}
        return FileResponse(self.index, status_code=200 if known else 404, headers=headers)

    async def file(self, path: str, scope: Scope) -> Response:
        """Return a built file; those under /assets/ carry a hash of their content in the name."""
        name = path.lstrip("/")
        found, _ = self.files.lookup_path(name)
        if not found or not Path(found).is_file():
            return PlainTextResponse("There is no such file.\n", 404)
        response = await self.files.get_response(name, scope)
        response.headers["cache-control"] = _FOREVER if path.startswith(ASSETS) else "no-cache"
        return response


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _turned(reason: str) -> Caller | Turned:
    return Turned(421, "host", reason) if reason else READER


def _refused(turned: Turned, path: str) -> Response:
    document = problems.problem(turned.status, turned.code, turned.message, instance=path)
    content = msgspec.json.encode(document)
    headers = {"www-authenticate": 'Bearer realm="tailorbird"'} if turned.status == 401 else {}
    return Response(content, document.status, headers, media_type=problems.MEDIA_TYPE)
