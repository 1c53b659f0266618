"""What is committed names no package registry and no path of somebody's machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# In pieces, so that this file does not name them either.
REGISTRIES = [
    "pypi" + r"\.org",
    "pythonhosted" + r"\.org",
    "npmjs" + r"\.(?:org|com)",
    "yarnpkg" + r"\.com",
    "npmmirror" + r"\.com",
    "anaconda" + r"\.(?:org|com)/",
    "crates" + r"\.io",
    "rubygems" + r"\.org",
    "proxy" + r"\.golang\.org",
    "deb" + r"\.debian\.org",
    "jsr" + r"\.io",
]
MACHINE_PATHS = [
    r"(?<![\w./])/" + "work" + r"/",
    r"(?<![\w./])/" + "root" + r"/",
    r"(?<![\w./])/" + "home" + r"/\w",
    r"(?<![\w./])/" + "Users" + r"/\w",
    r"(?<![\w./])/" + "tmp" + r"(?![\w-])",
]
TELLING = re.compile("|".join(REGISTRIES + MACHINE_PATHS))


def telling(text: str) -> list[str]:
    """Return `line: match` of everything that should not be there."""
    return [
        f"{number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in TELLING.finditer(line)
    ]


def committed() -> list[Path]:
    """Return every file under version control."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is committed cannot be known")
    listing = subprocess.run(
        [git, "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_committed_file_names_a_registry_or_a_machine_path() -> None:
    found = {
        str(path.relative_to(ROOT)): lines[:5]
        for path in committed()
        if (lines := telling(path.read_bytes().decode("utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "https://" + "pypi" + ".org/simple",
        '"resolved": "https://registry.' + "npmjs" + '.org/react"',
        "open('/" + "work" + "/shared')",
        "cd /" + "root" + "/project",
        "path = /" + "tmp" + "/x",
    ],
)
def test_a_telling_line_is_noticed(line: str) -> None:
    assert telling(line)


@pytest.mark.parametrize(
    "line", ["see docs/work/plan", "https://shop.example/home/sale", "../shared/data", "data/tmp"]
)
def test_ordinary_paths_are_fine(line: str) -> None:
    assert telling(line) == []
