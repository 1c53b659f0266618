"""Choices of the tree into Python's own, for every template language."""

from __future__ import annotations

from typing import Protocol

from tailorbird.content.generate.writer import Writer
from tailorbird.content.tree import Body, Expression, If


class Chooser(Protocol):
    """What a choice needs of the unit that it is written into."""

    writer: Writer

    def truth(self, expression: Expression) -> str:
        """Return Python that gives whether a test holds."""

    def body(self, body: Body) -> None:
        """Write every node of a body."""


def write_if(unit: Chooser, node: If) -> None:
    """Write the branches of a choice."""
    word = "if"
    for branch in node.branches:
        test = unit.truth(branch.test)
        with unit.writer.block(f"{word} {test}:", node.place):
            unit.body(branch.body)
        word = "elif"
    if node.otherwise:
        with unit.writer.block("else:"):
            unit.body(node.otherwise)
