"""The names that a unit assigns: which of them it may keep in Python variables, which only pass."""

from __future__ import annotations

from collections.abc import Set

from tailorbird.content.tree import Assign, Body, Capture, Count, For, Path, TableRow
from tailorbird.content.walk import bodies, nodes, own_expressions, parts


def assigned(body: Body) -> frozenset[str]:
    """Return every name that a body assigns, captures or counts."""
    return frozenset(
        node.name for node in nodes(body) if isinstance(node, Assign | Capture | Count)
    )


def counted(body: Body) -> frozenset[str]:
    """Return the names of a body's counters; they are looked up behind what is assigned."""
    return frozenset(node.name for node in nodes(body) if isinstance(node, Count))


def unsettled(body: Body) -> set[str]:
    """Return the names of which a body may read what was not assigned by itself just before.

    Only an `assign` in the body itself settles a name, and only until a block assigns it too.
    """
    settled: set[str] = set()
    found: set[str] = set()
    for node in body:
        inner = tuple(bodies(node))
        for each in inner:
            settled -= assigned(each)
        for expression in own_expressions(node):
            for part in parts(expression):
                if isinstance(part, Path) and isinstance(part.root, str):
                    found |= {part.root} - settled
        for each in inner:
            found |= unsettled(each) - settled
        if isinstance(node, Assign):
            settled.add(node.name)
    return found


def passing(body: Body, among: Set[str]) -> frozenset[str]:
    """Return those of a unit's names that are always assigned just before they are read.

    What a loop calls its elements hides what is assigned.
    """
    loops = {node.each.variable for node in nodes(body) if isinstance(node, For | TableRow)}
    return frozenset(among - unsettled(body) - loops - {"forloop", "tablerowloop"})
