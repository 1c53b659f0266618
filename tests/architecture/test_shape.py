"""Modules and functions stay short, and are named by the trade's words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "tailorbird"
MODULE_LINES = 400
FUNCTION_LINES = 40
EMPTY_NAMES = {
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "misc",
    "service",
    "services",
    "util",
    "utils",
}
NOT_ROOMS = {"demo", "stores", "sql", "static", "views", "web"}


def sources() -> list[Path]:
    """Return every Python file that is installed or sets things up."""
    scripts = [*ROOT.glob("*.py"), *ROOT.glob("docs/*.py"), *ROOT.glob("benchmarks/*.py")]
    return sorted([*PACKAGE.rglob("*.py"), *scripts])


def long_functions(source: str) -> Iterator[str]:
    """Yield `name (lines)` of each function that is too long."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} ({lines})"


def empty_names(path: Path) -> set[str]:
    """Return the parts of a path that name no idea."""
    return {part.removesuffix(".py") for part in path.parts} & EMPTY_NAMES


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_no_function_is_longer_than_forty_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): found
        for path in sources()
        if (found := list(long_functions(path.read_text(encoding="utf-8"))))
    }
    assert long == {}


def test_a_long_function_is_noticed() -> None:
    body = "\n".join(f"    x{n} = {n}" for n in range(FUNCTION_LINES))
    assert list(long_functions(f"def short():\n    pass\n\ndef long():\n{body}\n")) == ["long (41)"]


def test_every_module_is_named_for_an_idea() -> None:
    paths = [path.relative_to(ROOT) for path in PACKAGE.rglob("*")]
    assert [str(path) for path in paths if empty_names(path)] == []


def test_an_empty_name_is_noticed() -> None:
    assert empty_names(Path("tailorbird/segments/utils.py")) == {"utils"}
    assert empty_names(Path("tailorbird/common/money.py")) == {"common"}
    assert empty_names(Path("tailorbird/segments/coreness.py")) == set()


def test_every_room_says_what_goes_in_and_what_comes_out() -> None:
    doors = [path / "__init__.py" for path in PACKAGE.iterdir() if path.is_dir()]
    rooms = [path for path in doors if path.exists() and path.parent.name not in NOT_ROOMS]
    assert len(rooms) >= 11
    for room in rooms:
        text = ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))) or ""
        assert "\nIn: " in text, room
        assert "\nOut: " in text, room
