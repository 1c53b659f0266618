"""Nothing runs what it reads, and only the law makes a permit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "tailorbird"
PERMITS = {"Permit", "ConfirmationPermit"}
MAKES_PERMITS = Path("privacy", "permit.py")
RUNS_CODE = Path("content")
"""Templates are compiled to Python there, from a tree of our own."""

UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "__import__"}
SIGNS = {*UNSAFE_MODULES, *UNSAFE_CALLS, "yaml", "allow_pickle", "shell"}


def unsafe(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what) wherever the source can run what it reads."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for name in names:
                    if name.name.partition(".")[0] in UNSAFE_MODULES:
                        yield node.lineno, name.name
            case ast.ImportFrom(module=str(module)):
                if module.partition(".")[0] in UNSAFE_MODULES:
                    yield node.lineno, module
            case ast.Call(func=ast.Name(id=name)) if name in UNSAFE_CALLS:
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=name)):
                if name in ("load", "load_all", "unsafe_load", "full_load") and not safe_loader(
                    node
                ):
                    yield node.lineno, f"yaml.{name}"
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                yield node.value.lineno, "allow_pickle"
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                yield node.value.lineno, "shell"
            case _:
                pass


def safe_loader(call: ast.Call) -> bool:
    """Return whether a call of `yaml.load` names a loader that builds plain values only."""
    loaders = [*call.args[1:], *(word.value for word in call.keywords if word.arg == "Loader")]
    return any("SafeLoader" in ast.unparse(loader) for loader in loaders)


def made_permits(source: str) -> list[int]:
    """Return the lines on which a Permit is made, decoded, copied with changes or subclassed."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and not asks_only(node):
            parts = [node.func, *node.args, *(word.value for word in node.keywords)]
            lines += [node.lineno for part in parts if is_permit(part)]
        elif isinstance(node, ast.ClassDef):
            lines += [node.lineno for part in node.bases if is_permit(part)]
    return lines


def asks_only(call: ast.Call) -> bool:
    """Return whether a call only asks about a type."""
    return isinstance(call.func, ast.Name) and call.func.id in ("isinstance", "issubclass", "cast")


def is_permit(node: ast.expr) -> bool:
    """Return whether an expression names the class, under whatever module."""
    return (isinstance(node, ast.Name) and node.id in PERMITS) or (
        isinstance(node, ast.Attribute) and node.attr in PERMITS
    )


def suspects(words: set[str]) -> dict[Path, str]:
    """Return the modules of the package that have one of these words, with their sources.

    The others need not be parsed: all of them take ten seconds.
    """
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    return {
        path.relative_to(PACKAGE): source
        for path, source in sorted(sources.items())
        if any(word in source for word in words)
    }


def test_nothing_runs_what_it_reads() -> None:
    found = [
        f"{path}:{line}: {what}"
        for path, source in suspects(SIGNS).items()
        for line, what in unsafe(source)
        if not (what == "exec" and path.is_relative_to(RUNS_CODE))
    ]
    assert found == []


def test_only_the_law_makes_a_permit() -> None:
    makers = {path for path, source in suspects(PERMITS).items() if made_permits(source)}
    assert makers == {MAKES_PERMITS}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "exec('x = 1')",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import numpy\nnumpy.load(path, allow_pickle=True)",
        "import subprocess\nsubprocess.run(text, shell=True)",
    ],
)
def test_what_runs_what_it_reads_is_noticed(source: str) -> None:
    assert list(unsafe(source))


@pytest.mark.parametrize(
    "source",
    ["import yaml\nyaml.load(text, Loader=yaml.CSafeLoader)", "import yaml\nyaml.safe_load(text)"],
)
def test_plain_values_may_be_read(source: str) -> None:
    assert list(unsafe(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from tailorbird.privacy.permit import Permit\nPermit(person=1)",
        "from tailorbird.privacy import permit\npermit.Permit(1)",
        "import msgspec\nmsgspec.convert({}, Permit)",
        "import msgspec\nmsgspec.json.decode(raw, type=Permit)",
        "class Mine(Permit): pass",
        "from tailorbird.privacy.permit import ConfirmationPermit\nConfirmationPermit(1)",
        "object.__new__(Permit)",
    ],
)
def test_a_permit_made_elsewhere_is_noticed(source: str) -> None:
    assert made_permits(source)


def test_a_permit_may_be_asked_for_and_passed_on() -> None:
    source = "def send(permit: Permit) -> None:\n    assert isinstance(permit, Permit)\n"
    assert made_permits(source) == []
