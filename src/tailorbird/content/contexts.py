"""Which of a person's data a Handlebars template reads: its names count from the block around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tailorbird.content.tree import (
    Body,
    Expression,
    Helped,
    If,
    Member,
    Node,
    Output,
    Private,
    This,
    Within,
)
from tailorbird.content.walk import bodies, inside, own_expressions

ROOT: Final = ""
Around = tuple[str | None, ...]
"""Paths that the blocks around stand for, the innermost last; None for what is no path."""


def reads(
    body: Body, around: Around = (ROOT,), tested: frozenset[str] = frozenset()
) -> Iterator[tuple[str, bool]]:
    """Yield the path of every reading, and whether the template copes without a value there."""
    for node in body:
        for expression in own_expressions(node):
            yield from _read(expression, around, tested, safe=not isinstance(node, Output))
        yield from _inside(node, around, tested)


def path_in(expression: Expression, around: Around) -> str | None:
    """Return the dotted path of a look-up inside blocks, None for anything else."""
    match expression:
        case This(up):
            return around[-1 - up] if up < len(around) else None
        case Private("root") | Helped("slot"):
            return ROOT
        case Member(value, name):
            path = path_in(value, around)
            if path is None or name == "length":
                return path
            return f"{path}.{name}" if path else name
    return None


def _inside(node: Node, around: Around, tested: frozenset[str]) -> Iterator[tuple[str, bool]]:
    match node:
        case If(branches, otherwise):
            for branch in branches:
                asked = {path for path, _ in _read(branch.test, around, tested, safe=True)}
                yield from reads(branch.body, around, tested | asked)
            yield from reads(otherwise, around, tested)
        case Within(kind, value, body=body, otherwise=otherwise):
            path = path_in(value, around)
            stands = f"{path}[]" if path and kind == "each" else path
            yield from reads(body, (*around, stands), tested | {path or ROOT})
            yield from reads(otherwise, around, tested)
        case _:
            for body in bodies(node):
                yield from reads(body, around, tested)


def _read(
    expression: Expression, around: Around, tested: frozenset[str], *, safe: bool
) -> Iterator[tuple[str, bool]]:
    if isinstance(expression, This | Member | Private):
        path = path_in(expression, around)
        if path:
            yield path, safe or path in tested
        return
    if isinstance(expression, Helped) and expression.name == "default":
        safe = True
    for inner in inside(expression):
        yield from _read(inner, around, tested, safe=safe)
