"""What definitions name that has not come yet: no fault, for it still may, but worth a note."""

from __future__ import annotations

from tailorbird import grouping, learning, naming, recommending
from tailorbird.errors import DefinitionError
from tailorbird.recommend.rules import CATEGORY, Rules, whiches_of
from tailorbird.schema import DefinitionKind
from tailorbird.world import World
from tailorbird.yaml_text import meant


def notes(world: World, kind: DefinitionKind, name: str, text: str) -> tuple[str, ...]:
    """Return what a valid model, or valid rules of recommendation, name that has not come yet.

    Definitions of other kinds are refused for it, or name nothing of the sort.
    """
    match kind:
        case "model":
            known = naming.vocabulary(world, "", grouping.standing_segments(world))
            return learning.unknown(text, name, known)
        case "recommendations":
            return not_in_catalogue(world, recommending.check(world, name, text))
        case _:
            return ()


def standing(world: World, kind: DefinitionKind, name: str) -> tuple[str, ...]:
    """Return the notes on a definition as it stands; none where nobody wrote it so that it reads.

    What an earlier release kept and this one cannot read is told where models are listed.
    """
    kept = world.definitions.get(kind, name)
    try:
        return () if kept is None or kept.removed else notes(world, kind, name, kept.text)
    except DefinitionError:
        return ()


def not_in_catalogue(world: World, rules: Rules) -> tuple[str, ...]:
    """Return what rules name that is not in the catalogue yet, each with the nearest that is."""
    shop = recommending.shop(world)
    whiches = whiches_of(rules)
    items = [item for each in whiches for item in each.items]
    items += [item for pair in rules.pairs for item in pair.show]
    categories = [each for which in whiches for each in which.categories]
    by_category = [each.shares for each in rules.exposure if each.by == CATEGORY]
    categories += [value for shares in by_category for value in shares]
    told = (("item", items, [*shop.products]), ("category", categories, [*shop.shelves]))
    return tuple(
        f"the catalogue has no {kind} {name!r} yet: {_nearest(name, known)}"
        for kind, named, known in told
        for name in dict.fromkeys(named)
        if name not in known
    )


def _nearest(name: str, known: list[str]) -> str:
    """Return what was meant; of a long catalogue no list, which would tell nobody anything."""
    if not known:
        return "it is empty"
    near = meant(name, known)
    return f"did you mean {near!r}?" if near else "nothing there is called alike"
