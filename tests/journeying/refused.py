"""Definitions that an older version took and this one refuses, and what rests on them."""

from __future__ import annotations

from typing import Any

from tailorbird.schema import DefinitionKind

REFUSED = 'name: odd\nwhere: {trait: "count(purchase, 90d)", is: many}\n'
SPRING = """\
name: spring
audience: buyers
exclude: [odd]
template: cart
variants: {only: {subject: Spring}}
holdout: 0
recommendations: 0
schedule: {at: "2026-03-04 15:00"}
"""


def keep(shop: Any, kind: DefinitionKind, name: str, text: str) -> None:
    """Put a definition into the store as an older version did: unchecked by this one."""
    shop.tb.world.definitions.put(kind, name, text, author="old", reason="", now=shop.now)
