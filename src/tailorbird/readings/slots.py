"""Slots, their rules in words, and how often each was taken."""

from __future__ import annotations

from collections.abc import Iterator

from tailorbird import content, letters
from tailorbird.content.rules import Rule, in_order
from tailorbird.errors import DefinitionError
from tailorbird.schema import Definition
from tailorbird.views.slots import Counted, RuleRow, SlotRow
from tailorbird.world import World


def slots(world: World) -> tuple[SlotRow, ...]:
    """Return every slot, by name."""
    return tuple(_row(found) for found in world.definitions.latest("slot"))


def tally(world: World, campaign: str, kept: str) -> tuple[Counted, ...]:
    """Return how many sends of a campaign keep what under a key: `slots`, `rules`, `fallbacks`."""
    return tuple(Counted(*row) for row in world.ledger.tally(campaign, kept))


def _row(found: Definition) -> SlotRow:
    try:
        slot = letters.editions.read_slot(found)
        rules = tuple(_rules(in_order(slot.rules), slot))
    except DefinitionError as error:
        return SlotRow(found.name, found.version, trouble=error.sentence())
    return SlotRow(found.name, found.version, slot.description, slot.blocks(), rules)


def _rules(rules: tuple[Rule, ...], slot: content.Slot) -> Iterator[RuleRow]:
    for rule in rules:
        asked = f"if {letters.in_words(rule.when, slot)}" if rule.when else "else"
        shown = "" if rule.rules else f": {rule.show or 'nothing'}"
        limit = rule.at_most
        most = f", at most {limit.times} times in {limit.days} days" if limit else ""
        text = f"{asked}{shown}{most}"
        yield RuleRow(rule.number, text, rule.show, rule.priority, rule.place)
        yield from _rules(rule.tried(), slot)
