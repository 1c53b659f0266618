"""Groups, clusters, lists, parts of mails out of force; refused, with where, while used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from tailorbird import authoring, clusters, grouping, lists, naming, recommending
from tailorbird.content.dispatch import Choosing, called
from tailorbird.errors import ConflictError, UsageError
from tailorbird.letters import campaigns
from tailorbird.naming import Use
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.segments import Segment
from tailorbird.segments.conditions import Condition, DateIs, Has, OnList, TraitIs, leaves
from tailorbird.segments.groups import POINT
from tailorbird.world import World
from tailorbird.yaml_text import nearest

Kind: TypeAlias = Literal[
    "groups", "clusters", "list", "template", "slot", "image", "recommendations"
]
_WRITTEN: Final[tuple[DefinitionKind, ...]] = (
    "template",
    "block",
    "campaign",
    "journey",
    "imputation",
)
"""Definitions whose texts may name a trait."""


def uses(world: World, kind: Kind, name: str) -> tuple[Use, ...]:
    """Return the definitions that rest on groups, on clusters or on a list, each use once.

    Groups are named as segments and by the trait that a recalculation keeps, clusters by theirs.
    """
    standing = authoring.standing_segments(world)
    match kind:
        case "list":
            found = _in_conditions(standing, lambda leaf: leaf == OnList(name))
        case "clusters":
            found = _of_trait(world, f"{clusters.KEPT_AS}{name}", standing)
        case "groups":
            found = _of_groups(world, name, standing)
        case "template":
            found = _in_campaigns(world, name)
        case "slot":
            found = _in_mails(world, name)
        case "image":
            found = _of_image(world, name)
        case "recommendations":
            found = _by_rules(world, name)
    return tuple(dict.fromkeys(found))


def remove(
    world: World, kind: Kind, name: str, *, now: Instant, author: str = "", reason: str = ""
) -> Definition:
    """Take groups, clusters or a list out of force; return what it was.

    Its versions stay, and what the log says of people: put again, it is as it was.

    Raises:
        ConflictError: other definitions rest on it.
        UsageError: there is none of this name.
    """
    _find(world, kind, name, now)
    if used := uses(world, kind, name):
        where = ", ".join(each.phrase() for each in used)
        what = f"{kind} {name!r} is used by {where}"
        raise ConflictError(what, mend="take it out there first")
    removed = world.definitions.remove(kind, name, author=author, reason=reason, now=now)
    if removed is None:
        raise UsageError(f"no {kind} {name!r}", mend="it was removed a moment ago")
    if kind == "groups":
        authoring.forget_removed(world, authoring.standing_segments(world), now)
    return removed


def _find(world: World, kind: Kind, name: str, now: Instant) -> None:
    match kind:
        case "groups":
            if world.definitions.get(kind, name) is None:  # one that is broken can go, too
                grouping.find(world, name)
        case "clusters":
            clusters.find(world, name)
        case "list":
            lists.Lists(world, now).find(name)
        case "template" | "slot" | "image":
            _find_of_mails(world, kind, name)
        case "recommendations":
            if world.definitions.get(kind, name) is None:
                recommending.find(world, name)


def _find_of_mails(world: World, kind: Literal["template", "slot", "image"], name: str) -> None:
    if world.definitions.get(kind, name) is None:
        known = [each.name for each in world.definitions.latest(kind)]
        mend = nearest(name, known) if known else f"add one with `tailorbird {kind}s add`"
        raise UsageError(f"no {kind} {name!r}", mend=mend)


def _in_campaigns(world: World, template: str) -> Iterator[Use]:
    for campaign, found in campaigns.latest(world):
        if campaign.template == template:
            yield Use(found.kind, campaign.name, "template")


def _by_rules(world: World, rules: str) -> Iterator[Use]:
    for campaign, found in campaigns.latest(world):
        if campaign.recommended_by == rules:
            yield Use(found.kind, campaign.name, "recommended_by")
    steps = re.compile(rf"""recommended_by:\s*["']?{re.escape(rules)}(?![\w-])""")
    for each in world.definitions.latest("journey"):
        if steps.search(each.text):
            yield Use("journey", each.name, "recommended_by")


def _in_mails(world: World, slot: str) -> Iterator[Use]:
    kinds: tuple[DefinitionKind, ...] = ("template", "block")
    for kind in kinds:
        for each in world.definitions.latest(kind):
            if slot in called({}, each.text, Choosing()):
                yield Use(kind, each.name, "slot")


def _of_image(world: World, name: str) -> Iterator[Use]:
    """Yield the templates and blocks that print the address of a picture."""
    own = re.escape(name)
    named = re.compile(rf"""images\s*(?:\.\s*{own}|\[\s*["']{own}["']\s*\])""")
    kinds: tuple[DefinitionKind, ...] = ("template", "block")
    for kind in kinds:
        for each in world.definitions.latest(kind):
            found = named.search(each.text)
            if found and not re.match(r"[\w-]", each.text[found.end() : found.end() + 1]):
                yield Use(kind, each.name, "image")


def _of_groups(world: World, name: str, standing: Sequence[Segment]) -> Iterator[Use]:
    own = f"{name}{POINT}"
    for segment in (each for each in standing if each.name.startswith(own)):
        for use in naming.uses(world, segment.name, standing):
            if use.kind != "segment":
                yield use
            elif not use.name.startswith(own):
                yield _owner(use.name, use.how)
    others = [each for each in standing if not each.name.startswith(own)]
    yield from _of_trait(world, f"{grouping.KEPT_AS}{name}", others)


def _of_trait(world: World, trait: str, standing: Sequence[Segment]) -> Iterator[Use]:
    def names_it(leaf: Condition) -> bool:
        return isinstance(leaf, TraitIs | DateIs | Has) and leaf.trait == trait

    yield from _in_conditions(standing, names_it)
    named = re.compile(rf"(?<![\w-]){re.escape(trait)}(?![\w-])")
    for kind in _WRITTEN:
        for each in world.definitions.latest(kind):
            if named.search(each.text):
                yield Use(kind, each.name, f"trait {trait}")


def _in_conditions(standing: Sequence[Segment], asks: Callable[[Condition], bool]) -> Iterator[Use]:
    for each in standing:
        if any(asks(leaf) for leaf in leaves(each.condition)):
            yield _owner(each.name, "condition")


def _owner(segment: str, how: str) -> Use:
    """Return the use of the segment's own text, or of the list that it is a group of."""
    listed, point, _ = segment.partition(POINT)
    return Use("groups", listed, how) if point else Use("segment", segment, how)
