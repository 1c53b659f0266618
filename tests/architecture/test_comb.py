"""The comb: contracts that can break, and doors that stay light."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "pandas", "polars", "scipy", "sklearn")
DOORS = ("tailorbird", "tailorbird.cli", "tailorbird.web.server", "tailorbird.app")


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of this project over the package that lies in `folder`."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder that holds a copy of the package."""
    skip = shutil.ignore_patterns("static", "__pycache__")
    shutil.copytree(ROOT / "src" / "tailorbird", tmp_path / "tailorbird", ignore=skip)
    return tmp_path


def test_the_contracts_hold(copied: Path) -> None:
    done = contracts(copied)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("segments", "import tailorbird.profiles", "rooms never see each other"),
        ("segments", "import tailorbird.flow", "nothing looks up"),
        ("web", "import tailorbird.stores", "Only app names the stores"),
        ("predict", "import tailorbird.simulator", "Only the demo knows the truth"),
        ("segments", "import duckdb", "Databases are opened only by stores"),
        ("web", "import sklearn", "only the learning rooms know the heavy"),
        ("segments", "import pandas", "only the learning rooms know the heavy"),
    ],
)
def test_a_contract_can_break(copied: Path, module: str, line: str, broken: str) -> None:
    with (copied / "tailorbird" / module / "__init__.py").open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    done = contracts(copied)
    assert done.returncode == 1, done.stdout
    verdicts = " ".join(done.stdout.split())
    name = next(part for part in verdicts.split(" BROKEN") if broken in part)
    assert broken in name


def test_a_new_room_must_find_its_layer(copied: Path) -> None:
    (copied / "tailorbird" / "attic.py").write_text('"""Nothing."""\n', encoding="utf-8")
    done = contracts(copied)
    assert done.returncode == 1
    assert "tailorbird.attic" in done.stdout


@pytest.mark.parametrize("door", DOORS)
def test_doors_load_no_heavy_library(door: str) -> None:
    program = f"import json, sys, {door}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint(HEAVY)
