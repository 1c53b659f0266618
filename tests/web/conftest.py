"""A client that asks an ASGI application in this process, and the invented shop."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Body
from tailorbird.views import Readings
from tailorbird.web.desk import Desk
from tailorbird.web.server import application

HERE = Path(__file__).parent
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def sample_module() -> dict[str, Any]:
    """Return the names of `sample.py`."""
    return runpy.run_path(str(HERE / "sample.py"))


@pytest.fixture(scope="session")
def sample(sample_module: dict[str, Any]) -> Readings:
    """Return the readings of the invented shop."""
    readings: Readings = sample_module["SampleReadings"]()
    return readings


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like that of the built pages."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Tailorbird</title>")
    (folder / "theme.js").write_text("// theme")
    (folder / "assets" / "index-abc.js").write_text("// built")
    return folder


@pytest.fixture(scope="session")
def site(sample: Readings, pages: Path, sample_module: dict[str, Any]) -> ASGIApp:
    """Return the whole server over the invented shop, without public routes."""
    return application(
        public=(),
        readings=sample,
        base_url="https://mail.shop.example",
        clock=lambda: int(sample_module["NOW"]),
        static=pages,
    )


@pytest.fixture
def ask(site: ASGIApp) -> Ask:
    """Return `ask(path, method="GET", to=site, **of_httpx)`."""

    def asked(
        path: str, method: str = "GET", *, to: ASGIApp | None = None, **more: Any
    ) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(to or site, raise_app_exceptions=False)
            base = "http://127.0.0.1:8400"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, **more)

        return asyncio.run(go())

    return asked


# -- the console over a folder ------------------------------------------------------------------

AT_CONSOLE = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000 * SECOND


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with Ada in it, who agreed to everything."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        agreed = {"email_marketing": True, "personalisation": True}
        traits = {"first_name": "Ada", "email": "ada@mail.example"}
        about = {"type": "identify", "messageId": "m1", "userId": "u1", "traits": traits}
        batch = [about | {"context": {"consent": agreed}}]
        content = json.dumps({"batch": batch}).encode()
        opened.world.log.append([Body("server:shop", NOW - SECOND, content)])
        opened.ingest()
        yield opened


@pytest.fixture
def call(tb: Tailorbird, ask: Ask) -> Ask:
    """Return `call(path, method="GET", **of_httpx)` as a page of the console."""
    site: ASGIApp = application(
        public=(),
        readings=tb.readings,
        base_url="http://127.0.0.1:8400",
        clock=tb.clock,
        desk=Desk(tb.world, tb.clock),
    )

    def asked(path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return ask(f"/api/v1{path}", method, to=site, **{"headers": AT_CONSOLE} | more)

    return asked
