"""Chromium, and servers over the invented shop on loopback."""

from __future__ import annotations

import dataclasses
import json
import runpy
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api")

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tailorbird.collect.decode import decode
from tailorbird.schema import Body, Event, LogRecord
from tailorbird.web import collector, tag
from tailorbird.web.server import STATIC, application

SAMPLE = Path(__file__).parents[1] / "web" / "sample.py"
DESK = SAMPLE.with_name("sample_desk.py")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("there is no chromium (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def built() -> Path:
    """Return the folder of the built pages."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the pages are not built; install the package again")
    return STATIC


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe-core."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here (npm ci --ignore-scripts in web/)")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Return one browser for all tests of a module.

    Playwright keeps an event loop running in this thread; it must end with the module, or no other
    test of this worker could start one.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Return `new_context(scheme, viewport, **more)`; every one is closed when the test ends.

    Ask for it after the servers: what a page sends when it is closed must not meet the next one's.
    """
    opened: list[BrowserContext] = []

    def make(
        scheme: Any = "light", viewport: ViewportSize = DESKTOP, **more: Any
    ) -> BrowserContext:
        context = browser.new_context(color_scheme=scheme, viewport=viewport, **more)
        context.set_default_timeout(20_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """Return a page that takes every dialog for a failure, as none is ever opened."""
    opened = new_context().new_page()
    opened.on("dialog", lambda dialog: pytest.fail(dialog.message))
    return opened


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """Return a page of a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def shop(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server over the invented shop."""
    with _serving(built, tmp_path_factory.mktemp("shop")) as address:
        yield address


@pytest.fixture(scope="session")
def hostile_shop(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server whose every text holds markup."""
    with _serving(built, tmp_path_factory.mktemp("hostile"), hostile=True) as address:
        yield address


@pytest.fixture
def own_shop(built: Path, tmp_path: Path) -> Iterator[str]:
    """Return the address of a server whose folder a test may change."""
    with _serving(built, tmp_path) as address:
        yield address


@pytest.fixture(scope="session")
def admin_key() -> str:
    """Return the key that opens everything in every shop."""
    return str(runpy.run_path(str(DESK))["ADMIN_KEY"])


@contextmanager
def _serving(static: Path, folder: Path, **how: bool) -> Iterator[str]:
    names, desk = runpy.run_path(str(SAMPLE)), runpy.run_path(str(DESK))
    with desk["opened"](folder, **how) as beside, listening() as (socket_, address):
        site = application(
            public=(),
            readings=names["SampleReadings"](**how),
            base_url=address,
            clock=lambda: int(names["NOW"]),
            static=static,
            **beside,
        )
        with served(site, socket_):
            yield address


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket on loopback, which keeps who comes early waiting, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened, f"http://127.0.0.1:{opened.getsockname()[1]}"


@contextmanager
def served(site: ASGIApp, on: socket.socket) -> Iterator[None]:
    """Serve until the block ends."""
    server = uvicorn.Server(uvicorn.Config(site, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [on]}, daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join()


@pytest.fixture(name="listening", scope="session")
def listening_fixture() -> Callable[..., Any]:
    """Return `listening()`, for whatever else a test serves."""
    return listening


@pytest.fixture(name="served", scope="session")
def served_fixture() -> Callable[..., Any]:
    """Return `served(site, socket)`."""
    return served


# -- the tag ------------------------------------------------------------------------------------

PATIENCE_SECONDS = 20


@dataclasses.dataclass
class Door:
    """A collector that remembers what came, and is too busy when told."""

    url: str
    busy: bool = False
    asked: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    bodies: list[Body] = dataclasses.field(default_factory=list)
    heard: threading.Condition = dataclasses.field(default_factory=threading.Condition)

    async def append(self, body: Body) -> int:
        """Keep a body, unless too busy."""
        with self.heard:
            self.heard.notify_all()
            if self.busy:
                raise collector.Refusal(503, "busy", "too much is waiting to be stored", 1)
            self.bodies.append(body)
            return len(self.bodies)

    def messages(self, count: int = 0, kind: str = "") -> list[dict[str, Any]]:
        """Return the messages that came (of a type), each once, when there are so many."""
        with self.heard:
            if not self.heard.wait_for(lambda: len(self._came(kind)) >= count, PATIENCE_SECONDS):
                pytest.fail(f"only {self._came(kind)} came, not {count} messages")
            return self._came(kind)

    def _came(self, kind: str) -> list[dict[str, Any]]:
        batches = [json.loads(body.content)["batch"] for body in self.bodies]
        distinct = {message["messageId"]: message for batch in batches for message in batch}
        return [message for message in distinct.values() if kind in ("", message["type"])]

    def events(self, count: int) -> list[Event]:
        """Return what the messages mean, each once, when there are so many; none is refused."""
        self.messages(count)
        decoded = decode([LogRecord(n, body) for n, body in enumerate(self.bodies, 1)])
        assert decoded.refused == []
        return [*{event.message_id: event for event in decoded.events}.values()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["method"], scope["path"]))
        routes = [*collector.routes(self.append, lambda: NOW), *tag.scripts()]
        await Starlette(routes=routes)(scope, receive, send)


NOW = 1_790_000_000_000_000


@pytest.fixture
def door(built: Path) -> Iterator[Door]:
    """Return the server that collects. No browser may ask it for permission beforehand."""
    with listening() as (socket_, address):
        made = Door(address)
        with served(made, socket_):
            yield made
    assert "OPTIONS" not in {method for method, _ in made.asked}


@dataclasses.dataclass
class Site:
    """A shop's own pages, on another origin than ours."""

    url: str
    pages: dict[str, str] = dataclasses.field(default_factory=dict)
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    async def show(self, request: Request) -> HTMLResponse:
        """Return the page of a path: its head holds what the test says, before its body."""
        head, body = self.pages.get("head", ""), self.pages.get(request.url.path, "")
        title = request.url.path.strip("/") or "start"
        content = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width">{head}</head>'
            f"<body><main><h1>{title}</h1>{body}</main></body></html>"
        )
        return HTMLResponse(content, headers=self.headers)


STUB = (
    "window.tailorbird = window.tailorbird ||"
    " function () { (tailorbird.q = tailorbird.q || []).push(arguments) }"
)


@pytest.fixture
def site(door: Door) -> Iterator[Site]:
    """Return a site that has the tag as the how-to says."""
    with listening() as (socket_, address):
        made = Site(address)
        made.pages["head"] = (
            f"<script>{STUB}</script><script async src={door.url}/tb.js?key=shop-web></script>"
        )
        routes = [Route("/{path:path}", made.show)]
        with served(Starlette(routes=routes), socket_):
            yield made
