"""The built scripts of `sdk/js`: small, served to any site, and of the types that they say."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tailorbird.web import tag

ROOT = Path(__file__).parents[2]
LARGEST_TAG = 3_000
"""Bytes, as gzip sends them: what the mission promises."""
PATHS = ("/tb.js", "/tb-consent.js", "/analytics.js/v1/key-1/analytics.min.js")
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def built() -> Path:
    if not (tag.BUILT / "tag.js").is_file():
        pytest.skip("the tag is not built; install the package again")
    return tag.BUILT


@pytest.fixture
def app(tmp_path: Path) -> ASGIApp:
    for name in set(tag.PATHS.values()):
        (tmp_path / name).write_text(f"/* {name} */" * 100)
    return Starlette(routes=tag.scripts(tmp_path))


def test_the_tag_is_at_most_three_kilobytes(built: Path) -> None:
    content = (built / "tag.js").read_bytes()
    assert len(gzip.compress(content, 9)) <= LARGEST_TAG


def test_no_script_names_a_server_or_runs_text(built: Path) -> None:
    for name in set(tag.PATHS.values()):
        source = (built / name).read_text(encoding="utf-8")
        assert re.findall(r"https?:|\beval\b|new Function|innerHTML|document\.write", source) == []


def test_the_types_of_the_tag_hold() -> None:
    compiler = ROOT / "web" / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the packages of web/ are not here (npm ci --ignore-scripts in web/)")
    said = subprocess.run(
        [compiler, "-p", ROOT / "sdk" / "js"], cwd=ROOT / "web", capture_output=True, text=True
    )
    assert said.stdout == ""
    assert said.returncode == 0


@pytest.mark.parametrize("path", PATHS)
def test_any_site_may_load_it_and_caches_may_keep_it(ask: Ask, app: ASGIApp, path: str) -> None:
    got = ask(path, to=app, headers={"origin": "https://shop.example"})
    assert got.status_code == 200
    assert got.headers["content-type"].startswith("text/javascript")
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["access-control-allow-origin"] == "*"
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=3600" in got.headers["cache-control"]
    again = ask(path, to=app, headers={"if-none-match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_who_cannot_unpack_gets_it_plain(ask: Ask, app: ASGIApp, tmp_path: Path) -> None:
    got = ask("/tb.js", to=app, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in got.headers
    assert got.content == (tmp_path / "tag.js").read_bytes()


def test_a_new_build_is_served_at_once(ask: Ask, app: ASGIApp, tmp_path: Path) -> None:
    before = ask("/tb.js", to=app)
    (tmp_path / "tag.js").write_text("new")
    after = ask("/tb.js", to=app)
    assert after.text == "new"
    assert after.headers["etag"] != before.headers["etag"]


def test_what_is_not_built_is_said(ask: Ask, tmp_path: Path) -> None:
    got = ask("/tb.js", to=Starlette(routes=tag.scripts(tmp_path / "nowhere")))
    assert got.status_code == 503
    assert "Install the package again" in got.text
