"""The pages as they are built: their types, their lock, their size."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from tailorbird.web.server import STATIC

WEB = Path(__file__).parents[2] / "web"
LARGEST_FIRST_LOAD_KB = 250


@pytest.fixture
def built() -> Path:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the pages are not built; install the package again")
    return STATIC


def test_the_lock_names_no_server() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    assert lock["lockfileVersion"] == 3
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_types_of_the_pages_hold() -> None:
    compiler = WEB / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the packages of web/ are not here (npm ci --ignore-scripts in web/)")
    said = subprocess.run([compiler, "--noEmit"], cwd=WEB, capture_output=True, text=True)
    assert said.stdout == ""
    assert said.returncode == 0


def test_the_first_load_is_small(built: Path) -> None:
    index = (built / "index.html").read_text(encoding="utf-8")
    first = re.findall(r'(?:src|href)="(/[^"]+)"', index)
    size = sum(len(gzip.compress((built / name.lstrip("/")).read_bytes())) for name in first)
    assert len(first) >= 4
    assert size < LARGEST_FIRST_LOAD_KB * 1000


def test_the_page_holds_no_script_or_style_of_its_own(built: Path) -> None:
    index = (built / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>[^<]", index) == []
    assert "<style" not in index
    assert "style=" not in index


def test_licences_are_shipped_with_what_they_cover(built: Path) -> None:
    licences = (built / "licenses.md").read_text(encoding="utf-8")
    assert "## react-dom" in licences
    assert "@mantine/core" in licences
    assert "SIL OPEN FONT LICENSE" in (built / "assets" / "inter-license.txt").read_text()
