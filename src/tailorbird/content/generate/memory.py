"""Which loops keep what their turns printed, and by which values it is found again."""

from __future__ import annotations

from tailorbird.content.filters import FILTERS
from tailorbird.content.generate.assigned import assigned, unsettled
from tailorbird.content.generate.expressions import SPECIAL_STEPS
from tailorbird.content.tree import (
    Assign,
    Case,
    Constant,
    Expression,
    Filtered,
    For,
    If,
    Link,
    Output,
    Path,
    Step,
    Text,
)
from tailorbird.content.walk import expressions, nodes

LEAST = 5
"""Outputs, tests and links from which on it pays to keep a turn."""


def fields_read(node: For, passing: frozenset[str]) -> list[str]:
    """Return the fields that a turn is printed from, or none where a turn shall not be kept.

    Kept are turns that only print, test, link and assign `passing` names, and read nothing but
    those and fields of their element.
    """
    inside = list(nodes(node.body))
    if not all(isinstance(each, Text | Output | If | Case | Link | Assign) for each in inside):
        return []
    made = assigned(node.body)
    if made & unsettled(node.body) or not made <= passing:
        return []
    if sum(not isinstance(each, Text) for each in inside) < LEAST:
        return []
    found: dict[str, None] = {}
    for expression in expressions(node.body):
        if isinstance(expression, Path) and expression.root in made:
            continue
        if not _fits(expression, node.each.variable):
            return []
        if isinstance(expression, Path):
            found[str(expression.steps[0].key.value)] = None  # type: ignore[union-attr]
    return list(found) if len({link.escape for link in links_of(node)}) < 2 else []


def _fits(expression: Expression, variable: str) -> bool:
    if isinstance(expression, Filtered):
        known = FILTERS.get(expression.name)
        return known is not None and known.wants != "now"
    if isinstance(expression, Path):
        match expression:
            case Path(root, (Step(Constant(str(name)), dotted=True),)):
                return root == variable and name not in SPECIAL_STEPS
        return False
    return True


def reads_setting(node: For) -> bool:
    """Return whether a filter in the body reads the mail's language, zone or currency."""
    return any(
        isinstance(each, Filtered) and FILTERS[each.name].wants == "data"
        for each in expressions(node.body)
    )


def links_of(node: For) -> list[Link]:
    """Return the links in the body."""
    return [each for each in nodes(node.body) if isinstance(each, Link)]
