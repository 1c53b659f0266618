"""Which Handlebars loops keep what their turns printed, and by which values it is found again."""

from __future__ import annotations

from tailorbird.content.generate.memory import LEAST
from tailorbird.content.handlebars.functions import HELPERS
from tailorbird.content.tree import (
    Constant,
    Expression,
    Helped,
    If,
    Link,
    Member,
    Negation,
    Output,
    Parameter,
    Text,
    This,
    Truth,
    Within,
)
from tailorbird.content.walk import inside, nodes, own_expressions

_OF_SHOP = frozenset({"money", "format"})
"""Helpers that take nothing from the mail but its shop's currency."""


def fields_read(node: Within, level: int) -> list[str]:
    """Return the fields that a turn is printed from, or none where a turn shall not be kept.

    Kept are turns that only print, test and link, and read nothing but fields of their element,
    which is what the block of this level stands for.
    """
    within = list(nodes(node.body))
    if not all(isinstance(each, Text | Output | If | Link) for each in within):
        return []
    if sum(not isinstance(each, Text) for each in within) < LEAST:
        return []
    if len({link.escape for link in links_of(node)}) > 1:
        return []
    found: dict[str, None] = {}
    if not all(_fits(each, level, found) for at in within for each in own_expressions(at)):
        return []
    return list(found)


def _fits(expression: Expression, level: int, found: dict[str, None]) -> bool:
    """Return whether an expression reads only fields, and note which."""
    match expression:
        case Member(This(0) | Parameter(position=0) as value, name, private=False):
            found[name] = None
            return isinstance(value, This) or value.level == level
        case Helped(name):
            if HELPERS[name].scoped and not (name in _OF_SHOP and _timeless(expression)):
                return False
        case Constant() | Member(private=False) | Negation() | Truth():
            pass
        case _:
            return False
    return all(_fits(each, level, found) for each in inside(expression))


def _timeless(helped: Helped) -> bool:
    """Return whether a form is known that is none of dates: those may read the present."""
    if helped.name != "format":
        return True
    return helped.arguments[1] in (Constant("money"), Constant("number"))


def reads_setting(node: Within) -> bool:
    """Return whether a helper in the body may read the shop's currency."""
    waiting = [each for at in nodes(node.body) for each in own_expressions(at)]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Helped) and each.name in _OF_SHOP:
            return True
        waiting += inside(each)
    return False


def links_of(node: Within) -> list[Link]:
    """Return the links in the body."""
    return [each for each in nodes(node.body) if isinstance(each, Link)]
