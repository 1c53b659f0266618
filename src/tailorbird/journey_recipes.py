"""Recipes: the journeys that come with Tailorbird, put in force with all that they need."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tailorbird import authoring, content, journey_conditions, journeys, naming, segments
from tailorbird.errors import ConflictError, UsageError
from tailorbird.journeys.edit_text import with_key
from tailorbird.journeys.library import library
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.world import World
from tailorbird.yaml_text import nearest


class Recipe(msgspec.Struct, frozen=True):
    """A journey that comes with Tailorbird, the templates of its mails, and its segments."""

    name: str
    description: str
    text: str
    templates: tuple[str, ...]
    segments: tuple[str, ...]


def recipes() -> tuple[Recipe, ...]:
    """Return what comes with Tailorbird, by name."""
    return tuple(_recipe(name, text) for name, text in library().items())


def find(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        UsageError: there is none of this name.
    """
    texts = library()
    if name not in texts:
        raise UsageError(f"no recipe {name!r}", mend=nearest(name, list(texts)))
    return _recipe(name, texts[name])


def add(
    world: World, name: str, *, now: Instant, author: str = "", mode: str = "paused"
) -> list[Definition]:
    """Keep a recipe and what it needs that is not there yet; return what was kept.

    It is paused until its author has read it, and publishes it.

    Raises:
        UsageError: there is no such recipe. ConflictError: there is a journey of its name.
    """
    recipe = find(name)
    if world.definitions.get("journey", name) is not None:
        mend = f"look at it: `tailorbird journeys show {name}`"
        raise ConflictError(f"there is a journey {name!r} already", mend=mend)
    reason = f"recipe {name}"
    kept = [
        authoring.put(world, kind, each, text, now=now, author=author, reason=reason)
        for kind, each, text in needs(recipe)
        if world.definitions.get(kind, each) is None
    ]
    text = with_key(recipe.text, "mode", mode)
    put = authoring.put(world, "journey", name, text, now=now, author=author, reason=reason)
    return [*kept, put]


def needs(recipe: Recipe) -> Iterator[tuple[DefinitionKind, str, str]]:
    """Yield the definitions that a recipe rests on, in the order in which they are put."""
    shipped = segments.library()
    for name in recipe.segments:
        yield "segment", name, shipped[name]
    for name, text in sorted(content.library().items()):
        yield "block", name, text
    mails = content.templates() | content.recipes()
    for name in recipe.templates:
        yield "template", name, mails[name]


def _recipe(name: str, text: str) -> Recipe:
    written = journeys.read_journey(text, f"journeys/{name}.yaml")
    asked = [journey_conditions.read(each.condition) for each in written.clauses]
    named = {each for condition in asked for each in naming.named_in(condition)}
    templates = {each.template for each in written.journey.messages()}
    return Recipe(
        name, written.journey.description, text, tuple(sorted(templates)), tuple(sorted(named))
    )
