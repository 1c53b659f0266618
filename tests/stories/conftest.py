"""One finished demo, made once, for stories that only look; a copy for those that change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird import demo
from tailorbird.app import Tailorbird

PEOPLE = 300
SEED = 7


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, demo.Report]:
    """Return the folder and the report of a finished demo."""
    folder = tmp_path_factory.mktemp("stories") / "demo"
    plan = demo.Plan(data=None, people=PEOPLE, seed=SEED, folder=folder)
    return folder, demo.run(plan, say=None, on_progress=lambda done, total: None)


@pytest.fixture
def report(finished_demo: tuple[Path, demo.Report]) -> demo.Report:
    """Return what the demo found."""
    return finished_demo[1]


@pytest.fixture
def folder(finished_demo: tuple[Path, demo.Report], tmp_path: Path) -> Path:
    """Return a copy of the finished demo's folder."""
    copy = tmp_path / "demo"
    shutil.copytree(finished_demo[0], copy)
    return copy


@pytest.fixture
def tb(folder: Path) -> Iterator[Tailorbird]:
    """Return the copy, opened, its clock where the demo ended."""
    with Tailorbird.open(folder, environment={}) as opened:
        yield opened
