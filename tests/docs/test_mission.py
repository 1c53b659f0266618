"""`docs/mission.md` tells the truth: no row is missing and every named test exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "mission.md"
PACKAGE = ROOT / "src" / "tailorbird"
OUTSIDE = {"sdk"}
"""Places of the map that lie beside the package."""


class Row(NamedTuple):
    """One row of the table: its cells, and the section under which it stands."""

    section: str
    cells: tuple[str, ...]


def rows(text: str) -> list[Row]:
    """Return the rows of every table, in order, without the heads."""
    found: list[Row] = []
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("|") and not line.startswith(("|---", "| capability ")):
            found.append(Row(section, tuple(cell.strip() for cell in line.strip("|").split("|"))))
    return found


def wrong(row: Row) -> list[str]:
    """Return what is wrong with one row."""
    capability, rooms, story = row.cells
    found = [
        f"{capability}: there is no room {room!r}"
        for room in rooms.split(", ")
        if room not in OUTSIDE and not any(PACKAGE.glob(f"{room}*"))
    ]
    if story != "not yet" and not story.startswith("not yet; "):
        found += [
            f"{capability}: there is no test {name}"
            for name in story.split("<br>")
            if not exists(name.strip().strip("`"))
        ]
    return found


def exists(name: str) -> bool:
    """Return whether `path::test` is a test function of this checkout."""
    path, _, function = name.partition("::")
    if not (path.startswith("tests/") and function and (ROOT / path).is_file()):
        return False
    return function.startswith("test_") and function in functions(path)


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions of a test file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_names_its_rooms_and_a_test_or_says_not_yet() -> None:
    table = rows(TABLE.read_text(encoding="utf-8"))
    assert len(table) >= 96
    assert [problem for row in table for problem in wrong(row)] == []


@pytest.mark.shared
def test_no_row_of_the_mission_is_missing(shared_data: Path) -> None:
    mission = (shared_data.parent / "MISSION.md").read_text(encoding="utf-8")
    asked = [(row.section, row.cells[0]) for row in rows(mission)]
    told = [(row.section, row.cells[0]) for row in rows(TABLE.read_text(encoding="utf-8"))]
    assert told == asked


@pytest.mark.parametrize(
    "cells",
    [
        ("Pixel", "web", "tests/stories/test_missing.py::test_pixel"),
        ("Pixel", "web", "tests/docs/test_mission.py::test_missing"),
        ("Pixel", "web", "tests/docs/test_mission.py"),
        ("Pixel", "web", "soon"),
        ("Pixel", "web", ""),
        ("Pixel", "attic", "not yet"),
    ],
)
def test_an_untrue_row_is_noticed(cells: tuple[str, ...]) -> None:
    assert wrong(Row("A. Collect", cells))


@pytest.mark.parametrize(
    "story",
    [
        "not yet",
        "not yet; the pixel is there",
        "`tests/docs/test_mission.py::test_an_untrue_row_is_noticed`",
    ],
)
def test_a_true_row_passes(story: str) -> None:
    assert wrong(Row("A. Collect", ("Pixel", "web, sdk", story))) == []
