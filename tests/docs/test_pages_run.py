"""Every block of shell and Python in the documentation runs, in order, in an empty folder.

A comment before a block changes what happens to it: `<!-- file: NAME -->` writes it to that file,
`<!-- not run: REASON -->` leaves it out. Blocks of other languages are only shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
BLOCK = re.compile(
    r"(?:<!-- (?P<note>(?:file|not run): [^\n]+) -->\n+)?```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
RUN = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
}


class Block(NamedTuple):
    """One block of code, with the comment before it."""

    language: str
    code: str
    note: str


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    return [Block(m["language"], m["code"], m["note"] or "") for m in BLOCK.finditer(text)]


def play(block: Block, folder: Path) -> None:
    """Do with a block what its reader would do.

    Raises:
        AssertionError: it left with another status than 0; the message holds what it printed.
    """
    kind, _, rest = block.note.partition(": ")
    if kind == "file":
        path = folder / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.code, encoding="utf-8")
    elif kind != "not run" and block.language in RUN:
        done = subprocess.run(
            [*RUN[block.language], block.code],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block.code}\nended with {done.returncode}:\n{done.stdout}"


def environment() -> dict[str, str]:
    """Return the environment of a reader who has just installed Tailorbird.

    An installer compiles the modules once: a variable that forbids this is none of the reader's.
    """
    foreign = ("TAILORBIRD_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    return clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    found = blocks(page.read_text(encoding="utf-8"))
    assert found
    for block in found:
        play(block, tmp_path)


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    (block,) = blocks("Then:\n\n```bash\nfalse\ntrue\n```\n")
    with pytest.raises(AssertionError, match="ended with 1"):
        play(block, tmp_path)


def test_blocks_see_what_earlier_blocks_made(tmp_path: Path) -> None:
    page = (
        "<!-- file: a/b.yaml -->\n```yaml\nname: b\n```\n\n"
        "```bash\ngrep -q 'name: b' a/b.yaml\n```\n\n"
        "```python\nfrom pathlib import Path\nassert Path('a/b.yaml').exists()\n```\n\n"
        "<!-- not run: it installs -->\n```bash\nexit 3\n```\n\n"
        "```text\nexit 4\n```\n"
    )
    found = blocks(page)
    assert [block.language for block in found] == ["yaml", "bash", "python", "bash", "text"]
    for block in found:
        play(block, tmp_path)
