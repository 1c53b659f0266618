"""Slots, texts and fallbacks as authors keep them: every name in them known, no rule in vain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tailorbird import content, journeys, segments
from tailorbird.content.fallbacks import Chain
from tailorbird.content.rules_reach import check_reach
from tailorbird.errors import DefinitionError
from tailorbird.letters.asking import condition
from tailorbird.letters.editions import chains_of
from tailorbird.letters.given import PERSONAL
from tailorbird.letters.reach import formula
from tailorbird.letters.texts import parse_texts
from tailorbird.segments.happened import happening
from tailorbird.world import World
from tailorbird.yaml_text import Document, nearest

_PERSON: Final = "person."


def check_slot(
    world: World,
    name: str,
    text: str,
    vocabulary: segments.Vocabulary,
    standing: Sequence[segments.Segment],
) -> content.Slot:
    """Return the slot of a text: its blocks and segments exist, and each rule can be reached.

    Raises:
        DefinitionError: `file:line`, what is wrong, how to mend it.
    """
    slot = content.parse_slot(text, f"slots/{name}.yaml")
    if slot.name != name:
        raise _refused(slot.document, f"the slot is named {slot.name!r}", f"name it {name!r}")
    blocks = [each.name for each in world.definitions.latest("block")]
    if name in blocks:
        raise _refused(slot.document, f"there is a block {name!r}", "give one another name")
    for rule in slot.every_rule():
        if rule.show and rule.show not in blocks:
            what, mend = f"there is no block {rule.show!r}", nearest(rule.show, blocks)
            raise DefinitionError(what, where=rule.place, mend=mend)
    _check_paths(slot.document, sorted(slot.reads()))
    _check_chains(slot.document, slot.values, standing)
    asked = [condition(each, slot.document, vocabulary) for each in slot.asked]
    among = {each.name: each for each in standing}
    check_reach(slot, [formula(each, among) for each in asked])
    return slot


def check_campaign(campaign: journeys.Campaign, standing: Sequence[segments.Segment]) -> None:
    """Return when the fallbacks and the goal of a campaign are valid.

    Raises:
        DefinitionError: with the mend.
    """
    name = f"campaigns/{campaign.name}.yaml"
    file = Document(name, campaign.fallbacks)
    if campaign.goal is not None:
        happening(campaign.goal.event, campaign.goal.where, f"{name}: goal")
    _check_chains(file, chains_of(campaign), standing)


def check_texts(name: str, text: str) -> None:
    """Return when the texts of a locale are valid.

    Raises:
        DefinitionError: with the line and the mend.
    """
    parse_texts(text, name)


def _check_chains(
    document: Document, chains: Iterable[Chain], standing: Sequence[segments.Segment]
) -> None:
    names = [each.name for each in standing]
    for chain in chains:
        _check_paths(document, [chain.path])
        for name in chain.segments:
            if name not in names:
                what = f"no segment {name!r}"
                where = document.where(("values", chain.path, "segments", name))
                raise DefinitionError(what, where=where, mend=nearest(name, names))


def _check_paths(document: Document, paths: Iterable[str]) -> None:
    for path in paths:
        name = path.removeprefix(_PERSON)
        if path.startswith(_PERSON) and name not in PERSONAL:
            mend = nearest(name, list(PERSONAL))
            raise _refused(document, f"a mail knows no {path!r}", mend)


def _refused(document: Document, what: str, mend: str) -> DefinitionError:
    return DefinitionError(what, where=document.where(("slot",)), mend=mend)
