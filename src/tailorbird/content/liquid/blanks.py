"""Liquid prints nothing for a block that holds only blanks and silent tags."""

from __future__ import annotations

from tailorbird.content.tree import (
    Assign,
    Body,
    Capture,
    Case,
    For,
    If,
    IfChanged,
    Node,
    TableRow,
    Text,
)


def without_blanks(body: Body) -> Body:
    """Return the body without its blank texts."""
    return tuple(node for node in body if not (isinstance(node, Text) and _blank(node)))


def blank(*bodies: Body) -> bool:
    """Return whether nothing in the bodies can print."""
    return all(_blank(node) for body in bodies for node in body)


def _blank(node: Node) -> bool:
    match node:
        case Text(text, kept):
            return not kept and not text.strip()
        case Assign() | Capture():
            return True
        case If(branches, otherwise):
            return blank(otherwise, *(branch.body for branch in branches))
        case Case(_, arms):
            return blank(*(body for _, body in arms))
        case For(_, body, otherwise):
            return blank(body, otherwise)
        case IfChanged(body) | TableRow(body=body):  # a table counts by what its cells hold
            return blank(body)
    return False
