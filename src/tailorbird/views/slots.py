"""Slots of templates, their rules in words, and what campaigns made of them."""

from __future__ import annotations

import msgspec


class RuleRow(msgspec.Struct, frozen=True):
    """One rule in words. `number` counts as in the file; `2.1` is the first inside the second."""

    number: str
    text: str
    block: str
    """What it shows; empty for nothing, and where further rules decide."""
    priority: int = 0
    place: str = ""


class SlotRow(msgspec.Struct, frozen=True):
    """A slot with its rules in the order in which they are tried. `trouble` says what is broken."""

    name: str
    version: int
    description: str = ""
    blocks: tuple[str, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    trouble: str = ""


class Counted(msgspec.Struct, frozen=True):
    """How many of a campaign's sends have this: a block of a slot, a rule, a link of a chain."""

    name: str
    value: str
    people: int
