"""What a marketer reads says in words of statistics how certain it is, and says that plainly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ROOT / "src" / "tailorbird"
RIDDLES = re.compile(r"\b(surely|foretells?|foretelling|foretold)\b", re.IGNORECASE)
COMMANDS = (CODE / "cli", CODE / "web", CODE / "views")
"""Where a docstring is the help of a command, or the reference of the API."""


def told(tree: ast.Module, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """Return each text of a module with its line; docstrings, of attributes too, only if asked."""
    silent = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or (node in silent and not docstrings):
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_sentences_of_the_program_are_plain() -> None:
    found = []
    for file in sorted(CODE.rglob("*.py")):
        docstrings = any(folder in file.parents for folder in COMMANDS)
        texts = told(ast.parse(file.read_text(encoding="utf-8")), docstrings=docstrings)
        found += [f"{file.name}:{line}: {text}" for line, text in texts if RIDDLES.search(text)]
    assert found == []


def test_pages_of_the_docs_and_of_the_console_are_plain() -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "glossary.md"]
    for folder in ("docs/how-to", "docs/tutorial", "web/src"):
        pages += [each for each in (ROOT / folder).rglob("*") if each.suffix in (".md", ".tsx")]
    found = [
        f"{page.name}:{number}: {line}"
        for page in pages
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if RIDDLES.search(line)
    ]
    assert found == []
