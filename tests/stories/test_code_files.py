"""Files that cannot be definitions: told at their place with the mend; nothing else is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tailorbird import as_code
from tailorbird.as_code.files import definitions
from tailorbird.as_code.places import LARGEST_BYTES
from tailorbird.errors import UsageError

GOOD = "name: vips\nwhere: {trait: orders, at_least: 2}\n"
Make = Callable[[Path], None]


def link(folder: Path) -> None:
    (folder / "secret").write_text("name: x\n", encoding="utf-8")
    (folder / "segments/x.yaml").symlink_to(folder / "secret")


def linked_folder(folder: Path) -> None:
    (folder / "away").mkdir()
    (folder / "lists").symlink_to(folder / "away")


def written(path: str, content: bytes) -> Make:
    def make(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)

    return make


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "segments/x.yaml")


BAD: dict[str, tuple[Make, str]] = {
    "link": (link, "segments/x.yaml: this is a link; put what it leads to here"),
    "linked folder": (linked_folder, "lists: this is a link; put what it leads to here"),
    "pipe": (pipe, "segments/x.yaml: this is no plain file; put the file itself here"),
    "huge": (
        written("segments/x.yaml", b"#" * (LARGEST_BYTES + 1)),
        "segments/x.yaml: larger than 1 MiB; cut it into several",
    ),
    "latin-1": (
        written("segments/x.yaml", b"name: x\ndescription: gr\xfc\n"),
        "segments/x.yaml:2: this is not UTF-8 text; save it as UTF-8",
    ),
    "zero": (
        written("segments/x.yaml", b"name: x\n\x00"),
        "segments/x.yaml:2: a zero byte is no text; save it as plain UTF-8",
    ),
    "twice": (
        written("segments/vips.yml", GOOD.encode()),
        "segments/vips.yml: segments/vips.yaml defines segment 'vips' as well; "
        "keep one of the two files",
    ),
    "ending": (
        written("segments/x.json", b"{}"),
        "segments/x.json: .json is not how a segment is written; end it with .yaml or .yml",
    ),
    "name": (
        written("segments/a b.yaml", b"name: x\n"),
        "segments/a b.yaml: a file cannot be called this; write letters, digits, `-`, `_` and "
        "`.`, the first a letter or digit",
    ),
    "unknown folder": (
        written("segmnts/x.yaml", b"name: x\n"),
        "segmnts/: no kind of definition has this folder; did you mean 'segments'?; what is no "
        "definition goes into _segmnts/",
    ),
    "outside": (
        written("slots.yaml", b"name: x\n"),
        "slots.yaml: this lies in the folder of no kind; did you mean 'slots'?",
    ),
    "too deep": (
        written("segments/eu/x.yaml", b"name: x\n"),
        "segments/eu: a folder in a folder is not read; move its files to segments/",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one good segment."""
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments/vips.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_cannot_be_one_is_told_and_the_others_are_read(folder: Path, what: str) -> None:
    make, says = BAD[what]
    make(folder)
    found = as_code.read_folder(folder)
    texts = definitions(found)
    assert [fault.sentence() for fault in found.faults] == [says]
    assert texts["segment", "vips"].text == GOOD
    assert ("segment", "x") not in texts or what == "zero"


def test_what_belongs_to_a_repository_is_left_alone(folder: Path) -> None:
    for path in (".github/workflows/plan.yaml", "_drafts/x.yaml", "README.md", "segments/README.md",
                 "data/tailorbird.sqlite", "Makefile", "scripts/run.sh"):  # fmt: skip
        written(path, b"x")(folder)
    found = as_code.read_folder(folder)
    assert (found.faults, [*found.texts]) == ([], ["segments/vips.yaml"])


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        as_code.read_folder(tmp_path / "none")


def test_a_pull_writes_only_names_that_files_can_have(tmp_path: Path) -> None:
    from tailorbird.app import Tailorbird

    target = tmp_path / "git"
    target.mkdir()
    with Tailorbird.open(tmp_path / "shop", clock=lambda: 0, environment={}) as tb:
        for name in ("../../away", "a/b", ".hidden", "fine.de"):
            tb.put("block", name, "<p>Hello</p>")
        done = as_code.pull(tb.world, target, as_code.read_folder(target), 0)
    assert {each.name: each.done for each in done} == {
        "../../away": "unwritable", "a/b": "unwritable", ".hidden": "unwritable", "fine.de": "new",
    }  # fmt: skip
    files = list(tmp_path.rglob("*.liquid"))
    assert files == [target / "blocks/fine.de.liquid"]
