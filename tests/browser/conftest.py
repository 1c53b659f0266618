"""Chromium, and servers over the invented shop on loopback."""

from __future__ import annotations

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
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from tailorbird.web.server import STATIC, application

SAMPLE = Path(__file__).parents[1] / "web" / "sample.py"
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
    """Return `new_context(scheme, viewport)`; every one is closed when the test ends."""
    opened: list[BrowserContext] = []

    def make(scheme: Any = "light", viewport: ViewportSize = DESKTOP) -> BrowserContext:
        context = browser.new_context(color_scheme=scheme, viewport=viewport)
        context.set_default_timeout(20_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def shop(built: Path) -> Iterator[str]:
    """Return the address of a server over the invented shop."""
    with _serving(built) as address:
        yield address


@pytest.fixture(scope="session")
def hostile_shop(built: Path) -> Iterator[str]:
    """Return the address of a server whose every text holds markup."""
    with _serving(built, hostile=True) as address:
        yield address


@contextmanager
def _serving(static: Path, **how: bool) -> Iterator[str]:
    names = runpy.run_path(str(SAMPLE))
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    site = application(
        public=(),
        readings=names["SampleReadings"](**how),
        base_url=address,
        clock=lambda: int(names["NOW"]),
        static=static,
    )
    server = uvicorn.Server(uvicorn.Config(site, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield address
    server.should_exit = True
    thread.join()
    listening.close()
